/** What the grader thinks of one answer: grade, reason, relevance, and how sure it is of every grade. */

import { el, svg } from "../dom.js";
import { number, percent, reasonText, t } from "../i18n.js";

/** Grade or reason, then relevance and certainty. */
export function verdict({ grade, reason, reason_text: text, relevance, probabilities }, { maxGrade, levels }) {
  const words = reason ? t("verdict.away", { reason: reasonText(reason, text) }) : null;
  return el(
    "div",
    { class: "verdict" },
    words && el("p", { class: "why" }, words),
    el(
      "p",
      { class: "muted facts" },
      relevance !== null &&
        relevance !== undefined &&
        el("span", {}, t("verdict.relevance", { share: percent(relevance) })),
      !reason && probabilities && certainty(probabilities, levels, grade),
    ),
    el("span", { class: "visually-hidden" }, t("student.grade_of", { grade, max: maxGrade })),
  );
}

/** Bars of P(grade), smallest grade first, with the grade's own probability in words. */
function certainty(probabilities, levels, grade) {
  const chosen = levels?.length === probabilities.length ? levels.indexOf(grade) : -1;
  const step = 6;
  const mirror = (x) => (document.dir === "rtl" ? probabilities.length * step - x - 4 : x);
  const bars = probabilities.map((share, place) =>
    svg("rect", {
      class: place === chosen ? "spark-chosen" : "spark",
      x: mirror(place * step),
      width: 4,
      y: 15 - Math.max(1, share * 15),
      height: Math.max(1, share * 15),
    }),
  );
  return el(
    "span",
    { class: "certainty" },
    svg("svg", { class: "sparkline", width: probabilities.length * step, height: 16, "aria-hidden": "true" }, bars),
    t("verdict.sure", { share: percent(Math.max(...probabilities)) }),
  );
}

/** A grade as the large thing it is. */
export function gradeFigure(grade, maxGrade, rejected = false) {
  return el(
    "span",
    { class: rejected ? "figure rejected" : "figure", "aria-hidden": "true" },
    el("b", {}, number(grade)),
    el("small", {}, `/ ${number(maxGrade)}`),
  );
}
