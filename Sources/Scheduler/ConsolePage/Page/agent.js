// An agent: its state, what runs on it, what its jobs cost.
import { enableButton } from "./agents.js";
import { facts, fleet, getJSON, getLines, getText, repeat, watchFleet } from "./api.js";
import { bars, figure, line } from "./pictures.js";
import { ago, badge, bytes, count, due, el, isFinal, jobLink, kind, moment, runTime, setText, span } from "./parts.js";

const hour = 3600000;

export function jobRows(jobs, withAgent = false) {
  return jobs.map((job) => el("tr", {},
    withAgent ? el("td", {}, job.agent) : null,
    el("td", {}, el("a", { href: jobLink(job.agent, job.id) }, job.id)),
    el("td", {}, badge(job.state), job.outcome ? ` ${job.outcome}` : ""),
    el("td", { class: "number", title: job.submitted }, ago(job.submitted)),
    el("td", { class: "number" }, job.started ? span(runTime(job.started, job.finished)) : "–"),
    el("td", {}, job.user),
    el("td", { class: "number spare" }, job.cpu === undefined ? "–" : `${job.cpu.toFixed(1)} s`),
    el("td", { class: "number spare" }, bytes(job.memory)),
    el("td", { class: "number spare" }, bytes(job.output)),
    el("td", { class: "cut mono", title: job.command }, job.command)));
}

export function jobTable(withAgent = false) {
  const body = el("tbody");
  const head = (name, look) => el("th", { scope: "col", class: look }, name);
  const table = el("table", {}, el("thead", {}, el("tr", {},
    withAgent ? head("Agent") : null, head("Job"), head("State"), head("Age", "number"), head("Time", "number"), head("User"),
    head("CPU", "number spare"), head("Memory", "number spare"), head("Output", "number spare"), head("Command"))), body);
  return { table, body };
}

/** The values of a metric by its name, from the text format of Prometheus. */
function metric(text, name) {
  return text.split("\n").filter((row) => row.startsWith(name) && " {".includes(row[name.length]))
    .map((row) => Number(row.slice(row.lastIndexOf(" ") + 1)));
}
const sum = (values) => values.reduce((total, value) => total + value, 0);

export function agentView(page, name, signal) {
  const api = `/api/agents/${encodeURIComponent(name)}`;
  const state = el("section", { class: "card", "aria-label": "State" });
  const pictures = el("div", { class: "pictures" });
  const own = el("div", { class: "pictures" });
  const now = jobTable();
  const last = jobTable();
  const nowEmpty = el("p", { class: "empty" }, "Nothing.");
  const lastEmpty = el("p", { class: "empty" }, "…");
  page.append(
    el("div", { class: "head" }, el("span", { class: "crumbs" }, el("a", { href: "#/agents" }, "Agents"), " / "), el("h1", {}, name)),
    el("div", { class: "columns" }, state, el("section", { class: "card", "aria-label": "Figures" },
      el("h2", {}, "Last 24 hours, by hour"), pictures, el("h2", {}, "agentd"), own)),
    el("section", { class: "card flat", "aria-label": "What runs" }, el("h2", {}, "Runs and waits"), now.table, nowEmpty),
    el("section", { class: "card flat", "aria-label": "Last jobs" }, el("h2", {}, "Last jobs"), last.table, lastEmpty));

  let load = [];
  function showState() {
    const agent = fleet.agents.get(name);
    if (!agent) return state.replaceChildren(el("h2", {}, "State"), el("p", {}, fleet.isKnown ? `There is no agent ${name}.` : "…"));
    const rows = [
      ["State", [badge(agent.state, true)]], ["Reason", agent.reason && [el("span", { class: "error" }, agent.reason)]],
      ["Jobs", agent.running !== undefined && [`${agent.running} of ${agent.max_running} running, ${agent.queued} waiting`]],
      ["Warnings", agent.warnings.length && agent.warnings.map((text) => el("div", { class: "warning" }, text))],
      ["Last seen", [agent.state === "Online" ? "now" : agent.last_online ? moment(agent.last_online) : "not since this console runs"]],
      ["Address", [el("span", { class: "mono" }, agent.address)]], ["Platform", [agent.platform]], ["agentd", agent.version && [agent.version]],
      ["Certificate", agent.certificate_not_after && ["valid to ", due(agent.certificate_not_after)]],
      ["Thumbprint", agent.certificate_thumbprint && [el("span", { class: "mono" }, agent.certificate_thumbprint)]],
      ["Lists", agent.lists_due && ["next one due ", due(agent.lists_due)]],
    ].filter((row) => row[1]);
    const hint = agent.state === "Unauthenticated" && !facts.read_only
      ? [el("p", { class: "quiet" }, "When the cause is removed, disable and enable the agent: it is asked at once.")] : [];
    const hadFocus = state.contains(document.activeElement);
    state.replaceChildren(
      el("h2", {}, "State"), el("dl", {}, ...rows.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, ...value)])), ...hint,
      ...(facts.read_only ? [] : [el("p", {}, enableButton(agent, false))]));
    if (hadFocus) state.querySelector("button")?.focus();
  }

  function showCosts(jobs) {
    const end = Math.ceil(Date.now() / hour) * hour;
    const byHour = Array.from({ length: 24 }, () => ({ good: 0, bad: 0, off: 0, busy: 0, wait: 0, cpu: 0, memory: 0, output: 0 }));
    const day = jobs.filter((job) => Date.parse(job.submitted) >= end - 24 * hour);
    for (const job of day) {
      const slot = byHour[Math.min(23, 23 - Math.floor((end - 1 - Date.parse(job.submitted)) / hour))];
      slot[kind(job.state)] += 1;
      slot.cpu += job.cpu ?? 0;
      slot.output += job.output ?? 0;
      slot.memory = Math.max(slot.memory, job.memory ?? 0);
    }
    const failed = day.filter((job) => kind(job.state) === "bad").length;
    const stack = (key) => byHour.map((slot) => [["busy", slot[key]]]);
    pictures.replaceChildren(
      figure("Jobs", `${day.length}, ${failed} failed`, bars(byHour.map((slot) => ["bad", "good", "busy", "wait", "off"].map((key) => [key, slot[key]]))),
        `${count(day.length, "job")}, ${failed} failed`),
      figure("CPU time", span(sum(byHour.map((slot) => slot.cpu))), bars(stack("cpu"))),
      figure("Peak memory", bytes(Math.max(0, ...byHour.map((slot) => slot.memory))), bars(stack("memory"))),
      figure("Output", bytes(sum(byHour.map((slot) => slot.output))), bars(stack("output"))),
      figure("Running", String(load.at(-1)?.running ?? "–"), line(load.map((sample) => sample.running))),
      figure("Waiting", String(load.at(-1)?.queued ?? "–"), line(load.map((sample) => sample.queued))));
  }

  const history = [];
  function showMetrics(text) {
    const at = performance.now() / 1000;
    history.push({
      at, cpu: sum(metric(text, "agentd_process_cpu_seconds_total")), memory: sum(metric(text, "agentd_process_resident_memory_bytes")),
      requests: sum(metric(text, "agentd_requests_total")), connections: sum(metric(text, "agentd_connections")),
      disk: sum(metric(text, "agentd_disk_free_bytes")),
    });
    if (history.length > 120) history.shift();
    const latest = history.at(-1);
    const rates = (key) => history.slice(1).map((sample, index) =>
      Math.max(0, sample[key] - history[index][key]) / Math.max(0.001, sample.at - history[index].at));
    const values = (key) => history.map((sample) => sample[key]);
    const rate = (key, scale, unit) => (history.length > 1 ? `${(rates(key).at(-1) * scale).toFixed(1)}${unit}` : "–");
    own.replaceChildren(
      figure("Requests", rate("requests", 1, "/s"), line(rates("requests"))),
      figure("Connections", String(latest.connections), line(values("connections"))),
      figure("CPU", rate("cpu", 100, " %"), line(rates("cpu"))),
      figure("Memory", bytes(latest.memory), line(values("memory"))),
      figure("Disk free", bytes(latest.disk), line(values("disk"))));
  }

  let isOnline = false;
  watchFleet((names) => {
    if (names && !names.includes(name)) return;
    showState();
    isOnline = fleet.agents.get(name)?.state === "Online";
  }, signal);
  showState();

  async function refresh() {
    if (fleet.agents.get(name)?.state === "Disabled") return setText(lastEmpty, "It is disabled.");
    load = (await getJSON(api, signal)).load;
    const jobs = [];
    const from = new Date(Date.now() - 24 * hour).toISOString();
    await getLines(`/api/jobs?from=${from}&agent=${encodeURIComponent(name)}`, (found) => {
      if (found.error) throw new Error(found.error);
      for (const job of found.jobs) jobs.push({ ...job, agent: name });
    }, signal);
    const open = jobs.filter((job) => !isFinal(job.state));
    const ended = jobs.filter((job) => isFinal(job.state));
    now.body.replaceChildren(...jobRows(open.slice(0, 100)));
    nowEmpty.hidden = open.length > 0;
    last.body.replaceChildren(...jobRows(ended.slice(0, 50)));
    setText(lastEmpty, ended.length > 50 ? `${ended.length - 50} more in the last 24 hours: see Jobs over time.` : "None in the last 24 hours.");
    lastEmpty.hidden = ended.length > 0 && ended.length <= 50;
    showCosts(jobs);
  }
  repeat(4000, signal, refresh, (error) => { setText(lastEmpty, error.message); lastEmpty.hidden = false; });
  repeat(5000, signal, async () => { if (isOnline) showMetrics(await getText(`${api}/metrics`, signal)); });
}
