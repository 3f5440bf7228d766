// The server's time, carried on by the browser's monotonic clock: a phone whose date is wrong still tells right ages.

const speed = Number(document.body.dataset.speed) || 1; // a simulated station's time runs faster
let known = null;

// Takes in the server's time (microseconds UTC), which was right at `at` (ms of the browser's monotonic clock).
export function told(us, at = performance.now()) {
  if (us !== "" && Number.isFinite(Number(us))) known = { us: Number(us), at };
}

// Returns the server's time now (microseconds UTC); null where it does not know it.
export function nowUs() {
  return known && known.us + (performance.now() - known.at) * 1000 * speed;
}

// Returns the instant at which the page itself began to arrive.
function arrived() {
  const page = performance.getEntriesByType("navigation")[0];
  return page && page.responseStart > 0 ? page.responseStart : performance.now();
}

told(document.body.dataset.nowUs, arrived());
