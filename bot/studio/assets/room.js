// The page of the book: shows a piece and what is being written into it. Knows nothing of the network.
import { $ } from "./dom.js";
import { draft, passage, show } from "./passage.js";
import { settled } from "./tune.js";
import { data, passages as counted, word } from "./words.js";

const MUSIC = new Set(["music", "midi"]);
const LONG = 60;
const SHOWN = 10;

export function room(wish) {
  const page = $("page");
  const list = $("passages");
  let drawn = new Map();
  let writing = null;

  const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < 160;
  // Passages out of sight have only a guessed height (room.css, .long): the end moves once it comes into sight.
  const toEnd = (again = 2) => {
    page.scrollTop = page.scrollHeight;
    if (again && list.classList.contains("long")) requestAnimationFrame(() => toEnd(again - 1));
  };

  function lines(piece, job) {
    const turns = piece?.turns ?? [];
    const upTo = job?.replaces ? turns.findIndex((turn) => turn.id === job.replaces) : -1;
    const kept = upTo < 0 ? turns : turns.slice(0, upTo);
    const fresh = new Map();
    const elements = kept.map((turn, index) => {
      const last = index === kept.length - 1 && !job?.draws;
      const signature = JSON.stringify([turn, last]);
      const old = drawn.get(turn.id);
      // Where somebody is writing into a passage it stays as it is until they have done.
      if (old?.signature === signature || old?.element.querySelector("form")) {
        fresh.set(turn.id, old);
        return old.element;
      }
      const element = passage(turn, last, wish, kept.length > LONG && index < kept.length - SHOWN);
      fresh.set(turn.id, { signature, element });
      return element;
    });
    drawn = fresh;
    return elements;
  }

  function started(job) {
    writing = draft(job.text, job.form);
    const said = job.said && passage({ kind: "person", author: job.author, text: job.said, form: job.form }, false, () => {});
    if (said) said.classList.add("pending");
    return said ? [said, writing] : [writing];
  }

  // Music grows when its notes arrive; whoever looks at the end goes on looking at it.
  let held = false;
  page.addEventListener("scroll", () => { held = atEnd(); }, { passive: true });
  new ResizeObserver(() => held && toEnd(0)).observe(list);

  // Focus stays where it is, and follows the place in the piece where that went: another version is another element.
  function remember() {
    const focused = document.activeElement;
    const held = focused?.closest?.(".passage");
    if (!held || !list.contains(held)) return () => {};
    const index = [...list.children].indexOf(held);
    const action = focused.dataset.action;
    return () => {
      if (document.activeElement === focused) return;
      const place = list.children[Math.min(index, list.children.length - 1)];
      const target = action && place?.querySelector(`[data-action="${action}"]:not(:disabled)`);
      (target || place)?.focus({ preventScroll: true });
    };
  }

  // Only what changed is touched: a long piece is laid out once.
  function settle(elements) {
    const wanted = new Set(elements);
    for (const old of [...list.children]) if (!wanted.has(old)) old.remove();
    elements.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    list.classList.toggle("long", elements.length > LONG);
  }

  function draw(piece, job, { end = false } = {}) {
    const follow = end || atEnd();
    const refocus = remember();
    const elements = lines(piece, job);
    settled(piece?.turns ?? []);
    writing = null;
    if (job?.draws) elements.push(...started(job));
    settle(elements);
    head(piece, job);
    refocus();
    if (follow) toEnd();
  }

  function head(piece, job) {
    const title = piece?.title || word("untitled");
    const empty = !piece?.turns.length && !job?.draws;
    const form = MUSIC.has(piece?.form) ? word("music") : data.forms.find((each) => each.name === piece?.form)?.title ?? piece?.form ?? "";
    $("heading").textContent = title;
    $("heading").hidden = $("subheading").hidden = empty && !piece?.title;
    $("subheading").textContent = piece ? [form, ...piece.chosen, counted(piece.turns.length)].filter(Boolean).join(" · ") : "";
    $("blank").hidden = !empty;
    $("export").hidden = $("tree-open").hidden = !piece?.turns.length;
    document.title = piece?.title ? `${piece.title} · Ghostnote` : word("title");
  }

  return {
    draw,
    toEnd,
    grow(text) {
      if (!writing) return;
      const follow = atEnd();
      show(writing, text);
      if (follow) toEnd();
    },
    find: (turn) => drawn.get(turn)?.element,
    move(step) {
      const all = [...list.querySelectorAll(".passage")];
      const held = document.activeElement?.closest?.(".passage");
      const index = held ? all.indexOf(held) + step : step < 0 ? all.length - 1 : all.length;
      if (all[index]) {
        all[index].focus({ preventScroll: true });
        all[index].scrollIntoView({ block: "nearest" });
      } else if (step > 0) $("words").focus();
    },
  };
}
