// A drawing board whose picture is answered at once: translated, completed, classified, reconstructed, matched.
import { get, latest, post } from "./api.js";
import { pick } from "./pick.js";
import { button, commandLine, el, select, short, showError, slider, word } from "./ui.js";

const side = 320;

// How the command line asks for the same.
const commands = {
  "translate a2b": "translate RUN --data PICTURES",
  "translate b2a": "translate RUN --data PICTURES --direction b2a",
  reconstruct: "reconstruct RUN --data PICTURES",
  complete: "complete RUN --data PICTURES --mask HOLE.png",
  classify: "classify RUN --data PICTURES",
  score: "score RUN --data PICTURES",
  nearest: "match RUN --query PICTURE.png --folder PICTURES",
  project: "project RUN --data PICTURE.png",
};

export async function open(root, { rest, still }) {
  const id = await pick(
    root,
    "draw",
    rest[0],
    (run) => run.capabilities.some((each) => /translator|reconstructor|completer|classifier|scorer|encoder|matcher/.test(each)),
    "Draw",
  );
  if (!id) return null;
  const run = await get("run", { id });
  const can = await get("abilities", { id });
  root.append(el("h1", {}, `Draw for ${run.name}`), el("p", { class: "quiet" }, `${can.model}, ${can.width}x${can.height} pixels`));
  if (!can.answers.length) {
    root.append(el("p", {}, "This run has no answer to a picture."));
    return null;
  }
  let what = can.answers[0];
  let tool = "pen";
  let ink = "#ffffff";
  let width = 22;
  const board = el("canvas", { class: "board", width: side, height: side, tabIndex: 0, role: "img", "aria-label": "Drawing board" });
  const hole = el("canvas", { width: side, height: side });
  const context = board.getContext("2d", { willReadFrequently: true });
  const holeContext = hole.getContext("2d");
  const seen = el("img", { class: "picture", alt: "What the run sees" });
  const made = el("img", { class: "picture large", alt: "The run's answer" });
  const values = el("div", { class: "bars" });
  const command = el("div");

  // The picture without the marks of the hole is kept apart.
  const under = el("canvas", { width: side, height: side });
  const underContext = under.getContext("2d", { willReadFrequently: true });
  function clear() {
    underContext.fillStyle = "#000000";
    underContext.fillRect(0, 0, side, side);
    holeContext.fillStyle = "#000000";
    holeContext.fillRect(0, 0, side, side);
    show();
  }
  function show() {
    context.drawImage(under, 0, 0);
    if (what !== "complete") return;
    context.save();
    context.globalAlpha = 0.6;
    context.globalCompositeOperation = "lighter";
    context.drawImage(hole, 0, 0);
    context.restore();
  }
  const base64 = (canvas) => canvas.toDataURL("image/png").split(",")[1];
  const source = (picture) => `data:image/png;base64,${picture}`;

  const ask = latest(async () => {
    try {
      showError(null);
      command.replaceChildren(commandLine(`belamy ${commands[what].replace("RUN", word(run.folder))}`));
      const holed = what === "complete" && holeContext.getImageData(0, 0, side, side).data.some((value, i) => i % 4 === 0 && value > 0);
      const answer = await post("ask/picture", { run: id, what, picture: base64(under), hole: holed ? base64(hole) : "" });
      if (!still()) return;
      seen.src = source(answer.seen);
      made.hidden = !answer.picture;
      if (answer.picture) made.src = source(answer.picture);
      values.replaceChildren();
      const shown = (answer.values || []).slice().sort((a, b) => b[1] - a[1]).slice(0, 12);
      for (const [name, value] of shown) {
        const share = what === "classify";
        values.append(
          el("span", {}, name),
          share ? el("progress", { max: 1, value, "aria-label": name }) : el("span"),
          el("span", {}, share ? `${(100 * value).toFixed(1)} %` : short(value)),
        );
      }
    } catch (error) {
      if (still()) showError(error);
    }
  });

  let last = null;
  const at = (event) => {
    const box = board.getBoundingClientRect();
    return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height];
  };
  function stroke(from, to) {
    const onto = tool === "hole" ? holeContext : underContext;
    onto.strokeStyle = tool === "pen" ? ink : tool === "hole" ? "#ffffff" : "#000000";
    onto.lineWidth = width;
    onto.lineCap = "round";
    onto.beginPath();
    onto.moveTo(...from);
    onto.lineTo(to[0] + 0.01, to[1]);
    onto.stroke();
    show();
  }
  board.addEventListener("pointerdown", (event) => {
    board.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(last, last);
  });
  board.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = at(event);
    stroke(last, now);
    last = now;
    ask();
  });
  board.addEventListener("pointerup", () => {
    last = null;
    ask();
  });

  const upload = el("input", { type: "file", accept: "image/png,image/jpeg", "aria-label": "A picture of your own" });
  upload.addEventListener("change", async () => {
    if (!upload.files[0]) return;
    try {
      const picture = await createImageBitmap(upload.files[0]);
      const scale = Math.min(side / picture.width, side / picture.height);
      clear();
      underContext.drawImage(picture, (side - scale * picture.width) / 2, (side - scale * picture.height) / 2, scale * picture.width, scale * picture.height);
      show();
      ask();
    } catch {
      showError(new Error("the picture cannot be read: choose a PNG or JPEG file"));
    }
  });

  const tools = ["pen", "eraser", ...(can.answers.includes("complete") ? ["hole"] : [])];
  const toolButtons = tools.map((each) => {
    const made = el("button", { type: "button", "aria-pressed": String(each === tool) }, each === "hole" ? "hole to fill" : each);
    made.addEventListener("click", () => {
      tool = each;
      for (const [i, other] of toolButtons.entries()) other.setAttribute("aria-pressed", String(tools[i] === tool));
    });
    return made;
  });
  const colour = el("input", { type: "color", value: ink, "aria-label": "Ink" });
  colour.addEventListener("input", () => (ink = colour.value));
  root.append(
    el(
      "div",
      { class: "side" },
      el(
        "div",
        {},
        el("div", { class: "row" }, toolButtons, can.channels === 3 ? colour : "", button("Clear", () => (clear(), ask()))),
        slider("Width", { low: 2, high: 60, step: 1, value: width, change: (value) => (width = value) }).root,
        board,
        el("div", { class: "row" }, el("label", {}, "Or a picture of your own ", upload)),
      ),
      el(
        "div",
        {},
        el("label", {}, "Answer ", select("Answer", can.answers, what, (value) => ((what = value), show(), ask()))),
        el("h2", {}, "What the run sees"),
        seen,
        el("h2", {}, "Its answer"),
        made,
        values,
        command,
      ),
    ),
  );
  clear();
  // Something to begin with.
  underContext.strokeStyle = ink;
  underContext.lineWidth = width;
  underContext.lineCap = "round";
  underContext.beginPath();
  underContext.arc(side / 2, side / 2 - 50, 48, 0, 2 * Math.PI);
  underContext.moveTo(side / 2 + 48, side / 2 - 50);
  underContext.lineTo(side / 2 + 30, side / 2 + 100);
  underContext.stroke();
  show();
  await ask();
  return null;
}
