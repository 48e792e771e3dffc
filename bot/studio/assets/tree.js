// The branches of the open piece: its tree to walk in, two branches side by side, and passages taken across.
import * as api from "./api.js";
import { $, button, make, paragraphs } from "./dom.js";
import { passages, word } from "./words.js";

const STEP = 24;
const ROW = 40;
const SHOWN = 24;

// `tell(command)` says a command about branches in the piece; the page shows what came of it.
export function tree({ here, tell }) {
  let wanted = 0;

  async function open() {
    const limbs = await api.branches(here());
    const ends = limbs.filter((limb) => limb.number);
    $("tree-hint").textContent = word(ends.length > 1 ? "branches_hint" : "branches_one");
    $("limbs").replaceChildren(drawing(limbs), make("ul", { "aria-labelledby": "tree-head" }, ...limbs.map(row)));
    $("beside").hidden = true;
    $("tree").showModal();
    $("limbs").querySelector(".ends")?.scrollIntoView({ block: "nearest" });
  }

  function row(limb) {
    const kind = ["limb", limb.live && "live", limb.ends_live && "ends"].filter(Boolean).join(" ");
    const name = limb.number ? `${limb.number}. ${opening(limb)}` : opening(limb);
    const count = make("small", {}, limb.passages > 1 ? passages(limb.passages) : "");
    const item = make("li", { class: kind, "aria-current": limb.ends_live && "true" });
    item.style.setProperty("--aside", limb.aside);
    if (!limb.number || limb.ends_live) item.append(make("span", { class: "name", dir: "auto" }, name), count);
    else item.append(make("button", { type: "button", class: "name", dir: "auto", title: word("beside_head"), onclick: () => compare(limb.number) }, name), count);
    if (limb.ends_live) item.append(make("small", { class: "mark" }, word("branches_here")));
    else if (limb.number) item.append(go(limb.number));
    return item;
  }

  const act = (command) => () => {
    $("tree").close();
    tell(command);
  };
  const go = (number) => make("button", { type: "button", class: "soft", "aria-label": `${word("go_there")}: ${word("branch_number", { number })}`, onclick: act(`/switch ${number}`) }, word("go_there"));

  async function compare(number) {
    const asked = (wanted += 1);
    $("tree-trouble").textContent = "";
    try {
      const found = await api.beside(here(), number);
      if (asked === wanted) side(found);
    } catch (error) {
      $("tree-trouble").textContent = error.message;
    }
  }

  function side({ number, shared, live, other }) {
    $("beside-head").textContent = word("beside_head");
    $("beside-shared").textContent = word(shared === 0 ? "beside_shared_none" : shared === 1 ? "beside_shared_one" : "beside_shared", { count: shared });
    const all = make("button", { type: "button", class: "soft", onclick: act(`/take ${number}`) }, word("take_all"));
    const one = (place) => button(`${word("take")}: ${place}`, "plus", act(`/take ${number}.${place}`), { class: "quiet", title: word("take") });
    $("columns").replaceChildren(
      column(word("beside_here"), live, shared, [], () => []),
      column(word("branch_number", { number }), other, shared, [all, go(number)], (place) => [one(place)]));
    $("beside").hidden = false;
    $("beside-head").scrollIntoView({ block: "center" });
    $("beside-head").focus({ preventScroll: true });
  }

  $("tree-open").addEventListener("click", () => open().catch((error) => tell("", error)));
  return { open };
}

const opening = ({ opening: words }) => words.split(/\s+/).slice(0, 40).join(" ");

function column(name, turns, shared, acts, beside) {
  const shown = turns.slice(0, SHOWN).map((turn, index) => make("li", { class: turn.kind, value: shared + index + 1 },
    make("div", { dir: "auto" }, ...paragraphs(turn.text)), ...beside(shared + index + 1)));
  const more = turns.length - shown.length;
  return make("section", {}, make("header", {}, make("h4", {}, name), make("div", { class: "row" }, ...acts)),
    make("ol", {}, ...shown), make("p", {}, more > 0 ? word("branches_more", { count: more }) : turns.length ? "" : "–"));
}

// A row of the list is as high as a row of the drawing, so that lines and words meet.
function drawing(limbs) {
  const space = "http://www.w3.org/2000/svg";
  const deepest = Math.max(0, ...limbs.map((limb) => limb.aside));
  const svg = document.createElementNS(space, "svg");
  const add = (tag, properties) => {
    const part = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(properties)) part.setAttribute(name, value);
    svg.append(part);
  };
  const [width, height] = [(deepest + 1) * STEP, limbs.length * ROW];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  Object.assign(svg.style, { width: `${width / 16}rem`, height: `${height / 16}rem` });
  const at = (row) => [limbs[row].aside * STEP + STEP / 2, row * ROW + ROW / 2];
  limbs.forEach((limb, row) => {
    const from = limbs.findLastIndex((each, above) => above < row && each.aside === limb.aside - (limb.parts ? 1 : 0));
    if (from < 0) return;
    const [[x, y], [up, top]] = [at(row), at(from)];
    const bend = limb.parts ? `V${y - 10}q0 10 10 10H${x}` : `V${y}`;
    add("path", { class: limb.live ? "live" : "", d: `M${up} ${top}${bend}` });
  });
  limbs.forEach((limb, row) => {
    const [x, y] = at(row);
    add("circle", { class: `${limb.live ? "live" : ""} ${limb.number ? "end" : ""}`, cx: x, cy: y, r: limb.ends_live ? 7 : 5 });
  });
  return svg;
}
