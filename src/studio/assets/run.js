// One run, live: curves, pictures, what was noticed, and its controls.
import { address, get, latest, post } from "./api.js";
import { Curves } from "./curves.js";
import { button, commandLine, count, duration, el, number, select, short, showError, table, word } from "./ui.js";

export async function open(root, { rest, query, studio, still }) {
  const id = rest[0];
  let run = await get("run", { id });
  const canChange = !studio.session.read_only;

  const state = el("span", { class: "state", role: "status" });
  const bar = el("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const controls = el("div", { class: "row" });
  const notes = el("div");
  const picture = el("img", { class: "picture large", alt: "Progress picture" });
  const caption = el("p", { class: "quiet" });
  const step = el("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Step" });
  const strip = el("div", { class: "strip" });
  const play = button("Play", () => toggle());
  const charts = el("div");
  const pictures = el("div", { class: "columns" });
  const scores = el("div");
  const facts = el("div");
  root.append(
    el("h1", {}, run.name),
    el("p", {}, run.title ? `${run.title}. ` : "", el("span", { class: "quiet" }, `${run.model}: ${run.summary}`)),
    el("div", { class: "row" }, state, bar),
    controls,
    notes,
    el(
      "div",
      { class: "side" },
      el("section", { "aria-label": "Curves" }, el("h2", {}, "Curves"), charts),
      el(
        "section",
        { "aria-label": "Pictures" },
        el("h2", {}, "Pictures"),
        el("div", { class: "row" }, play, el("label", { class: "grow" }, "Step ", step)),
        caption,
        picture,
        strip,
      ),
    ),
    pictures,
    scores,
    facts,
  );
  const curves = new Curves(charts);
  let follows = !query.has("step");
  let shownStep = query.has("step") ? Number(query.get("step")) : null;
  let timer = 0;

  function frameAt(wanted) {
    let best = 0;
    run.samples.forEach((each, i) => {
      if (each <= wanted) best = i;
    });
    return best;
  }

  function showStep(index) {
    if (!run.samples.length) return;
    const now = run.samples[index];
    shownStep = now;
    step.value = index;
    step.setAttribute("aria-valuetext", `step ${now}`);
    const source = address("sample", { id, step: now });
    if (picture.getAttribute("src") !== source) picture.src = source;
    picture.alt = `${run.shown || "Picture"} at step ${now}`;
    caption.textContent = `${run.shown || "Picture"} at step ${count(now)}`;
    for (const [i, each] of [...strip.children].entries()) each.setAttribute("aria-pressed", String(i === index));
    curves.point(now);
    history.replaceState(null, "", `#/run/${id}${follows ? "" : `?step=${now}`}`);
  }

  step.addEventListener("input", () => {
    follows = Number(step.value) === run.samples.length - 1;
    showStep(Number(step.value));
  });

  function toggle() {
    if (timer) {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
      return;
    }
    if (Number(step.value) >= run.samples.length - 1) showStep(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      const next = Number(step.value) + 1;
      if (next < run.samples.length) showStep(next);
      if (next >= run.samples.length - 1) toggle();
    }, Math.min(600, Math.max(120, 6000 / Math.max(1, run.samples.length))));
  }

  function drawStrip() {
    // Those that are there already stay.
    const there = [...strip.children].findIndex((each, i) => each.getAttribute("aria-label") !== `Step ${run.samples[i]}`);
    while (there >= 0 && strip.children.length > there) strip.lastChild.remove();
    for (let i = strip.children.length; i < run.samples.length; ++i) {
      strip.append(
        el(
          "button",
          { type: "button", "aria-label": `Step ${run.samples[i]}`, onclick: () => ((follows = i === run.samples.length - 1), showStep(i)) },
          el("img", { src: address("sample", { id, step: run.samples[i] }), alt: "", loading: "lazy" }),
        ),
      );
    }
  }

  // A command's effect is shown as soon as it is there.
  let hurry = () => {};
  const steer = async (command) => {
    await post("do/steer", { run: id, command });
    hurry();
  };

  function drawControls() {
    controls.replaceChildren();
    const links = [
      run.checkpoints.length ? el("a", { class: "button", href: `#/latents/${id}` }, "Latents") : null,
      run.checkpoints.length ? el("a", { class: "button", href: `#/draw/${id}` }, "Draw") : null,
      run.checkpoints.length && run.capabilities.includes("encoder") ? el("a", { class: "button", href: `#/map/${id}` }, "Map") : null,
      run.report ? el("a", { class: "button", href: address("report", { id }), target: "_blank", rel: "noopener" }, "Report") : null,
    ];
    controls.append(...links.filter(Boolean));
    if (!canChange) return;
    if (run.state === "running") {
      controls.append(
        button("Stop and save", () => steer("stop"), "main"),
        button("Save", () => steer("save")),
        button("Sample now", () => steer("sample")),
      );
      if (!run.staged) {
        const length = number("New length in steps", run.steps, { low: 1, step: 1 });
        controls.append(length, button("Set length", () => steer(`steps ${Math.round(length.value)}`)));
      }
      let player = run.players[0]?.name;
      const rate = el("input", { type: "text", size: 8, value: run.players[0]?.lr || "", "aria-label": "Learning rate" });
      controls.append(
        select(
          "Player",
          run.players.map((each) => each.name),
          player,
          (name) => {
            player = name;
            rate.value = run.players.find((each) => each.name === name).lr;
          },
        ),
        rate,
        button("Set learning rate", () => steer(`set optimizer.${player}.lr=${rate.value}`)),
      );
      return;
    }
    if (run.state === "unreadable") return;
    const more = number("Steps in all", run.steps || run.step, { low: 1, step: 1 });
    controls.append(
      button(
        run.state === "finished" ? "Prolong to" : "Resume to",
        async () => {
          const steps = Math.round(more.value);
          await post("do/resume", run.staged || steps === run.steps ? { run: id } : { run: id, steps });
        },
        "main",
      ),
      more,
      button("Evaluate", () => post("do/evaluate", { run: id })),
    );
  }

  function drawNotes() {
    notes.replaceChildren(
      ...run.messages.map((message) =>
        el("p", { class: "notice" }, el("strong", {}, `Step ${count(message.step)}: `), message.text),
      ),
    );
    curves.mark(run.messages.map((message) => message.step));
  }

  function drawFacts() {
    pictures.replaceChildren(
      ...run.pictures.map((name) =>
        el("figure", { class: "panel" }, el("img", { class: "picture", src: address("picture", { id, name }), alt: name, loading: "lazy" }), el("figcaption", { class: "quiet" }, name)),
      ),
    );
    scores.replaceChildren();
    if (run.scores.length) {
      scores.append(
        el("h2", {}, "Scores"),
        table(
          ["Score", "Value", "How"],
          run.scores.map((score) => [
            score.name,
            el("span", { title: score.passport.map(([key, value]) => `${key}: ${value}`).join("\n") }, `${short(score.value)} ${score.unit}`),
            el("span", { class: "quiet" }, score.note),
          ]),
        ),
      );
    }
    facts.replaceChildren(
      el("h2", {}, "The run"),
      el("p", {}, `${run.data}. Trained for ${duration(run.seconds)}.`),
      run.legend.length ? el("p", { class: "quiet" }, run.legend.map(([, meaning]) => meaning).join("; ")) : "",
      run.commands.length ? el("p", {}, `Commands while it ran (step, command): ${run.commands.join("; ")}`) : "",
      commandLine(`belamy train --resume --out ${word(run.folder)}`),
      el("details", {}, el("summary", {}, "All settings"), el("pre", {}, run.settings)),
      el("details", {}, el("summary", {}, "Machine and paper"), el("p", {}, run.paper), table(["", ""], run.environment)),
    );
  }

  let drawn = "";
  async function refresh() {
    run = await get("run", { id });
    const charts = await get("curves", { id, points: 800 });
    if (!still()) return;
    state.className = `state ${run.state}`;
    state.textContent = `${run.state}, step ${count(run.step)}${run.steps ? ` of ${count(run.steps)}` : ""}`;
    bar.value = run.steps ? run.step / run.steps : 0;
    step.max = Math.max(0, run.samples.length - 1);
    drawStrip();
    const frame = follows || shownStep === null ? run.samples.length - 1 : frameAt(shownStep);
    curves.set([{ name: run.name, charts }], run.samples[frame]);
    showStep(frame);
    // Controls and texts are left alone while nothing of them has changed: somebody may be typing.
    const key = JSON.stringify([run.state, run.messages, run.scores, run.pictures, run.commands, run.checkpoints.length > 0, run.steps]);
    if (key !== drawn) {
      drawn = key;
      drawControls();
      drawNotes();
      drawFacts();
    }
  }

  await refresh();
  const source = new EventSource(address("events", { id }));
  // Drawing takes time from the training: not unseen, and not more often than every tenth of the run's age, 3 to 15 seconds.
  const follow = latest(async () => {
    if (!document.hidden) await refresh().catch(showError);
    await new Promise((resolve) => {
      hurry = resolve;
      setTimeout(resolve, Math.min(15000, Math.max(3000, 100 * run.seconds)));
    });
  });
  source.addEventListener("changed", (event) => {
    if (event.data !== run.state) hurry();
    follow();
  });
  return () => {
    source.close();
    clearInterval(timer);
    curves.close();
  };
}
