// The latent space of a run: samples, a lattice of seeds, directions, paths, arithmetic.
import { get, latest, picture, post } from "./api.js";
import { pick } from "./pick.js";
import { action, blobImage, button, commandLine, count, el, number, select, showError, slider, smallPng, word } from "./ui.js";

export async function open(root, { rest, still }) {
  const id = await pick(root, "latents", rest[0], (run) => run.capabilities.some((each) => /sampler|decoder/.test(each)), "Latents");
  if (!id) return null;
  const run = await get("run", { id });
  const can = await get("abilities", { id });
  const use = new Map();
  const settings = () => [...use].map(([key, value]) => `${key}=${value}`);
  const newest = run.checkpoints.length - 1;
  let chosen = newest; // among the checkpoints
  const about = (question) => ({ run: id, use: settings(), ...(chosen < newest ? { step: run.checkpoints[chosen] } : {}), ...question });
  const ask = (what, question) => picture(`ask/${what}`, about(question));
  const ofRun = () =>
    [chosen < newest ? ` --checkpoint ${run.checkpoints[chosen]}` : "", ...settings().map((each) => ` --set ${word(each)}`)].join("");
  root.append(el("h1", {}, `Latents of ${run.name}`), el("p", { class: "quiet" }, `${can.model}, trained for ${count(can.step)} steps`));
  if (!can.images) {
    root.append(el("p", {}, "This run makes points, which have no pictures."));
    return null;
  }
  const guarded = (work) => async () => {
    try {
      showError(null);
      await work();
    } catch (error) {
      if (still()) showError(error);
    }
  };
  const redraw = [];
  if (newest > 0) {
    const checkpoint = slider("Checkpoint", {
      low: 0,
      high: newest,
      step: 1,
      value: newest,
      show: (place) => `step ${count(run.checkpoints[place])}`,
      change: (place) => {
        chosen = place;
        for (const draw of redraw) draw();
      },
    });
    root.append(checkpoint.root, el("p", { class: "quiet" }, "The checkpoint that all pictures of this page come from. A run with train.keep = 10 keeps ten."));
  }

  if (can.samples) {
    const shown = blobImage("Samples", "picture large");
    let seed = 1;
    let wanted = "";
    const text = el("input", { type: "text", size: 40, placeholder: "a big red bold serif A", "aria-label": "Text" });
    const attributes = el("input", { type: "text", placeholder: can.attributes.map((name) => `${name}=1`).join(","), "aria-label": "Attributes" });
    const command = el("div");
    const option = (name, value) => (value ? ` --${name} ${word(value)}` : "");
    const draw = latest(
      guarded(async () => {
        const said = can.text ? text.value : "";
        command.replaceChildren(
          commandLine(
            `belamy sample ${word(run.folder)} -n 64 --seed ${seed}${option("class", wanted)}${option("text", said)}` +
              `${option("attributes", attributes.value)}${ofRun()}`,
          ),
        );
        shown.show(await ask("samples", { seed, count: 64, class: wanted, text: said, attributes: attributes.value }));
      }),
    );
    redraw.push(draw);
    const seedInput = number("Seed", 1, { low: 0, step: 1, change: (value) => ((seed = Math.round(value)), draw()) });
    root.append(
      el("h2", {}, "Samples"),
      el(
        "div",
        { class: "row" },
        el("label", {}, "Seed ", seedInput),
        button("Next seed", () => ((seed += 1), (seedInput.value = seed), draw())),
        can.classes.length ? el("label", {}, "Class ", select("Class", [["", "all"], ...can.classes], "", (value) => ((wanted = value), draw()))) : "",
        can.text ? el("label", {}, "Text ", text) : "",
        can.attributes.length ? el("label", {}, "Attributes ", attributes) : "",
      ),
      command,
      shown.image,
    );
    text.addEventListener("input", () => draw());
    attributes.addEventListener("change", () => draw());
    await draw();
  }

  if (can.use.length) {
    root.append(
      el(
        "details",
        {},
        el("summary", {}, "Settings of use"),
        can.use.map((field) => {
          const plain = field.value.replace(/^"|"$/g, "");
          const change = (value) => {
            if (String(value) === plain) use.delete(field.key);
            else use.set(field.key, value);
            for (const draw of redraw) draw();
          };
          const input = field.choices.length
            ? select(field.key, field.choices, plain, change)
            : el("input", { type: "text", value: plain, "aria-label": field.key, onchange: (event) => change(event.target.value) });
          return el("div", { class: "field" }, el("span", {}, field.key), input, el("small", {}, field.help));
        }),
      ),
    );
  }

  if (!can.spaces.length) return null;
  let space = can.spaces.at(-1);

  // --- A lattice of seeds, and directions from there ---
  const corners = [1, 2, 3, 4];
  const place = { x: 0.5, y: 0.5 };
  const moves = new Array(can.directions).fill(0);
  const large = blobImage("Decoded latent", "picture large");
  const here = () => ask("decoded", { space, seeds: corners, x: place.x, y: place.y, moves: moves.some(Boolean) ? moves : [] });
  const decode = latest(guarded(async () => large.show(await here())));
  redraw.push(decode);
  // The lattice itself, as pictures behind the knob.
  const weave = latest(
    guarded(async () => {
      const url = URL.createObjectURL(await ask("decoded", { space, seeds: corners, grid: 7 }));
      if (lattice.woven) URL.revokeObjectURL(lattice.woven);
      lattice.woven = url;
      lattice.style.backgroundImage = `url(${url})`;
    }),
  );
  redraw.push(weave);
  // The directions take up to a second: they are computed before a slider is moved.
  const prepare = latest(guarded(() => ask("decoded", { space, seeds: corners.slice(0, 1), moves: moves.map(() => 0) })));
  redraw.push(prepare);
  const near = el("img", { class: "picture", alt: "Nearest training pictures" });
  const knob = el("div", { class: "knob" });
  const lattice = el("div", { class: "lattice", tabIndex: 0, role: "application", "aria-label": "Place between four seeds; arrow keys move it" }, knob);
  const moveTo = (x, y) => {
    place.x = Math.min(1, Math.max(0, x));
    place.y = Math.min(1, Math.max(0, y));
    knob.style.left = `${100 * place.x}%`;
    knob.style.top = `${100 * place.y}%`;
    lattice.setAttribute("aria-valuetext", `${place.x.toFixed(2)}, ${place.y.toFixed(2)}`);
    decode();
  };
  const drag = (event) => {
    const box = lattice.getBoundingClientRect();
    moveTo((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  lattice.addEventListener("pointerdown", (event) => {
    lattice.setPointerCapture(event.pointerId);
    drag(event);
  });
  lattice.addEventListener("pointermove", (event) => event.buttons && drag(event));
  lattice.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    moveTo(place.x + 0.05 * way[0], place.y + 0.05 * way[1]);
  });
  const cornerInputs = corners.map((seed, i) =>
    number(`Seed of corner ${i + 1}`, seed, { step: 1, change: (value) => ((corners[i] = Math.round(value)), weave(), decode()) }),
  );
  const ownPicture = el("img", { class: "picture", alt: "Your picture, and what the run makes of its latent", hidden: true });
  const ownWords = el("p", { role: "status" });
  const upload = el("input", { type: "file", accept: "image/png,image/jpeg", "aria-label": "A picture of your own" });
  upload.addEventListener(
    "change",
    action(async () => {
      if (!upload.files[0]) return;
      ownWords.textContent = "Finding its latent ...";
      const kept = await post("ask/keep", about({ space, picture: await smallPng(upload.files[0], 512) }));
      ownPicture.src = `data:image/png;base64,${kept.picture}`;
      ownPicture.hidden = false;
      ownWords.textContent = `Your picture, and the run's picture of its latent, which is corner 1 now. The number ${kept.seed} stands for it in paths too.`;
      corners[0] = kept.seed;
      cornerInputs[0].value = kept.seed;
      weave();
      moveTo(0, 0);
    }),
  );
  const sliders = moves.map((_, i) =>
    slider(`Direction ${i + 1}`, {
      low: -4,
      high: 4,
      step: 0.1,
      value: 0,
      show: (value) => value.toFixed(1),
      change: (value) => {
        moves[i] = value;
        decode();
      },
    }),
  );
  root.append(
    el("h2", {}, "Between four seeds, and along directions"),
    el(
      "div",
      { class: "side" },
      el(
        "div",
        {},
        el(
          "div",
          { class: "row" },
          cornerInputs.map((input, i) => el("label", {}, `Corner ${i + 1} `, input)),
          can.spaces.length > 1
            ? el("label", {}, "Space ", select("Space", can.spaces, space, (value) => ((space = value), weave(), decode(), prepare())))
            : "",
        ),
        lattice,
        sliders.map((each) => each.root),
        button("Back to the middle", () => {
          moves.fill(0);
          for (const each of sliders) each.set(0);
          moveTo(0.5, 0.5);
        }),
        el("div", { class: "row" }, el("label", {}, "A picture of your own ", upload)),
        ownWords,
        ownPicture,
      ),
      el(
        "div",
        {},
        large.image,
        button("Nearest training pictures", async () => {
          const bytes = new Uint8Array(await (await here()).arrayBuffer());
          const found = await post("ask/picture", about({ what: "nearest", picture: btoa(String.fromCharCode(...bytes)) }));
          near.src = `data:image/png;base64,${found.picture}`;
        }),
        near,
      ),
    ),
  );
  weave();
  moveTo(0.5, 0.5);
  prepare();
  if (can.manifold) {
    const plane = blobImage("The plane of both latents", "picture large");
    const lay = latest(guarded(async () => plane.show(await ask("manifold", {}))));
    redraw.push(lay);
    root.append(el("h2", {}, "The plane of both latents"), plane.image);
    await lay();
  }

  // --- Paths ---
  const seeds = el("input", { type: "text", value: "1, 2, 3", "aria-label": "Seeds of the path" });
  let kind = "spherical";
  const film = blobImage("Path", "picture large");
  const path = (asFilm) =>
    ask("path", { space, seeds: seeds.value.split(/[\s,]+/).filter(Boolean).map(Number), kind, steps: asFilm ? 24 : 10, film: asFilm });
  root.append(
    el("h2", {}, "Paths"),
    el(
      "div",
      { class: "row" },
      el("label", {}, "Key frames (seeds) ", seeds),
      select("Kind of path", ["spherical", "linear"], kind, (value) => (kind = value)),
      button("Strip", async () => film.show(await path(false))),
      button("Animation", async () => film.show(await path(true))),
      button("Save the animation", async () => {
        const url = URL.createObjectURL(await path(true));
        el("a", { href: url, download: `${run.name}-path.webp` }).click();
        setTimeout(() => URL.revokeObjectURL(url), 1000);
      }),
    ),
    film.image,
    commandLine(`belamy interpolate ${word(run.folder)}${can.spaces.length > 1 ? ` --space ${space}` : ""}`),
  );

  // --- Arithmetic ---
  const groups = { a: [], b: [], c: [] };
  const result = blobImage("A, B, C and A - B + C", "picture large");
  const boxes = {};
  const compute = latest(
    guarded(async () => {
      if (Object.values(groups).some((group) => !group.length)) return;
      result.show(await ask("arithmetic", { space, ...groups }));
    }),
  );
  const tile = async (seed) => {
    const blob = await ask("decoded", { space, seeds: [seed] });
    return el("img", { src: URL.createObjectURL(blob), alt: `Seed ${seed}`, draggable: true });
  };
  const put = action(async (name, seed) => {
    groups[name].push(seed);
    const image = await tile(seed);
    const out = el("button", { type: "button", title: "Remove", "aria-label": `Remove seed ${seed} from ${name.toUpperCase()}` }, image);
    out.addEventListener("click", () => {
      groups[name].splice(groups[name].indexOf(seed), 1);
      out.remove();
      compute();
    });
    boxes[name].append(out);
    compute();
  });
  const tray = el("div", { class: "tray" });
  let target = "a";
  let first = 1;
  const fill = action(async () => {
    const made = [];
    for (let seed = first; seed < first + 16; ++seed) {
      const image = await tile(seed);
      image.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", String(seed)));
      made.push(el("button", { type: "button", "aria-label": `Put seed ${seed} into the chosen group`, onclick: () => put(target, seed) }, image));
    }
    tray.replaceChildren(...made);
  });
  root.append(
    el("h2", {}, "Arithmetic: A − B + C"),
    el("p", { class: "quiet" }, "Drag pictures into the groups, or choose a group and press a picture. The means of the groups are computed."),
    el(
      "div",
      { class: "row" },
      button("Pictures", fill),
      button("Others", async () => {
        first += 16;
        await fill();
      }),
      el("label", {}, "Group ", select("Group", [["a", "A"], ["b", "B"], ["c", "C"]], "a", (value) => (target = value))),
    ),
    tray,
    el(
      "div",
      { class: "groups" },
      ["a", "b", "c"].map((name) => {
        boxes[name] = el("div", { class: "drop", role: "group", "aria-label": `Group ${name.toUpperCase()}` }, el("strong", {}, name.toUpperCase()));
        boxes[name].addEventListener("dragover", (event) => event.preventDefault());
        boxes[name].addEventListener("drop", (event) => {
          event.preventDefault();
          const seed = Number(event.dataTransfer.getData("text/plain"));
          if (Number.isInteger(seed)) put(name, seed);
        });
        return boxes[name];
      }),
    ),
    result.image,
  );
  return null;
}
