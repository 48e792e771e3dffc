// A piece of music on the page: its roll, its player, its files, and what can be done with it.
import * as deck from "./deck.js";
import { button, make } from "./dom.js";
import { icon } from "./icons.js";
import { read } from "./midi.js";
import { legend, roll } from "./roll.js";
import { data, word } from "./words.js";

const STRENGTHS = ["little", "medium", "strong"];
const ASKS = { music: "change_example", bars: "bars_example" };
export const CRAFTS = new Set(["extend", "vary", "accompany", "harmonize", "music", "bars"]);

const drawn = new Map();
const file = (turn, kind) => turn.files.find((each) => each.url.endsWith(`/${kind}`));
// Tempi are whole microseconds in the file: a bar of two seconds may end a hair before them.
const clock = (second) => {
  const whole = Math.floor(second + 0.01);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

export const isMusic = (turn) => Boolean(turn.files?.some((each) => each.mime === "audio/midi"));

// Called when the page is drawn: forgets the music that is no longer on it.
export function settled(turns) {
  const kept = new Set(turns.filter(isMusic).map((turn) => turn.id));
  for (const id of drawn.keys()) if (!kept.has(id)) drawn.delete(id);
  deck.only(kept);
}

// The same element as long as the passage is on the page: notes never change.
export function tune(turn) {
  if (!drawn.has(turn.id)) drawn.set(turn.id, card(turn));
  return drawn.get(turn.id);
}

function card(turn) {
  const play = button(word("play"), "play", () => deck.toggle(turn.id), { class: "play", "data-action": "play" });
  const time = make("span", { class: "time", "aria-hidden": "true" }, "0:00");
  const trouble = make("p", { class: "trouble", role: "alert" });
  const stage = make("div", { class: "stage" });
  const bar = make("div", { class: "player" }, play, time, make("span", { class: "spring" }), ...(data.score ? [score(turn)] : []), ...links(turn));
  const figure = make("figure", { class: "tune", "aria-label": turn.text }, stage, bar, trouble);
  const view = {
    url: file(turn, "ogg").url,
    title: turn.text,
    moved: () => {},
    changed(state) {
      figure.dataset.state = state;
      const label = word(state === "playing" || state === "loading" ? "pause" : "play");
      play.setAttribute("aria-label", label);
      play.title = `${label} (P)`;
      play.replaceChildren(icon(label === word("pause") ? "pause" : "play"));
      trouble.textContent = state === "failed" ? word("no_sound") : "";
    },
  };
  deck.show(turn.id, view);
  soon(figure, () => notes(turn, stage, bar, time, view));
  return figure;
}

// What is far from sight need not be fetched yet.
function soon(element, work) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    work();
  }, { rootMargin: "600px" });
  watch.observe(element);
}

async function notes(turn, stage, bar, time, view) {
  let song;
  try {
    const answer = await fetch(file(turn, "mid").url);
    song = read(await answer.arrayBuffer());
  } catch {
    // The picture that the studio draws stands in for notes that this page cannot read.
    stage.append(make("img", { src: file(turn, "png").url, alt: turn.text, loading: "lazy" }));
    return;
  }
  const drawn = roll(song);
  const { element, at, under } = drawn;
  const length = song.seconds(song.end);
  const said = (second) => {
    const tick = song.tick(second);
    const number = Math.max(1, song.bars.findLastIndex((each) => each <= tick) + 1);
    return word("roll_time", { now: clock(second), all: clock(length), bar: Math.min(number, song.bars.length - 1), bars: song.bars.length - 1 });
  };
  Object.entries({ role: "slider", tabindex: "0", "aria-label": word("roll"), "aria-valuemin": 0, "aria-valuemax": Math.round(length) })
    .forEach(([name, value]) => element.setAttribute(name, value));
  view.moved = (second, playing) => {
    const here = Math.min(second, length);
    at(song.tick(here), playing, playing);
    time.textContent = `${clock(here)} / ${clock(length)}`;
    element.setAttribute("aria-valuenow", Math.round(here));
    element.setAttribute("aria-valuetext", said(here));
  };
  pointing(element, song, drawn, (clientX) => deck.seek(turn.id, song.seconds(under(clientX))));
  element.addEventListener("keydown", (event) => stepping(event, turn, song));
  stage.append(element);
  bar.querySelector(".time").after(legend(song));
  view.moved(deck.place(turn.id), deck.isPlaying(turn.id));
}

// A mouse draws the head along, with Shift it chooses bars; a finger scrolls, and taps where it wants to go.
function pointing(element, song, { under, choose }, go) {
  let first = -1;
  let chosen = null;
  const bar = (event) => Math.min(song.bars.length - 2, song.bars.findLastIndex((each) => each <= under(event.clientX)));
  const drawAlong = (event) => {
    if (first < 0) go(event.clientX);
    else chosen = choose(first, bar(event));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button) return;
    element.setPointerCapture(event.pointerId);
    first = event.shiftKey ? bar(event) : -1;
    drawAlong(event);
  });
  element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && drawAlong(event));
  element.addEventListener("click", (event) => {
    if (!chosen) go(event.clientX);
    else askFor(element.closest(".passage"), chosen);
    chosen = null;
  });
}

function askFor(passage, [first, last]) {
  passage.querySelector('.crafts [data-action="bars"]')?.click();
  const field = passage.querySelector(".asking input");
  field.value = first === last ? `${first} ` : `${first}-${last} `;
  field.focus();
}

function stepping(event, turn, song) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const now = song.tick(deck.place(turn.id));
  const bar = Math.max(0, song.bars.findLastIndex((each) => each <= now + 1));
  const to = (number) => deck.seek(turn.id, song.seconds(song.bars[Math.max(0, Math.min(song.bars.length - 2, number))]));
  // From the middle of a bar, a step back goes to where it begins.
  const back = now - song.bars[bar] > (song.end / song.bars.length) * 0.3 ? 0 : 1;
  const keys = {
    ArrowRight: () => to(bar + 1), ArrowUp: () => to(bar + 1), ArrowLeft: () => to(bar - back), ArrowDown: () => to(bar - back),
    PageUp: () => to(bar + 4), PageDown: () => to(bar - 4), Home: () => to(0), End: () => to(song.bars.length - 2),
    " ": () => deck.toggle(turn.id), Enter: () => deck.toggle(turn.id),
  };
  if (!keys[event.key]) return;
  keys[event.key]();
  event.preventDefault();
  event.stopPropagation();
}

// The written notes, with the words of a song under them; engraved when somebody wants to see them.
function score(turn) {
  const show = () => {
    const figure = opener.closest(".tune");
    const old = figure.querySelector(".written");
    opener.setAttribute("aria-expanded", String(!old));
    if (old) old.remove();
    else {
      const picture = make("img", { src: `/api/turns/${turn.id}/files/score`, alt: `${word("score")}: ${turn.text}` });
      figure.querySelector(".player").before(make("div", { class: "written", tabindex: "0", role: "group", "aria-label": word("score") }, picture));
    }
  };
  const opener = make("button", { type: "button", class: "quiet", title: word("score_hint"), "aria-expanded": "false", "data-action": "score", onclick: show }, icon("music"), word("score"));
  return opener;
}

function links(turn) {
  return [["mid", "MIDI", "save_midi"], ["ogg", "OGG", "save_sound"]].map(([kind, short, label]) => {
    const { url, name, mime } = file(turn, kind);
    const drag = (event) => event.dataTransfer.setData("DownloadURL", `${mime}:${name}:${new URL(url, location.href)}`);
    return make("a", { class: "quiet", href: url, download: name, draggable: "true", ondragstart: drag, title: word(label), "aria-label": word(label) }, icon("download"), short);
  });
}

// ── what can be done with it ──────────────────────────────────────────────────────────────────────────────────────

export function crafts(turn, wish) {
  const row = make("div", { class: "crafts", role: "group", "aria-label": word("crafts") });
  const add = (action, onclick) => row.append(make("button", { type: "button", class: "soft", "data-action": action, title: word(`hint_${action}`), onclick }, word(`action_${action}`)));
  add("extend", () => wish("extend"));
  row.append(strengths((text) => wish("vary", { text })));
  add("accompany", () => wish("accompany"));
  add("harmonize", () => wish("harmonize"));
  for (const action of ["music", "bars"]) add(action, () => ask(row, action, (text) => wish(action, { text })));
  return row;
}

function strengths(vary) {
  const menu = make("details", { class: "menu" },
    make("summary", { class: "soft", title: word("hint_vary") }, word("action_vary")),
    make("ul", {}, ...STRENGTHS.map((name) => make("li", {}, make("button", { type: "button", "data-action": `vary-${name}`, onclick: () => { menu.open = false; vary(name); } }, word(`vary_${name}`))))));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
  return menu;
}

// One line for what shall be different.
function ask(row, action, send) {
  const field = make("input", { "aria-label": word(`hint_${action}`), placeholder: word(ASKS[action]), maxlength: 500, dir: "auto" });
  const end = () => {
    form.closest(".passage").querySelector(".chosen")?.remove();
    form.replaceWith(row);
    row.querySelector(`[data-action="${action}"]`).focus();
  };
  const form = make("form", { class: "crafts asking", onsubmit: (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    end();
    send(text);
  } }, field,
    make("button", { type: "button", class: "soft", onclick: end }, word("cancel")),
    make("button", { type: "submit", class: "strong" }, word("go")));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") end();
  });
  row.replaceWith(form);
  field.focus();
}
