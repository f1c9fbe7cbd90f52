// Codes of test images in the plane: pan, zoom, colours by class.
import { get, post } from "./api.js";
import { pick } from "./pick.js";
import { button, commandLine, el, select, word } from "./ui.js";

export async function open(root, { rest, still }) {
  const id = await pick(root, "map", rest[0], (run) => run.capabilities.includes("encoder"), "Map");
  if (!id) return null;
  const run = await get("run", { id });
  root.append(el("h1", {}, `Map of ${run.name}`));
  const status = el("p", { class: "quiet", role: "status" }, "Computing codes and map ...");
  root.append(status);
  const map = await post("ask/map", { run: id });
  if (!still()) return null;
  status.textContent = `${map.points.length} test images, ${map.how}. Drag to move, turn the wheel or press + and - to zoom.`;
  const canvas = el("canvas", { class: "board", width: 960, height: 640, tabIndex: 0, role: "img", "aria-label": "Map of codes" });
  const context = canvas.getContext("2d");
  const sheet = new Image();
  sheet.src = `data:image/png;base64,${map.sheet}`;
  await sheet.decode();
  const xs = map.points.map((point) => point[0]);
  const ys = map.points.map((point) => point[1]);
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [x0, x1] = range(xs);
  const [y0, y1] = range(ys);
  const start = 0.88 * Math.min(canvas.width / (x1 - x0 || 1), canvas.height / (y1 - y0 || 1));
  const view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: start };
  const hidden = new Set();
  let pictures = true;
  const names = Object.keys(map.values);
  let by = "class";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  // By class, or by a value from blue (the lowest twentieth) to orange (the highest).
  function colour(i) {
    if (by === "class") return css(`series-${(map.points[i][2] % 10) + 1}`);
    const sorted = map.values[by].filter((value) => value !== null).sort((a, b) => a - b);
    const [low, high] = [sorted[Math.floor(0.05 * (sorted.length - 1))], sorted[Math.ceil(0.95 * (sorted.length - 1))]];
    const share = Math.min(1, Math.max(0, (map.values[by][i] - low) / (high - low || 1)));
    return `rgb(${Math.round(40 + 195 * share)}, ${Math.round(110 + 10 * share)}, ${Math.round(230 - 200 * share)})`;
  }

  function draw() {
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--panel");
    context.fillRect(0, 0, canvas.width, canvas.height);
    const size = Math.min(64, Math.max(6, (18 * view.scale) / start));
    for (const [i, [x, y, label]] of map.points.entries()) {
      if (hidden.has(label)) continue;
      const left = canvas.width / 2 + (x - view.x) * view.scale;
      const top = canvas.height / 2 + (y - view.y) * view.scale;
      if (left < -size || top < -size || left > canvas.width + size || top > canvas.height + size) continue;
      context.fillStyle = colour(i);
      if (!pictures) {
        context.beginPath();
        context.arc(left, top, size / 4, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      context.fillRect(left - size / 2 - 1.5, top - size / 2 - 1.5, size + 3, size + 3);
      const column = i % map.columns;
      const row = Math.floor(i / map.columns);
      context.imageSmoothingEnabled = size < map.side;
      context.drawImage(sheet, column * map.side, row * map.side, map.side, map.side, left - size / 2, top - size / 2, size, size);
    }
  }

  function zoom(factor, x = canvas.width / 2, y = canvas.height / 2) {
    const at = [view.x + (x - canvas.width / 2) / view.scale, view.y + (y - canvas.height / 2) / view.scale];
    view.scale *= factor;
    view.x = at[0] - (x - canvas.width / 2) / view.scale;
    view.y = at[1] - (y - canvas.height / 2) / view.scale;
    draw();
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...at(event));
    },
    { passive: false },
  );
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = at(event);
    view.x -= (now[0] - last[0]) / view.scale;
    view.y -= (now[1] - last[1]) / view.scale;
    last = now;
    draw();
  });
  canvas.addEventListener("pointerup", () => (last = null));
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      event.preventDefault();
      view.x += (40 * way[0]) / view.scale;
      view.y += (40 * way[1]) / view.scale;
      draw();
    }
    if (event.key === "+") zoom(1.25);
    if (event.key === "-") zoom(0.8);
  });
  const labels = [...new Set(map.points.map((point) => point[2]))].sort((a, b) => a - b);
  const legend = el(
    "div",
    { class: "legend" },
    map.classes.length
      ? labels.slice(0, 40).map((label) => {
          const made = el("button", { type: "button", "aria-pressed": "true", title: "Show or hide" }, el("span", { class: `swatch c${(label % 10) + 1}` }), map.classes[label]);
          made.addEventListener("click", () => {
            if (!hidden.delete(label)) hidden.add(label);
            made.setAttribute("aria-pressed", String(!hidden.has(label)));
            draw();
          });
          return made;
        })
      : [],
  );
  const dots = el("button", { type: "button", "aria-pressed": "true" }, "Pictures");
  dots.addEventListener("click", () => {
    pictures = !pictures;
    dots.setAttribute("aria-pressed", String(pictures));
    draw();
  });
  root.append(
    el("div", { class: "row" }, names.length ? el("label", {}, "Colour by ", select("Colour by", ["class", ...names], by, (value) => ((by = value), draw()))) : "", dots, button("Zoom in", () => zoom(1.3)), button("Zoom out", () => zoom(1 / 1.3)), button("All", () => (Object.assign(view, { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: start }), draw()))),
    legend,
    canvas,
    commandLine(`belamy embed ${word(run.folder)}`),
  );
  draw();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  return () => dark.removeEventListener("change", draw);
}
