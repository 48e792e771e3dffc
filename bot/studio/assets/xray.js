// What the model saw for a passage: a bar of its parts in their order, and under it each kind of part with its words.
import * as api from "./api.js";
import { $, make } from "./dom.js";
import { data, word } from "./words.js";

const HUES = 8;

export async function xray(turn) {
  const view = await api.context(turn);
  const kinds = new Map();
  for (const { name, tokens, text, cut } of view.sections) {
    const kind = kinds.get(name) ?? { name, hue: `hue${kinds.size % HUES}`, tokens: 0, texts: [], cuts: [] };
    kind.tokens += tokens;
    if (text.trim()) kind.texts.push(text.trim());
    if (cut) kind.cuts.push(cut);
    kinds.set(name, kind);
  }
  const total = word("context_of", view);
  $("xray-body").replaceChildren(
    make("p", {}, total),
    spectrum(view, kinds, total),
    ...Array.from(kinds.values(), row),
    row({ label: word("context_prompt"), tokens: view.tokens, texts: [view.prompt], hue: "", cuts: [] }));
  $("xray").showModal();
}

const called = (name) => (`section_${name}` in data.words ? word(`section_${name}`) : name);

function spectrum(view, kinds, label) {
  const bar = make("div", { class: "spectrum", role: "img", "aria-label": label });
  const add = (part, width) => {
    part.style.flex = `${width} 0 0`;
    bar.append(part);
  };
  for (const { name, tokens } of view.sections) {
    if (tokens) add(make("i", { class: kinds.get(name).hue, title: `${called(name)}: ${tokens}` }), tokens);
  }
  add(make("span"), Math.max(0, view.window - view.tokens - view.reserved));
  add(make("i", { class: "kept", title: String(view.reserved) }), view.reserved);
  return bar;
}

function row({ name, label = called(name), tokens, texts, cuts, hue }) {
  const head = [make("i", { class: hue }), label, make("span", { class: "amount" }, word("context_tokens", { tokens }))];
  const element = make("div", { class: "section" });
  if (texts.length) {
    const text = make("pre", { tabindex: "0", dir: "auto" }, texts.join("\n\n"));
    element.append(make("details", {}, make("summary", {}, ...head), text));
  } else element.append(make("p", { class: "line" }, ...head));
  for (const cut of cuts) element.append(make("p", { class: "cut" }, word("context_cut", { cut })));
  return element;
}
