// The writing field: what was typed survives a reload, "/" opens the commands, Enter sends.
import { $, make } from "./dom.js";
import { isPiece, upload } from "./upload.js";
import { data, word } from "./words.js";

const ROOM = 8;

export function composer({ send, goOn, step, stop, place }) {
  const field = $("words");
  const palette = $("palette");
  const files = upload({ trouble, chosen: () => field.focus() });
  let chosen = 0;
  let offered = [];

  // Browsers without field-sizing grow the field by hand.
  const grows = CSS.supports("field-sizing", "content");
  function fit() {
    if (grows) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function trouble(text) {
    $("composer-trouble").textContent = text;
  }

  const drafts = () => `draft:${place()}`;
  function keep() {
    if (field.value) sessionStorage.setItem(drafts(), field.value);
    else sessionStorage.removeItem(drafts());
  }

  function write(text) {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    keep();
    fit();
    offer();
  }

  function offer() {
    const typed = /^\/(\w*)$/.exec(field.value);
    offered = typed ? data.commands.filter((each) => each.name.startsWith(typed[1].toLowerCase())) : [];
    chosen = 0;
    palette.replaceChildren(...offered.map((each, index) => make("li", {
      id: `command-${index}`, role: "option", "aria-selected": String(index === 0),
      onmousedown: (event) => event.preventDefault(), onclick: () => take(index),
    }, make("b", {}, `/${each.name}`), make("span", {}, each.help))));
    palette.hidden = offered.length === 0;
    field.setAttribute("aria-expanded", String(!palette.hidden));
    mark();
  }

  function mark() {
    [...palette.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    if (palette.hidden) field.removeAttribute("aria-activedescendant");
    else {
      field.setAttribute("aria-activedescendant", `command-${chosen}`);
      palette.children[chosen].scrollIntoView({ block: "nearest" });
    }
  }

  function take(index) {
    const { name, takes } = offered[index];
    field.focus();
    if (takes === "nothing") {
      write("");
      send(`/${name}`);
    } else write(`/${name} `);
  }

  function submit() {
    const file = files.chosen();
    const text = field.value.trim() || (file && isPiece(file) ? "/import" : "");
    if ((text || file) && !$("send").hidden) send(text, file);
  }

  function inPalette(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: ROOM, PageUp: -ROOM };
    if (event.key in moves) chosen = Math.max(0, Math.min(offered.length - 1, chosen + moves[event.key]));
    else if (event.key === "Tab" || (event.key === "Enter" && field.value !== `/${offered[chosen].name}`)) take(chosen);
    else if (event.key === "Escape") write("");
    else return false;
    event.preventDefault();
    event.stopPropagation();
    if (!palette.hidden) mark();
    return true;
  }

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || (!palette.hidden && inPalette(event))) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (field.value.trim() || files.chosen()) submit();
      else goOn();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  });
  field.addEventListener("input", () => { keep(); fit(); offer(); });
  field.addEventListener("blur", () => { palette.hidden = true; field.setAttribute("aria-expanded", "false"); });
  $("composer").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("slash").addEventListener("click", () => { field.focus(); write("/"); });
  $("continue").addEventListener("click", goOn);
  $("undo").addEventListener("click", () => step("undo"));
  $("redo").addEventListener("click", () => step("redo"));
  $("stop").addEventListener("click", stop);
  $("aside-close").addEventListener("click", () => { $("aside").hidden = true; field.focus(); });

  return {
    write,
    focus: () => field.focus({ preventScroll: true }),
    restore: () => { field.value = sessionStorage.getItem(drafts()) ?? ""; fit(); offer(); },
    busy(yes) {
      const held = document.activeElement;
      $("send").hidden = $("continue").hidden = yes;
      $("stop").hidden = !yes;
      $("undo").disabled = $("redo").disabled = yes;
      // A button that goes away hands its focus to the one that takes its place.
      if (yes && (held === $("send") || held === $("continue"))) $("stop").focus();
      if (!yes && held === $("stop")) $("continue").focus();
    },
    // With a label there is a button under it, for what can be done about it.
    notice(text, label, act) {
      $("aside-text").textContent = text;
      $("aside-act").textContent = label ?? "";
      $("aside-act").hidden = !label;
      $("aside-act").onclick = () => { $("aside").hidden = true; act(); };
      $("aside").hidden = !text;
    },
    // A picture belongs to what was said just before it, which says the same in words.
    picture(url, name) {
      $("aside-text").append(make("img", { src: url, alt: name }));
      $("aside").hidden = false;
    },
    trouble,
    file: files.choose,
    begin(form) { field.focus(); write(`/${form} `); },
  };
}

export function formButtons(begin) {
  $("forms").replaceChildren(...[...data.forms, { name: "music", title: word("music") }].map(({ name, title }) =>
    make("li", {}, make("button", { type: "button", class: "soft", onclick: () => begin(name) }, title))));
  $("help-commands").replaceChildren(...data.commands.flatMap(({ name, help }) =>
    [make("dt", {}, make("kbd", {}, `/${name}`)), make("dd", {}, help)]));
  document.title = word("title");
}
