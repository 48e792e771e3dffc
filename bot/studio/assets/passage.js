// One passage of the piece: its words, and under a model's passage what can be done with it.
import { button, make, paragraphs } from "./dom.js";
import { isLook, look } from "./look.js";
import { crafts, isMusic, tune } from "./tune.js";
import { word } from "./words.js";

const VERSE = new Set(["poem", "couplets", "haiku", "limerick", "sonnet", "lyrics"]);
export const LETTERS = { l: "like", d: "dislike", r: "retry", e: "edit", p: "play", b: "branch", x: "context", arrowleft: "previous", arrowright: "next" };

// In a long piece a passage gets its buttons when it comes near to sight or takes the focus: they are most of its weight.
const clothes = new WeakMap();
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) clothes.get(target)();
}, { root: document.getElementById("page"), rootMargin: "150% 0px" });

function undressed(element, dress) {
  const place = make("div", { class: "tools" });
  const now = () => {
    near.unobserve(element);
    if (place.isConnected) place.replaceWith(...dress());
  };
  element.append(place);
  element.addEventListener("focusin", now, { once: true });
  clothes.set(element, now);
  near.observe(element);
}

export function passage(turn, isLast, wish, later = false) {
  const person = turn.kind === "person";
  const music = isMusic(turn);
  const drawn = isLook(turn);
  const shown = turn.author === "me" ? word("who_you") : turn.author || word("who_somebody");
  const element = make("div", {
    class: ["passage", turn.kind, VERSE.has(turn.form) && "verse", music && "music", drawn && "look", isLast && "last"].filter(Boolean).join(" "),
    role: "group",
    tabindex: "-1",
    "aria-label": label(turn, music, drawn, shown),
    "data-turn": turn.id,
  });
  if (person) element.append(make("span", { class: "who", "aria-hidden": "true" }, shown));
  element.append(words(turn.text || (person ? word("erased") : "")));
  const act = (action, more) => wish(turn, action, more, element);
  if (music) element.append(tune(turn));
  if (drawn) element.append(look(turn));
  const dress = () => [tools(turn, isLast, music || drawn, act), ...(music ? [crafts(turn, act)] : [])];
  if (later) undressed(element, dress);
  else if (turn.id) element.append(...dress());
  element.append(make("p", { class: "trouble", role: "alert" }));
  return element;
}

export function draft(text, form) {
  const element = passage({ kind: "model", text: "", form, versions: 1 }, true, () => {});
  element.classList.add("draft");
  if (form === "music") {
    element.classList.add("music");
    element.querySelector(".words").after(make("div", { class: "composing", role: "img", "aria-label": word("composing") }));
  }
  element.setAttribute("aria-busy", "true");
  show(element, text);
  return element;
}

export function show(element, text) {
  const parts = paragraphs(text);
  const empty = make("p", {}, element.classList.contains("music") ? word("composing") : "");
  element.querySelector(".words").replaceChildren(...(parts.length ? parts : [empty]));
}

export function trouble(element, message) {
  element.querySelector(":scope > .trouble").textContent = message;
}

function label(turn, music, drawn, author) {
  if (turn.kind === "person") return word(music ? "who_sent" : "who_wrote", { author });
  const versions = turn.versions > 1 ? `, ${word("version_of", turn)}` : "";
  return word(music ? "who_ghost_composed" : drawn ? "who_ghost_drew" : "who_ghost_wrote") + versions;
}

function words(text) {
  return make("div", { class: "words", dir: "auto" }, ...paragraphs(text));
}

function tools(turn, isLast, wordless, wish) {
  const row = make("div", { class: "tools", role: "toolbar", "aria-label": word(turn.kind === "person" ? "who_wrote" : "who_ghost_wrote", { author: turn.author }) });
  const add = (action, more = {}) => row.append(button(word(`action_${action}`), action, () => wish(action), { "data-action": action, ...more }));
  if (turn.kind === "model") {
    row.append(vote(turn, "like", 1, wish), vote(turn, "dislike", -1, wish), make("span", { class: "gap" }));
    add("previous", { disabled: turn.version <= 1 });
    row.append(make("span", { class: turn.versions > 1 ? "version" : "version alone", role: "img", "aria-label": word("version_of", turn) }, `${turn.version}/${turn.versions}`));
    add("next", { disabled: turn.version >= turn.versions });
    row.append(make("span", { class: "gap" }));
    add("retry");
    if (isLast) add("alternatives");
  }
  if (!wordless) add("edit");
  add("branch");
  if (turn.kind === "model" && !wordless) add("context");
  if (turn.edited) row.append(make("button", { type: "button", class: "edited", "data-action": "before", "aria-expanded": "false", title: word("action_before"), onclick: () => wish("before") }, word("edited")));
  return row;
}

function vote(turn, action, value, wish) {
  const count = value > 0 ? turn.likes : turn.dislikes;
  const element = button(word(`action_${action}`), action, () => wish(action), {
    "data-action": action,
    "aria-pressed": String(turn.vote === value),
  });
  if (count > 0) {
    element.classList.add("counted");
    element.append(make("span", { class: "count" }, String(count)));
  }
  return element;
}

// The words give way to a field; resolves with the new text, or null when it was left.
export function rewrite(element, text) {
  return new Promise((resolve) => {
    const area = make("textarea", { dir: "auto", "aria-label": word("action_edit"), rows: Math.min(20, 2 + text.length / 60) | 0 });
    area.value = text;
    const inside = element.querySelector(".words");
    const row = element.querySelector(".tools");
    const end = (result) => {
      form.replaceWith(inside);
      row.hidden = false;
      element.focus();
      resolve(result);
    };
    const form = make("form", { class: "rewrite", onsubmit: (event) => { event.preventDefault(); end(area.value); } }, area,
      make("div", { class: "row" },
        make("span", { class: "spring" }),
        make("button", { type: "button", class: "soft", onclick: () => end(null) }, word("cancel")),
        make("button", { type: "submit", class: "strong" }, word("save"))));
    area.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") end(null);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) end(area.value);
    });
    inside.replaceWith(form);
    row.hidden = true;
    area.focus();
  });
}
