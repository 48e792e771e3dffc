// What the server put into the page: its sentences, and the tables they belong to.
export const data = JSON.parse(document.getElementById("data").textContent);

export function word(key, fields = {}) {
  return data.words[key].replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");
}

const relative = new Intl.RelativeTimeFormat(data.language, { numeric: "auto", style: "short" });
const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];

export function ago(moment) {
  const seconds = (new Date(moment) - Date.now()) / 1000;
  if (seconds < -30 * 86400) return new Date(moment).toLocaleDateString(data.language);
  const [unit, length] = steps.find(([, each]) => -seconds >= each) ?? ["second", 1];
  return relative.format(unit === "second" ? 0 : Math.round(seconds / length), unit);
}

export function passages(count) {
  return count === 1 ? word("passages_one") : word("passages", { count });
}
