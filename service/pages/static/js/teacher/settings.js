/** The question itself: its fields, taking everything out as a file, deleting it. */

import { questions } from "../api.js";
import { el } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "../icons.js";
import { announce, busy } from "../shell.js";
import { questionForm } from "./form.js";

/** @param removed called when the question is gone. */
export function settingsTab(lesson, removed) {
  const save = async (fields) => {
    lesson.onChange(await questions.change(lesson.question.id, fields));
    announce(t("settings.saved"));
  };
  return el(
    "div",
    { class: "stack wide-gaps" },
    el(
      "section",
      { "aria-label": t("settings.title") },
      questionForm(lesson.question, { action: t("settings.save"), save }),
    ),
    el(
      "section",
      {},
      el("h2", {}, t("export.title")),
      el("p", { class: "hint" }, t("export.hint")),
      el(
        "div",
        { class: "row" },
        ["csv", "xlsx"].map((format) => exportButton(lesson, format)),
      ),
    ),
    deletion(lesson, removed),
  );
}

function exportButton(lesson, format) {
  const button = el("button", { type: "button" }, icon("down"), t(`export.${format}`));
  button.addEventListener("click", () =>
    busy(button, async () => {
      const address = URL.createObjectURL(await lesson.api.exported(format));
      el("a", { href: address, download: `answergate-${lesson.question.id}.${format}` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }),
  );
  return button;
}

function deletion(lesson, removed) {
  const cancel = el("button", { type: "button", on: { click: () => dialog.close() } }, t("cancel"));
  const confirm = el("button", { type: "button", class: "danger" }, t("delete.confirm"));
  const dialog = el(
    "dialog",
    { "aria-labelledby": "delete-title" },
    el("h2", { id: "delete-title" }, t("delete.title")),
    el(
      "p",
      {},
      t("delete.what", { graded: lesson.question.graded_count, submissions: lesson.question.submissions_count }),
    ),
    el("div", { class: "row end" }, cancel, confirm),
  );
  confirm.addEventListener("click", () =>
    busy(confirm, async () => {
      await questions.remove(lesson.question.id);
      dialog.close();
      removed();
    }),
  );
  const ask = el(
    "button",
    { type: "button", class: "link danger-text", on: { click: () => dialog.showModal() } },
    t("delete.ask"),
  );
  return el("section", {}, ask, dialog);
}
