// Chooses the run that a page works with.
import { get } from "./api.js";
import { el, select } from "./ui.js";

// Returns the id, or null after showing a choice.
export async function pick(root, page, id, fits, what) {
  if (id) return id;
  const runs = (await get("runs")).filter((run) => run.state !== "unreadable" && run.state !== "empty");
  root.append(el("h1", {}, what));
  const able = [];
  for (const run of runs.slice(0, 40)) {
    try {
      const details = await get("run", { id: run.id });
      if (details.checkpoints.length && fits(details)) able.push(details);
    } catch {
      // gone since
    }
  }
  if (!able.length) {
    root.append(el("p", {}, "No run can do this yet. ", el("a", { href: "#/new" }, "Start one"), "."));
    return null;
  }
  root.append(
    el(
      "label",
      {},
      "Run ",
      select("Run", [["", "choose a run"], ...able.map((run) => [run.id, `${run.name} (${run.model})`])], "", (chosen) => {
        if (chosen) location.hash = `#/${page}/${chosen}`;
      }),
    ),
    el("ul", {}, able.map((run) => el("li", {}, el("a", { href: `#/${page}/${run.id}` }, run.name), ` (${run.model})`))),
  );
  return null;
}
