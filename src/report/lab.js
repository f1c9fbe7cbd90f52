"use strict";

for (const equation of document.querySelectorAll("x-equation")) {
  const displayMode = equation.getAttribute("type") === "display";
  katex.render(equation.textContent, equation, { displayMode, throwOnError: false });
  equation.classList.add("drawn");
}

function showNumber(value) {
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(Number.isInteger(Math.log10(size)) ? 0 : 1);
  return String(Number(value.toPrecision(4)));
}

// Powers of ten, and what lies between them where the axis spans few.
function logTicks(scale) {
  const span = Math.log10(scale.max / scale.min);
  const leads = span < 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : span < 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(Math.log10(scale.min)); power <= Math.log10(scale.max); power += 1) {
    for (const lead of leads) {
      const value = Number(`${lead}e${power}`);
      if (value >= scale.min && value <= scale.max) ticks.push({ value });
    }
  }
  if (ticks.length > 1) scale.ticks = ticks;
}

// What stands before a name in the legend: a dot, or the line as it is drawn.
function swatch(dataset) {
  const canvas = document.createElement("canvas");
  canvas.width = 22;
  canvas.height = 10;
  const pen = canvas.getContext("2d");
  pen.fillStyle = pen.strokeStyle = dataset.borderColor;
  pen.beginPath();
  if (dataset.showLine) {
    pen.lineWidth = dataset.borderWidth;
    pen.setLineDash(dataset.borderDash);
    pen.moveTo(0, 5);
    pen.lineTo(22, 5);
    pen.stroke();
  } else {
    pen.arc(11, 5, 4, 0, 2 * Math.PI);
    pen.fill();
  }
  return canvas;
}

class LabChart {
  constructor(place, chart) {
    this.chart = chart;
    const plot = document.createElement("div");
    plot.className = chart.square ? "plot square" : "plot";
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    const names = [...chart.series, ...(chart.frames.length ? chart.frames[0].series : [])].map((one) => one.name);
    canvas.setAttribute("aria-label", `${chart.y.title} against ${chart.x.title}: ${names.join(", ")}`);
    plot.append(canvas);
    place.append(plot);
    if (chart.frames.length) place.append(this.slider());
    this.drawn = new Chart(canvas, { type: "scatter", data: { datasets: [] }, options: {} });
    this.update();
  }

  slider() {
    const controls = document.createElement("div");
    controls.className = "controls";
    this.place = document.createElement("input");
    Object.assign(this.place, { type: "range", min: 0, max: this.chart.frames.length - 1, value: 0 });
    this.place.setAttribute("aria-label", `Frame of ${this.chart.title}`);
    this.told = document.createElement("output");
    this.place.addEventListener("input", () => this.update());
    controls.append(this.place, this.told);
    return controls;
  }

  update() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
    let series = this.chart.series;
    if (this.place) {
      const frame = this.chart.frames[Number(this.place.value)];
      series = [...series, ...frame.series];
      this.told.textContent = frame.name;
      this.place.setAttribute("aria-valuetext", frame.name);
    }
    const hidden = new Set(this.drawn.data.datasets.filter((_, i) => !this.drawn.isDatasetVisible(i)).map((set) => set.label));
    // Where every second curve is dashed, it is what the one before it should be, in the same colour.
    const paired = series.length > 1 && series.every((one, i) => one.dashed === (i % 2 === 1));
    this.drawn.data.datasets = series.map((one, i) => {
      const index = paired ? i >> 1 : i;
      const field = one.style === "field";
      const shade = field ? `${color("quiet")}90` : color(`series-${(index % 10) + 1}`);
      const points = one.style === "points";
      const count = one.x.length;
      return {
        label: one.name,
        hidden: hidden.has(one.name),
        data: one.x.map((x, i) => ({ x: x ?? NaN, y: one.y[i] ?? NaN })),
        showLine: !points,
        stepped: one.style === "steps" ? "middle" : false,
        fill: one.style === "steps" ? { target: "origin", above: `${shade}30` } : false,
        borderColor: shade,
        backgroundColor: points ? `${shade}b0` : shade,
        borderDash: one.dashed || index >= 10 ? [6, 4] : [],
        borderWidth: points ? 0 : field ? 1 : 1.75,
        borderJoinStyle: "round",
        pointRadius: points || count === 1 ? (count > 400 ? 1.6 : count > 60 ? 2.4 : 4) : 0,
        pointHitRadius: 6,
        order: field ? 2 : points ? 1 : 0,
      };
    });
    const axis = (one, grid) => ({
      type: one.log ? "logarithmic" : "linear",
      min: one.low,
      max: one.high,
      afterBuildTicks: one.log ? logTicks : undefined,
      grid,
      ticks: {
        color: color("quiet"),
        font,
        maxRotation: 0,
        autoSkipPadding: 18,
        padding: 6,
        maxTicksLimit: 9,
        callback: showNumber,
      },
      title: { display: true, text: one.title, color: color("quiet"), font },
    });
    const grid = { color: color("line"), drawBorder: false, drawTicks: false };
    this.drawn.options = {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", intersect: true },
      scales: { x: axis(this.chart.x, this.chart.square ? grid : { display: false }), y: axis(this.chart.y, grid) },
      plugins: {
        legend: {
          display: series.length > 1,
          align: "start",
          labels: {
            color: color("text"),
            font,
            padding: 12,
            usePointStyle: true,
            pointStyleWidth: 22,
            generateLabels: (chart) =>
              Chart.defaults.plugins.legend.labels
                .generateLabels(chart)
                .map((label) => ({ ...label, pointStyle: swatch(chart.data.datasets[label.datasetIndex]) })),
          },
        },
        tooltip: {
          backgroundColor: color("text"),
          titleColor: color("page"),
          bodyColor: color("page"),
          titleFont: font,
          bodyFont: font,
          callbacks: {
            label: (item) => `${item.dataset.label}: (${showNumber(item.parsed.x)}, ${showNumber(item.parsed.y)})`,
          },
        },
      },
    };
    this.drawn.update();
  }
}

function startCharts() {
  const data = document.getElementById("lab-charts");
  if (!data) return;
  const charts = JSON.parse(data.textContent);
  const drawn = [...document.querySelectorAll(".lab-chart")].map((place) => new LabChart(place, charts[Number(place.dataset.chart)]));
  const updateAll = () => drawn.forEach((chart) => chart.update());
  followPage(updateAll, () => drawn.forEach((chart) => chart.drawn.resize()));
}
startCharts();
