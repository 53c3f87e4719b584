/** The graded answers: their distribution, adding more, and changing a grade with everything regraded at once. */

import { el, put, userText } from "../dom.js";
import { errorText, number, parseNumber, reasonText, t } from "../i18n.js";
import { icon } from "../icons.js";
import { announce, busy, fail, quiet } from "../shell.js";
import { adding } from "./adding.js";
import { gradeChart } from "./chart.js";

/** The tab's content for a lesson (see `lesson.js`). */
export function gradedTab(lesson) {
  const chart = gradeChart();
  const status = el("p", { class: "regraded", "aria-live": "polite" }, t("graded.hint"));
  const table = new GradedTable(lesson, status, (distribution) => chart.show(distribution));
  const refresh = async () => {
    const [rows, distribution] = await Promise.all([lesson.api.graded(), lesson.loadDistribution()]);
    chart.show(distribution);
    chart.hidden = rows.length === 0;
    table.show(rows);
  };
  table.refresh = refresh;
  const add = adding(lesson, async () => {
    await refresh();
    await lesson.changed();
  });
  const panel = el("div", { class: "stack" }, add, chart, table.section);
  refresh().catch(fail);
  return panel;
}

/** The table; a row keeps its element while its numbers change, so that the keyboard stays where it is. */
class GradedTable {
  constructor(lesson, status, showDistribution) {
    this.lesson = lesson;
    this.status = status;
    this.showDistribution = showDistribution;
    this.rows = new Map();
    this.body = el("tbody");
    this.order = el(
      "select",
      { class: "quiet-select", "aria-label": t("graded.order"), on: { change: () => this.arrange() } },
      el("option", { value: "entered" }, t("graded.as_entered")),
      el("option", { value: "apart" }, t("graded.apart")),
    );
    const headings = ["answer", "graded.yours", "graded.predicted"].map((key) => el("th", { scope: "col" }, t(key)));
    this.section = el(
      "section",
      { class: "graded", hidden: true },
      el("div", { class: "section-head" }, status, this.order),
      el(
        "table",
        { class: "answers" },
        el("caption", { class: "visually-hidden" }, t("graded.caption")),
        el(
          "thead",
          {},
          el("tr", {}, headings, el("th", { scope: "col" }, el("span", { class: "visually-hidden" }, t("remove")))),
        ),
        this.body,
      ),
    );
  }

  /** Show these rows; those seen before are changed in place. Returns how many predictions moved. */
  show(rows) {
    const kept = new Set(rows.map((row) => row.id));
    for (const [id, row] of this.rows) if (!kept.has(id)) (this.rows.delete(id), row.element.remove());
    let moved = 0;
    for (const row of rows) {
      if (!this.rows.has(row.id)) this.rows.set(row.id, this.make(row));
      else if (this.update(this.rows.get(row.id), row)) moved += 1;
    }
    this.section.hidden = rows.length === 0;
    if ([...this.rows.values()].some((row) => !row.element.isConnected)) this.arrange();
    return moved;
  }

  arrange() {
    const rows = [...this.rows.values()];
    const apart = ({ data }) => Math.abs(data.grade - (data.predicted ?? data.grade));
    if (this.order.value === "apart") rows.sort((one, other) => apart(other) - apart(one));
    put(this.body, ...rows.map((row) => row.element));
  }

  make(data) {
    const { question } = this.lesson;
    const text = userText("span", data.answer, { class: "answer", language: question.language });
    const input = el("input", {
      class: "grade-input",
      inputmode: "decimal",
      autocomplete: "off",
      "aria-label": t("graded.grade_for", { answer: brief(data.answer) }),
    });
    const predicted = el("span", { class: "predicted-value" });
    const remove = el(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("graded.remove", { answer: brief(data.answer) }) },
      icon("close"),
    );
    const element = el(
      "tr",
      {},
      el("td", {}, text),
      el("td", { "data-label": t("graded.yours") }, input),
      el("td", { "data-label": t("graded.predicted") }, predicted),
      el("td", {}, remove),
    );
    const row = { element, input, predicted, data: { id: data.id } };
    input.addEventListener("change", () => this.changeGrade(row));
    input.addEventListener("keydown", (event) => this.key(row, event));
    remove.addEventListener("click", () => busy(remove, () => this.remove(row)));
    this.update(row, data);
    return row;
  }

  /** Put the numbers into the row; true when the predicted grade is not what it was. */
  update(row, data) {
    const before = row.data.predicted;
    const moved = before !== undefined && before !== data.predicted;
    row.data = data;
    row.input.value = number(data.grade);
    row.input.removeAttribute("aria-invalid");
    const apart = Math.abs(data.grade - data.predicted) / this.lesson.question.max_grade;
    row.element.classList.toggle("apart", apart >= 0.4);
    put(
      row.predicted,
      el("b", {}, data.predicted === null || data.predicted === undefined ? "–" : number(data.predicted)),
      moved && el("span", { class: "was" }, t("graded.was", { grade: before })),
      data.reason && el("span", { class: "why" }, reasonText(data.reason)),
    );
    row.element.classList.remove("moved");
    if (moved) requestAnimationFrame(() => row.element.classList.add("moved"));
    return moved;
  }

  async changeGrade(row) {
    const { question, api } = this.lesson;
    const grade = parseNumber(row.input.value);
    if (!(grade <= question.max_grade)) {
      row.input.setAttribute("aria-invalid", "true");
      this.status.textContent = t("graded.range", { max: question.max_grade });
      return;
    }
    row.input.removeAttribute("aria-invalid");
    if (grade === row.data.grade) return;
    quiet();
    try {
      const { graded, submissions, milliseconds } = await api.changeGrade(row.data.id, grade);
      const moved = this.show(graded);
      put(
        this.status,
        el("b", {}, t("graded.regraded", { count: graded.length + submissions.length })),
        ` ${t("graded.in_time", { milliseconds: roundTime(milliseconds) })} · ${t("graded.moved", { count: moved })}`,
      );
      this.showDistribution(await this.lesson.loadDistribution());
    } catch (error) {
      row.input.value = number(row.data.grade);
      this.status.textContent = errorText(error);
      fail(error);
    }
  }

  /** As in a spreadsheet: up and down go to the next grade, Escape takes back what was typed. */
  key(row, event) {
    if (event.key === "Escape") row.input.value = number(row.data.grade);
    const sibling = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!sibling) return;
    event.preventDefault();
    const next = row.element[sibling]?.querySelector("input");
    next?.focus();
    next?.select();
  }

  async remove(row) {
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    await this.lesson.api.removeGraded(row.data.id);
    next?.querySelector("button").focus();
    await this.refresh();
    await this.lesson.changed();
    announce(t("graded.removed"));
  }
}

const brief = (answer) => (answer.length > 60 ? `${answer.slice(0, 60)}…` : answer);
const roundTime = (milliseconds) => (milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds));
