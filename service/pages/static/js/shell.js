/** What every page has: the bar above, a live region, messages that something failed. */

import { session } from "./api.js";
import { el, put } from "./dom.js";
import { LANGUAGES, chooseLanguage, errorText, loadMessages, t } from "./i18n.js";
import { icon } from "./icons.js";

const live = el("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const notice = el("div", { class: "notice", role: "alert" });

/** Say something to people who listen to the page. The same words twice are said twice. */
export function announce(text) {
  live.textContent = "";
  setTimeout(() => (live.textContent = text), 50);
}

/** Show that something failed, in words, until it is closed or the next thing is said. */
export function fail(error) {
  if (error.status === 401) return leave();
  if (error.code === undefined) console.error(error);
  const close = el(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("close"), on: { click: quiet } },
    icon("close"),
  );
  put(notice, el("p", {}, errorText(error)), close);
  return undefined;
}

/** Take away what `fail` showed. */
export const quiet = () => notice.replaceChildren();

function leave() {
  location.assign("/");
}

/**
 * Load the texts, draw the bar, and return who is logged in.
 *
 * @param {"teacher" | "student" | null} role who the page is for; others are sent to theirs. null: nobody yet.
 */
export async function openPage(role) {
  await loadMessages();
  document.title = `${t(role === null ? "login.title" : `${role}.title`)} · answergate`;
  const me = role === null ? null : await session.me().catch(() => null);
  if (role !== null && me === null) return leave();
  if (me && me.role !== role) return location.assign(`/${me.role}`);
  document.body.prepend(el("a", { class: "skip", href: "#main" }, t("skip")), bar(me), notice);
  document.body.append(live);
  return me ?? { role: null };
}

function bar(me) {
  const chooser = el(
    "select",
    {
      id: "language",
      class: "quiet-select",
      "aria-label": t("language"),
      on: { change: () => chooseLanguage(chooser.value) },
    },
    Object.entries(LANGUAGES).map(([tag, name]) => el("option", { value: tag, lang: tag }, name)),
  );
  chooser.value = document.documentElement.lang;
  const out = async () => {
    await session.logOut().catch(() => null);
    leave();
  };
  return el(
    "header",
    { class: "bar" },
    el("a", { class: "wordmark", href: "/" }, icon("gate"), el("span", {}, "answergate")),
    el(
      "div",
      { class: "bar-end" },
      me?.name && el("span", { class: "who", dir: "auto" }, me.name),
      chooser,
      me && el("button", { type: "button", class: "link", on: { click: out } }, t("logout")),
    ),
  );
}

/** Run what a button does: it cannot be pressed twice meanwhile, and what fails is said. Focus stays where it is. */
export async function busy(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  quiet();
  try {
    await work();
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}
