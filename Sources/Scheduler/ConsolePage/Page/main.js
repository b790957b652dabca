// Which view is shown, and the keys.
import { agentView } from "./agent.js";
import { agentsView } from "./agents.js";
import { facts, followFleet, getJSON } from "./api.js";
import { jobView } from "./job.js";
import { nightView } from "./night.js";
import { el } from "./parts.js";

const main = document.getElementById("main");
let current = new AbortController();

/** The place and the parameters that the address names: `#/agents/NAME?FILTER`. */
function address() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  return { parts, query: new URLSearchParams(query ?? "") };
}

function route() {
  const { parts, query } = address();
  if (parts[0] === "main") return;
  current.abort();
  current = new AbortController();
  const signal = current.signal;
  const page = el("div");
  main.replaceChildren(page);
  const isJobs = parts[0] === "jobs";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === (isJobs ? "jobs" : "agents")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (isJobs) nightView(page, query, signal);
  else if (parts[0] === "agents" && parts[2] === "jobs" && parts[3]) jobView(page, parts[1], parts[3], signal);
  else if (parts[0] === "agents" && parts[1]) agentView(page, parts[1], signal);
  else agentsView(page, query, signal);
  const title = page.querySelector("h1")?.textContent;
  document.title = title ? `${title} – agentd` : "agentd console";
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Moves the focus to the first link of the next or previous row. */
function move(step) {
  const rows = [...main.querySelectorAll("tbody tr")].filter((row) => row.offsetParent && row.querySelector("a"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  next?.querySelector("a").focus();
  return Boolean(next);
}

function up() {
  const { parts } = address();
  if (parts[0] === "agents" && parts[2] === "jobs") location.hash = `#/agents/${encodeURIComponent(parts[1])}`;
  else if (parts[0] === "agents" && parts[1]) location.hash = "#/agents";
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (isTyping) {
    if (event.key === "Escape") event.target.blur();
    if (event.key !== "ArrowDown" || event.target.type !== "search") return;
  }
  const keys = {
    "/": () => { main.querySelector("input[type=search]")?.focus(); return true; },
    a: () => { location.hash = "#/agents"; },
    j: () => { location.hash = "#/jobs"; },
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Escape: up,
  };
  if (Object.hasOwn(keys, event.key) && keys[event.key]() !== false) {
    if (event.key !== "Escape") event.preventDefault();
  }
});

addEventListener("hashchange", route);
try {
  Object.assign(facts, await getJSON("/api/console"));
  document.getElementById("home").textContent = facts.home;
  document.getElementById("version").textContent = `agentctl ${facts.version}`;
  document.getElementById("read-only").hidden = !facts.read_only;
} catch { /* it is said already */ }
route();
followFleet();
