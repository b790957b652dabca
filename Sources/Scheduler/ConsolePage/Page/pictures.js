// Small pictures of figures.
import { el, svg } from "./parts.js";

/** A picture with its name and its latest value. */
export function figure(name, value, picture, summary) {
  return el("figure", {}, el("figcaption", {}, name, el("b", {}, value)), picture && describe(picture, `${name}: ${summary ?? value}`));
}

function describe(picture, text) {
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", text);
  return picture;
}

const frame = (...children) => svg("svg", { viewBox: "0 0 100 36", preserveAspectRatio: "none" }, ...children);

/** A line through values over time. */
export function line(values) {
  const top = Math.max(...values, 1e-9);
  const step = 100 / Math.max(1, values.length - 1);
  const points = values.map((value, index) => `${(index * step).toFixed(2)},${(35 - (33 * value) / top).toFixed(2)}`);
  if (points.length === 1) points.push(`100,${points[0].split(",")[1]}`);
  return points.length
    ? frame(svg("polygon", { class: "area", points: `0,36 ${points.join(" ")} 100,36` }), svg("polyline", { class: "line", points: points.join(" ") }))
    : frame();
}

/** Bars of parts that are stacked: each bar is a list of `[kind, value]`. */
export function bars(stacks) {
  const top = Math.max(...stacks.map((parts) => parts.reduce((sum, part) => sum + part[1], 0)), 1e-9);
  const width = 100 / Math.max(1, stacks.length);
  return frame(stacks.flatMap((parts, index) => {
    let y = 36;
    return parts.filter((part) => part[1] > 0).map(([kind, value]) => {
      const height = Math.max(1, (34 * value) / top);
      y -= height;
      return svg("rect", { class: kind, x: index * width + width * 0.1, width: width * 0.8, y, height });
    });
  }));
}
