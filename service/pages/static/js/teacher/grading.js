/** Giving a grade with one click: a button a level, or a box where there are too many levels for buttons. */

import { el, newId } from "../dom.js";
import { number, parseNumber, t } from "../i18n.js";
import { busy } from "../shell.js";

const MOST_BUTTONS = 11;

/** @param give called with the grade; may return a promise. */
export function gradeButtons({ levels, maxGrade }, give) {
  if (levels.length <= MOST_BUTTONS) {
    return el(
      "div",
      { class: "grade-buttons", role: "group", "aria-label": t("give_grade") },
      levels.map((level) => {
        const button = el(
          "button",
          { type: "button", "aria-label": t("give_points", { count: level }) },
          number(level),
        );
        button.addEventListener("click", () => busy(button, () => give(level)));
        return button;
      }),
    );
  }
  const id = newId("give");
  const input = el("input", { id, inputmode: "decimal", class: "grade-input", autocomplete: "off", required: true });
  const button = el("button", {}, t("give"));
  const form = el(
    "form",
    { class: "grade-buttons", novalidate: true },
    el("label", { for: id, class: "visually-hidden" }, t("give_grade_to", { max: maxGrade })),
    input,
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const grade = parseNumber(input.value);
    if (!(grade <= maxGrade)) {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    } else busy(button, () => give(grade));
  });
  return form;
}
