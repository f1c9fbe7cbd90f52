// Labs: the claims of lecture slides, with settings as sliders, and what is measured.
import { address, get, post } from "./api.js";
import { button, commandLine, el, equations, follow, select, showError, slider, table, word } from "./ui.js";

export async function open(root, { rest, studio, still }) {
  if (!rest[0]) {
    const labs = await get("labs");
    root.append(
      el("h1", {}, "Labs"),
      el("p", {}, "A lab is a short experiment that tests a claim of a lecture slide."),
      table(["Lab", "Title", "Source"], labs.map((lab) => [el("a", { href: `#/labs/${lab.name}` }, lab.name), lab.title, el("span", { class: "quiet" }, lab.source)])),
    );
    return null;
  }
  const lab = await get("lab", { name: rest[0] });
  const changes = new Map();
  const settings = () => [...changes].map(([key, value]) => `${key}=${value}`);
  const command = el("div");
  const drawCommand = () => command.replaceChildren(commandLine(`belamy lab ${lab.name}${settings().map((each) => ` --set ${word(each)}`).join("")}`));
  const inputs = lab.fields.map((field) => {
    const plain = field.value.replace(/^["']|["']$/g, "");
    const change = (value) => {
      if (String(value) === plain || Number(value) === Number(plain)) changes.delete(field.key);
      else changes.set(field.key, value);
      drawCommand();
    };
    let input;
    if (field.choices.length) input = select(field.key, field.choices, plain, change);
    else if (field.type === "number" && field.high !== null && field.high <= 100) {
      input = slider(field.key, { low: field.low, high: field.high, step: (field.high - field.low) / 200, value: Number(plain), show: (value) => String(Number(value.toPrecision(3))), change }).root;
    } else {
      const isNumber = field.type !== "text";
      input = el("input", { type: isNumber ? "number" : "text", value: plain, min: isNumber ? field.low : null, max: isNumber ? field.high : null, step: "any", "aria-label": field.key });
      input.addEventListener("change", () => change(input.value));
    }
    return el("div", { class: "field" }, el("span", {}, field.key), input, el("small", {}, field.help));
  });
  const printed = el("pre", { hidden: true });
  const page = el("div");
  let job = 0;
  const start = (tiny) => async () => {
    page.replaceChildren();
    printed.hidden = false;
    const made = await post("do/lab", { name: lab.name, settings: settings(), tiny });
    job = made.job;
    stop.disabled = false;
    const ended = await follow(get, job, (state) => (printed.textContent = state.printed || "..."), still);
    stop.disabled = true;
    if (!ended) return;
    if (ended.page) page.replaceChildren(el("iframe", { src: address("lab-page", { job }), title: `Results of ${lab.name}`, sandbox: "allow-scripts" }));
  };
  const stop = button("Stop", () => post("do/stop-job", { job }));
  stop.disabled = true;
  const text = el("div", { class: "text" });
  text.innerHTML = lab.html; // of the program itself
  text.querySelector("h1")?.remove(); // the page has its own
  equations(text);
  root.append(
    el("p", {}, el("a", { href: "#/labs" }, "All labs")),
    el("h1", {}, lab.title),
    el("p", { class: "quiet" }, lab.source),
    el(
      "div",
      { class: "side" },
      text,
      el(
        "div",
        {},
        studio.session.read_only ? "" : el("div", { class: "row" }, button("Run", start(false), "main"), button("Run for a few seconds", start(true)), stop),
        command,
        printed,
        el("details", { open: true }, el("summary", {}, "Settings"), inputs),
        el("details", { open: true }, el("summary", {}, "Claims"), table(["Claim", "Expected"], lab.claims.map((claim) => [claim.text, claim.expected]))),
      ),
    ),
    page,
  );
  drawCommand();
  showError(null);
  return null;
}
