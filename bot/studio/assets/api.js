// The studio's API as functions. Every failure is a Trouble with one sentence for the person.
import { word } from "./words.js";

export class Trouble extends Error {
  constructor(message, code, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export const author = () => localStorage.getItem("author") || "me";

async function ask(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined || body instanceof FormData ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
    });
  } catch {
    throw new Trouble(word("offline"), "offline");
  }
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: { code: "internal", message: word("api_internal") } }));
  throw new Trouble(error.message, error.code, answer.status);
}

const json = async (...call) => (await ask(...call)).json();
const who = () => `author=${encodeURIComponent(author())}`;

export const pieces = () => json("GET", "/api/sessions");
export const piece = (id) => json("GET", `/api/sessions/${id}?${who()}`);
export const create = () => json("POST", "/api/sessions", { author: author() });
export const change = (id, fields) => json("PATCH", `/api/sessions/${id}`, { ...fields, author: author() });
export const remove = (id) => ask("DELETE", `/api/sessions/${id}?${who()}`);
export const context = (turn) => json("GET", `/api/turns/${turn}/context`);
export const branches = (id) => json("GET", `/api/sessions/${id}/branches`);
export const beside = (id, number) => json("GET", `/api/sessions/${id}/branches/${number}`);
export const edits = (turn) => json("GET", `/api/turns/${turn}/edits`);
export const vote = (turn, value) => ask("POST", `/api/turns/${turn}/reactions`, { author: author(), value });
export const exported = (id, format) => `/api/sessions/${id}/export?format=${format}`;

export const say = (id, text, hear, file) => stream(`/api/sessions/${id}/messages`, { text }, hear, file);
export const act = (turn, action, more, hear) => stream(`/api/turns/${turn}/actions`, { action, ...more }, hear);

// Resolves with the `final` event; `hear(name, data)` gets everything before it.
async function stream(path, fields, hear, file) {
  const key = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
  let body = { ...fields, author: author() };
  if (file) {
    const form = new FormData();
    for (const [name, value] of Object.entries(body)) form.set(name, value);
    form.set("file", file);
    body = form;
  }
  const answer = await ask("POST", path, body, { "Idempotency-Key": key });
  let last = null;
  for await (const event of events(answer.body)) {
    if (event[0] === "final" || event[0] === "error") last = event;
    else hear(...event);
  }
  if (!last) throw new Trouble(word("offline"), "broken_off");
  const [name, data] = last;
  if (name === "error") throw new Trouble(data.message, data.code, 200);
  return data;
}

async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (name && data) yield [name, JSON.parse(data)];
      }
    }
  } catch {
    throw new Trouble(word("offline"), "broken_off");
  }
}
