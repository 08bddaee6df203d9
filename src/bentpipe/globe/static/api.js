// What the server is asked: one function a question. Answers that cannot change are kept.

class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function asked(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("the server does not answer: is bentpipe serve still running?", 0);
  }
  if (response.ok) return response;
  let message = `the server answered ${response.status}`;
  try {
    message = (await response.json()).error || message;
  } catch { /* no JSON: the status says what there is to say */ }
  throw new ApiError(message, response.status);
}

/** An answer in JSON; null where there is nothing yet, as in slots that are not computed. */
async function json(path, options) {
  const response = await asked(path, options);
  return response.status === 204 ? null : response.json();
}

/** Numbers of a run: float32, or null where the slot is not computed. */
async function floats(path, options) {
  const response = await asked(path, options);
  return response.status === 204 ? null : new Float32Array(await response.arrayBuffer());
}

/** The latest of what was asked for, kept; the longest unused goes first. */
class Kept {
  constructor(most, ask) {
    this.most = most;
    this.ask = ask;
    this.held = new Map();
  }

  get(key) {
    let found = this.held.get(key);
    if (found === undefined) {
      found = this.ask(key).then((value) => {
        if (value === null) this.held.delete(key); // not computed yet: ask again
        return value;
      }, (error) => {
        this.held.delete(key);
        throw error;
      });
      if (this.held.size >= this.most) this.held.delete(this.held.keys().next().value);
    } else {
      this.held.delete(key);
    }
    this.held.set(key, found);
    return found;
  }

  forget(prefix) {
    for (const key of [...this.held.keys()]) if (key.startsWith(prefix)) this.held.delete(key);
  }
}

const values = new Kept(96, (path) => floats(path));
const slots = new Kept(96, (path) => json(path));
const keyframes = new Kept(24, (path) => floats(path));

const run = (id) => `/api/runs/${encodeURIComponent(id)}`;

export const runs = () => json("/api/runs");
export const scene = (id) => json(`${run(id)}/scene`);
export const fleet = (id) => json(`${run(id)}/fleet`);
export const outlines = (id) => json(`${run(id)}/outlines`);
export const worldOutlines = () => json("/api/outlines");
export const course = (id) => json(`${run(id)}/course`);
export const index = async (id, bytes) => {
  const buffer = await (await asked(`${run(id)}/index`)).arrayBuffer();
  return bytes === 4 ? new Uint32Array(buffer) : new Uint16Array(buffer);
};
export const cellValues = (id, variable, slot) => values.get(`${run(id)}/values/${variable}/${slot}`);
export const difference = (id, other, variable, slot) =>
  values.get(`${run(id)}/difference/${variable}/${slot}?with=${encodeURIComponent(other)}`);
export const slotNumbers = (id, slot) => slots.get(`${run(id)}/slots/${slot}`);
export const links = (id, slot) => slots.get(`${run(id)}/links/${slot}`);
export const keyframe = (id, k, identity) => keyframes.get(`${run(id)}/keyframes/${k}?of=${String(identity).slice(0, 16)}`);
export const forget = (id) => {
  values.forget(`${run(id)}/`);
  slots.forget(`${run(id)}/`);
};

const placeQuery = (place) =>
  place.site !== undefined ? `site=${encodeURIComponent(place.site)}`
    : place.cell !== undefined ? `cell=${encodeURIComponent(place.cell)}`
      : `lat=${place.latitude_deg}&lon=${place.longitude_deg}`;
export const place = (id, where, slot, signal) => json(`${run(id)}/place?slot=${slot}&${placeQuery(where)}`, { signal });
export const series = (id, where) => json(`${run(id)}/series?${placeQuery(where)}`);

export const startWhatIf = (order) => json("/api/what-ifs", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(order),
});
export const stopWhatIf = (id) => asked(`/api/what-ifs/${encodeURIComponent(id)}`, { method: "DELETE" });
export const whatIfResult = (id) => json(`/api/what-ifs/${encodeURIComponent(id)}/result`);
export const scenarioAddress = (id) => `/api/what-ifs/${encodeURIComponent(id)}/scenario.toml`;
export const exportAddress = (id, file, query) => `${run(id)}/export/${file}?${new URLSearchParams(query)}`;

/** Listen to the server: `onJob` and `onRun` are told what it says; it reconnects by itself. */
export function listen(onJob, onRun, onState) {
  let source = null;
  const open = () => {
    source = new EventSource("/api/events");
    source.addEventListener("job", (event) => onJob(JSON.parse(event.data)));
    source.addEventListener("run", (event) => onRun(JSON.parse(event.data)));
    source.addEventListener("open", () => onState(true));
    source.addEventListener("error", () => onState(false));
  };
  // A page that nobody sees listens to nothing: a browser has six connections to a server, for all its pages together.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    source = null;
    if (!document.hidden) open();
  });
  if (!document.hidden) open();
}
