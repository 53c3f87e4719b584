/** The first page: a token in, and on to the page it is for. */

import { session } from "./api.js";
import { el, field, put } from "./dom.js";
import { errorText, t } from "./i18n.js";
import { busy, openPage } from "./shell.js";

async function start() {
  const known = await session.me().catch(() => null);
  if (known) return location.replace(`/${known.role}`);
  await openPage(null);
  const input = el("input", {
    type: "password",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    dir: "ltr",
  });
  const token = field(t("login.token"), input, { hint: t("login.hint") });
  const button = el("button", { class: "primary" }, t("login.enter"));
  const logIn = async () => {
    token.say("");
    try {
      const me = await session.logIn(input.value.trim());
      location.assign(`/${me?.role ?? (await session.me()).role}`);
    } catch (error) {
      token.say(error.status === 401 || error.status === 422 ? t("login.refused") : errorText(error));
      input.focus();
      input.select();
    }
  };
  const form = el("form", { class: "stack", novalidate: true }, token, el("div", {}, button));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, logIn);
  });
  const heading = el("h1", { class: "display" }, t("login.heading"));
  put(document.getElementById("main"), heading, el("p", { class: "lead" }, t("login.lead")), form);
  input.focus();
}

start();
