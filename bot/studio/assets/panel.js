// Memory, author's note and the person's own name.
import * as api from "./api.js";
import { $ } from "./dom.js";
import { word } from "./words.js";

export function panel({ ensure, changed }) {
  function out(yes) {
    $("panel").hidden = !yes;
    $("panel-open").setAttribute("aria-expanded", String(yes));
    $(yes ? "memory" : "panel-open").focus();
  }

  async function save() {
    $("panel-trouble").textContent = $("saved").textContent = "";
    try {
      localStorage.setItem("author", $("name").value.trim());
      await api.change(await ensure(), { memory: $("memory").value, note: $("note").value });
      $("saved").textContent = word("saved");
      await changed();
    } catch (error) {
      $("panel-trouble").textContent = error.message;
    }
  }

  $("panel-open").addEventListener("click", () => out($("panel").hidden));
  $("panel-close").addEventListener("click", () => out(false));
  $("panel").addEventListener("keydown", (event) => event.key === "Escape" && out(false));
  $("remember").addEventListener("submit", (event) => { event.preventDefault(); save(); });
  $("name").value = localStorage.getItem("author") ?? "";

  return {
    show(piece) {
      if ($("panel").contains(document.activeElement)) return;
      $("memory").value = piece?.memory ?? "";
      $("note").value = piece?.note ?? "";
      $("saved").textContent = "";
    },
  };
}
