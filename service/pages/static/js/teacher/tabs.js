/** Tabs as the ARIA pattern has them: one stop for the Tab key, arrows between them, Home and End. */

import { el, put } from "../dom.js";

/**
 * @param entries {name, label, make} for each; `make` is called every time the tab is opened, so what it shows is new.
 * @param chosen the name to open first; by default the first.
 * @param opened called with the name of the tab that was opened.
 */
export function tabs(entries, chosen, opened) {
  const panel = el("div", { role: "tabpanel", id: "panel", tabindex: "-1" });
  const buttons = entries.map((entry) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${entry.name}`,
        "aria-controls": "panel",
        on: { click: () => open(entry) },
      },
      entry.label,
    ),
  );
  const list = el("div", { role: "tablist", class: "tabs", on: { keydown: move } }, buttons);

  function open(entry) {
    entries.forEach((other, place) => {
      buttons[place].setAttribute("aria-selected", String(other === entry));
      buttons[place].tabIndex = other === entry ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", `tab-${entry.name}`);
    put(panel, entry.make());
    buttons[entries.indexOf(entry)].scrollIntoView({ block: "nearest", inline: "nearest" });
    opened(entry.name);
  }

  function move(event) {
    const now = buttons.indexOf(document.activeElement);
    const forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    const next = { [forward]: now + 1, [back]: now - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const place = (next + buttons.length) % buttons.length;
    buttons[place].focus();
    open(entries[place]);
  }

  open(entries.find((entry) => entry.name === chosen) ?? entries[0]);
  return el("div", {}, list, panel);
}
