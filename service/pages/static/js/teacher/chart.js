/** How many answers have each grade: what the teacher gave beside what the grader gives. */

import { el, put, svg } from "../dom.js";
import { number, t } from "../i18n.js";

const HEIGHT = 132;
const TOP = 18;
const BASE = 108;

/** The chart, with `show(distribution)`; changed counts make the bars move to their new height. */
export function gradeChart() {
  const drawing = svg("svg", { class: "chart", height: HEIGHT, width: "100%", "aria-hidden": "true" });
  const table = el("table", { class: "visually-hidden" });
  const legend = el(
    "figcaption",
    { class: "legend" },
    el("span", { class: "key key-graded" }, t("chart.graded")),
    el("span", { class: "key key-predicted" }, t("chart.predicted")),
  );
  let bars = [];
  let drawn = "";

  function show({ levels, graded, predicted }) {
    if (drawn !== levels.join()) {
      drawn = levels.join();
      bars = draw(drawing, levels);
    }
    const highest = Math.max(1, ...graded, ...predicted);
    levels.forEach((_, place) => {
      bars[place].graded(graded[place], highest);
      bars[place].predicted(predicted[place], highest);
    });
    describe(table, levels, graded, predicted);
  }

  return Object.assign(el("figure", { class: "chart-figure" }, legend, drawing, table), { show });
}

function draw(drawing, levels) {
  const step = 100 / levels.length;
  const width = Math.min(step * 0.34, 3.2);
  const crowded = levels.length > 11;
  put(drawing, svg("line", { class: "axis", x1: 0, x2: "100%", y1: BASE + 0.5, y2: BASE + 0.5 }));
  return levels.map((level, place) => {
    const middle = mirrored(step * (place + 0.5));
    const label = svg(
      "text",
      { x: `${middle}%`, y: HEIGHT - 6, class: "level" },
      crowded && place % 2 ? "" : number(level),
    );
    const side = document.dir === "rtl" ? -1 : 1;
    const graded = bar(middle - (side * (width + 0.3)) / 2, width, "graded", crowded);
    const predicted = bar(middle + (side * (width + 0.3)) / 2, width, "predicted", crowded);
    drawing.append(label, ...graded.nodes, ...predicted.nodes);
    return { graded: graded.set, predicted: predicted.set };
  });
}

const mirrored = (percent) => (document.dir === "rtl" ? 100 - percent : percent);

function bar(middle, width, kind, crowded) {
  const rect = svg("rect", {
    class: `bar-${kind}`,
    x: `${middle - width / 2}%`,
    width: `${width}%`,
    y: BASE,
    height: 0,
    rx: 2,
  });
  const count = svg("text", { class: "count", x: `${middle}%`, y: BASE });
  const set = (value, highest) => {
    const height = (value / highest) * (BASE - TOP);
    rect.style.y = `${BASE - height}px`;
    rect.style.height = `${height}px`;
    count.style.transform = `translateY(${-height - 5}px)`;
    count.textContent = value && !crowded ? number(value) : "";
  };
  return { nodes: [rect, count], set };
}

function describe(table, levels, graded, predicted) {
  put(
    table,
    el("caption", {}, t("chart.caption")),
    el(
      "tr",
      {},
      [t("grade"), t("chart.graded"), t("chart.predicted")].map((text) => el("th", { scope: "col" }, text)),
    ),
    ...levels.map((level, place) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, number(level)),
        el("td", {}, number(graded[place])),
        el("td", {}, number(predicted[place])),
      ),
    ),
  );
}
