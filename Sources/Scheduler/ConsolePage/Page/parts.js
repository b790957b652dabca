// Elements, and how times and sizes are written. Text is only ever set as text.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Sets the text of a node only where it differs, so that a selection stays. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const units = [[86400, "d"], [3600, "h"], [60, "m"]];

/** A length of time as agentctl writes it. */
export function span(seconds) {
  for (const [size, unit] of units) if (seconds >= 2 * size) return `${Math.floor(seconds / size)}${unit}`;
  return seconds >= 10 || seconds === 0 ? `${Math.floor(seconds)}s` : `${Math.round(seconds * 10) / 10}s`;
}

export const ago = (time) => span(Math.max(0, (Date.now() - Date.parse(time)) / 1000));

/** How long a job ran, or runs, in seconds; null if it has not started. */
export function runTime(started, finished) {
  return started ? Math.max(0, ((finished ? Date.parse(finished) : Date.now()) - Date.parse(started)) / 1000) : null;
}

const two = (number) => String(number).padStart(2, "0");
export const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
export const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;

/** A moment on this clock, with the exact one as its title. */
export function moment(time) {
  if (!time) return "–";
  const date = new Date(time);
  return el("time", { datetime: time, title: time }, `${day(date)} ${clock(date)}:${two(date.getSeconds())}`);
}

/** When something expires: the day, and a warning for the last 30 days. */
export function due(time) {
  if (!time) return el("span", { class: "quiet" }, "–");
  const days = Math.floor((Date.parse(time) - Date.now()) / 86400000);
  const text = days < 0 ? `${day(new Date(time))}, expired` : days < 30 ? `${day(new Date(time))}, ${days} d` : day(new Date(time));
  return el("span", { class: days < 0 ? "error" : days < 30 ? "warning" : "", title: time }, text);
}

export function bytes(number) {
  if (number === null || number === undefined) return "–";
  for (const [size, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [1024, "KiB"]]) {
    if (number >= size) return `${(number / size).toFixed(number >= 10 * size ? 0 : 1)} ${unit}`;
  }
  return `${number} B`;
}

export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const kinds = {
  Online: "good", Offline: "bad", Unauthenticated: "bad", Disabled: "off", Asking: "off", succeeded: "good", running: "busy",
  accepted: "wait", queued: "wait", cancelled: "off",
};
/** The kind of a state: good, bad, busy, wait or off. */
export const kind = (state) => kinds[state] ?? "bad";
export const isFinal = (state) => !["accepted", "queued", "running"].includes(state);

export function badge(state, large = false) {
  const look = { wait: "warn" }[kind(state)] ?? kind(state);
  return el("span", { class: `badge ${look}${large ? " large" : ""}` }, state.replaceAll("_", " "));
}

export const agentLink = (name) => `#/agents/${encodeURIComponent(name)}`;
export const jobLink = (agent, id) => `${agentLink(agent)}/jobs/${encodeURIComponent(id)}`;

/** Asks a question; true if it is answered with the button `yes`. */
export function ask(text, yes) {
  const dialog = document.getElementById("question");
  document.getElementById("question-text").textContent = text;
  document.getElementById("question-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
