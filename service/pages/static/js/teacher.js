/** The teacher's page: questions at the side, one question with its tabs beside it. */

import { questions } from "./api.js";
import { el, put, userText } from "./dom.js";
import { languageName, t } from "./i18n.js";
import { icon } from "./icons.js";
import { announce, busy, fail, openPage, quiet } from "./shell.js";
import { questionForm } from "./teacher/form.js";
import { gradedTab } from "./teacher/graded.js";
import { handedInTab } from "./teacher/handed_in.js";
import { Lesson } from "./teacher/lesson.js";
import { settingsTab } from "./teacher/settings.js";
import { tabs } from "./teacher/tabs.js";
import { tryingTab } from "./teacher/trying.js";

const main = document.getElementById("main");
const list = el("ol", { class: "plain question-list" });
const workplace = el("div", { class: "workplace" });

let all = [];

async function start() {
  if (!(await openPage("teacher"))) return;
  put(
    main,
    el(
      "nav",
      { class: "side", "aria-label": t("questions") },
      el("h2", { class: "side-title" }, t("questions")),
      list,
      el("a", { class: "button new", href: "#/new" }, icon("plus"), t("new_question")),
    ),
    workplace,
  );
  window.addEventListener("hashchange", show);
  await load();
}

async function load() {
  try {
    all = await questions.all();
    show();
  } catch (error) {
    fail(error);
  }
}

/** What the address names: `#/new`, or `#/question/tab`; without a name the first question. */
function show() {
  quiet();
  const [wanted, tab] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const question = all.find(({ id }) => String(id) === wanted) ?? (wanted === "new" ? undefined : all[0]);
  showList(question);
  put(workplace, ...(question ? lessonOf(question, tab) : newQuestion()));
}

function showList(chosen) {
  const focused = list.contains(document.activeElement);
  put(
    list,
    ...all.map((question) =>
      el(
        "li",
        {},
        el(
          "a",
          { href: `#/${encodeURIComponent(question.id)}`, "aria-current": question.id === chosen?.id && "page" },
          userText("span", question.text, { class: "clamp", language: question.language }),
          el(
            "small",
            {},
            t(question.open ? "open" : "closed"),
            " · ",
            t("handed_in", { count: question.submissions_count }),
          ),
        ),
      ),
    ),
  );
  if (focused) list.querySelector("[aria-current]")?.focus();
}

function newQuestion() {
  const save = async (fields) => {
    const made = await questions.make(fields);
    all = await questions.all();
    announce(t("form.made"));
    location.hash = `#/${encodeURIComponent(made.id)}/graded`;
  };
  return [
    el("h1", { class: "display" }, t(all.length ? "new_question" : "first_question")),
    el("p", { class: "lead" }, t("new_lead")),
    questionForm(null, { action: t("form.make"), save }),
  ];
}

function lessonOf(question, tab) {
  const title = userText("h1", "", { class: "question" });
  const facts = el("p", { class: "eyebrow" });
  const opener = el("button", { type: "button", class: "switch", role: "switch" }, t("open_for_students"));
  const lesson = new Lesson(question, (changed) => {
    if (JSON.stringify(changed) === JSON.stringify(lesson.question)) return;
    lesson.question = changed;
    all = all.map((other) => (other.id === changed.id ? changed : other));
    showList(changed);
    describe();
  });
  const describe = () => {
    const { text, language, max_grade: max, graded_count: graded, submissions_count: handed, open } = lesson.question;
    title.textContent = text;
    title.lang = language;
    facts.textContent = [
      languageName(language),
      t("student.up_to", { count: max }),
      t("graded_answers", { count: graded }),
      t("handed_in", { count: handed }),
    ].join(" · ");
    opener.setAttribute("aria-checked", String(open));
  };
  opener.addEventListener("click", () =>
    busy(opener, async () => lesson.onChange(await questions.change(question.id, { open: !lesson.question.open }))),
  );
  describe();
  const removed = () => {
    all = all.filter(({ id }) => id !== question.id);
    if (location.hash.length > 2) location.hash = "#/";
    else show();
  };
  const panels = tabs(
    [
      { name: "graded", label: t("tab.graded"), make: () => gradedTab(lesson) },
      { name: "handed-in", label: t("tab.handed_in"), make: () => handedInTab(lesson) },
      { name: "try", label: t("tab.try"), make: () => tryingTab(lesson) },
      { name: "question", label: t("tab.question"), make: () => settingsTab(lesson, removed) },
    ],
    tab,
    // The address follows without a new entry in the history: going back leaves the question, not the tab.
    (name) => history.replaceState(null, "", `#/${encodeURIComponent(question.id)}/${name}`),
  );
  return [el("div", { class: "question-head" }, facts, title, opener), panels];
}

start();
