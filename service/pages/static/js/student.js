/** The student's page: question, answer box, grade and reason, own history. */

import { question as questionOf, questions } from "./api.js";
import { countDown } from "./countdown.js";
import { el, longText, put, userText } from "./dom.js";
import { adviceText, clock, isoTime, moment, number, reasonText, t } from "./i18n.js";
import { meter } from "./meter.js";
import { announce, busy, fail, openPage, quiet } from "./shell.js";

const LOOK_AGAIN_SECONDS = 15;
const main = document.getElementById("main");

let open = [];
let stopWaiting = () => {};

async function start() {
  if (!(await openPage("student"))) return;
  window.addEventListener("hashchange", show);
  await load();
}

async function load() {
  try {
    open = await questions.all();
  } catch (error) {
    return fail(error);
  }
  if (open.length === 0) {
    put(main, el("h1", { class: "display" }, t("student.none")), el("p", { class: "lead" }, t("student.none_yet")));
    setTimeout(load, LOOK_AGAIN_SECONDS * 1000);
    return undefined;
  }
  return show();
}

function show() {
  stopWaiting();
  quiet();
  const wanted = decodeURIComponent(location.hash.slice(1));
  const place = Math.max(
    0,
    open.findIndex((question) => String(question.id) === wanted),
  );
  put(main, ...page(open[place], place));
}

function page(question, place) {
  const view = new AnswerView(question);
  view.loadHistory();
  return [
    open.length > 1 && chooser(question),
    el(
      "p",
      { class: "eyebrow" },
      [
        open.length > 1 && t("student.place", { place: place + 1, count: open.length }),
        t("student.up_to", { count: question.max_grade }),
      ]
        .filter(Boolean)
        .join(" · "),
    ),
    userText("h1", question.text, { class: "question", language: question.language }),
    view.form,
    view.result,
    view.history,
  ].filter(Boolean);
}

function chooser(chosen) {
  const links = open.map((question, place) =>
    el(
      "li",
      {},
      el(
        "a",
        {
          href: `#${encodeURIComponent(question.id)}`,
          "aria-current": question === chosen && "page",
          "aria-label": t("student.question", { number: place + 1 }),
        },
        number(place + 1),
      ),
    ),
  );
  return el("nav", { class: "steps", "aria-label": t("student.questions") }, el("ol", {}, links));
}

/** One question's answer box with everything that follows from handing in. */
class AnswerView {
  constructor(question) {
    this.question = question;
    this.api = questionOf(question.id);
    this.draft = `answergate.draft.${question.id}`;
    this.text = el("textarea", {
      id: "answer",
      rows: 7,
      dir: "auto",
      lang: question.language,
      "aria-describedby": "attempts",
      value: sessionStorage.getItem(this.draft) ?? "",
      on: {
        input: () => {
          this.key = null;
          sessionStorage.setItem(this.draft, this.text.value);
        },
        keydown: (event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
        },
      },
    });
    this.button = el("button", { class: "primary" }, t("student.hand_in"));
    this.note = el("p", { class: "hint", id: "attempts" });
    this.form = el(
      "form",
      { class: "answer-form" },
      el("label", { for: "answer" }, t("student.your_answer")),
      this.text,
      el("div", { class: "form-foot" }, this.button, this.note),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(this.button, () => this.handIn());
    });
    this.result = el("section", { class: "result", "aria-live": "polite", "aria-label": t("student.result") });
    this.history = el("section", { class: "history", hidden: true });
    this.waiting = false;
    this.say(question.attempts_left, question.retry_after);
  }

  async handIn() {
    if (this.waiting || this.attemptsLeft === 0) return;
    this.key ??= newKey();
    try {
      const graded = await this.api.handIn(this.text.value, this.key);
      this.key = null;
      put(this.result, ...resultOf(graded));
      this.result.scrollIntoView({ block: "nearest" });
      this.say(graded.attempts_left, graded.retry_after);
      await this.loadHistory();
    } catch (error) {
      // Only when no answer came back may the attempt have been counted: then the same key goes again.
      if (error.status !== 0) this.key = null;
      if (error.code === "no_attempts_left") this.say(0, 0);
      else if (error.code === "too_soon") this.say(this.attemptsLeft, error.retryAfter);
      else throw error;
    }
  }

  /** Say how many attempts are left and, if one must wait, for how long. */
  say(attemptsLeft, retryAfter) {
    this.attemptsLeft = attemptsLeft;
    const left =
      attemptsLeft === undefined || attemptsLeft === null ? "" : t("student.attempts_left", { count: attemptsLeft });
    stopWaiting();
    this.wait(false);
    this.note.textContent = left;
    if (attemptsLeft === 0) return this.wait(true);
    if (!(retryAfter > 0)) return undefined;
    const timer = el("span", { class: "clock", "aria-hidden": "true" });
    put(this.note, left, left && " · ", timer);
    this.wait(true);
    announce(t("student.wait_seconds", { count: Math.ceil(retryAfter) }));
    stopWaiting = countDown(retryAfter, (seconds) => {
      timer.textContent = t("student.wait", { clock: clock(seconds) });
      if (seconds > 0) return;
      this.note.textContent = left;
      this.wait(false);
      announce(t("student.again"));
    });
    return undefined;
  }

  wait(waiting) {
    this.waiting = waiting;
    this.button.classList.toggle("waiting", waiting);
    if (waiting) this.button.setAttribute("aria-description", t("student.not_now"));
    else this.button.removeAttribute("aria-description");
  }

  async loadHistory() {
    const own = await this.api.submissions().catch(() => []);
    this.history.hidden = own.length === 0;
    own.sort((one, other) => other.number - one.number);
    const rows = own.map((submission) => historyRow(submission, this.question));
    put(this.history, el("h2", {}, t("student.history")), el("ol", { class: "plain" }, rows));
  }
}

/** What a student learns: the grade, and when the answer was turned away why, and what would help. */
function resultOf(graded) {
  const max = graded.max_grade;
  const words = graded.reason
    ? [el("h2", {}, reasonText(graded.reason, graded.reason_text)), el("p", {}, adviceText(graded.reason))]
    : [el("h2", {}, t(graded.grade >= max ? "student.full" : graded.grade > 0 ? "student.part" : "student.zero"))];
  return [
    el(
      "p",
      { class: "grade" },
      el("span", { class: "visually-hidden" }, t("student.grade_of", { grade: graded.grade, max })),
      el("span", { class: "grade-number", "aria-hidden": "true" }, number(graded.grade)),
      el("span", { class: "grade-max", "aria-hidden": "true" }, `/ ${number(max)}`),
    ),
    meter(graded.grade, max),
    el("div", { class: "result-words" }, words),
  ];
}

function historyRow(submission, question) {
  return el(
    "li",
    {},
    el(
      "p",
      { class: "history-head" },
      el("strong", { class: "number" }, t("student.grade_short", { grade: submission.grade, max: question.max_grade })),
      el("time", { datetime: isoTime(submission.time), class: "muted" }, moment(submission.time)),
      submission.reason && el("span", { class: "muted" }, reasonText(submission.reason, submission.reason_text)),
    ),
    longText(submission.answer, t("more"), { class: "answer", language: question.language }),
  );
}

/** Not `randomUUID`: that is missing where a school serves without HTTPS. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

start();
