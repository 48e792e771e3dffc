// Who sits around the piece: whose turn it is and until when, how a vote stands, and what happens without being asked.
import { $, make } from "./dom.js";
import { word } from "./words.js";

const TURNS = { person: "", ghost: "table_ghost", vote: "table_vote", anyone: "table_anyone" };

export function table({ here, vote, changed, said, turned }) {
  let source = null;
  let clock = null;
  let until = null;

  function watch(id) {
    source?.close();
    clock = until = null;
    draw(null);
    source = new EventSource(`/api/news${id ? `?session=${id}` : ""}`);
    source.addEventListener("table", (event) => seen(JSON.parse(event.data)));
    source.addEventListener("news", (event) => heard(JSON.parse(event.data)));
  }

  function seen(found) {
    if (found.session !== here()) return;
    const before = $("waits").textContent;
    draw(found);
    if ($("waits").textContent !== before) turned();
    if (clock !== null && clock !== found.clock) changed();
    clock = found.clock;
  }

  function heard(news) {
    if (news.session !== here()) return;
    if (news.text && !news.choices.length) said(news.text);
    if (news.turn) changed();
  }

  function draw(found) {
    const shown = Boolean(found?.members.length);
    $("table").hidden = !shown;
    if (!shown) return;
    until = found.until && new Date(found.until);
    $("seats").replaceChildren(...found.members.map(seat), ...(found.mode === "free" ? [] : [ghost(found)]));
    $("waits").textContent = waits(found);
    $("ballot").replaceChildren(...found.votes.map(option));
    $("ballot").hidden = !found.votes.length;
    tick();
  }

  function seat({ name, role, moves }) {
    const title = word(`table_${role}`);
    return make("li", { class: moves ? "moves" : role, title, "aria-current": moves ? "step" : undefined }, name,
      ...(role === "writer" ? [] : [make("small", {}, title)]));
  }

  function ghost({ waits }) {
    return make("li", { class: waits === "ghost" ? "moves" : "", "aria-current": waits === "ghost" ? "step" : undefined }, "Ghostnote");
  }

  function waits(found) {
    if (found.mode === "free") return "";
    const mover = found.members.find((each) => each.moves);
    return mover ? word("table_person", { name: mover.name }) : word(TURNS[found.waits]);
  }

  function option({ turn, text, count }, index) {
    return make("li", {}, make("button", { type: "button", class: "soft", onclick: () => vote(turn) },
      make("b", {}, `${index + 1}`), make("span", { dir: "auto" }, text), make("small", {}, word("table_count", { count }))));
  }

  function tick() {
    const left = until ? Math.max(0, Math.round((until - Date.now()) / 1000)) : null;
    $("left").textContent = left === null ? "" : clockface(left);
  }

  function clockface(seconds) {
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return (parts[0] ? parts : parts.slice(1)).map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
  }

  setInterval(tick, 1000);
  return { watch };
}
