// What the model saw for a passage: a bar of its parts in their order, and under it each kind of part with its words.
import * as api from "./api.js";
import { $, make } from "./dom.js";
import { data, word } from "./words.js";

// Each kind of part has its colour, the same for every passage; what nobody named is grey.
const HUES = new Set(["story", "memory", "lore", "note", "summary", "recall", "genre", "mood", "teller", "examples", "premise", "template"]);

export async function xray(turn) {
  const view = await api.context(turn);
  const kinds = new Map();
  for (const { name, tokens, text, cut, why } of view.sections) {
    const kind = kinds.get(name) ?? { name, hue: `hue ${HUES.has(name) ? name : ""}`, tokens: 0, texts: [], cuts: [], whys: [] };
    kind.tokens += tokens;
    if (text.trim()) kind.texts.push(text.trim());
    if (cut) kind.cuts.push(cut);
    why.forEach(({ says }, index) => kind.whys.push(index === 0 && tokens ? `${says} (${word("context_tokens", { tokens })})` : says));
    kinds.set(name, kind);
  }
  // A part of which nothing was there and nothing is to be said would be a row about nothing.
  for (const { name, tokens, texts, cuts, whys } of [...kinds.values()]) if (!tokens && !texts.length && !cuts.length && !whys.length) kinds.delete(name);
  const total = word("context_of", view);
  $("xray-body").replaceChildren(
    make("p", {}, total),
    spectrum(view, kinds, total),
    scale(view),
    ...Array.from(kinds.values(), row),
    row({ label: word("context_prompt"), tokens: view.tokens, texts: [view.prompt], hue: "", cuts: [], whys: [] }));
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

// The numbers under the bar, where there is room for them; the rows below have all of them.
function scale(view) {
  const parts = view.sections.filter(({ tokens }) => tokens).map(({ tokens }) => tokens);
  const widths = [...parts, Math.max(0, view.window - view.tokens - view.reserved), view.reserved];
  const numbers = widths.map((width) => make("span", {}, width > view.window / 25 ? String(width) : ""));
  numbers.forEach((each, index) => { each.style.flex = `${widths[index]} 0 0`; });
  return make("div", { class: "scale", "aria-hidden": "true" }, ...numbers);
}

function row({ name, label = called(name), tokens, texts, cuts, whys, hue }) {
  const head = [make("i", { class: hue }), label, make("span", { class: "amount" }, word("context_tokens", { tokens }))];
  const element = make("div", { class: "section" });
  if (texts.length) {
    const text = make("pre", { tabindex: "0", dir: "auto" }, texts.join("\n\n"));
    element.append(make("details", {}, make("summary", {}, ...head), text));
  } else element.append(make("p", { class: "line" }, ...head));
  for (const why of whys) element.append(make("p", { class: "why" }, why));
  for (const cut of cuts) element.append(make("p", { class: "cut" }, word("context_cut", { cut })));
  return element;
}
