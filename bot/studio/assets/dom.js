// A few lines that make elements; text only ever enters as text.
import { icon } from "./icons.js";

export const $ = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function button(label, picture, onclick, properties = {}) {
  return make("button", { type: "button", "aria-label": label, title: label, onclick, ...properties }, icon(picture));
}

export function paragraphs(text) {
  return text.split(/\n{2,}/).filter((part) => part.trim()).map((part) => make("p", { dir: "auto" }, part.replace(/^\n+|\n+$/g, "")));
}

// An element's words give way to a field until they are saved or left.
export function editInline(element, value, label, save) {
  const field = make("input", { value, maxlength: 200, "aria-label": label });
  const before = [...element.childNodes];
  let over = false;
  const end = async (keep) => {
    if (over) return;
    over = true;
    const text = field.value.trim();
    element.replaceChildren(...before);
    if (keep && text && text !== value) await save(text);
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") end(false);
  });
  field.addEventListener("blur", () => end(true));
  element.replaceChildren(field);
  field.focus();
  field.select();
}
