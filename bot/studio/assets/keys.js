// The keyboard. Single letters act only while a passage holds the focus, so that nobody sets them off by typing.
import { $ } from "./dom.js";
import { LETTERS } from "./passage.js";

const typing = (element) => Boolean(element?.closest?.("input, textarea, select"));

export function keys({ book, desk, stop, step, blank, isWriting }) {
  const withAlt = {
    KeyN: blank,
    KeyZ: (event) => step(event.shiftKey ? "redo" : "undo"),
    ArrowUp: () => book.move(-1),
    ArrowDown: () => book.move(1),
  };

  function onPassage(event, held) {
    const action = LETTERS[event.key.toLowerCase()];
    const target = action && held.querySelector(`[data-action="${action}"]:not(:disabled)`);
    if (!target) return false;
    target.click();
    return true;
  }

  function plain(event) {
    if (event.key === "Escape") {
      if ($("export").open) $("export").open = false;
      else if (isWriting()) stop();
      else if (event.target.closest?.("#panel, #shelf")) return false;
      else desk.focus();
      return true;
    }
    if (typing(event.target)) return false;
    if (event.key === "?") $("help").showModal();
    else if (event.key === "/") { desk.focus(); desk.write("/"); }
    else {
      const held = event.target.closest?.(".passage");
      return held ? onPassage(event, held) : false;
    }
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const modified = event.ctrlKey || event.metaKey;
    const done = event.altKey && !modified
      ? withAlt[event.code] && (withAlt[event.code](event), true)
      : !modified && plain(event);
    if (done) event.preventDefault();
  });
}
