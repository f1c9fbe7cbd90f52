// A new run: a form made of the typed settings, checked as they are typed.
import { get, latest, post, StudioError } from "./api.js";
import { button, commandLine, count, el, follow, select, table, word } from "./ui.js";

function fieldInput(field, changed) {
  const common = { id: `field-${field.key}`, "aria-describedby": `help-${field.key}` };
  const plain = field.value.replace(/^["']|["']$/g, "");
  if (field.choices.length) {
    const made = select(field.key, field.choices, plain, () => changed(made.value));
    made.id = common.id;
    return made;
  }
  const isNumber = field.type === "integer" || field.type === "number";
  const made = el("input", {
    ...common,
    type: isNumber ? "number" : "text",
    value: isNumber ? Number(field.value) : plain,
    min: isNumber ? field.low : null,
    max: isNumber ? field.high : null,
    step: field.type === "integer" ? 1 : "any",
  });
  made.addEventListener("input", () => changed(made.value));
  return made;
}

export async function open(root, { query, still }) {
  const all = await get("recipes");
  const sets = await get("sets");
  const name = el("input", { type: "text", "aria-label": "Name of the run" });
  const form = el("div");
  const told = el("div", { role: "status" });
  const planned = el("div", { role: "status" });
  const command = el("div");
  const list = el("input", { type: "search", list: "known-recipes", placeholder: "dcgan-mnist", "aria-label": "Recipe or model" });
  const start = button("Start", begin, "main");
  const forecast = button("Forecast", async () => {
    const printed = el("pre", {}, "timing ten steps ...");
    planned.replaceChildren(printed);
    const { job } = await post("do/plan", { recipe, settings: settings() });
    await follow(get, job, (state) => (printed.textContent = state.printed || "timing ten steps ..."), still);
  });
  start.disabled = true;
  forecast.disabled = true;
  const changes = new Map();
  let recipe = "";

  root.append(
    el("h1", {}, "New run"),
    el(
      "div",
      { class: "row" },
      el("label", {}, "Recipe or model ", list),
      el(
        "datalist",
        { id: "known-recipes" },
        all.recipes.map((each) => el("option", { value: each.name }, each.title)),
        all.models.map((each) => el("option", { value: each.name }, each.summary)),
      ),
      el("label", {}, "Name ", name),
      forecast,
      start,
    ),
    told,
    planned,
    command,
    form,
    el(
      "details",
      { open: true },
      el("summary", {}, "Recipes"),
      table(
        ["Recipe", "Model", "What it is"],
        all.recipes.map((each) => [button(each.name, () => choose(each.name)), each.model, each.title]),
      ),
    ),
  );

  const settings = () => [...changes].map(([key, value]) => `${key}=${value}`);

  const check = latest(async () => {
    command.replaceChildren(
      commandLine(["belamy train", recipe, ...settings().map((each) => `--set ${word(each)}`), `--out ${word(name.value || "runs/NAME")}`].join(" ")),
    );
    try {
      const found = await post("ask/check", { recipe, settings: settings() });
      if (!still()) return;
      if (found.error) throw new StudioError(found.error, found.cure);
      told.replaceChildren(
        el("p", { class: "good" }, `The settings are good${found.steps ? `: ${count(found.steps)} steps` : ""}.`),
        ...found.advice.map((line) => el("p", { class: "notice" }, line)),
      );
      start.disabled = forecast.disabled = false;
    } catch (error) {
      told.replaceChildren(el("p", { class: "notice" }, error.message, error.cure ? `: ${error.cure}` : ""));
      start.disabled = forecast.disabled = true;
    }
  });

  async function choose(wanted) {
    planned.replaceChildren();
    const found = await get("settings", { recipe: wanted });
    recipe = wanted;
    list.value = wanted;
    changes.clear();
    name.value = `${wanted}-1`;
    const groups = new Map();
    for (const field of found.fields) {
      const group = field.key.includes(".") ? field.key.split(".").slice(0, -1).join(".") : "run";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(field);
    }
    form.replaceChildren(
      el("h2", {}, found.title || found.name),
      el("p", {}, found.summary, " ", el("span", { class: "quiet" }, found.paper)),
      ...[...groups].map(([group, fields]) =>
        el(
          "details",
          { open: group === "model" || group === "train" || group === "data" },
          el("summary", {}, group),
          el(
            "fieldset",
            {},
            el("legend", {}, group),
            fields.map((field) => {
              const row = el("div", { class: "field" });
              const before = field.value;
              const input = fieldInput(field, (value) => {
                const same = value === before || `"${value}"` === before || Number(value) === Number(before);
                if (same) changes.delete(field.key);
                else changes.set(field.key, value);
                row.classList.toggle("changed", !same);
                check();
              });
              if (field.key === "data.source") input.setAttribute("list", "known-sets");
              row.append(
                el("label", { for: `field-${field.key}` }, field.key.split(".").at(-1)),
                input,
                el("small", { id: `help-${field.key}` }, `${field.help}${field.unit ? ` (${field.unit})` : ""}${field.range ? `; ${field.range}` : ""}`),
              );
              return row;
            }),
          ),
        ),
      ),
      el("datalist", { id: "known-sets" }, sets.filter((set) => set.present).map((set) => el("option", { value: set.name }, set.description))),
    );
    await check();
  }

  async function begin() {
    const made = await post("do/start", { recipe, name: name.value, settings: settings() });
    if (made.run) {
      location.hash = `#/run/${made.run}`;
      return;
    }
    const job = await get("job", { job: made.job });
    told.replaceChildren(el("p", { class: "notice" }, "The training has ended at once:"), el("pre", {}, job.printed));
  }

  name.addEventListener("input", () => recipe && check());
  list.addEventListener("change", () => choose(list.value).catch((error) => told.replaceChildren(el("p", { class: "notice" }, `${error.message}. ${error.cure}`))));
  if (query.get("recipe")) await choose(query.get("recipe"));
}
