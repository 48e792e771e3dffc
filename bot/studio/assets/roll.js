// A piano roll: time to the right, pitch upwards, a colour for each part, drums in a strip below, and a play head.
import { make } from "./dom.js";
import { data } from "./words.js";

const SPACE = "http://www.w3.org/2000/svg";
const GUTTER = 30;
const TOP = 18;
const TALL = 250;
const NARROWEST_BAR = 34;
const DRUM = 7;
const COLOURS = 6;

const shape = (name, properties) => {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(properties)) element.setAttribute(key, value);
  return element;
};

export function roll(song) {
  const strip = make("div", { class: "strip" });
  const element = make("div", { class: "roll" }, strip);
  const head = make("i", { class: "head", "aria-hidden": "true" });
  const tall = shape("path", { class: "sounding" });
  const [low, high] = range(song);
  const drums = drumRows(song);
  const row = Math.max(4, TALL / (high - low + 1));
  const floor = TOP + (high - low + 1) * row;
  const height = floor + (drums.size ? drums.size * DRUM + 10 : 2);
  let wide = 0;
  let tick = 0;

  const x = (at) => GUTTER + (at / song.end) * (wide - GUTTER - 2);
  const y = (pitch) => floor - (pitch - low + 1) * row;
  const box = (part, note) => {
    const [left, right] = [x(note.start), x(note.end)];
    const [top, deep] = part.drums ? [floor + 7 + drums.get(note.pitch) * DRUM, DRUM - 3] : [y(note.pitch) + 0.5, row - 1];
    const across = part.drums ? 3 : Math.max(2, right - left - 1);
    return rounded(left + 0.5, top, across, deep);
  };

  function grid() {
    const black = [];
    for (let pitch = low; pitch <= high; pitch += 1) {
      if ([1, 3, 6, 8, 10].includes(pitch % 12)) black.push(`M${GUTTER} ${y(pitch).toFixed(1)}h${wide - GUTTER}v${row.toFixed(1)}H${GUTTER}z`);
    }
    const upright = (at) => `M${x(at).toFixed(1)} ${TOP}V${height}`;
    const parts = [
      shape("path", { class: "black", d: black.join("") }),
      shape("path", { class: "beat", d: song.beats.map(upright).join("") }),
      shape("path", { class: "bar", d: song.bars.map(upright).join("") }),
    ];
    for (let pitch = Math.ceil(low / 12) * 12; pitch <= high; pitch += 12) {
      parts.push(shape("path", { class: "octave", d: `M${GUTTER} ${(y(pitch) + row).toFixed(1)}H${wide}` }));
      parts.push(word(`C${pitch / 12 - 1}`, GUTTER - 5, y(pitch) + row, "end"));
    }
    const every = Math.max(1, Math.ceil((22 * song.bars.length) / wide));
    song.bars.slice(0, -1).forEach((at, index) => index % every === 0 && parts.push(word(index + 1, x(at) + 3, TOP - 6, "start")));
    return parts;
  }

  function word(text, left, base, anchor) {
    const element = shape("text", { x: left, y: base, "text-anchor": anchor });
    element.textContent = text;
    return element;
  }

  // The first part is on top: it has the melody. Loud notes are painted more strongly than soft ones.
  function notes() {
    const layers = [];
    for (const [index, part] of [...song.parts.entries()].reverse()) {
      const loud = new Map();
      for (const note of part.notes) {
        const step = note.velocity >> 5;
        loud.set(step, (loud.get(step) ?? "") + box(part, note));
      }
      for (const [step, d] of loud) layers.push(shape("path", { class: hue(song, index), opacity: 0.55 + 0.15 * step, d }));
    }
    return layers;
  }

  function draw() {
    const room = element.clientWidth;
    const needed = Math.max(room, GUTTER + (song.bars.length - 1) * NARROWEST_BAR);
    if (!room || needed === wide) return;
    wide = needed;
    strip.style.width = `${wide}px`;
    const svg = shape("svg", { width: wide, height, "aria-hidden": "true" });
    svg.append(...grid(), ...notes(), tall);
    strip.replaceChildren(svg, head);
    at(tick);
  }

  function at(now, follow = false, glow = false) {
    tick = Math.max(0, Math.min(now, song.end));
    const left = x(tick);
    head.style.transform = `translateX(${left}px)`;
    tall.setAttribute("d", glow ? song.parts.map((part) => part.notes.filter((note) => note.start <= tick && tick < note.end).map((note) => box(part, note)).join("")).join("") : "");
    if (!follow || wide <= element.clientWidth) return;
    const from = element.scrollLeft;
    if (left > from + element.clientWidth * 0.85 || left < from + GUTTER) element.scrollLeft = left - element.clientWidth * 0.25;
  }

  new ResizeObserver(draw).observe(element);
  strip.style.height = `${height}px`;
  return {
    element,
    at,
    // Marks the bars from one number to another, counted from 0.
    choose(one, other) {
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      strip.querySelector(".chosen")?.remove();
      const mark = make("i", { class: "chosen" });
      mark.style.left = `${x(song.bars[first])}px`;
      mark.style.width = `${x(song.bars[last + 1]) - x(song.bars[first])}px`;
      strip.prepend(mark);
      return [first + 1, last + 1];
    },
    // The tick under a point of the screen.
    under: (clientX) => Math.max(0, Math.min(1, (clientX - strip.getBoundingClientRect().left - GUTTER) / (wide - GUTTER - 2))) * song.end,
  };
}

export function legend(song) {
  const names = song.parts.map((part, index) => [part.name, hue(song, index)]).filter(([name]) => name);
  return make("ul", { class: "parts" }, ...names.map(([name, colour]) => make("li", { class: colour }, data.instruments[name] ?? name)));
}

function hue(song, index) {
  return song.parts[index].drums ? "drums" : `part${song.parts.slice(0, index).filter((part) => !part.drums).length % COLOURS}`;
}

function range(song) {
  const pitches = song.parts.filter((part) => !part.drums).flatMap((part) => part.notes.map((note) => note.pitch));
  if (!pitches.length) return [60, 72];
  const [low, high] = pitches.reduce(([least, most], pitch) => [Math.min(least, pitch), Math.max(most, pitch)], [127, 0]);
  const spare = Math.max(0, 20 - (high - low));
  return [low - 2 - Math.floor(spare / 2), high + 2 + Math.ceil(spare / 2)];
}

function drumRows(song) {
  const pitches = new Set(song.parts.filter((part) => part.drums).flatMap((part) => part.notes.map((note) => note.pitch)));
  const ordered = [...pitches].sort((one, other) => other - one);
  return new Map(ordered.map((pitch, index) => [pitch, Math.min(index, 5)]));
}

function rounded(left, top, across, deep) {
  const bend = Math.min(2, across / 2, deep / 2);
  const [a, b] = [across - 2 * bend, deep - 2 * bend];
  const turn = (dx, dy) => `a${bend} ${bend} 0 0 1 ${dx} ${dy}`;
  return `M${(left + bend).toFixed(1)} ${top.toFixed(1)}h${a.toFixed(1)}${turn(bend, bend)}v${b.toFixed(1)}${turn(-bend, bend)}h${(-a).toFixed(1)}${turn(-bend, -bend)}v${(-b).toFixed(1)}${turn(bend, -bend)}z`;
}
