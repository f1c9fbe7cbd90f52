// Small parts of which the pages are made. Text is always set as text.
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("aria-") || key === "role" || key === "for" || key === "list") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function showError(error) {
  const box = document.getElementById("errors");
  if (!error) {
    box.hidden = true;
    box.textContent = "";
    return;
  }
  box.textContent = error.cure ? `${error.message}\n${error.cure}` : error.message;
  box.hidden = false;
}

// An action of a button: errors are shown, and the button waits for the end.
export function action(work) {
  return async (...values) => {
    const button = values[0]?.currentTarget;
    showError(null);
    if (button) button.disabled = true;
    try {
      await work(...values);
    } catch (error) {
      showError(error);
    } finally {
      if (button) button.disabled = false;
    }
  };
}

export function button(text, work, kind) {
  return el("button", { type: "button", class: kind, onclick: action(work) }, text);
}

export function slider(label, { low, high, step, value, show = (x) => String(x), change }) {
  const input = el("input", { type: "range", min: low, max: high, step, value, "aria-label": label });
  const output = el("output", {}, show(Number(value)));
  input.addEventListener("input", () => {
    output.textContent = show(Number(input.value));
    change(Number(input.value));
  });
  const root = el("div", { class: "slider" }, el("span", {}, label), input, output);
  return {
    root,
    input,
    set(value) {
      input.value = value;
      output.textContent = show(Number(value));
    },
    get: () => Number(input.value),
  };
}

export function select(label, choices, value, change) {
  const made = el(
    "select",
    { "aria-label": label, onchange: () => change(made.value) },
    choices.map((choice) => {
      const [key, text] = Array.isArray(choice) ? choice : [choice, choice];
      return el("option", { value: key, selected: key === value }, text);
    }),
  );
  return made;
}

export function number(label, value, { low, high, step, change } = {}) {
  const made = el("input", { type: "number", value, min: low, max: high, step, "aria-label": label });
  if (change) made.addEventListener("change", () => change(Number(made.value)));
  return made;
}

// "Copy as command line".
export function commandLine(text) {
  const done = el("span", { role: "status", class: "quiet" });
  return el(
    "div",
    { class: "command" },
    el("code", {}, text),
    button("Copy", async () => {
      await navigator.clipboard.writeText(text);
      done.textContent = "copied";
      setTimeout(() => (done.textContent = ""), 1500);
    }),
    done,
  );
}

export function word(text) {
  return /^[A-Za-z0-9_.,:/=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function count(value) {
  return Math.round(value).toLocaleString("en");
}

export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return Math.abs(value) >= 1e4 ? count(value) : String(Number(value.toPrecision(4)));
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function table(head, rows, kind) {
  return el(
    "div",
    { class: "wide" },
    el(
      "table",
      { class: kind },
      el("thead", {}, el("tr", {}, head.map((cell) => el("th", { scope: "col" }, cell)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell === null ? "–" : cell))))),
    ),
  );
}

// An <img> that shows blobs one after another.
export function blobImage(alt, kind = "picture") {
  const image = el("img", { class: kind, alt });
  let url = null;
  return {
    image,
    show(blob) {
      const old = url;
      url = URL.createObjectURL(blob);
      image.src = url;
      if (old) setTimeout(() => URL.revokeObjectURL(old), 1000);
    },
    url: () => url,
  };
}

// Follows a job until it ends; `see` gets its state about twice a second. Ends when the page changes.
// The picture of a file as base64 of a PNG, no side longer than `side` pixels.
export async function smallPng(file, side) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Error("the picture cannot be read: choose a PNG or JPEG file");
  }
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = el("canvas", { width: Math.max(1, Math.round(scale * picture.width)), height: Math.max(1, Math.round(scale * picture.height)) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",")[1];
}

export async function follow(get, job, see, still = () => true) {
  while (still()) {
    const state = await get("job", { job });
    see(state);
    if (!state.running) return state;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return null;
}

export function equations(root) {
  for (const equation of root.querySelectorAll("x-equation")) {
    const text = equation.textContent;
    window.katex.render(text, equation, { displayMode: equation.getAttribute("type") === "display", throwOnError: false });
  }
}
