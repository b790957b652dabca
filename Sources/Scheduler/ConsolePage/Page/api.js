// What the page asks its console for.
import { setText } from "./parts.js";

/** Shows what is wrong with the console itself; null if nothing is. */
export function trouble(text) {
  const place = document.getElementById("trouble");
  place.hidden = !text;
  setText(place, text ?? "");
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name !== "AbortError") trouble("agentctl console does not answer: does it still run?");
    throw error;
  }
  if (response.ok) return response;
  const text = await response.text();
  let reason = text;
  try { reason = JSON.parse(text).error ?? text; } catch { /* not JSON */ }
  if (response.status === 401) trouble(`This session has ended: ${reason}.`);
  throw Object.assign(new Error(reason), { status: response.status });
}

export const getJSON = async (path, signal) => (await answer(path, { signal })).json();
export const getText = async (path, signal) => (await answer(path, { signal })).text();
export const post = async (path) => (await answer(path, { method: "POST" })).json();

/** Passes on the bytes of an answer as they arrive. */
export async function getBytes(path, take, signal) {
  const reader = (await answer(path, { signal })).body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}

/** Passes on the values of an answer that has one in each line. */
export async function getLines(path, take, signal) {
  const decoder = new TextDecoder();
  let open = "";
  await getBytes(path, (part) => {
    const lines = (open + decoder.decode(part, { stream: true })).split("\n");
    open = lines.pop();
    for (const line of lines) take(JSON.parse(line));
  }, signal);
}

export const pause = (milliseconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => {
    clearTimeout(timer);
    reject(signal.reason);
  }, { once: true });
});

/** Calls `body` again and again until the signal, with a pause; `failed` gets its errors. */
export async function repeat(milliseconds, signal, body, failed = () => {}) {
  while (!signal.aborted) {
    try { await body(); } catch (error) { if (!signal.aborted) failed(error); }
    try {
      do await pause(milliseconds, signal); while (document.hidden);
    } catch { return; }
  }
}

/** All agents by name, and who wants to know of changes. */
export const fleet = { agents: new Map(), isKnown: false, listeners: new Set() };

/** Calls `listener` with the names of agents that have changed, until the signal; null for all. */
export function watchFleet(listener, signal) {
  fleet.listeners.add(listener);
  signal.addEventListener("abort", () => fleet.listeners.delete(listener));
  if (fleet.isKnown) listener(null);
}

/** Keeps `fleet` up to date as long as the page is visible. */
export async function followFleet() {
  let revision = 0;
  for (;;) {
    try {
      const changes = await getJSON(`/api/agents?after=${revision}&wait=${revision ? 20 : 0}`);
      revision = changes.revision;
      trouble(changes.trouble);
      if (changes.all) fleet.agents.clear();
      for (const agent of changes.agents) fleet.agents.set(agent.name, agent);
      fleet.isKnown = true;
      const names = changes.all ? null : changes.agents.map((agent) => agent.name);
      if (!names || names.length) for (const listener of [...fleet.listeners]) listener(names);
    } catch (error) {
      if (error.status === 401) return;
      await pause(2000);
    }
    while (document.hidden) await pause(500);
  }
}

/** What the console is. */
export const facts = { read_only: true, home: "", version: "" };
