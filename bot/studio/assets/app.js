// Puts the studio together: which piece is open, what is being written, and who is told about it.
import * as api from "./api.js";
import { before } from "./before.js";
import { composer, formButtons } from "./composer.js";
import { $ } from "./dom.js";
import { keys } from "./keys.js";
import { lore } from "./lore.js";
import { panel } from "./panel.js";
import { rewrite, trouble } from "./passage.js";
import { room } from "./room.js";
import { shelf } from "./shelf.js";
import { table } from "./table.js";
import { tree } from "./tree.js";
import * as deck from "./deck.js";
import { CRAFTS } from "./tune.js";
import { data, word } from "./words.js";
import { xray } from "./xray.js";

const WRITING = new Set([...data.forms.map((form) => form.name), "write", "continue", "retry", "alternatives"]);
const AGAIN = new Set(["retry", "alternatives"]);
const MUSIC = new Set([...CRAFTS, "song", "morph"]);
const ASKED = new Set(["music", "song"]);
const BESIDE = new Set(["previous", "next"]);

let here = "";
let piece = null;
const running = new Map();

const step = (name) => send(`/${name}`, { quiet: true });
const desk = composer({ send: (text, file) => send(text, { typed: true, file }), goOn: () => send("/continue"), step, stop, place: () => here });
const book = room(wish);
const side = panel({ ensure, changed: refresh });
const known = lore({ ensure, changed: refresh });
const around = table({ here: () => here, vote: choose, changed: () => running.get(here) || refresh(), said: desk.notice, turned: () => desk.trouble("") });
const list = shelf({ here: () => here, open, changed: refresh });

tree({ here: () => here, tell: (text, error) => (error ? desk.trouble(error.message) : send(text)) });

const hash = () => /^#\/([\w-]+)$/.exec(location.hash)?.[1] ?? "";

function redraw(options) {
  const job = running.get(here);
  book.draw(piece, job, options);
  desk.busy(Boolean(job?.draws));
  for (const link of document.querySelectorAll("#export a")) link.href = here ? api.exported(here, link.dataset.format) : "#";
}

async function load(options) {
  const id = here;
  try {
    const found = id ? await api.piece(id) : null;
    if (id !== here) return;
    piece = found;
  } catch (error) {
    if (id !== here) return;
    if (error.status === 404) open("");
    desk.trouble(error.message);
  }
  redraw(options);
  side.show(piece);
  known.show(piece);
}

async function refresh() {
  await Promise.all([load(), list.show()]);
}

function open(id) {
  if (location.hash !== `#/${id}`) history.pushState(null, "", `#/${id}`);
  return arrive();
}

async function arrive() {
  here = hash();
  piece = null;
  around.watch(here);
  desk.trouble("");
  desk.notice("");
  desk.restore();
  await Promise.all([load({ end: true }), list.show()]);
  if (matchMedia("(hover: hover)").matches) desk.focus();
}

// The piece that is open, made first if there is none yet.
async function ensure() {
  if (here) return here;
  const { id } = await api.create();
  here = id;
  around.watch(id);
  history.replaceState(null, "", `#/${id}`);
  return id;
}

// While anything a person began is under way; nothing is begun twice.
let begun = 0;
async function during(work) {
  document.body.dataset.busy = String((begun += 1));
  try {
    await work();
  } finally {
    begun -= 1;
    if (begun) document.body.dataset.busy = String(begun);
    else delete document.body.dataset.busy;
  }
}

let starting = false;

// `typed` words leave the field (and so does a file) and come back if they are refused; `quiet` commands show in the
// piece itself.
function send(text, { quiet = false, typed = false, file = null } = {}) {
  if (starting || running.get(here)) return;
  starting = true;
  during(() => tell(text, quiet, typed, file)).finally(() => { starting = false; });
}

async function tell(text, quiet, typed, file) {
  const [, command = "", words = ""] = /^\/(\w+)\s*([^]*)$/.exec(text) ?? [];
  const [, form, rest] = command === "write" ? /^(\S*)\s*([^]*)$/.exec(words) : [text, command, words];
  const lastModel = piece?.turns.findLast((turn) => turn.kind === "model");
  const music = MUSIC.has(command) || (AGAIN.has(command) && lastModel?.form === "music");
  const job = {
    draws: command !== "import" && (file ? Boolean(text) : !command || music || WRITING.has(command)),
    text: "",
    said: file || AGAIN.has(command) || (music && !ASKED.has(command)) ? "" : command ? rest : text,
    author: api.author(),
    form: music || file ? "music" : command === "write" || data.forms.some((each) => each.name === form) ? form : piece?.form ?? "",
    replaces: AGAIN.has(command) ? lastModel?.id : undefined,
    quiet,
  };
  const before = piece?.turns.length ?? 0;
  if (typed) desk.write("");
  desk.file(null);
  desk.trouble("");
  desk.notice("");
  try {
    const fresh = !here;
    const id = await ensure();
    starting = false;
    const final = await perform(id, job, (hear) => api.say(id, text, hear, file));
    // A file from a blank page is a piece of its own: the one that was begun for the asking stays empty.
    if (fresh && command === "import" && final.session !== id) await api.remove(id).then(list.show);
  } catch (error) {
    // Refused before anything was stored: the words go back where they can be mended, and the file if it was not heard.
    const refused = typed && error.status !== 200 && error.code !== "broken_off";
    if (refused && !$("words").value) desk.write(text);
    if (refused && file && (piece?.turns.length ?? 0) === before) desk.file(file);
    desk.trouble(error.message);
  }
}

async function perform(id, job, start) {
  running.set(id, job);
  if (id === here) redraw({ end: job.draws && !job.replaces });
  const music = job.form === "music";
  if (job.draws) $("live").textContent = word(music ? "live_composing" : "live_writing");
  let final = null;
  try {
    final = await start((name, said) => hear(id, job, name, said));
  } finally {
    ended(id, job);
    if (final?.session && final.session !== id && here === id) open(final.session);
    else if (final?.session === "" && here === id) open("");
    else await refresh();
  }
  if (final.finish !== "command") $("live").textContent = word(music ? "live_composed" : "live_done", { text: final.text });
  else if (job.quiet) $("live").textContent = final.text;
  return final;
}

function hear(id, job, name, said) {
  if (name === "draft") {
    job.text = said.text;
    if (job.queued) desk.notice("");
    job.queued = false;
    if (id === here) book.grow(said.text);
  } else if (name === "notice" && !job.quiet && !said.choices) {
    job.queued = said.name === "queued";
    if (id === here) desk.notice(said.text);
  } else if (name === "attachment" && said.url.startsWith("/api/turns/")) {
    // The first file of a passage says that its notes are there; nobody need wait for the sound.
    if (job.arrived || id !== here) return;
    job.arrived = true;
    ended(id, job);
    load({ end: !job.replaces });
  } else if (name === "attachment" && said.mime.startsWith("image/")) {
    if (id === here) desk.picture(said.url, said.name);
  } else if (name === "attachment") {
    const link = Object.assign(document.createElement("a"), { href: said.url, download: said.name });
    link.click();
  }
}

function ended(id, job) {
  if (running.get(id) === job) running.delete(id);
}

async function stop() {
  try {
    await api.say(here, "/cancel", () => {});
  } catch (error) {
    if (error.code !== "impossible") desk.trouble(error.message);
  }
}

// Something was pressed on a passage.
function wish(turn, action, more, element) {
  trouble(element, "");
  during(async () => {
    try {
      if (action === "like" || action === "dislike") await vote(turn, action === "like" ? 1 : -1);
      else if (action === "context") await xray(turn.id);
      else if (action === "before") await before(turn, element);
      else if (!running.get(here)) await act(turn, action, more, element);
    } catch (error) {
      trouble(book.find(turn.id) ?? element, error.message);
    }
  });
}

// A vote for one of several continuations.
async function choose(turn) {
  desk.trouble("");
  try {
    await api.act(turn, "choose", {}, (name, said) => name === "notice" && desk.notice(said.text));
    await refresh();
  } catch (error) {
    desk.trouble(error.message);
  }
}

async function vote(turn, value) {
  const wanted = turn.vote === value ? 0 : value;
  await api.vote(turn.id, wanted);
  await load();
}

async function act(turn, action, more = {}, element) {
  if (action === "edit") {
    const text = await rewrite(element, turn.text);
    if (text === null || text === turn.text) return;
    more = { text };
  }
  const again = AGAIN.has(action);
  const said = action === "music" ? more.text : "";
  const form = MUSIC.has(action) ? "music" : turn.form;
  const job = { draws: again || MUSIC.has(action), text: "", said, author: api.author(), form, replaces: again ? turn.id : undefined, quiet: false };
  const sounded = BESIDE.has(action) && deck.isPlaying(turn.id);
  desk.notice("");
  const final = await perform(here, job, (hear) => api.act(turn.id, action, more, hear));
  if (action === "edit" && turn.kind === "person") offer(turn);
  // Who listens and turns the page wants to hear the other version.
  if (sounded && final.files?.length) deck.play(final.turn);
}

// Words of a person's own are others now: what answered them can be written anew.
function offer(turn) {
  const answer = piece?.turns[piece.turns.findIndex((each) => each.id === turn.id) + 1];
  if (answer?.kind !== "model" || answer.form === "music") return;
  desk.notice(word("edited_offer"), word("rerun"), () => wish(answer, "retry", {}, book.find(answer.id)));
}

for (const closer of document.querySelectorAll("[data-close]")) closer.addEventListener("click", () => closer.closest("dialog").close());
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
$("help-open").addEventListener("click", () => $("help").showModal());
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
  }
});
addEventListener("hashchange", arrive);
document.addEventListener("visibilitychange", () => !document.hidden && !running.get(here) && refresh());

formButtons(desk.begin);
keys({ book, desk, stop, step, blank: () => open(""), isWriting: () => running.get(here)?.draws });
if (location.hash) arrive();
else {
  const last = await api.pieces().then((all) => all.find((each) => each.open), () => null);
  open(last?.id ?? "");
}
