// The frame: addresses such as #/run/0123456789ab lead to pages. A page is a function that fills an element and returns
// what to do when it is left.
import { get, post, StudioError } from "./api.js";
import { el, showError } from "./ui.js";

const pages = [
  ["runs", "Runs", () => import("./runs.js")],
  ["new", "New run", () => import("./new.js")],
  ["latents", "Latents", () => import("./latents.js")],
  ["draw", "Draw", () => import("./draw.js")],
  ["map", "Map", () => import("./map.js")],
  ["plane", "Plane", () => import("./plane.js")],
  ["labs", "Labs", () => import("./labs.js")],
  ["data", "Data", () => import("./data.js")],
];
const further = { run: () => import("./run.js"), compare: () => import("./compare.js") };

const main = document.getElementById("main");
let leave = null;
let visit = 0;

export const studio = { session: null };

function place() {
  const [path, query] = location.hash.replace(/^#\//, "").split("?");
  const [page = "runs", ...rest] = path.split("/").filter(Boolean);
  return { page: page || "runs", rest, query: new URLSearchParams(query || "") };
}

async function logIn(token) {
  await post("login", { token });
  location.replace("#/runs");
}

async function show() {
  const mine = ++visit;
  if (leave) leave();
  leave = null;
  showError(null);
  const { page, rest, query } = place();
  try {
    if (page === "login") return await logIn(rest[0] || "");
    studio.session = studio.session || (await get("session"));
    const found = pages.find(([name]) => name === page);
    const load = found ? found[2] : further[page];
    if (!load) throw new StudioError("there is no such page", "choose one above");
    const module = await load();
    if (mine !== visit) return;
    drawNavigation(page);
    const content = el("div");
    main.replaceChildren(content);
    leave = (await module.open(content, { rest, query, studio, still: () => mine === visit })) || null;
    document.title = `${found ? found[1] : content.querySelector("h1")?.textContent || "Run"} – Belamy studio`;
  } catch (error) {
    if (mine !== visit) return;
    showError(error);
    if (error.status === 401) main.replaceChildren(el("h1", {}, "Belamy studio"), el("p", {}, "This browser has no session."));
  }
}

function drawNavigation(current) {
  const shown = current === "run" || current === "compare" ? "runs" : current;
  document.getElementById("pages").replaceChildren(
    ...pages
      .filter(([name]) => !(studio.session.read_only && name === "new"))
      .map(([name, text]) => {
        const link = el("a", { href: `#/${name}` }, text);
        if (name === shown) link.setAttribute("aria-current", "page");
        return link;
      }),
  );
}

async function watchJobs() {
  if (studio.session) {
    try {
      const running = (await get("jobs")).filter((job) => job.running);
      document.getElementById("jobs").textContent = running.length
        ? `running: ${running.map((job) => `${job.kind} ${job.title}`).join(", ")}`
        : "";
    } catch {
      document.getElementById("jobs").textContent = "the studio does not answer";
    }
  }
  setTimeout(watchJobs, 2000);
}

addEventListener("hashchange", show);
// Keys 1 to 8 open the pages.
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const page = pages[Number(event.key) - 1];
  if (page) location.hash = `#/${page[0]}`;
});
show();
watchJobs();
