/** Adding graded answers: pasted from a spreadsheet, or a file. What is wrong is said row by row. */

import { el, field, newId, put } from "../dom.js";
import { number, t } from "../i18n.js";
import { icon } from "../icons.js";
import { busy } from "../shell.js";
import { readPasted } from "./paste.js";

/** @param added called when answers were added. */
export function adding(lesson, added) {
  const { question, api } = lesson;
  const outcome = el("div", { class: "outcome", role: "status" });
  const pasted = el("textarea", { rows: 5, dir: "auto", spellcheck: "false", placeholder: t("add.example") });
  const paste = field(t("add.paste"), pasted, { hint: t("add.paste_hint", { max: question.max_grade }) });
  const addButton = el("button", { class: "primary" }, t("add.add"));
  const file = el("input", { id: newId("file"), type: "file", accept: ".csv,.xlsx,.jsonl", class: "visually-hidden" });
  const upload = el("label", { for: file.id, class: "button" }, icon("up"), t("add.upload"));

  const done = async (count, errors) => {
    put(outcome, ...report(count, errors));
    if (!errors.length) await added();
  };
  const form = el(
    "form",
    { class: "stack" },
    paste,
    el("div", { class: "row" }, addButton, file, upload, el("span", { class: "hint" }, t("add.formats"))),
    outcome,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(addButton, async () => {
      const { answers, errors } = readPasted(pasted.value, question.max_grade);
      const said = errors.map((error) => ({ ...error, message: t(error.message, { max: question.max_grade }) }));
      // As with a file: all rows or none, so that the text can be mended and added again.
      if (errors.length || !answers.length) return done(0, said);
      const stored = await api.addGraded(answers);
      if (!stored.errors.length) pasted.value = "";
      return done(stored.added, stored.errors);
    });
  });
  file.addEventListener("change", () =>
    busy(upload, async () => {
      const chosen = file.files[0];
      if (!chosen) return;
      try {
        const { added: count, errors } = await api.uploadGraded(chosen);
        await done(count, errors);
      } finally {
        file.value = "";
      }
    }),
  );
  return el("details", { class: "add", open: question.graded_count === 0 }, el("summary", {}, t("add.title")), form);
}

function report(count, errors) {
  const said = [el("p", {}, t("add.added", { count }))];
  if (!errors.length) return said;
  const rows = errors.map(({ row, field: name, message }) =>
    el(
      "tr",
      {},
      el("td", { class: "number" }, row === null || row === undefined ? "" : number(row)),
      el("td", {}, t(`column.${name}`) === `column.${name}` ? (name ?? "") : t(`column.${name}`)),
      el("td", { dir: "auto" }, message),
    ),
  );
  const headings = ["add.row", "add.column", "add.problem"].map((key) => el("th", { scope: "col" }, t(key)));
  said.push(
    el(
      "table",
      { class: "problems" },
      el("caption", {}, t("add.errors", { count: errors.length })),
      el("thead", {}, el("tr", {}, headings)),
      el("tbody", {}, rows),
    ),
  );
  return said;
}
