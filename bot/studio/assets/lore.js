// The lore of the open piece: its entries, and a field in which one is added or changed as it is typed in a chat.
import * as api from "./api.js";
import { $, button, make } from "./dom.js";
import { word } from "./words.js";

export function lore({ ensure, changed }) {
  async function tell(words) {
    $("lore-trouble").textContent = $("lore-said").textContent = "";
    try {
      const { text } = await api.say(await ensure(), `/lore ${words}`, () => {});
      $("lore-said").textContent = text;
      $("lore-words").value = "";
      await changed();
    } catch (error) {
      $("lore-trouble").textContent = error.message;
    }
  }

  function entry({ number, line, text }) {
    const change = () => {
      $("lore-words").value = `#${number} ${line}: ${text}`;
      $("lore-words").focus();
    };
    const name = `${number}. ${line}`;
    return make("li", {},
      make("div", {}, make("b", { dir: "auto" }, name), make("p", { dir: "auto" }, text)),
      make("span", { class: "tucked" },
        button(`${word("change")}: ${name}`, "edit", change, { class: "quiet", title: word("change") }),
        button(`${word("delete")}: ${name}`, "trash", () => tell(`delete ${number}`), { class: "quiet", title: word("delete") })));
  }

  $("lore-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = $("lore-words").value.trim();
    if (words) tell(words);
  });

  return {
    show(piece) {
      const held = $("lore-list").contains(document.activeElement);
      $("lore-list").replaceChildren(...(piece?.lore ?? []).map(entry));
      if (held) $("lore-words").focus();
    },
  };
}
