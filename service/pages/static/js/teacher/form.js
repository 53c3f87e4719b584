/** Making a question, and changing it. */

import { el, field } from "../dom.js";
import { errorText, languageName, number, parseNumber, t } from "../i18n.js";
import { busy } from "../shell.js";

/** Languages offered first; any other can be typed as its tag. */
const OFFERED = [
  "ar",
  "bn",
  "de",
  "en",
  "es",
  "fr",
  "hi",
  "id",
  "it",
  "ja",
  "ko",
  "nl",
  "pl",
  "pt",
  "ru",
  "sw",
  "tr",
  "uk",
  "ur",
  "vi",
  "zh",
];
const MAX_REFERENCES = 10;

/**
 * A form for the fields of a question.
 *
 * @param question what the fields hold at first; null for a new one.
 * @param save called with the fields; what it throws is shown beside the field it names.
 */
export function questionForm(question, { action, save }) {
  const text = el("textarea", { rows: 3, dir: "auto", required: true, value: question?.text ?? "" });
  const language = languageSelect(question?.language);
  const max = el("input", {
    inputmode: "decimal",
    autocomplete: "off",
    class: "grade-input",
    value: number(question?.max_grade ?? 5),
  });
  const references = el("textarea", { rows: 3, dir: "auto", value: (question?.reference_answers ?? []).join("\n") });
  const accepted = el("input", {
    autocomplete: "off",
    dir: "ltr",
    spellcheck: "false",
    placeholder: "en, fr",
    value: (question?.accepted_languages ?? []).join(", "),
  });
  const fields = {
    text: field(t("form.text"), text),
    language: field(t("form.language"), language),
    max_grade: field(t("form.max_grade"), max),
    reference_answers: field(t("form.references"), references, { hint: t("form.references_hint") }),
    accepted_languages: field(t("form.accepted"), accepted, { hint: t("form.accepted_hint") }),
  };
  const button = el("button", { class: "primary" }, action);
  const form = el(
    "form",
    { class: "stack question-form", novalidate: true },
    fields.text,
    el("div", { class: "row" }, fields.language, fields.max_grade),
    el(
      "details",
      { open: Boolean(references.value || accepted.value) },
      el("summary", {}, t("form.more")),
      el("div", { class: "stack" }, fields.reference_answers, fields.accepted_languages),
    ),
    el("div", {}, button),
  );
  const complain = (name, message) => {
    const group = fields[name];
    group.say(message);
    const hidden = group.closest("details");
    if (hidden) hidden.open = true;
    group.control.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    for (const group of Object.values(fields)) group.say("");
    const grade = parseNumber(max.value);
    if (!text.value.trim()) return complain("text", t("form.text_missing"));
    if (!(grade > 0)) return complain("max_grade", t("form.max_grade_wrong"));
    return busy(button, async () => {
      try {
        await save({
          text: text.value.trim(),
          language: language.value,
          max_grade: grade,
          reference_answers: lines(references.value).slice(0, MAX_REFERENCES),
          accepted_languages: accepted.value.split(/[\s,;،、，]+/).filter(Boolean),
        });
      } catch (error) {
        const named = Object.keys(fields).find((name) => error.field?.includes(name));
        if (!named) throw error;
        complain(named, errorText(error));
      }
    });
  });
  return form;
}

function languageSelect(chosen) {
  const preferred = chosen ?? document.documentElement.lang;
  const tags = OFFERED.includes(preferred) ? OFFERED : [preferred, ...OFFERED];
  const named = tags
    .map((tag) => ({ tag, name: languageName(tag) }))
    .sort((one, other) => one.name.localeCompare(other.name));
  const select = el(
    "select",
    {},
    named.map(({ tag, name }) => el("option", { value: tag }, name)),
  );
  select.value = preferred;
  return select;
}

const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
