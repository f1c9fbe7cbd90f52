// The game in the plane: the discriminator's surface, the samples and their gradients, the generator's grid, step by
// step; and the phase portrait of the smallest GAN of all.
import { get, latest, post } from "./api.js";
import { button, el, select, short, showError, slider } from "./ui.js";

const size = 560;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const objectives = ["non-saturating", "minimax", "wasserstein", "hinge", "least-squares", "log-ratio", "absolute-error", "maximum-likelihood"];

export async function open(root, { still }) {
  const sets = (await get("sets")).filter((set) => set.where === "embedded" && /plane|points|ring|grid|roll|moons|spiral|gauss|line/i.test(`${set.name} ${set.description}`));
  const names = sets.map((set) => set.name).filter((name) => !name.startsWith("glyphs"));
  const asked = {
    objective: "non-saturating",
    critic_steps: 1,
    discriminator_rate: 1e-3,
    generator_rate: 1e-3,
    r1: 0,
    gradient_penalty: 0,
    noise: 0,
  };
  let data = names.includes("ring") ? "ring" : names[0];
  let points = [];
  let drawing = false;
  let state = null;
  let real = [];
  let timer = 0;
  let pace = 8;
  const layers = { surface: true, gradients: true, grid: true, data: true };
  const history = [];

  const board = el("canvas", { class: "board", width: size, height: size, tabIndex: 0, role: "img", "aria-label": "Data, samples and the discriminator's surface" });
  const context = board.getContext("2d");
  const curve = el("canvas", { class: "board", width: size, height: 160, role: "img", "aria-label": "Losses of both players" });
  const told = el("p", { role: "status" });

  const to = (x, y, reach) => [((x + reach) / (2 * reach)) * size, ((reach - y) / (2 * reach)) * size];

  function draw() {
    const reach = state ? state.reach : 2.6;
    context.fillStyle = css("panel");
    context.fillRect(0, 0, size, size);
    if (state && layers.surface) {
      const n = state.surface.length;
      const flat = state.surface.flat();
      const low = state.probability ? 0 : Math.min(...flat);
      const high = state.probability ? 1 : Math.max(...flat);
      const pixels = new ImageData(n, n);
      state.surface.forEach((row, j) =>
        row.forEach((value, i) => {
          const share = (value - low) / (high - low || 1);
          // Blue: taken for data; orange: taken for samples.
          const colour = share > 0.5 ? [40, 110, 230] : [235, 120, 30];
          pixels.data.set([...colour, 255 * Math.min(1, Math.abs(share - 0.5) * 1.4)], 4 * ((n - 1 - j) * n + i));
        }),
      );
      const small = new OffscreenCanvas(n, n);
      small.getContext("2d").putImageData(pixels, 0, 0);
      context.imageSmoothingEnabled = true;
      context.drawImage(small, 0, 0, size, size);
    }
    const shownData = drawing ? points : real;
    if (layers.data || drawing) {
      context.fillStyle = css("text");
      for (const [x, y] of shownData) {
        const [left, top] = to(x, y, reach);
        context.fillRect(left - 1, top - 1, 2, 2);
      }
    }
    if (!state) return;
    if (layers.grid) {
      context.strokeStyle = css("series-3");
      context.lineWidth = 0.7;
      const n = state.grid_side;
      const place = (i, j) => to(...state.grid[j * n + i], reach);
      for (let j = 0; j < n; ++j) {
        for (const across of [true, false]) {
          context.beginPath();
          for (let i = 0; i < n; ++i) {
            const [left, top] = across ? place(i, j) : place(j, i);
            if (i === 0) context.moveTo(left, top);
            else context.lineTo(left, top);
          }
          context.stroke();
        }
      }
    }
    const longest = Math.max(...state.slopes.map(([x, y]) => Math.hypot(x, y)), 1e-9);
    state.samples.forEach(([x, y], i) => {
      const [left, top] = to(x, y, reach);
      context.fillStyle = css("series-4");
      context.beginPath();
      context.arc(left, top, 2.6, 0, 2 * Math.PI);
      context.fill();
      if (!layers.gradients) return;
      const [dx, dy] = state.slopes[i];
      context.strokeStyle = css("series-7");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, top);
      context.lineTo(left + (34 * dx) / longest, top - (34 * dy) / longest);
      context.stroke();
    });
    drawLosses();
  }

  function drawLosses() {
    const pen = curve.getContext("2d");
    pen.fillStyle = css("panel");
    pen.fillRect(0, 0, curve.width, curve.height);
    const shown = history.slice(-400);
    const values = shown.flat().filter(Number.isFinite);
    if (!values.length) return;
    const low = Math.min(...values);
    const high = Math.max(...values);
    ["series-1", "series-2"].forEach((name, k) => {
      pen.strokeStyle = css(name);
      pen.beginPath();
      let pending = true; // the line starts, or starts again behind a gap
      shown.forEach((pair, i) => {
        if (!Number.isFinite(pair[k])) {
          pending = true;
          return;
        }
        const left = (i / Math.max(1, shown.length - 1)) * (curve.width - 20) + 10;
        const top = curve.height - 10 - ((pair[k] - low) / (high - low || 1)) * (curve.height - 20);
        if (pending) pen.moveTo(left, top);
        else pen.lineTo(left, top);
        pending = false;
      });
      pen.stroke();
    });
    pen.fillStyle = css("text");
    pen.font = "12px system-ui, sans-serif";
    pen.fillText(short(high), 4, 14);
    pen.fillText(short(low), 4, curve.height - 4);
  }

  function take(next) {
    state = next;
    history.push([next.discriminator_loss, next.generator_loss]);
    told.textContent = `Step ${next.step}. Loss of the discriminator ${short(next.discriminator_loss)}, of the generator ${short(next.generator_loss)}.`;
    draw();
  }

  async function begin() {
    stop();
    history.length = 0;
    const next = await post("ask/plane-begin", { data, points: drawing || points.length ? points : [], objective: asked.objective, seed: 1 });
    real = next.data;
    drawing = false;
    take(next);
  }

  const step = async (who, steps) => take(await post("ask/plane-step", { ...asked, who, steps }));
  const run = latest(() => step("both", pace));

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  const play = button("Play", () => {
    if (timer) return stop();
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!still()) return stop();
      run().catch((error) => {
        stop();
        showError(error);
      });
    }, 120);
  }, "main");

  board.addEventListener("pointerdown", (event) => {
    if (!drawing) return;
    board.setPointerCapture(event.pointerId);
    spray(event);
  });
  board.addEventListener("pointermove", (event) => drawing && event.buttons && spray(event));
  function spray(event) {
    const box = board.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 5.2 - 2.6;
    const y = 2.6 - ((event.clientY - box.top) / box.height) * 5.2;
    for (let i = 0; i < 12 && points.length < 4000; ++i) points.push([x + (Math.random() - 0.5) * 0.25, y + (Math.random() - 0.5) * 0.25]);
    draw();
  }
  board.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      play.click();
    }
  });

  const rate = (key, label) =>
    slider(label, {
      low: -5,
      high: -1,
      step: 0.25,
      value: Math.log10(asked[key]),
      show: (value) => (10 ** value).toPrecision(2),
      change: (value) => (asked[key] = 10 ** value),
    }).root;
  const amount = (key, label, high, stepSize) => slider(label, { low: 0, high, step: stepSize, value: asked[key], change: (value) => (asked[key] = value) }).root;

  root.append(
    el("h1", {}, "The game in the plane"),
    el(
      "p",
      {},
      "Violet: samples; black or white: data; lines: where a step of the generator would move each sample; green: the generator's grid of latents. Blue ground is taken for data, orange ground for samples.",
    ),
    el(
      "div",
      { class: "side" },
      el("div", {}, board, told, el("p", { class: "quiet" }, "Losses of the last 400 pictures: discriminator blue, generator orange."), curve),
      el(
        "div",
        {},
        el(
          "div",
          { class: "row" },
          play,
          button("One step", () => step("both", 1)),
          button("Discriminator only", () => step("discriminator", 1)),
          button("Generator only", () => step("generator", 1)),
          button("Ten steps", () => step("both", 10)),
          button("New game", begin),
        ),
        el(
          "div",
          { class: "row" },
          el("label", {}, "Data ", select("Data", names, data, (value) => ((data = value), (points = []), begin().catch(showError)))),
          button("Draw data", () => {
            stop();
            points = [];
            drawing = true;
            state = null;
            told.textContent = "Drag over the picture to draw data, then press New game.";
            draw();
          }),
          el("label", {}, "Objective ", select("Objective", objectives, asked.objective, (value) => (asked.objective = value))),
        ),
        slider("Steps a frame", { low: 1, high: 60, step: 1, value: pace, change: (value) => (pace = value) }).root,
        rate("discriminator_rate", "Rate of D"),
        rate("generator_rate", "Rate of G"),
        amount("critic_steps", "Steps of D", 20, 1),
        amount("r1", "R1", 10, 0.1),
        amount("gradient_penalty", "Gradient penalty", 20, 0.5),
        amount("noise", "Noise", 1, 0.05),
        el(
          "div",
          { class: "row" },
          Object.keys(layers).map((key) => {
            const box = el("input", { type: "checkbox", checked: true });
            box.addEventListener("change", () => {
              layers[key] = box.checked;
              draw();
            });
            return el("label", {}, box, ` ${key}`);
          }),
        ),
      ),
    ),
  );
  const drawDirac = dirac(root);
  await begin();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => {
    draw();
    drawDirac();
  };
  dark.addEventListener("change", redraw);
  return () => {
    stop();
    dark.removeEventListener("change", redraw);
  };
}

// The Dirac-GAN of Mescheder, Geiger and Nowozin 2018: data at 0, one sample at theta, D(x) = psi x.
function dirac(root) {
  const canvas = el("canvas", { class: "board", width: 420, height: 420, role: "img", "aria-label": "Phase portrait of the Dirac-GAN" });
  const pen = canvas.getContext("2d");
  const chosen = { kind: "non-saturating", r1: 0, rate: 0.1, both: "at once" };
  const sigma = (t) => 1 / (1 + Math.exp(-t));
  const move = ([theta, psi]) => {
    const t = theta * psi;
    // D's output at the sample is t. G wants it larger, D wants it smaller; at the data it is always 0.
    const wanted = { "non-saturating": sigma(-t), minimax: sigma(t), wasserstein: 1 }[chosen.kind];
    const rejected = chosen.kind === "wasserstein" ? 1 : sigma(t);
    return [psi * wanted, -theta * rejected - chosen.r1 * psi];
  };
  let start = [1.2, 0.6];
  const to = ([x, y]) => [210 + 95 * x, 210 - 95 * y];
  function draw() {
    pen.fillStyle = css("panel");
    pen.fillRect(0, 0, 420, 420);
    pen.strokeStyle = css("line");
    pen.beginPath();
    pen.moveTo(0, 210);
    pen.lineTo(420, 210);
    pen.moveTo(210, 0);
    pen.lineTo(210, 420);
    pen.stroke();
    pen.strokeStyle = css("quiet");
    for (let x = -2; x <= 2.01; x += 0.25) {
      for (let y = -2; y <= 2.01; y += 0.25) {
        const [dx, dy] = move([x, y]);
        const length = Math.hypot(dx, dy) || 1;
        const [left, top] = to([x, y]);
        pen.beginPath();
        pen.moveTo(left, top);
        pen.lineTo(left + (9 * dx) / length, top - (9 * dy) / length);
        pen.stroke();
      }
    }
    pen.strokeStyle = css("series-2");
    pen.lineWidth = 1.8;
    pen.beginPath();
    let now = start;
    pen.moveTo(...to(now));
    for (let i = 0; i < 600; ++i) {
      if (chosen.both === "at once") {
        const [dx, dy] = move(now);
        now = [now[0] + chosen.rate * dx, now[1] + chosen.rate * dy];
      } else {
        now = [now[0], now[1] + chosen.rate * move(now)[1]];
        now = [now[0] + chosen.rate * move(now)[0], now[1]];
      }
      if (Math.hypot(...now) > 30) break;
      pen.lineTo(...to(now));
    }
    pen.stroke();
    pen.lineWidth = 1;
  }
  canvas.addEventListener("pointerdown", (event) => {
    const box = canvas.getBoundingClientRect();
    start = [((event.clientX - box.left) / box.width) * 420, ((event.clientY - box.top) / box.height) * 420];
    start = [(start[0] - 210) / 95, (210 - start[1]) / 95];
    draw();
  });
  root.append(
    el("h2", {}, "The smallest GAN: one number against one number"),
    el("p", {}, "Data stand at 0, the only sample at θ (to the right), and the discriminator is ψ x (upwards). Both players follow the arrows. Press into the picture to choose the start."),
    el(
      "div",
      { class: "side" },
      canvas,
      el(
        "div",
        {},
        el(
          "div",
          { class: "row" },
          select("Objective of the Dirac-GAN", ["non-saturating", "minimax", "wasserstein"], chosen.kind, (value) => ((chosen.kind = value), draw())),
          select("Order of steps", ["at once", "in turns"], chosen.both, (value) => ((chosen.both = value), draw())),
        ),
        slider("R1", { low: 0, high: 1, step: 0.05, value: 0, change: (value) => ((chosen.r1 = value), draw()) }).root,
        slider("Rate", { low: 0.01, high: 0.5, step: 0.01, value: 0.1, change: (value) => ((chosen.rate = value), draw()) }).root,
      ),
    ),
  );
  draw();
  return draw;
}
