// Reads a standard MIDI file: just enough to draw its notes and to know when each of them sounds.

// Resolves to { parts, end, bars, beats, seconds(tick), tick(second) }; throws on what cannot be read.
export function read(buffer) {
  const bytes = new DataView(buffer);
  const text = (at, length) => String.fromCharCode(...new Uint8Array(buffer, at, length));
  if (text(0, 4) !== "MThd") throw new Error("no MIDI file");
  const ticks = bytes.getInt16(12);
  if (ticks <= 0) throw new Error("no beats");
  const song = { parts: new Map(), tempi: [], metres: [], end: 0 };
  let at = 8 + bytes.getUint32(4);
  for (let track = 0; at + 8 <= bytes.byteLength; track += 1) {
    const length = bytes.getUint32(at + 4);
    const stop = Math.min(at + 8 + length, bytes.byteLength);
    if (text(at, 4) === "MTrk") events(bytes, at + 8, stop, listener(song, track));
    at += 8 + length;
  }
  const parts = [...song.parts.values()].filter((part) => part.notes.length);
  if (!parts.length) throw new Error("no notes");
  for (const part of parts) part.notes.sort((one, other) => one.start - other.start);
  const { bars, beats } = lines(song, ticks);
  return { parts, bars, beats, end: bars.at(-1), ...clock(song.tempi, ticks) };
}

function listener(song, track) {
  let name = "";
  const open = new Map();
  return {
    note(tick, channel, pitch, velocity) {
      const key = `${track}:${channel}`;
      const id = `${key}:${pitch}`;
      const held = open.get(id);
      if (held) {
        held.end = Math.max(tick, held.start + 1);
        song.end = Math.max(song.end, held.end);
        open.delete(id);
      }
      if (!velocity) return;
      if (!song.parts.has(key)) song.parts.set(key, { name, drums: channel === 9, notes: [] });
      const note = { start: tick, end: tick + 1, pitch, velocity };
      song.parts.get(key).notes.push(note);
      open.set(id, note);
    },
    meta(tick, kind, bytes) {
      if (kind === 0x03) name = new TextDecoder().decode(bytes).trim();
      else if (kind === 0x51 && bytes.length === 3) song.tempi.push({ tick, micros: (bytes[0] << 16) | (bytes[1] << 8) | bytes[2] });
      else if (kind === 0x58 && bytes.length >= 2 && bytes[0]) song.metres.push({ tick, above: bytes[0], below: 2 ** bytes[1] });
    },
  };
}

function events(bytes, at, stop, hear) {
  let tick = 0;
  let status = 0;
  const number = () => {
    let value = 0;
    for (let count = 0; count < 4; count += 1) {
      const byte = bytes.getUint8(at++);
      value = value * 128 + (byte & 127);
      if (byte < 128) break;
    }
    return value;
  };
  while (at < stop) {
    tick += number();
    if (bytes.getUint8(at) >= 128) status = bytes.getUint8(at++);
    if (status >= 0xf0) {
      const kind = status === 0xff ? bytes.getUint8(at++) : 0;
      const length = number();
      if (status === 0xff) hear.meta(tick, kind, new Uint8Array(bytes.buffer, at, Math.min(length, stop - at)));
      at += length;
      continue;
    }
    const first = bytes.getUint8(at++);
    const order = status >> 4;
    const second = order === 0xc || order === 0xd ? 0 : bytes.getUint8(at++);
    if (order === 0x8 || order === 0x9) hear.note(tick, status & 15, first, order === 0x9 ? second : 0);
  }
}

// Where bars and beats begin, up to the first bar line after the last note.
function lines({ metres, end }, ticks) {
  const changes = metres.sort((one, other) => one.tick - other.tick);
  const [bars, beats] = [[], []];
  let metre = { above: 4, below: 4 };
  for (let tick = 0; ; ) {
    while (changes.length && changes[0].tick <= tick) metre = changes.shift();
    bars.push(tick);
    if (tick >= end || bars.length > 2000) return { bars, beats };
    const compound = metre.below === 8 && metre.above % 3 === 0 && metre.above > 3;
    const beat = ((ticks * 4) / metre.below) * (compound ? 3 : 1);
    const bar = ((ticks * 4) / metre.below) * metre.above;
    for (let inner = beat; inner < bar - 1; inner += beat) beats.push(tick + inner);
    tick += Math.max(1, Math.min(bar, (changes[0]?.tick ?? Infinity) - tick));
  }
}

function clock(tempi, ticks) {
  const steps = [{ tick: 0, second: 0, rate: 0.5 / ticks }];
  for (const { tick, micros } of tempi.sort((one, other) => one.tick - other.tick)) {
    const last = steps.at(-1);
    steps.push({ tick, second: last.second + (tick - last.tick) * last.rate, rate: micros / 1e6 / ticks });
  }
  const step = (field, value) => steps.findLast((each) => each[field] <= value) ?? steps[0];
  return {
    seconds(tick) {
      const from = step("tick", tick);
      return from.second + (tick - from.tick) * from.rate;
    },
    tick(second) {
      const from = step("second", second);
      return from.tick + (second - from.second) / from.rate;
    },
  };
}
