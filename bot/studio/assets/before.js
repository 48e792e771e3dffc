// What people changed in a passage: its words before and after, in one text with what went and what came.
import * as api from "./api.js";
import { make } from "./dom.js";
import { ago, word } from "./words.js";

const TAGS = { "-1": "del", 1: "ins" };

// Shows the changes under the words of a passage, or takes them away again.
export async function before(turn, element) {
  const opener = element.querySelector('[data-action="before"]');
  const old = element.querySelector(".changes");
  opener.setAttribute("aria-expanded", String(!old));
  if (old) old.remove();
  else element.querySelector(".words").after(make("ol", { class: "changes" }, ...(await api.edits(turn.id)).map(change)));
}

function change({ author, created, parts }) {
  const who = author === "me" ? word("who_you") : author || word("who_somebody");
  return make("li", {}, make("small", {}, `${who} · ${ago(created)}`),
    make("p", { dir: "auto" }, ...parts.map(([sign, text]) => (TAGS[sign] ? make(TAGS[sign], {}, text) : text))));
}
