/** A grade as a thin line: how much of the whole. Decoration; the number stands beside it. */

import { svg } from "./dom.js";

export function meter(grade, maxGrade) {
  const share = maxGrade > 0 ? Math.min(1, Math.max(0, grade / maxGrade)) : 0;
  return svg(
    "svg",
    { class: "meter", viewBox: "0 0 100 2", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "meter-track", width: 100, height: 2 }),
    // A mirrored page fills from the other side.
    svg("rect", {
      class: "meter-fill",
      x: document.dir === "rtl" ? 100 - share * 100 : 0,
      width: share * 100,
      height: 2,
    }),
  );
}
