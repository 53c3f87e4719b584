/** The adversarial suite on one question: start, progress, and reading what it found. */

import { job as jobOf } from "../api.js";
import { el, longText, put } from "../dom.js";
import { bound, has, number, percent, t } from "../i18n.js";
import { busy, fail } from "../shell.js";

const ASK_AGAIN_MS = 500;
const RUNNING = new Set(["waiting", "running"]);

export function suite(lesson) {
  const remembered = `answergate.suite.${lesson.question.id}`;
  const button = el("button", { type: "button" }, t("suite.run"));
  const bar = el("progress", { "aria-label": t("suite.progress") });
  const words = el("p", { class: "hint" });
  const progress = el("div", { class: "progress", hidden: true }, bar, words);
  const result = el("div", { class: "suite-result", role: "status" });
  const section = el(
    "section",
    { class: "suite" },
    el("h2", {}, t("suite.title")),
    el("p", { class: "hint" }, t("suite.hint")),
    el("div", {}, button),
    progress,
    result,
  );

  const follow = async (id) => {
    progress.hidden = false;
    result.replaceChildren();
    try {
      for (;;) {
        const state = await jobOf(id);
        if (state.total) [bar.max, bar.value] = [state.total, state.done];
        words.textContent = state.total
          ? t("suite.done_of", { done: state.done, total: state.total })
          : t("suite.starting");
        if (!RUNNING.has(state.state)) return show(state);
        // A page that went on to another question stops asking; the run is found again by its id.
        if (!section.isConnected) return undefined;
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    } finally {
      progress.hidden = true;
    }
  };
  const show = (state) => {
    if (!state.result) put(result, el("p", { class: "why" }, state.error || t("suite.failed")));
    else put(result, ...reading(state.result, lesson));
  };
  button.addEventListener("click", () =>
    busy(button, async () => {
      const { job } = await lesson.api.runSuite();
      sessionStorage.setItem(remembered, job);
      await follow(job);
    }),
  );
  const before = sessionStorage.getItem(remembered);
  if (before) {
    requestAnimationFrame(() =>
      follow(before).catch((error) => (error.status === 404 ? sessionStorage.removeItem(remembered) : fail(error))),
    );
  }
  return section;
}

/** What the run means, most important first: the count, what got through to read, then family by family. */
function reading(result, lesson) {
  const { attempts, leaks, upper_bound: upper, honest } = result;
  const tiers = new Map(result.families.map(({ name, tier }) => [name, tier]));
  const [through, others] = [true, false].map((kept) =>
    result.cases.filter(({ family }) => (tiers.get(family) === "must_reject") === kept),
  );
  return [
    el(
      "p",
      { class: leaks ? "headline bad" : "headline" },
      leaks ? t("suite.leaked", { count: leaks, attempts }) : t("suite.held", { count: attempts }),
    ),
    el(
      "p",
      {},
      t("suite.bound", { share: bound(upper), confidence: percent(0.95) }),
      " ",
      honest?.count ? t("suite.honest", { turned: honest.turned_away, count: honest.count }) : "",
    ),
    through.length > 0 && el("section", {}, el("h3", {}, t("suite.read")), casesOf(through, lesson)),
    others.length > 0 &&
      el("details", {}, el("summary", {}, t("suite.others", { count: others.length })), casesOf(others, lesson)),
    familiesOf(result.families),
  ];
}

function casesOf(cases, lesson) {
  const card = ({ family, answer, grade }) =>
    el(
      "li",
      { class: "card" },
      longText(answer, t("more"), { class: "answer", language: lesson.question.language }),
      el("p", { class: "hint" }, t("suite.case", { family: plain(family), grade, max: lesson.maxGrade })),
    );
  return el("ol", { class: "plain cards" }, cases.map(card));
}

function familiesOf(families) {
  const rows = [...families].sort((one, other) => other.leaks - one.leaks || one.name.localeCompare(other.name));
  const headings = ["suite.family", "suite.rule", "suite.attempts", "suite.leaks"];
  return el(
    "details",
    { class: "families" },
    el("summary", {}, t("suite.families", { count: families.length })),
    el(
      "table",
      { class: "numbers" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          headings.map((key) => el("th", { scope: "col" }, t(key))),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map(({ name, tier, attempts, leaks }) =>
          el(
            "tr",
            { class: leaks ? "leaking" : null },
            el("th", { scope: "row", lang: "en", dir: "ltr" }, plain(name)),
            el("td", {}, has(`tier.${tier}`) ? t(`tier.${tier}`) : tier),
            el("td", { class: "number" }, number(attempts)),
            el("td", { class: "number" }, number(leaks)),
          ),
        ),
      ),
    ),
  );
}

const plain = (family) => family.replaceAll("-", " ");
