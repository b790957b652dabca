// The jobs of all agents over time.
import { jobRows, jobTable } from "./agent.js";
import { getLines, repeat } from "./api.js";
import { agentLink, clock, count, day, el, isFinal, jobLink, kind, setText, span, svg } from "./parts.js";

const hour = 3600000;
const kinds = [["bad", "did not succeed"], ["busy", "running"], ["wait", "waiting"], ["good", "succeeded"], ["off", "cancelled"]];
/** The states to choose from; `bad` stands for all in which a job did not succeed. */
const states = ["bad", "failed", "killed", "timed_out", "output_limit", "could_not_start", "interrupted", "cancelled", "succeeded", "running", "queued"];
const listed = 200;

/** The last stretch from 20:00 to 8:00, or to now. */
function lastNight() {
  const to = new Date();
  if (to.getHours() < 8) return [new Date(to.getFullYear(), to.getMonth(), to.getDate() - 1, 20), null];
  to.setHours(8, 0, 0, 0);
  return [new Date(to.getFullYear(), to.getMonth(), to.getDate() - 1, 20), to];
}

const local = (date) => `${day(date)}T${clock(date)}`;

/** The moments for which the axis has names: round ones, at most twelve. */
function ticks(from, to) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map((minutes) => minutes * 60000);
  const step = steps.find((size) => (to - from) / size <= 12) ?? steps.at(-1);
  const shift = new Date(from).getTimezoneOffset() * 60000;
  const found = [];
  for (let at = Math.ceil((from - shift) / step) * step + shift; at < to; at += step) found.push(at);
  return found.map((at) => [at, step >= 24 * hour || clock(new Date(at)) === "00:00" ? day(new Date(at)).slice(5) : clock(new Date(at))]);
}

/** Puts jobs that overlap on lines below each other, at most six. */
function lines(jobs, now) {
  const ends = [];
  for (const job of [...jobs].sort((a, b) => a.begin - b.begin)) {
    let row = ends.findIndex((end) => end <= job.begin);
    if (row < 0) row = Math.min(ends.length, 5);
    ends[row] = Math.max(ends[row] ?? 0, job.end ?? now);
    job.row = row;
  }
  return Math.max(1, ends.length);
}

export function nightView(page, query, signal) {
  const at = (name) => { const time = Date.parse(query.get(name) ?? ""); return Number.isNaN(time) ? null : new Date(time); };
  let to = at("to");
  let from = at("from") ?? new Date((to ?? Date.now()) - 12 * hour);
  const chosen = new Set((query.get("state") ?? "").split(",").filter((state) => states.includes(state)));
  const field = (name, label, width, type = "text") => el("input", {
    type, "aria-label": label, placeholder: label, size: width, value: query.get(name) ?? "", onchange: () => { address(); draw(); },
  });
  const text = field("q", "Filter: agent, job, command", 24, "search");
  const user = field("user", "User", 10);
  const label = field("label", "Label name=value", 16);
  const begin = el("input", { type: "datetime-local", "aria-label": "From", onchange: () => choose(new Date(begin.value), to) });
  const end = el("input", { type: "datetime-local", "aria-label": "To; empty for now", onchange: () => choose(from, end.value ? new Date(end.value) : null) });
  const chips = states.map((state) => el("button", { type: "button", class: "chip", onclick: () => {
    if (!chosen.delete(state)) chosen.add(state);
    address();
    draw();
  } }, state === "bad" ? "did not succeed" : state.replaceAll("_", " ")));
  const range = (name, make) => el("button", { type: "button", onclick: () => choose(...make()) }, name);
  const since = (hours) => () => [new Date(Date.now() - hours * hour), null];
  const summary = el("span", { class: "quiet", role: "status" }, "…");
  const copy = el("button", { type: "button", onclick: async () => {
    await navigator.clipboard.writeText(location.href);
    setText(copy, "Copied");
  } }, "Copy link");
  const lanes = el("div", { class: "card flat lanes" });
  const { table, body } = jobTable(true);
  const away = el("p", { class: "empty", hidden: true });
  const rest = el("p", { class: "empty", hidden: true });
  page.append(
    el("div", { class: "head" }, el("h1", {}, "Jobs over time"), summary, el("span", { class: "grow" }), copy),
    el("div", { class: "filters" }, range("Last night", lastNight), range("1 h", since(1)), range("12 h", since(12)), range("24 h", since(24)),
      range("7 d", since(168)), el("span", {}, begin, " – ", end)),
    el("div", { class: "filters" }, text, user, label, ...chips),
    el("section", { "aria-label": "Timeline" }, lanes),
    el("p", { class: "legend quiet" }, ...kinds.map(([look, name]) => el("span", { class: look }, el("i"), name))),
    el("section", { class: "card flat", "aria-label": "Jobs" }, el("h2", {}, "Jobs"), table, rest, away));

  let agents = new Map();
  let failures = new Map();
  let isCut = false;
  let loading = new AbortController();

  /** Writes what is chosen into the address, as it can be passed on. */
  function address() {
    const parameters = new URLSearchParams();
    parameters.set("from", from.toISOString());
    if (to) parameters.set("to", to.toISOString());
    if (chosen.size) parameters.set("state", [...chosen].join(","));
    for (const [name, input] of [["user", user], ["label", label], ["q", text]]) if (input.value) parameters.set(name, input.value);
    history.replaceState(null, "", `#/jobs?${parameters}`);
    setText(copy, "Copy link");
    begin.value = local(from);
    end.value = to ? local(to) : "";
  }

  function choose(first, last) {
    if (Number.isNaN(first.getTime()) || (last && last <= first)) return;
    [from, to] = [first, last];
    agents = new Map();
    address();
    draw();
    load().catch(() => {});
  }

  function matches(name, job) {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [key, ...value] = label.value.split("=");
    return (!chosen.size || chosen.has(job.state === "accepted" ? "queued" : job.state) || (chosen.has("bad") && kind(job.state) === "bad")) && (!user.value || job.user === user.value)
      && (!label.value || (job.labels ?? {})[key] === value.join("="))
      && words.every((word) => `${name} ${job.id} ${job.command}`.toLowerCase().includes(word));
  }

  function draw() {
    const last = (to ?? new Date()).getTime();
    const [scale, now] = [1000 / (last - from), Date.now()];
    states.forEach((state, index) => chips[index].setAttribute("aria-pressed", String(chosen.has(state))));
    const axis = el("div", { class: "ticks" });
    for (const [time, name] of ticks(from.getTime(), last - (last - from) / 30)) {
      const tick = el("span", {}, name);
      tick.style.left = `${(time - from) * scale / 10}%`;
      axis.append(tick);
    }
    const all = [];
    const rows = [el("div", { class: "lane axis" }, el("span", {}, "Agent"), axis)];
    for (const [name, jobs] of [...agents].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
      const found = jobs.filter((job) => matches(name, job));
      if (!found.length) continue;
      all.push(...found);
      rows.push(lane(name, found, last, scale, now));
    }
    if (rows.length === 1) rows.push(el("p", { class: "empty" }, agents.size ? "No job matches." : "No jobs yet."));
    lanes.replaceChildren(...rows);
    const bad = all.filter((job) => kind(job.state) === "bad").length;
    const cpu = all.reduce((sum, job) => sum + (job.cpu ?? 0), 0);
    setText(summary, `${count(all.length, "job")} on ${count(rows.length - 1, "agent")}, ${bad} did not succeed, ${span(cpu)} of CPU time`
      + (isCut ? "; only the newest of some agents" : ""));
    all.sort((a, b) => (a.submitted < b.submitted ? 1 : -1));
    body.replaceChildren(...jobRows(all.slice(0, listed), true));
    rest.hidden = all.length <= listed;
    setText(rest, `${all.length - listed} older ones are in the timeline alone.`);
    away.hidden = !failures.size;
    const names = [...failures].slice(0, 5).map(([name, reason]) => `${name}: ${reason}`);
    setText(away, `${count(failures.size, "agent")} gave no answer: ${names.join("; ")}${failures.size > 5 ? "; …" : ""}`);
  }

  /** A line of the timeline: a path for each kind of job, so that a large fleet has few elements. */
  function lane(name, jobs, last, scale, now) {
    const height = lines(jobs, now) * 7 + 6;
    const x = (time) => Math.max(0, Math.min(1000, (time - from) * scale));
    const paths = {};
    const box = (look, left, y, width, size) => {
      paths[look] = `${paths[look] ?? ""}M${left.toFixed(1)} ${y}h${width.toFixed(1)}v${size}h-${width.toFixed(1)}z`;
    };
    for (const job of jobs) {
      const submitted = x(Date.parse(job.submitted));
      job.left = x(job.begin);
      job.right = Math.max(job.left + 1.5, x(job.end ?? Math.min(now, last)));
      job.top = 3 + job.row * 7;
      if (job.left - submitted > 1) box("queue", submitted, job.top + 2, job.left - submitted, 2);
      box(kind(job.state), job.left, job.top, job.right - job.left, 6);
    }
    const bad = jobs.filter((job) => kind(job.state) === "bad").length;
    const title = svg("title");
    const shown = Math.max(20, height);
    const picture = svg("svg", {
      viewBox: `0 0 1000 ${height}`, preserveAspectRatio: "none", height: shown, role: "img",
      "aria-label": `${name}: ${count(jobs.length, "job")}, ${bad} did not succeed`,
      onclick: (event) => { const job = under(event); if (job) location.hash = jobLink(name, job.id); },
      onmousemove: (event) => {
        const job = under(event);
        picture.classList.toggle("over", Boolean(job));
        setText(title, job ? `${job.id}: ${job.state}${job.outcome ? ` (${job.outcome})` : ""}, ${job.user}\n${job.command}` : "");
      },
    }, title, Object.entries(paths).map(([look, d]) => svg("path", { class: look, d })));

    function under(event) {
      const place = picture.getBoundingClientRect();
      const at = ((event.clientX - place.left) / place.width) * 1000;
      const y = ((event.clientY - place.top) / place.height) * height;
      return jobs.find((job) => at >= job.left - 1 && at <= job.right + 1 && y >= job.top - 1 && y <= job.top + 7);
    }
    return el("div", { class: "lane" }, el("a", { href: agentLink(name), title: name }, name), picture);
  }

  async function load() {
    loading.abort();
    loading = new AbortController();
    const both = AbortSignal.any([signal, loading.signal]);
    const [next, missed] = [new Map(), new Map()];
    let cut = false;
    const isNew = !agents.size;
    let [due, pause] = [performance.now() + 500, 1000];
    await getLines(`/api/jobs?from=${from.toISOString()}${to ? `&to=${to.toISOString()}` : ""}`, (found) => {
      if (found.error) missed.set(found.agent, found.error);
      if (found.cut) cut = true;
      if (!found.jobs?.length) return;
      next.set(found.agent, found.jobs.map((job) => ({
        ...job, agent: found.agent, begin: Date.parse(job.started ?? job.finished ?? job.submitted),
        end: job.finished ? Date.parse(job.finished) : isFinal(job.state) ? Date.parse(job.submitted) : null,
      })));
      // The first picture does not wait for the last agent, and the next ones leave the page time.
      if (isNew && performance.now() > due) {
        agents = next;
        draw();
        pause *= 2;
        due = performance.now() + pause;
      }
    }, both);
    [agents, failures, isCut] = [next, missed, cut];
    draw();
  }

  text.addEventListener("input", () => { address(); draw(); });
  address();
  draw();
  // A stretch that has ended does not change; a large fleet is asked less often.
  let next = 0;
  repeat(1000, signal, async () => {
    if (performance.now() < next || (agents.size && to && to < new Date())) return;
    const started = performance.now();
    await load();
    next = performance.now() + Math.max(10000, 10 * (performance.now() - started));
  }, (error) => setText(summary, error.message));
}
