/** The interface's language: texts, plurals, numbers and times. */

/** Tags of the interface's languages with their own names, in the chooser's order. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  ar: "العربية",
  hi: "हिन्दी",
  zh: "中文",
};
const RIGHT_TO_LEFT = new Set(["ar"]);
const STORED = "answergate.language";

let messages = {};
let locale = "en";
let numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
let plurals = new Intl.PluralRules(locale);

/** Load the texts of the chosen language, by default the browser's, and set the page's language and direction. */
export async function loadMessages() {
  const wanted = [readStored(), ...navigator.languages, "en"].filter(Boolean);
  const language = wanted.map(primary).find((tag) => tag in LANGUAGES);
  const response = await fetch(`/static/messages/${language}.json`);
  messages = await response.json();
  // The browser's own region decides between, say, Eastern and Western Arabic digits.
  locale = navigator.languages.find((tag) => primary(tag) === language) ?? language;
  numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  plurals = new Intl.PluralRules(locale);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** Keep the choice for the next visit and show the page in it. */
export function chooseLanguage(language) {
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // A browser that stores nothing still gets the language for this visit's pages by its own setting.
  }
  location.reload();
}

function readStored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

const primary = (tag) => tag.split("-")[0].toLowerCase();

/** True where the page knows a text of that name. */
export const has = (key) => Object.hasOwn(messages, key);

/** A text with its {placeholders} filled in; numbers are written as the language does. `count` chooses the plural. */
export function t(key, values = {}) {
  const entry = messages[key];
  if (entry === undefined) return key;
  const pattern = typeof entry === "string" ? entry : plural(entry, values.count);
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/** Languages without a form of their own for none may still have words for it. */
function plural(forms, count) {
  return (count === 0 && forms.zero) || forms[plurals.select(count)] || forms.other;
}

export const number = (value) => numbers.format(value);

/** A share as a percentage without fractions. */
export const percent = (share) =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** A bound as a percentage: two digits that say something, however small it is. */
export const bound = (share) =>
  new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 2 }).format(share);

/** Minutes and seconds, as a countdown shows them. */
export function clock(seconds) {
  const two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });
  return `${number(Math.floor(seconds / 60))}:${two.format(seconds % 60)}`;
}

/** When something was, from seconds since 1970: the time today, the date with it before. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale, { ...(today ? {} : { dateStyle: "medium" }), timeStyle: "short" }).format(
    date,
  );
}

/** A language's name in the interface's language; the tag itself where the browser knows none. */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames([locale], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** The same for programs. */
export const isoTime = (seconds) => new Date(seconds * 1000).toISOString();

/** Why an answer was turned away; the service's own words for a reason this page does not know. */
export function reasonText(reason, fallback) {
  return has(`reason.${reason}`) ? t(`reason.${reason}`) : fallback || t("reason.other");
}

/** What would help a student whose answer was turned away. */
export const adviceText = (reason) => t(has(`advice.${reason}`) ? `advice.${reason}` : "advice.other");

const TRY_AGAIN = new Set([429, 503]);

/** A failed request in words. */
export function errorText(error) {
  if (has(`error.${error.code}`)) return t(`error.${error.code}`);
  if (TRY_AGAIN.has(error.status)) return t("error.busy");
  return error.code === undefined ? t("error.unknown") : error.message || t("error.unknown");
}

// Zeros of the decimal digits people's keyboards write: ASCII, Arabic, Persian, Devanagari, Bengali, fullwidth.
const ZEROS = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xff10];

/** A number as people write it: any common digits, comma or point. NaN when it is none. */
export function parseNumber(text) {
  const ascii = Array.from(String(text).trim(), (character) => {
    const code = character.codePointAt(0);
    const zero = ZEROS.find((start) => code >= start && code < start + 10);
    return zero === undefined ? character : String(code - zero);
  }).join("");
  const plain = ascii.replace(/[,٫،]/g, ".");
  return /^\d+(\.\d+)?$|^\.\d+$/.test(plain) ? Number(plain) : Number.NaN;
}
