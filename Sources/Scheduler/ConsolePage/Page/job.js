// A job: all that is known, and its output as it grows.
import { facts, getBytes, getJSON, post, repeat, trouble } from "./api.js";
import { agentLink, ask, badge, bytes, el, isFinal, moment, runTime, setText, span } from "./parts.js";

/** How much of an output is fetched at first, and how much is kept on the page. */
const tail = 262144;
const kept = 1048576;

/** The text of output: colours are left out, and other control characters shown. */
const plain = (text) => text.replace(/\x1b\[[0-9;:]*m/g, "").replace(/\r\n/g, "\n")
  .replace(/[\x00-\x08\x0b-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)));

/** As a shell reads it. */
const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function jobView(page, agent, id, signal) {
  const api = `/api/agents/${encodeURIComponent(agent)}/jobs/${encodeURIComponent(id)}`;
  const list = el("dl");
  const cancel = el("button", { type: "button", class: "danger", hidden: true, onclick: end }, "Cancel");
  const state = el("span", { role: "status" });
  const outputs = el("div");
  page.append(
    el("div", { class: "head" },
      el("span", { class: "crumbs" }, el("a", { href: "#/agents" }, "Agents"), " / ", el("a", { href: agentLink(agent) }, agent), " / "),
      el("h1", {}, id), state, el("span", { class: "grow" }), cancel),
    el("section", { class: "card", "aria-label": "Facts" }, list), outputs);
  let job = null;
  const streams = new Map();

  async function end() {
    if (!(await ask(`Cancel ${id} on ${agent}? It gets TERM, and KILL after its grace time.`, "Cancel the job"))) return;
    try { show(await post(`${api}/cancel`)); } catch (error) { trouble(error.message); }
  }

  function show(next) {
    job = next;
    const time = runTime(job.started_at, job.finished_at);
    const rows = [
      ["Command", [el("code", {}, job.command.map(word).join(" "))]], ["Reason", job.reason && [job.reason]],
      ["Exit code", job.exit_code !== null && [String(job.exit_code)]], ["Signal", job.signal && [job.signal]],
      ["User", [job.user]], ["Client", [job.client.subject]], ["Submitted", [moment(job.submitted_at)]],
      ["Started", job.started_at && [moment(job.started_at)]], ["Ended", job.finished_at && [moment(job.finished_at)]],
      ["Run time", time !== null && [span(time)]], ["CPU time", job.cpu_seconds !== null && [`${job.cpu_seconds} s`]],
      ["Peak memory", job.peak_memory_bytes !== null && [bytes(job.peak_memory_bytes)]],
      ["Output", job.output_bytes !== null && [bytes(job.output_bytes)]], ["Errors", job.stderr_bytes !== null && [bytes(job.stderr_bytes)]],
      ["Dropped", job.output_bytes_dropped > 0 && [el("span", { class: "error" }, `${bytes(job.output_bytes_dropped)} of its output`)]],
      ["Disk", job.disk_was_full && [el("span", { class: "error" }, "was full: the output may be incomplete")]],
      ["Killed", job.killed > 0 && [`${job.killed} of its processes`]], ["Left", job.left > 0 && [`${job.left} of its processes`]],
      ["Pool", job.pool && [job.pool]],
      ["Labels", Object.keys(job.labels).length > 0 && [Object.entries(job.labels).map(([name, value]) => `${name}=${value}`).join(" ")]],
    ].filter((row) => row[1]);
    list.replaceChildren(...rows.flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, ...value)]));
    state.replaceChildren(badge(job.state, true));
    cancel.hidden = facts.read_only || isFinal(job.state);
    if (job.started_at || job.state === "running" || isFinal(job.state)) {
      stream("stdout", job.stderr_bytes === null ? "Output" : "Standard output", job.output_bytes);
      if (job.stderr_bytes !== null) stream("stderr", "Standard error", job.stderr_bytes);
    }
  }

  function stream(name, title, size) {
    if (streams.has(name)) return;
    streams.set(name, true);
    let start = Math.max(0, (size ?? 0) - tail);
    let next = start;
    const text = el("pre", { class: "output", tabindex: "0", role: "log", "aria-live": "off", "aria-label": title });
    const note = el("span", { class: "quiet", role: "status" }, "…");
    const follows = el("input", { type: "checkbox", checked: true });
    const earlier = el("button", { type: "button", class: "small", hidden: start === 0, onclick: before }, "Earlier output");
    outputs.append(el("section", { class: "card flat", "aria-label": title }, el("div", { class: "bar" },
      el("strong", {}, title), note, el("span", { class: "grow" }), earlier, el("label", {}, follows, " follow")), text));

    async function before() {
      const from = Math.max(0, start - tail);
      const parts = [];
      const decoder = new TextDecoder();
      await getBytes(`${api}/output?stream=${name}&offset=${from}&limit=${start - from}`,
        (part) => parts.push(decoder.decode(part, { stream: true })), signal);
      text.prepend(plain(parts.join("")));
      start = from;
      earlier.hidden = start === 0;
      text.scrollTop = 0;
    }

    function add(piece) {
      text.append(plain(piece));
      // The oldest part goes: a page is no place for gigabytes.
      while (text.firstChild && next - start > kept && text.childNodes.length > 1) {
        start += new TextEncoder().encode(text.firstChild.data).length;
        text.firstChild.remove();
        earlier.hidden = false;
      }
      if (follows.checked) text.scrollTop = text.scrollHeight;
    }

    const decoder = new TextDecoder();
    repeat(300, signal, async () => {
      const isOver = isFinal(job.state);
      setText(note, isOver ? "" : "live");
      if (isOver && next >= ((name === "stdout" ? job.output_bytes : job.stderr_bytes) ?? 0)) {
        setText(note, next ? bytes(next) : "empty");
        return;
      }
      await getBytes(`${api}/output?stream=${name}&offset=${next}&follow=${isOver ? 0 : 1}`, (part) => {
        next += part.length;
        add(decoder.decode(part, { stream: true }));
      }, signal);
    }, (error) => setText(note, error.message));
  }

  const failure = (error) => { state.replaceChildren(el("span", { class: "error" }, error.message)); };
  repeat(500, signal, async () => {
    if (job && isFinal(job.state)) return;
    show(await getJSON(`${api}?wait=${job ? 3 : 0}`, signal));
  }, failure);
}
