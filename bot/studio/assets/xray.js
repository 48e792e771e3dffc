// What the model saw for a passage: a bar of sections by tokens, and each section's words.
import * as api from "./api.js";
import { $, make } from "./dom.js";
import { word } from "./words.js";

export async function xray(turn) {
  const view = await api.context(turn);
  const sections = view.sections.map((section, index) => ({ ...section, hue: `hue${index % 8}` }));
  const total = word("context_of", view);
  const bar = make("div", { class: "spectrum", role: "img", "aria-label": total });
  for (const { tokens, hue, name } of sections) {
    if (!tokens) continue;
    const part = make("i", { class: hue, title: `${name}: ${tokens}` });
    part.style.flex = `${tokens} 0 0`;
    bar.append(part);
  }
  const free = make("span");
  free.style.flex = `${Math.max(0, view.window - view.tokens)} 0 0`;
  bar.append(free);
  $("xray-body").replaceChildren(make("p", {}, total), bar, ...sections.map(row),
    row({ name: word("context_prompt"), tokens: view.tokens, text: view.prompt, hue: "", cut: "" }));
  $("xray").showModal();
}

function row({ name, tokens, text, cut, hue }) {
  const head = [make("i", { class: hue }), name, make("span", { class: "amount" }, word("context_tokens", { tokens }))];
  const element = make("div", { class: "section" });
  if (text) element.append(make("details", {}, make("summary", {}, ...head), make("pre", { tabindex: "0", dir: "auto" }, text)));
  else element.append(make("p", { class: "line" }, ...head));
  if (cut) element.append(make("p", { class: "cut" }, word("context_cut", { cut })));
  return element;
}
