/** Icons as inline SVG, drawn with the text's colour. All are decoration: the words are beside them. */

import { svg } from "./dom.js";

const PATHS = {
  gate: ["M4 20V11a8 8 0 0 1 16 0v9", "M9 20v-8a3 3 0 0 1 6 0v8", "M2 20h20"],
  plus: ["M12 5v14", "M5 12h14"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  flag: ["M6 21V4", "M6 5h11l-2.5 3.5L17 12H6"],
  down: ["M12 4v11", "M7 11l5 5 5-5", "M5 20h14"],
  up: ["M12 16V5", "M7 9l5-5 5 5", "M5 20h14"],
};

/** The icon of that name, in the size of the text around it. */
export function icon(name) {
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    PATHS[name].map((d) => svg("path", { d })),
  );
}
