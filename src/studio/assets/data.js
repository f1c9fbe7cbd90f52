// Data sets: what they hold, and what the doctor finds.
import { address, get, post } from "./api.js";
import { button, commandLine, count, el, follow, table, word } from "./ui.js";

// What the doctor says, as elements.
function findings({ files, good, facts, problems, pictures }) {
  return [
    el("p", { class: problems.length ? "notice" : "good" }, problems.length ? `Problems: ${count(problems.length)}. Good: ${count(good)} of ${count(files)} files.` : `No problems in ${count(files)} files.`),
    problems.length ? table(["File", "Why", "What to do"], problems.slice(0, 200).map((each) => [each.file, each.reason, each.cure])) : "",
    pictures.length ? el("h2", {}, "Pictures of what was found") : "",
    el(
      "div",
      { class: "tiles" },
      pictures.map((each) => el("figure", {}, el("img", { src: `data:image/png;base64,${each.png}`, alt: each.file }), el("figcaption", {}, each.file, el("br"), el("small", {}, each.reason)))),
    ),
    el("h2", {}, "Facts"),
    el("ul", {}, facts.map((fact) => el("li", {}, fact))),
  ];
}

export async function open(root, { rest, studio, still }) {
  if (!rest[0]) {
    const sets = await get("sets");
    root.append(
      el("h1", {}, "Data"),
      table(
        ["Set", "What it holds", "Where"],
        sets.map((set) => [
          set.present ? el("a", { href: `#/data/${encodeURIComponent(set.name)}` }, set.name) : set.name,
          set.description,
          el("span", { class: "quiet" }, set.present ? set.where : `not here: ${set.where}`),
        ]),
      ),
    );
    return null;
  }
  const name = decodeURIComponent(rest[0]);
  const set = await get("set", { name });
  const found = el("div", { role: "status" });
  root.append(
    el("p", {}, el("a", { href: "#/data" }, "All data sets")),
    el("h1", {}, set.name),
    el(
      "p",
      {},
      set.dimension ? `Points in ${set.dimension} dimensions.` : `Images of ${set.width}x${set.height}, ${set.channels === 1 ? "gray" : "colour"}.`,
      set.classes.length ? ` Classes: ${set.classes.slice(0, 30).join(", ")}${set.classes.length > 30 ? ", ..." : ""}.` : " No labels.",
      set.attributes.length ? ` Attributes: ${set.attributes.join(", ")}.` : "",
    ),
    ...set.notes.map((note) => el("p", { class: "notice" }, note)),
    set.captions.length ? el("ul", {}, set.captions.map((caption) => el("li", {}, caption))) : "",
  );
  if (set.dimension) {
    const canvas = el("canvas", { class: "board", width: 480, height: 480, role: "img", "aria-label": "Points" });
    root.append(canvas);
    const pen = canvas.getContext("2d");
    const all = (set.points || []).flat();
    const far = Math.max(...all.map(Math.abs), 1e-9) * 1.05;
    pen.fillStyle = "#fff";
    for (const [x, y] of set.points || []) pen.fillRect(240 + (240 * x) / far, 240 - (240 * y) / far, 3, 3);
  } else {
    root.append(el("img", { class: "picture", src: address("set-sheet", { name }), alt: `The first pictures of ${set.name}` }));
  }
  root.append(el("p", { class: "quiet" }, `The first ${count(set.count)} examples.`), commandLine(`belamy data doctor ${word(name)}`));
  if (!studio.session.read_only) {
    root.append(
      button("Ask the doctor", async () => {
        found.replaceChildren(el("p", {}, "Reading every file ..."));
        const { job } = await post("do/doctor", { data: name });
        const state = await follow(get, job, () => {}, still);
        if (!state) return;
        const diagnosis = await get("doctor", { job });
        found.replaceChildren(...(diagnosis ? findings(diagnosis) : [el("pre", {}, state.printed)]));
      }),
      found,
    );
  }
  return null;
}
