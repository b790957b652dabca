// All agents.
import { facts, fleet, post, trouble, watchFleet } from "./api.js";
import { agentLink, ago, ask, badge, due, el, setText } from "./parts.js";

const order = { Unauthenticated: 0, Offline: 1, Asking: 2, Online: 3, Disabled: 4 };
const states = ["Online", "Offline", "Unauthenticated", "Disabled", "Asking"];

/** Disables or enables an agent, after a question. */
export async function setEnabled(agent, enable) {
  const question = `Disable ${agent.name}? Nothing is sent to it until it is enabled again; its jobs keep running.`;
  if (!enable && !(await ask(question, "Disable"))) return;
  try {
    const changed = await post(`/api/agents/${encodeURIComponent(agent.name)}/${enable ? "enable" : "disable"}`);
    fleet.agents.set(changed.name, changed);
    for (const listener of [...fleet.listeners]) listener([changed.name]);
  } catch (error) { trouble(error.message); }
}

export function enableButton(agent, small = true) {
  const enable = agent.state === "Disabled";
  return el("button", {
    type: "button", class: small ? "small" : "", "aria-label": `${enable ? "Enable" : "Disable"} ${agent.name}`,
    onclick: () => setEnabled(agent, enable),
  }, enable ? "Enable" : "Disable");
}

const remarks = (agent) => [agent.reason, ...agent.warnings].filter(Boolean).join("; ");

const columns = [
  ["Agent", (agent) => agent.name],
  ["State", (agent) => order[agent.state] ?? 9],
  ["Running", (agent) => -(agent.running ?? -1), "number"],
  ["Waiting", (agent) => -(agent.queued ?? -1), "number"],
  ["Version", (agent) => agent.version ?? "", "spare"],
  ["Certificate", (agent) => agent.certificate_not_after ?? "9"],
  ["Lists", (agent) => agent.lists_due ?? "9", "spare"],
  ["Last seen", (agent) => agent.last_online ?? (agent.state === "Online" ? "9" : ""), "spare"],
  ["Reason and warnings", (agent) => remarks(agent) || "\uffff"],
];

function cells(agent) {
  const remark = remarks(agent);
  const seen = agent.state === "Online" ? "now" : agent.last_online ? `${ago(agent.last_online)} ago` : "–";
  return [
    el("td", {}, el("a", { href: agentLink(agent.name), title: agent.address }, agent.name)),
    el("td", {}, badge(agent.state)),
    el("td", { class: "number" }, agent.running === undefined ? "–" : String(agent.running)),
    el("td", { class: "number" }, agent.queued === undefined ? "–" : String(agent.queued)),
    el("td", { class: "spare" }, agent.version ?? "–"),
    el("td", {}, due(agent.certificate_not_after)),
    el("td", { class: "spare" }, due(agent.lists_due)),
    el("td", { class: "spare" }, seen),
    el("td", { class: `wide ${agent.reason ? "error" : "warning"}` }, remark),
    el("td", { class: "act" }, facts.read_only ? null : enableButton(agent)),
  ];
}

export function agentsView(page, query, signal) {
  const rows = new Map();
  let [column, isUp] = [1, true];
  const filter = el("input", {
    type: "search", "aria-label": "Filter agents", placeholder: "Filter: name, address, version, reason", value: query.get("q") ?? "",
    oninput: () => place(),
  });
  let chosen = states.find((state) => state === query.get("state")) ?? null;
  const chips = states.map((state) => el("button", {
    type: "button", class: "chip", onclick: () => { chosen = chosen === state ? null : state; place(); },
  }));
  const body = el("tbody");
  const heads = columns.map(([name, , look], index) => el("th", { scope: "col", class: look }, el("button", {
    type: "button", onclick: () => { [column, isUp] = [index, column === index ? !isUp : true]; place(); },
  }, name)));
  const empty = el("p", { class: "empty" }, "Asking the agents …");
  const total = el("span", { class: "quiet", role: "status" });
  page.append(
    el("div", { class: "head" }, el("h1", {}, "Agents"), filter, ...chips, total),
    el("div", { class: "card flat" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads, el("th"))), body), empty));

  /** Puts the rows that match into their order. */
  function place() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = Object.fromEntries(states.map((state) => [state, 0]));
    const found = [];
    for (const agent of fleet.agents.values()) {
      counts[agent.state] += 1;
      const text = `${agent.name} ${agent.address} ${agent.version ?? ""} ${agent.state} ${remarks(agent)}`.toLowerCase();
      if ((!chosen || agent.state === chosen) && words.every((word) => text.includes(word))) found.push(agent);
    }
    const key = columns[column][1];
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    found.sort((a, b) => (compare(key(a), key(b)) * (isUp ? 1 : -1)) || compare(a.name, b.name));
    const wanted = found.map((agent) => rows.get(agent.name));
    if (wanted.length !== body.children.length || wanted.some((row, index) => body.children[index] !== row)) {
      const focused = document.activeElement;
      body.replaceChildren(...wanted);
      if (body.contains(focused)) focused.focus();
    }
    states.forEach((state, index) => {
      setText(chips[index], `${state} ${counts[state]}`);
      chips[index].hidden = !counts[state] && chosen !== state;
      chips[index].setAttribute("aria-pressed", String(chosen === state));
    });
    heads.forEach((head, index) => {
      if (index === column) head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    setText(total, found.length === fleet.agents.size ? `${found.length}` : `${found.length} of ${fleet.agents.size}`);
    empty.hidden = found.length > 0;
    if (fleet.isKnown) {
      setText(empty, fleet.agents.size
        ? "No agent matches." : "There are no agents yet: scheduler-register ADD EXECUTOR CONNECTOR adds one.");
    }
    const parameters = new URLSearchParams();
    if (filter.value) parameters.set("q", filter.value);
    if (chosen) parameters.set("state", chosen);
    history.replaceState(null, "", `#/agents${parameters.size ? `?${parameters}` : ""}`);
  }

  watchFleet((names) => {
    if (!names) for (const name of rows.keys()) if (!fleet.agents.has(name)) rows.delete(name);
    for (const name of names ?? fleet.agents.keys()) {
      const agent = fleet.agents.get(name);
      const row = rows.get(name) ?? el("tr");
      const hadFocus = row.contains(document.activeElement);
      row.replaceChildren(...cells(agent));
      if (hadFocus) row.querySelector("a").focus();
      rows.set(name, row);
    }
    place();
  }, signal);
}
