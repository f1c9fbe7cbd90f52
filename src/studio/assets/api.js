// Requests to the studio. Errors carry what went wrong and what to do.
export class StudioError extends Error {
  constructor(what, cure, status) {
    super(what);
    this.cure = cure || "";
    this.status = status;
  }
}

async function answered(reply) {
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({ error: `the studio answered ${reply.status}` }));
  throw new StudioError(problem.error, problem.cure, reply.status);
}

async function send(url, options) {
  try {
    return await answered(await fetch(url, options));
  } catch (error) {
    if (error instanceof StudioError) throw error;
    throw new StudioError("the studio does not answer", "is it still running? Trainings go on without it");
  }
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return `/api/1/${path}${query ? `?${query}` : ""}`;
}

export async function get(path, parameters) {
  return (await send(address(path, parameters))).json();
}

function posted(path, body) {
  return send(`/api/1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Belamy": "1" },
    body: JSON.stringify(body),
  });
}

export async function post(path, body = {}) {
  return (await posted(path, body)).json();
}

// A picture as a blob.
export async function picture(path, body) {
  return (await posted(path, body)).blob();
}

// Calls `work` with the latest arguments only: while one call runs, newer ones replace each other.
export function latest(work) {
  let running = false;
  let next = null;
  return async function call(...values) {
    next = values;
    if (running) return;
    running = true;
    try {
      while (next) {
        const now = next;
        next = null;
        await work(...now);
      }
    } finally {
      running = false;
    }
  };
}
