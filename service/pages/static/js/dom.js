/** Making elements. Text is only ever set as text: there is no way from here to parse a string as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes and children.
 *
 * `on` holds event listeners, `dataset` data attributes, `value`/`checked` set the property; `true` sets an empty
 * attribute, and `false`, `null` or `undefined` leaves it out. Children are nodes or strings; empty ones are dropped.
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

/** What is really there: `condition && node` leaves nothing behind when the condition does not hold. */
const present = (children) =>
  children.flat(2).filter((child) => child !== null && child !== undefined && child !== false && child !== "");

/** Put these children into the element in place of those it has. */
export function put(element, ...children) {
  element.replaceChildren(...present(children));
}

/** What a person wrote: its own direction, its own language, line breaks kept. */
export function userText(tag, text, { language, ...attributes } = {}) {
  return el(tag, { dir: "auto", lang: language, ...attributes }, text);
}

/** What a person wrote, of which only the beginning is shown until the rest is asked for; `more` names the button. */
export function longText(text, more, attributes) {
  const characters = Array.from(text);
  if (characters.length <= LONG) return userText("p", text, attributes);
  const shown = userText("p", `${characters.slice(0, LONG).join("")}…`, attributes);
  const button = el("button", { type: "button", class: "link more" }, more);
  button.addEventListener("click", () => {
    shown.textContent = text;
    shown.tabIndex = -1;
    shown.focus();
    button.remove();
  });
  return el("div", {}, shown, button);
}

const LONG = 400;
let lastId = 0;

/** A new id, for labels and descriptions. */
export function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** A label above a control, with an optional hint and a place for its error. */
export function field(label, control, { hint } = {}) {
  control.id ||= newId("field");
  const error = el("p", { class: "field-error", id: `${control.id}-error`, hidden: true });
  const note = hint && el("p", { class: "hint", id: `${control.id}-hint` }, hint);
  control.setAttribute("aria-describedby", [note && note.id, error.id].filter(Boolean).join(" "));
  const group = el("div", { class: "field" }, el("label", { for: control.id }, label), note, control, error);
  return Object.assign(group, {
    control,
    /** Show what is wrong, or take it away with an empty message. */
    say(message) {
      error.textContent = message;
      error.hidden = !message;
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    },
  });
}
