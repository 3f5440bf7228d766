// Curves on uPlot, one instance each, drawn when they come into view.
//
//   <figure class="chart" data-series="/api/v1/stations/…/series?channel=…&from=…" data-kind="line" data-decimals="1"
//           data-unit="°C" data-name="Air temperature">
//     <output aria-live="off"></output><div class="plot" data-label="…"></div>
//   </figure>
//
// A minute that is missing is a gap, and a value between two gaps is a point. A value that is in doubt is drawn in the
// colour of doubt. Times are those of the place that is shown, whatever zone the phone is in.

import { age } from "./ages.js";
import { tell } from "./state.js";
import { say } from "./words.js";

const OFFSET_S = Number(document.body.dataset.offsetS) || 0;
const STEPS_S = [300, 600, 1800, 3600, 10800, 21600, 28800, 43200, 86400, 172800, 604800, 1209600, 2592000];
const MOST_PAGES = 40;
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -60, PageUp: 60, Home: -Infinity, End: Infinity };
const AGAIN_MS = 15000;

export function drawAll() {
  if (typeof uPlot === "undefined") return; // an old browser cannot read it: the server's drawings stand
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  });
  for (const figure of document.querySelectorAll("figure.chart[data-series]")) seen.observe(figure);
}

async function draw(figure) {
  const told = figure.querySelector("output");
  try {
    const points = await fetched(figure.dataset.series);
    if (!points.some((point) => point.value !== null)) {
      told.textContent = say("none");
      figure.dataset.state = "empty";
      return;
    }
    plot(figure, points);
    figure.dataset.state = "drawn";
    age();
  } catch (error) {
    told.textContent = say("failed");
    setTimeout(() => draw(figure), AGAIN_MS);
  }
}

async function fetched(address) {
  const points = [];
  const url = new URL(address, location.href);
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (answer.status === 401) tell("out");
    if (!answer.ok) throw new Error(String(answer.status));
    const series = await answer.json();
    points.push(...series.points);
    if (series.next_us === null) return points;
    url.searchParams.set("from", String(series.next_us / 1e6));
  }
  return points;
}

// Returns [times, good, doubtful, lowest, highest] with a null wherever time passes without a value.
export function columns(points) {
  const rows = [[], [], [], [], []];
  let end = null;
  for (const point of points) {
    if (end !== null && point.start_us > end) push(rows, end, null, null, null, null);
    const doubt = point.quality === 3 || point.quality === 4;
    const value = point.quality === 9 ? null : point.value;
    push(rows, point.start_us, doubt ? null : value, doubt ? value : null, point.lowest, point.highest);
    end = point.end_us;
  }
  return rows;
}

function push(rows, us, ...values) {
  rows[0].push(us / 1e6);
  values.forEach((value, place) => rows[place + 1].push(empty(value) ? null : value));
}

function empty(value) {
  return value === undefined || value === null;
}

function lone(u, series) {
  const values = u.data[series];
  const found = [];
  values.forEach((value, at) => {
    if (value !== null && empty(values[at - 1]) && empty(values[at + 1])) found.push(at);
  });
  return found;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function ticks(u, axis, min, max) {
  const wanted = Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / 70));
  const step = STEPS_S.find((one) => (max - min) / one <= wanted) || STEPS_S[STEPS_S.length - 1];
  const found = [];
  for (let at = Math.ceil((min + OFFSET_S) / step) * step - OFFSET_S; at <= max; at += step) found.push(at);
  return found;
}

function two(n) {
  return String(n).padStart(2, "0");
}

// The place's own clock by arithmetic: no zone of the device has a say in it.
export function clock(seconds) {
  const date = new Date((seconds + OFFSET_S) * 1000);
  const day = `${date.getUTCMonth() + 1}-${date.getUTCDate()}`;
  return { day, time: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`, midnight: date.getUTCHours() + date.getUTCMinutes() === 0 };
}

function tickLabels(u, values) {
  return values.map((at) => {
    const { day, time, midnight } = clock(at);
    return midnight ? day : time;
  });
}

// Returns from when to when a curve was asked for: where nothing was measured there is paper, and no other time.
function asked(figure, points) {
  const query = new URL(figure.dataset.series, location.href).searchParams;
  return [Math.min(Number(query.get("from")), points[0].start_us / 1e6), Number(query.get("to"))];
}

function options(figure, span, width, height) {
  const { kind } = figure.dataset;
  const [ink, faint, line, doubt, paper] = ["--ink", "--rule", "--accent", "--doubt", "--paper"].map(colour);
  const bars = kind === "bars" ? { paths: uPlot.paths.bars({ size: [0.8, 40], align: 1 }) } : {};
  const dots = kind === "direction";
  const points = { show: true, filter: dots ? undefined : lone, size: dots ? 3 : 5 };
  const drawn = { spanGaps: false, width: dots ? 0 : 1.75, points, ...bars };
  const axis = { stroke: ink, grid: { stroke: faint, width: 1 }, ticks: { stroke: faint, width: 1, size: 4 } };
  const font = `12px ${colour("--font") || "sans-serif"}`;
  return {
    width,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, bind: silent(), points: { size: 9 } },
    scales: { x: { time: false, range: () => span }, y: range(kind) },
    axes: [
      { ...axis, font, space: 60, splits: ticks, values: tickLabels },
      { ...axis, font, size: wide, values: (u, found) => found.map((one) => one.toFixed(places(found))), ...(kind === "direction" ? { splits: () => [0, 90, 180, 270, 360] } : {}) },
    ],
    series: [
      {},
      { ...drawn, stroke: line, fill: kind === "bars" ? line : undefined, points: { ...points, fill: line, stroke: line } },
      { ...drawn, stroke: doubt, dash: [4, 3], points: { ...points, filter: undefined, size: 4, fill: doubt, stroke: doubt } },
      { stroke: "transparent", width: 0, points: { show: false } },
      { stroke: "transparent", width: 0, points: { show: false } },
    ],
    bands: [{ series: [4, 3], fill: colour("--band") }],
    hooks: { drawClear: [(u) => paint(u, paper)] },
  };
}

// The paper is part of the drawing: a browser that darkens pages by itself does not touch what a canvas holds.
function paint(u, paper) {
  u.ctx.save();
  u.ctx.fillStyle = paper;
  u.ctx.fillRect(0, 0, u.ctx.canvas.width, u.ctx.canvas.height);
  u.ctx.restore();
}

function wide(u, labels) {
  return 18 + 7 * Math.max(3, ...(labels || []).map((label) => label.length));
}

// Returns the least digits that tell each tick as it is.
function places(found) {
  const exact = (digits) => found.every((one) => Math.abs(Number(one.toFixed(digits)) - one) < 1e-6);
  return [0, 1, 2, 3].find((digits) => digits === 3 || exact(digits));
}

function range(kind) {
  if (kind === "bars") return { range: (u, min, max) => [0, Math.max(max, 1) * 1.1] };
  if (kind === "direction") return { range: () => [0, 360] };
  return { range: (u, min, max) => scale(min, uPlot.rangeNum(...framed(min, max), { min: { pad: 0.1 }, max: { pad: 0.1 } })) };
}

// What was never below zero has no scale below zero.
function scale(min, [low, high]) {
  return [min >= 0 ? Math.max(0, low) : low, high];
}

// A curve that is flat stands in the middle of one unit, as the server draws it.
function framed(min, max) {
  return max - min < 1e-6 ? [min - 0.5, max + 0.5] : [min, Math.max(max, min + 1)];
}

// uPlot knows the mouse alone; touch, pen and mouse are one to `steer`.
function silent() {
  const none = () => null;
  const names = ["mousedown", "mouseup", "click", "dblclick", "mousemove", "mouseleave", "mouseenter"];
  return names.reduce((found, name) => ({ ...found, [name]: none }), {});
}

function plot(figure, points) {
  const place = figure.querySelector(".plot");
  const size = () => [Math.max(200, place.clientWidth), Math.max(120, place.clientHeight)];
  const u = new uPlot(options(figure, asked(figure, points), ...size()), columns(points), place);
  new ResizeObserver(() => {
    const [width, height] = size();
    if (width !== u.width || height !== u.height) u.setSize({ width, height });
  }).observe(place);
  steer(figure, u, points);
}

function steer(figure, u, points) {
  const place = figure.querySelector(".plot");
  const told = figure.querySelector("output");
  const whole = told.textContent;
  const last = points.length - 1;
  let at = last;
  const hear = () => {
    place.setAttribute("aria-valuenow", String(at));
    place.setAttribute("aria-valuetext", sentence(figure, points[at]));
  };
  const show = (index) => {
    at = Math.min(Math.max(index, 0), last);
    u.setCursor({ left: u.valToPos(points[at].start_us / 1e6, "x"), top: 10 });
    told.textContent = sentence(figure, points[at]);
    hear();
  };
  const leave = () => {
    at = last;
    u.setCursor({ left: -10, top: -10 });
    told.textContent = whole;
    hear();
  };
  // For whoever hears it, a slider over the minutes: a screen reader hands it the keys, and says each value once.
  const range = { "aria-valuemin": 0, "aria-valuemax": last };
  const slider = { role: "slider", tabindex: 0, "aria-label": place.dataset.label, ...range };
  for (const [name, value] of Object.entries(slider)) place.setAttribute(name, String(value));
  hear();
  const point = (event) => show(nearest(points, u.posToVal(event.clientX - u.over.getBoundingClientRect().left, "x")));
  u.over.addEventListener("pointerdown", point);
  u.over.addEventListener("pointermove", point);
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave();
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(at + step);
  });
}

function nearest(points, seconds) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].end_us / 1e6 <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sentence(figure, point) {
  const { unit, decimals } = figure.dataset;
  const { day, time } = clock(point.start_us / 1e6);
  const number = (value) => `${value.toFixed(Number(decimals) || 0)} ${unit}`.trim();
  const word = { 2: say("unchecked"), 3: say("suspect"), 4: say("bad"), 9: say("missing") }[point.quality];
  const value = point.value === null || point.quality === 9 ? "–" : number(point.value);
  const range = point.lowest === null || point.highest === null ? "" : ` (${number(point.lowest)} … ${number(point.highest)})`;
  return `${day} ${time}  ${value}${range}${word ? `  ${word}` : ""}`;
}
