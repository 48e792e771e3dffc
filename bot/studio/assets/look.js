// A palette or a cover on the page: colours that are copied when they are pressed, a picture that can be saved.
import { make } from "./dom.js";
import { icon } from "./icons.js";
import { word } from "./words.js";

const CODE = /#[0-9a-f]{6}/g;
const picture = (turn) => turn.files[0];

export const isLook = (turn) => Boolean(turn.files?.length === 1 && turn.files[0].mime === "image/png");

export function look(turn) {
  const { url, name } = picture(turn);
  const save = make("a", { class: "quiet", href: url, download: name, title: word("save_picture"), "aria-label": word("save_picture") }, icon("download"), "PNG");
  const told = make("span", { role: "status" });
  const shown = turn.form === "palette" ? swatches(turn, told) : make("img", { src: url, alt: turn.text, loading: "lazy", width: 960, height: 1600 });
  return make("figure", { class: turn.form }, shown, make("figcaption", {}, told, make("span", { class: "spring" }), save));
}

function swatches(turn, told) {
  const colours = turn.text.match(CODE) ?? [];
  const one = (code) => {
    const copy = async () => {
      // A page that came neither over HTTPS nor from this machine has no clipboard: then the code can at least be read.
      try {
        await navigator.clipboard.writeText(code);
        told.textContent = word("colour_copied", { code });
      } catch {
        told.textContent = code;
      }
    };
    const swatch = make("button", { type: "button", title: word("colour_copy", { code }), "aria-label": word("colour_copy", { code }), onclick: copy });
    swatch.style.background = code;
    return swatch;
  };
  return make("div", { class: "swatches" }, ...colours.map(one));
}
