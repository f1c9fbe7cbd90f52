// Runs side by side: curves overlaid, settings that differ, scores, pictures of equal latents.
import { address, get } from "./api.js";
import { Curves } from "./curves.js";
import { commandLine, count, el, short, table, word } from "./ui.js";

export async function open(root, { rest, still }) {
  const ids = (rest[0] || "").split(",").filter(Boolean);
  const found = await get("compare", { runs: ids.join(",") });
  const runs = await Promise.all(ids.map((id) => get("run", { id })));
  const all = await Promise.all(ids.map((id) => get("curves", { id, points: 600 })));
  if (!still()) return null;
  const names = runs.map((run) => run.name);
  const charts = el("div");
  const pictures = el("div", { class: "columns" });
  const step = el("input", { type: "range", min: 0, max: 1000, value: 1000, "aria-label": "Step" });
  root.append(
    el("h1", {}, "Comparison"),
    el("p", {}, names.join(", ")),
    commandLine(`belamy compare ${runs.map((run) => word(run.folder)).join(" ")}`),
    el("h2", {}, "Pictures"),
    el("label", {}, "Step ", step),
    pictures,
    el("h2", {}, "Curves"),
    charts,
    el("h2", {}, "Settings that differ"),
    found.settings.length ? table(["Setting", ...names], found.settings) : el("p", {}, "None."),
    el("h2", {}, "Scores"),
    found.scores.length
      ? table(
          ["Score", ...names],
          found.scores.map((score) => [
            score.name,
            ...score.values.map((value) => (value !== null && value === score.best ? el("strong", {}, `${short(value)} *`) : short(value))),
          ]),
        )
      : el("p", {}, "None that were measured alike. Evaluate the runs."),
    ...found.refused.map(([name, why]) => el("p", { class: "notice" }, `${name}: not comparable, ${why}`)),
  );
  const curves = new Curves(charts);
  curves.set(runs.map((run, i) => ({ name: run.name, charts: all[i] })));
  const longest = Math.max(1, ...runs.flatMap((run) => run.samples));
  const shown = runs.map((run) => {
    const image = el("img", { class: "picture large", alt: `Picture of ${run.name}` });
    const caption = el("figcaption", { class: "quiet" });
    pictures.append(el("figure", { class: "panel" }, image, caption));
    return { run, image, caption };
  });
  const show = () => {
    const wanted = (longest * Number(step.value)) / 1000;
    for (const { run, image, caption } of shown) {
      const known = run.samples.filter((each) => each <= wanted);
      const at = known.length ? known.at(-1) : run.samples[0];
      if (at === undefined) {
        caption.textContent = `${run.name} has no pictures`;
        continue;
      }
      image.src = address("sample", { id: run.id, step: at });
      caption.textContent = `${run.name}, step ${count(at)}`;
    }
    curves.point(wanted);
  };
  step.addEventListener("input", show);
  show();
  return () => curves.close();
}
