// All runs below the studio's folders.
import { address, get } from "./api.js";
import { button, count, duration, el, short, table } from "./ui.js";

const svg = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

function course(values) {
  const known = values.filter((value) => value !== null);
  const picture = svg("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (known.length < 2) return picture;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const points = values
    .map((value, i) => [i, value])
    .filter(([, value]) => value !== null)
    .map(([i, value]) => `${(100 * i) / (values.length - 1)},${28 - (26 * (value - low)) / (high - low || 1)}`);
  picture.append(svg("polyline", { class: "course", points: points.join(" ") }));
  return picture;
}

function progress(run) {
  if (run.state === "unreadable") return el("span", { class: "bad" }, run.fault);
  const share = run.steps > 0 ? ` of ${count(run.steps)}` : "";
  return `${count(run.step)}${share}`;
}

export async function open(root, { still, studio }) {
  const chosen = new Set();
  const list = el("div", { class: "wide" });
  const compare = button("Compare the ticked runs", () => {
    location.hash = `#/compare/${[...chosen].join(",")}`;
  });
  const filter = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter runs" });
  root.append(
    el("h1", {}, "Runs"),
    el("p", { class: "quiet" }, `Folders: ${studio.session.folders.join(", ")}. Runs that are started in a terminal show up here too.`),
    el("div", { class: "row" }, filter, compare),
    list,
  );
  let runs = [];

  function draw() {
    compare.disabled = chosen.size < 2;
    const wanted = filter.value.toLowerCase();
    const shown = runs.filter((run) => `${run.name} ${run.model} ${run.title} ${run.state}`.toLowerCase().includes(wanted));
    if (!runs.length) {
      list.replaceChildren(el("p", {}, "There is no run yet. ", el("a", { href: "#/new" }, "Start one"), "."));
      return;
    }
    list.replaceChildren(
      table(
        ["", "Run", "Model", "State", "Step", "Time", "Loss", "Picture", "Notes"],
        shown.map((run) => {
          const tick = el("input", { type: "checkbox", checked: chosen.has(run.id), "aria-label": `Compare ${run.name}` });
          tick.addEventListener("change", () => {
            if (tick.checked) chosen.add(run.id);
            else chosen.delete(run.id);
            compare.disabled = chosen.size < 2;
          });
          const picture =
            run.sample === null || run.sample === undefined
              ? ""
              : el("img", { src: address("sample", { id: run.id, step: run.sample }), alt: `Newest picture of ${run.name}`, loading: "lazy" });
          return [
            tick,
            el("span", {}, el("a", { href: `#/run/${run.id}` }, run.name), el("br"), el("small", { class: "quiet" }, run.title || run.recipe || "")),
            run.model || "",
            el("span", { class: `state ${run.state}` }, run.state),
            progress(run),
            run.seconds ? duration(run.seconds) : "",
            run.course && run.course.length ? el("span", { title: `${run.curve}, last ${short(run.course.at(-1))}` }, course(run.course)) : "",
            picture,
            run.messages ? el("span", { class: "bad" }, String(run.messages)) : "",
          ];
        }),
        "runs",
      ),
    );
  }

  async function refresh() {
    const now = await get("runs");
    if (!still()) return;
    if (JSON.stringify(now) !== JSON.stringify(runs)) {
      runs = now;
      draw();
    }
  }

  filter.addEventListener("input", draw);
  await refresh();
  draw();
  const timer = setInterval(() => refresh().catch(() => {}), 2000);
  return () => clearInterval(timer);
}
