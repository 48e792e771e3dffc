// The one player of the page: at most one piece of music sounds, and it sounds on while its passage is drawn anew.
import { $ } from "./dom.js";

const sound = $("sound");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const views = new Map();
const places = new Map();
let current = "";
let wanted = 0;

const view = () => views.get(current);
const now = () => (sound.readyState ? sound.currentTime : wanted);

// A view is { url, title, moved(second, playing), changed(state) }; the newest of a passage counts.
export function show(turn, each) {
  views.set(turn, each);
  each.changed(turn === current ? state() : "paused");
  each.moved(place(turn), turn === current && !sound.paused);
}

// Forgets every passage that is not on the page any more; what sounded there stops.
export function only(turns) {
  for (const turn of views.keys()) if (!turns.has(turn)) views.delete(turn);
  if (current && !turns.has(current)) {
    sound.pause();
    current = "";
  }
}

export const isPlaying = (turn) => turn === current && !sound.paused;
export const place = (turn) => (turn === current ? now() : places.get(turn) ?? 0);

export function play(turn) {
  if (turn !== current) take(turn);
  else if (sound.error) sound.load();
  sound.play().catch((error) => error.name !== "AbortError" && view()?.changed("failed"));
}

export function toggle(turn) {
  if (isPlaying(turn)) sound.pause();
  else play(turn);
}

export function seek(turn, second) {
  const to = Math.max(0, second);
  if (turn !== current) {
    places.set(turn, to);
    views.get(turn)?.moved(to, false);
    return;
  }
  wanted = to;
  if (sound.readyState) sound.currentTime = Math.min(to, Math.max(0, sound.duration - 0.05) || to);
  view()?.moved(to, !sound.paused);
}

function take(turn) {
  if (current) {
    places.set(current, now());
    sound.pause();
    view()?.changed("paused");
  }
  current = turn;
  wanted = places.get(turn) ?? 0;
  sound.src = view().url;
  if ("mediaSession" in navigator) navigator.mediaSession.metadata = new MediaMetadata({ title: view().title, artist: "Ghostnote" });
}

function state() {
  if (sound.error) return "failed";
  if (sound.paused) return "paused";
  return sound.readyState < HTMLMediaElement.HAVE_FUTURE_DATA ? "loading" : "playing";
}

function frame() {
  view()?.moved(now(), true);
  if (!sound.paused && !calm.matches) requestAnimationFrame(frame);
}

const tell = () => view()?.changed(state());
sound.addEventListener("loadedmetadata", () => { if (wanted) sound.currentTime = wanted; });
for (const name of ["waiting", "pause", "error", "playing", "play"]) sound.addEventListener(name, tell);
sound.addEventListener("playing", () => requestAnimationFrame(frame));
// Where little should move, the head goes in the steps of this event, four a second.
sound.addEventListener("timeupdate", () => calm.matches && frame());
sound.addEventListener("pause", () => view()?.moved(now(), false));
sound.addEventListener("ended", () => {
  wanted = 0;
  sound.currentTime = 0;
  view()?.moved(0, false);
});
