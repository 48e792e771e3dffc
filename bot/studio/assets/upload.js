// A file on its way in, MIDI or a piece: chosen beside the field or dropped anywhere on the page, shown until it is sent.
import { $ } from "./dom.js";
import { data, word } from "./words.js";

export const isPiece = (file) => /\.(json|md|markdown|txt)$/i.test(file.name);
const limit = (file) => (isPiece(file) ? data.piece_limit : data.file_limit);

export function upload({ trouble, chosen }) {
  let file = null;
  let depth = 0;

  function choose(next) {
    file = next;
    $("file").hidden = !file;
    $("file-name").textContent = file?.name ?? "";
    $("file-pick").value = "";
  }

  function take(files) {
    if (!files.length) return;
    trouble("");
    if (files.length > 1) trouble(word("api_one_file"));
    else if (files[0].size > limit(files[0])) trouble(word("api_file_too_large", { kilobytes: limit(files[0]) / 1024 }));
    else {
      choose(files[0]);
      chosen();
    }
  }

  const brings = (event) => event.dataTransfer?.types.includes("Files");
  function over(yes) {
    depth = yes ? depth : 0;
    $("drop").hidden = !yes || Boolean(document.querySelector("dialog[open]"));
  }

  $("file-add").addEventListener("click", () => $("file-pick").click());
  $("file-pick").addEventListener("change", () => take([...$("file-pick").files]));
  $("file-remove").addEventListener("click", () => {
    choose(null);
    trouble("");
    chosen();
  });
  // Every element under the pointer is entered and left for itself: only the last leaving is one.
  addEventListener("dragenter", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    depth += 1;
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (brings(event) && (depth -= 1) <= 0) over(false);
  });
  addEventListener("dragover", (event) => brings(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    over(false);
    if (!document.querySelector("dialog[open]")) take([...event.dataTransfer.files]);
  });

  return { choose, chosen: () => file };
}
