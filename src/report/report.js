"use strict";

// --- samples -------------------------------------------------------------------------------------------------------

// Pictures of pixels grow by whole factors of the screen's pixels only, so that all of them look the same.
function fitPixels(image) {
  if (!image.naturalWidth) return;
  const ratio = window.devicePixelRatio || 1;
  const factor = Math.floor((image.parentElement.clientWidth * ratio) / image.naturalWidth);
  image.style.width = factor >= 1 ? `${(Math.min(factor, 8) * image.naturalWidth) / ratio}px` : "100%";
  image.classList.toggle("shrunk", factor < 1);
}

const pixelPictures = document.querySelectorAll("img.pixels");
for (const image of pixelPictures) {
  image.addEventListener("load", () => fitPixels(image));
  fitPixels(image);
}
addEventListener("resize", () => pixelPictures.forEach(fitPixels));

function startPlayer() {
  const slider = document.getElementById("slider");
  if (!slider) return;
  const play = document.getElementById("play");
  const shown = document.getElementById("shown");
  const strip = document.querySelector(".strip");
  const frames = [...strip.querySelectorAll("img")];
  const interval = Math.min(600, Math.max(150, 6000 / frames.length));
  let timer = 0;

  function show(index) {
    const frame = frames[index];
    slider.value = index;
    slider.setAttribute("aria-valuetext", `step ${frame.dataset.step}`);
    document.getElementById("shown-step").textContent = frame.dataset.step;
    shown.src = frame.src;
    shown.alt = shown.alt.replace(/at step .*/, `at step ${frame.dataset.step}`);
    frames.forEach((other) => other.classList.toggle("current", other === frame));
    strip.scrollLeft = frame.offsetLeft - strip.offsetLeft - (strip.clientWidth - frame.clientWidth) / 2;
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }

  function advance() {
    const next = Number(slider.value) + 1;
    if (next < frames.length) show(next);
    if (next >= frames.length - 1) pause();
  }

  play.addEventListener("click", () => {
    if (timer) return pause();
    if (Number(slider.value) === frames.length - 1) show(0);
    play.textContent = "Pause";
    timer = setInterval(advance, interval);
  });
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  frames.forEach((frame, index) =>
    frame.addEventListener("click", () => {
      pause();
      show(index);
    }),
  );
  // A browser may bring back the slider of the last visit, but not the picture.
  show(frames.length - 1);
}
startPlayer();

// --- curves --------------------------------------------------------------------------------------------------------

const timeUnits = [
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function showNumber(value) {
  if (Math.abs(value) >= 1e4 && Math.abs(value) < 1e15) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(4)));
}

// A weight falls to 1/e in 2 % of the points, 12 at most.
function keepOf(values) {
  return Math.exp(-1 / Math.min(12, Math.max(1, values.length * 0.02)));
}

class CurveChart {
  constructor(group) {
    this.curves = group.curves;
    const longest = Math.max(...this.curves.map((curve) => curve.value.length));
    const title = element("h3", { textContent: group.name.replaceAll("_", " ") });
    this.smooth = element("input", { type: "checkbox", checked: longest > 60, disabled: longest < 5 });
    this.log = element("input", { type: "checkbox" });
    const positive = this.curves.every((curve) => curve.value.every((value) => value === null || value > 0));
    this.log.disabled = !positive;
    const logLabel = element("label", {}, this.log, "Log scale");
    if (!positive) logLabel.title = "Not for values of zero or below";
    const switches = element("div", { className: "switches" }, element("label", {}, this.smooth, "Smooth"), logLabel);
    this.buttons = this.curves.map((curve, index) => this.legendButton(curve, index));
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", this.description(group.name));
    this.root = element(
      "div",
      { className: "chart" },
      element("div", { className: "top" }, title, switches),
      element("div", { className: "legend" }, ...this.buttons),
      element("div", { className: "plot" }, canvas),
    );
    if (this.curves.some((curve) => curve.mean)) {
      const hint = "Long curves are drawn from the lowest, the mean and the highest value of each stretch.";
      this.root.append(element("p", { className: "hint", textContent: hint }));
    }
    document.getElementById("charts").append(this.root);
    this.smooth.addEventListener("change", () => this.update());
    this.log.addEventListener("change", () => this.update());
    this.chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: {} });
  }

  legendButton(curve, index) {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = `var(--series-${(index % 10) + 1})`;
    const last = curve.value.filter((value) => value !== null).pop();
    const text = curve.name.replaceAll("_", " ") + (last === undefined ? "" : ` ${showNumber(last)}`);
    const button = element("button", { type: "button", title: "Show or hide" }, swatch, text);
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") === "false"));
      this.update();
    });
    return button;
  }

  description(name) {
    const ends = this.curves.map((curve) => {
      const known = curve.value.filter((value) => value !== null);
      if (!known.length) return `${curve.name} without values`;
      return `${curve.name} from ${showNumber(known[0])} to ${showNumber(known[known.length - 1])}`;
    });
    return `Line chart of ${name}: ${ends.join(", ")}`;
  }

  // Everything is built anew: axis, scale, smoothing, shown curves and colours all change the same few lines.
  update() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = document.querySelector("input[name=axis]:checked").value;
    const longest = Math.max(...this.curves.flatMap((curve) => curve.seconds));
    const [unit, unitSeconds] = timeUnits.find(([, seconds]) => longest >= 2 * seconds) || timeUnits[2];
    const scale = axis === "seconds" ? unitSeconds : 1;
    const datasets = [];
    this.curves.forEach((curve, index) => {
      if (this.buttons[index].getAttribute("aria-pressed") === "false") return;
      const line = (values, extra) => ({
        label: curve.name.replaceAll("_", " "),
        data: values.map((value, i) => ({ x: curve[axis][i] / scale, y: value === null ? NaN : value })),
        borderColor: color(`series-${(index % 10) + 1}`),
        backgroundColor: color(`series-${(index % 10) + 1}`),
        borderDash: index < 6 ? [] : [6, 3],
        borderWidth: 1.75,
        borderJoinStyle: "round",
        // A value between two gaps has no line to be seen by.
        pointRadius: values.map((value, i) => ((values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? 2.5 : 0)),
        pointHitRadius: 0,
        ...extra,
      });
      if (this.smooth.checked) {
        datasets.push(line(smoothed(curve.mean || curve.value, keepOf(curve.value)), { raw: curve.value, order: 0 }));
        const faint = `${color(`series-${(index % 10) + 1}`)}48`;
        datasets.push(line(curve.value, { borderColor: faint, borderWidth: 1, quiet: true, order: 1 }));
      } else {
        datasets.push(line(curve.value, {}));
      }
    });
    const ticks = { color: color("quiet"), maxRotation: 0, autoSkipPadding: 24, callback: (value) => showNumber(value) };
    const grid = { color: color("line"), drawBorder: false, drawTicks: false };
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
    this.chart.data.datasets = datasets;
    this.chart.options = {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      font,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: {
          type: "linear",
          min: 0,
          max: Math.max(...this.curves.flatMap((curve) => curve[axis])) / scale || 1,
          grid: { display: false },
          ticks: { ...ticks, font, includeBounds: false },
          title: { display: true, color: color("quiet"), font, text: axis === "seconds" ? `training time (${unit})` : "step" },
        },
        y: { type: this.log.checked ? "logarithmic" : "linear", grid, ticks: { ...ticks, font, padding: 8 } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          backgroundColor: color("text"),
          titleColor: color("page"),
          bodyColor: color("page"),
          titleFont: font,
          bodyFont: font,
          boxPadding: 4,
          filter: (item) => !item.dataset.quiet,
          callbacks: {
            title: (items) => {
              const at = items.length ? showNumber(items[0].parsed.x) : "";
              return axis === "seconds" ? `${at} ${unit}` : `step ${at}`;
            },
            label: (item) => {
              const raw = item.dataset.raw;
              if (!raw) return `${item.dataset.label}: ${showNumber(item.parsed.y)}`;
              return `${item.dataset.label}: ${showNumber(raw[item.dataIndex])}, smoothed ${showNumber(item.parsed.y)}`;
            },
          },
        },
      },
    };
    this.chart.update();
  }
}

function startCurves() {
  const data = document.getElementById("curves-data");
  if (!data) return;
  const charts = JSON.parse(data.textContent).map((group) => new CurveChart(group));
  const updateAll = () => charts.forEach((chart) => chart.update());
  document.querySelectorAll("input[name=axis]").forEach((input) => input.addEventListener("change", updateAll));
  followPage(updateAll, () => charts.forEach((chart) => chart.chart.resize()));
  updateAll();
}
startCurves();
