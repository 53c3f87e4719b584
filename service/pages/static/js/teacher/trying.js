/** Trying an answer of one's own, and the adversarial suite on this very question. */

import { el, put } from "../dom.js";
import { t } from "../i18n.js";
import { busy } from "../shell.js";
import { suite } from "./suite.js";
import { gradeFigure, verdict } from "./verdict.js";

/** The tab's content for a lesson. */
export function tryingTab(lesson) {
  return el("div", { class: "stack wide-gaps" }, tryBox(lesson), suite(lesson));
}

function tryBox(lesson) {
  const text = el("textarea", {
    rows: 4,
    dir: "auto",
    lang: lesson.question.language,
    "aria-labelledby": "try-title",
    "aria-describedby": "try-hint",
  });
  const button = el("button", { class: "primary" }, t("try.grade"));
  const result = el("div", { class: "try-result", "aria-live": "polite" });
  const form = el("form", { class: "stack" }, text, el("div", {}, button), result);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, async () => {
      const { levels, results } = await lesson.api.grade([text.value]);
      const [graded] = results;
      put(
        result,
        gradeFigure(graded.grade, lesson.maxGrade, Boolean(graded.reason)),
        verdict(graded, { maxGrade: lesson.maxGrade, levels }),
      );
    });
  });
  return el(
    "section",
    {},
    el("h2", { id: "try-title" }, t("try.title")),
    el("p", { class: "hint", id: "try-hint" }, t("try.hint")),
    form,
  );
}
