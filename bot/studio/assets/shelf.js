// The list of pieces, and the buttons at its foot.
import * as api from "./api.js";
import { $, button, editInline, make } from "./dom.js";
import { ago, data, passages, word } from "./words.js";

export function shelf({ here, open, changed }) {
  const narrow = matchMedia("(max-width: 56rem)");

  function out(yes) {
    $("shelf").classList.toggle("out", yes);
    $("veil").hidden = !yes;
    $("shelf-open").setAttribute("aria-expanded", String(yes));
    if (yes) $("new").focus();
  }

  async function attempt(work) {
    $("shelf-trouble").textContent = "";
    try {
      await work();
    } catch (error) {
      $("shelf-trouble").textContent = error.message;
    }
  }

  function line(piece) {
    const title = piece.title || word("untitled");
    const link = make("a", { href: `#/${piece.id}`, "aria-current": piece.id === here() && "page", onclick: () => narrow.matches && out(false) },
      make("b", { dir: "auto" }, title), make("small", {}, `${passages(piece.passages)} · ${ago(piece.updated)}`));
    const item = make("li", { class: piece.id === here() ? "here" : "" }, link);
    const rename = () => editInline(item, piece.title, word("title_label"), (text) => attempt(async () => {
      await api.change(piece.id, { title: text });
      await changed();
    }));
    item.append(make("span", { class: "tucked" },
      button(`${word("rename")}: ${title}`, "edit", rename, { class: "quiet", title: word("rename") }),
      button(`${word("delete")}: ${title}`, "trash", () => remove(piece, title), { class: "quiet", title: word("delete") })));
    return item;
  }

  async function remove(piece, title) {
    $("ask-head").textContent = word("delete_question", { title });
    $("ask").returnValue = "no";
    $("ask").showModal();
    await new Promise((resolve) => $("ask").addEventListener("close", resolve, { once: true }));
    if ($("ask").returnValue !== "yes") return;
    await attempt(async () => {
      await api.remove(piece.id);
      if (piece.id === here()) open("");
      await changed();
    });
  }

  $("new").addEventListener("click", () => { out(false); open(""); });
  $("shelf-open").addEventListener("click", () => out(true));
  $("veil").addEventListener("click", () => out(false));
  $("shelf").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$("veil").hidden) { out(false); $("shelf-open").focus(); }
  });
  $("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", dark ? "light" : "dark");
  });
  $("language").addEventListener("click", () => {
    location.search = data.language === "zh" ? "?lang=en" : "?lang=zh";
  });

  return {
    show: async () => attempt(async () => {
      if ($("pieces").contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
      const pieces = (await api.pieces()).sort((one, other) => other.updated.localeCompare(one.updated));
      $("pieces").replaceChildren(...pieces.map(line));
    }),
  };
}
