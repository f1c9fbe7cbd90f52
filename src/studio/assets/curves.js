// Line charts of a run's metrics, with one cursor for all.
import { el, short } from "./ui.js";

function softened(values, strength) {
  if (strength === 0) return values;
  return window.smoothed(values, Math.exp(-1 / (strength * Math.max(1, values.length * 0.002))));
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// The cursor at the chosen step, and marks where something was noticed.
const cursor = {
  id: "cursor",
  afterDatasetsDraw(chart, _, options) {
    const { ctx, chartArea, scales } = chart;
    const line = (step, color, dash) => {
      const x = scales.x.getPixelForValue(step);
      if (x < chartArea.left || x > chartArea.right) return;
      ctx.save();
      ctx.strokeStyle = color;
      ctx.lineWidth = 1.5;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.restore();
    };
    for (const step of options.marks || []) line(step, colour("notice"), [3, 3]);
    if (options.step !== undefined && options.step !== null) line(options.step, colour("text"), []);
  },
};

// `sets`: [{ name, charts }], one for a run and several for a comparison.
export class Curves {
  constructor(root) {
    this.root = root;
    this.charts = new Map();
    this.step = null;
    this.marks = [];
    this.strength = 4;
    this.log = false;
    this.sets = [];
    this.hidden = new Set();
    const smooth = el("input", { type: "range", min: 0, max: 20, step: 1, value: 4, "aria-label": "Smoothing" });
    smooth.addEventListener("input", () => {
      this.strength = Number(smooth.value);
      this.draw();
    });
    const log = el("input", { type: "checkbox", id: "log-scale" });
    log.addEventListener("change", () => {
      this.log = log.checked;
      this.draw();
    });
    this.body = el("div", { class: "columns" });
    root.append(
      el(
        "div",
        { class: "row" },
        el("label", { class: "grow" }, "Smoothing ", smooth),
        el("label", {}, log, " Log scale"),
      ),
      this.body,
    );
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.dark.addEventListener("change", this.redraw);
  }

  close() {
    this.dark.removeEventListener("change", this.redraw);
    for (const { chart } of this.charts.values()) chart.destroy();
  }

  set(sets, step = this.step) {
    this.sets = sets;
    this.step = step;
    this.draw();
  }

  point(step) {
    if (step === this.step) return;
    this.step = step;
    for (const { chart } of this.charts.values()) {
      chart.options.plugins.cursor.step = step;
      chart.draw();
    }
  }

  mark(steps) {
    this.marks = steps;
    this.draw();
  }

  names() {
    const names = [];
    for (const { charts } of this.sets) for (const { name } of charts) if (!names.includes(name)) names.push(name);
    return names;
  }

  draw() {
    for (const name of this.names()) this.drawChart(name);
  }

  drawChart(name) {
    const several = this.sets.length > 1;
    const curves = [];
    this.sets.forEach((set, i) => {
      const chart = set.charts.find((each) => each.name === name);
      for (const curve of chart ? chart.curves : []) {
        curves.push({ ...curve, title: several ? `${set.name}: ${curve.name}` : curve.name, run: i });
      }
    });
    let shown = this.charts.get(name);
    if (!shown) {
      const canvas = el("canvas", { role: "img", "aria-label": `Chart of ${name}` });
      const legend = el("div", { class: "legend" });
      this.body.append(
        el("div", { class: "chart" }, el("h3", {}, name.replaceAll("_", " ")), legend, el("div", { class: "plot" }, canvas)),
      );
      const chart = new window.Chart(canvas, { type: "line", data: { datasets: [] }, options: {}, plugins: [cursor] });
      shown = { chart, legend, canvas };
      this.charts.set(name, shown);
    }
    const key = (curve) => `${name}/${curve.title}`;
    shown.legend.replaceChildren(
      ...curves.map((curve, i) => {
        const last = curve.value.filter((value) => value !== null).pop();
        const made = el(
          "button",
          { type: "button", "aria-pressed": String(!this.hidden.has(key(curve))), title: "Show or hide" },
          el("span", { class: `swatch c${(i % 10) + 1}` }),
          `${curve.title.replaceAll("_", " ")} ${last === undefined ? "" : short(last)}`,
        );
        made.addEventListener("click", () => {
          if (!this.hidden.delete(key(curve))) this.hidden.add(key(curve));
          this.drawChart(name);
        });
        return made;
      }),
    );
    const positive = curves.every((curve) => curve.value.every((value) => value === null || value > 0));
    shown.chart.data.datasets = curves.flatMap((curve, i) => {
      if (this.hidden.has(key(curve))) return [];
      const color = colour(`series-${(i % 10) + 1}`);
      const values = softened(curve.mean || curve.value, this.strength);
      return [
        {
          label: curve.title,
          data: values.map((value, k) => ({ x: curve.step[k], y: value === null ? NaN : value })),
          borderColor: color,
          borderWidth: 1.6,
          pointRadius: values.length < 3 ? 2.5 : 0,
          tension: 0,
        },
      ];
    });
    const grid = { color: colour("line") };
    const ticks = { color: colour("quiet"), maxTicksLimit: 6 };
    shown.chart.options = {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { title: (items) => `step ${items[0].parsed.x}`, label: (item) => `${item.dataset.label}: ${short(item.parsed.y)}` } },
        cursor: { step: this.step, marks: this.marks },
      },
      scales: {
        x: { type: "linear", grid, ticks, title: { display: true, text: "step", color: colour("quiet") } },
        y: { type: this.log && positive ? "logarithmic" : "linear", grid, ticks },
      },
    };
    shown.chart.update("none");
  }
}
