/** What students handed in: which answer to grade next, why answers were turned away, who is probing. */

import { el, longText, put } from "../dom.js";
import { has, isoTime, moment, number, t } from "../i18n.js";
import { icon } from "../icons.js";
import { announce, busy, fail } from "../shell.js";
import { gradeButtons } from "./grading.js";
import { gradeFigure, verdict } from "./verdict.js";

const SUGGESTIONS = 3;
const PAGE = 100;
const LOOK_AGAIN_MS = 10_000;
const FILTERS = {
  all: () => true,
  graded: (submission) => !submission.reason,
  away: (submission) => Boolean(submission.reason),
  probing: (submission) => flagsOf(submission).length > 0,
};

const flagsOf = (submission) => submission.flags ?? [];

/** The tab's content for a lesson. */
export function handedInTab(lesson) {
  const view = new HandedIn(lesson);
  view.refresh().catch(fail);
  view.watch();
  return view.panel;
}

class HandedIn {
  constructor(lesson) {
    this.lesson = lesson;
    this.submissions = [];
    this.filter = "all";
    this.limit = PAGE;
    this.next = el("section", {});
    this.filters = el("fieldset", { class: "chips" });
    this.fresh = el("button", { type: "button", class: "link", hidden: true });
    this.fresh.addEventListener("click", () => busy(this.fresh, () => this.refresh()));
    this.list = el("ol", { class: "plain submissions" });
    this.more = el("button", { type: "button", hidden: true, on: { click: () => this.showMore() } }, t("more"));
    const head = el("div", { class: "section-head" }, this.filters, this.fresh);
    const section = el("section", { class: "stack" }, head, this.list, el("div", {}, this.more));
    this.panel = el("div", { class: "stack wide-gaps" }, this.next, section);
  }

  async refresh() {
    const { lesson } = this;
    const [submissions, suggested] = await Promise.all([
      lesson.api.submissions(),
      lesson.api.suggest(SUGGESTIONS),
      lesson.loadDistribution(),
      lesson.changed(),
    ]);
    this.submissions = submissions.sort((one, other) => other.id - one.id);
    this.fresh.hidden = true;
    this.showFilters();
    this.showList();
    put(
      this.next,
      suggestions(this.lesson, suggested, (id, grade) => this.give(id, grade)),
    );
  }

  /** Look for new answers while the tab is open. They wait behind a button: nothing moves under the teacher's hand. */
  watch() {
    const timer = setInterval(async () => {
      if (!this.panel.isConnected) return clearInterval(timer);
      if (document.hidden) return undefined;
      await this.lesson.changed().catch(() => {});
      const count = this.lesson.question.submissions_count - this.submissions.length;
      this.fresh.hidden = count <= 0;
      this.fresh.textContent = t("handed.new", { count });
      return undefined;
    }, LOOK_AGAIN_MS);
  }

  showFilters() {
    const chip = ([name, keeps]) => {
      const input = el("input", {
        type: "radio",
        name: "filter",
        value: name,
        class: "visually-hidden",
        checked: name === this.filter,
        on: { change: () => this.choose(name) },
      });
      const count = this.submissions.filter(keeps).length;
      return el("label", { class: "chip" }, input, t(`handed.${name}`), " ", el("small", {}, number(count)));
    };
    const legend = el("legend", { class: "visually-hidden" }, t("handed.show"));
    put(this.filters, legend, Object.entries(FILTERS).map(chip));
  }

  choose(filter) {
    this.filter = filter;
    this.limit = PAGE;
    this.showList();
  }

  showMore() {
    this.limit += PAGE;
    this.showList();
  }

  showList() {
    const shown = this.submissions.filter(FILTERS[this.filter]);
    this.more.hidden = shown.length <= this.limit;
    if (!shown.length) {
      return put(
        this.list,
        el("li", { class: "muted" }, t(this.submissions.length ? "handed.none_here" : "handed.none")),
      );
    }
    const rows = shown.slice(0, this.limit);
    return put(
      this.list,
      rows.map((submission) => item(this.lesson, submission, (grade) => this.give(submission.id, grade))),
    );
  }

  async give(submissionId, grade) {
    const suggested = this.next.contains(document.activeElement);
    await this.lesson.api.gradeSubmission(submissionId, grade);
    await this.refresh();
    announce(t("handed.learned"));
    // The button that was pressed is gone: go on where the teacher was.
    const place = suggested ? this.next : this.list.querySelector(`[data-id="${submissionId}"]`);
    place?.querySelector("button, summary, input")?.focus();
  }
}

/** The heading says why these were chosen; a card adds only what is special about it. */
function suggestions(lesson, suggested, give) {
  if (!suggested.length) return [];
  const card = ({ submission_id: id, answer, why }) =>
    el(
      "li",
      { class: "card" },
      longText(answer, t("more"), { class: "answer", language: lesson.question.language }),
      has(`next.${why}`) && el("p", { class: "hint" }, t(`next.${why}`)),
      gradeButtons(lesson, (grade) => give(id, grade)),
    );
  return [
    el("h2", {}, t("next.title")),
    el("p", { class: "hint" }, t("next.hint")),
    el("ol", { class: "plain cards" }, suggested.map(card)),
  ];
}

function item(lesson, submission, give) {
  const flags = flagsOf(submission).map((flag) =>
    el("span", { class: "flag" }, icon("flag"), has(`flag.${flag}`) ? t(`flag.${flag}`) : flag),
  );
  const own = el("details", { class: "own-grade" }, el("summary", {}, t("handed.grade_it")));
  // Made when it is opened: a class's answers would otherwise put a thousand buttons on the page.
  own.addEventListener("toggle", () => {
    if (own.open && own.children.length === 1) own.append(gradeButtons(lesson, give));
  });
  return el(
    "li",
    { class: "submission", dataset: { id: submission.id } },
    gradeFigure(submission.grade, lesson.maxGrade, Boolean(submission.reason)),
    el(
      "div",
      { class: "submission-body" },
      el(
        "p",
        { class: "submission-head" },
        el("b", { dir: "auto" }, submission.student),
        el("time", { class: "muted", datetime: isoTime(submission.time) }, moment(submission.time)),
        flags,
      ),
      longText(submission.answer, t("more"), { class: "answer", language: lesson.question.language }),
      verdict(submission, lesson),
      el("p", { class: "muted facts" }, sayings(submission)),
      own,
    ),
  );
}

/** What else happened to the grade: the teacher gave it, or the student was told another one before. */
function sayings({ grade, told, teacher_grade: own }) {
  return [
    own !== null && own !== undefined && el("span", {}, t("handed.by_you")),
    told !== undefined && told !== grade && el("span", {}, t("handed.told", { grade: told })),
  ];
}
