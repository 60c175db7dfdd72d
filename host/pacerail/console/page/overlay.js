// The overlay for television: a transparent page, sized by the address, fed by /feed. docs/overlay.md has its options.

import { RaceClock } from "./clock.js";
import { byId, make, mark, put, rows } from "./dom.js";
import { readOptions } from "./overlayoptions.js";
import { clockTime, mark_m, time } from "./words.js";

const RETRY_MS = 1000;
const SPAN_M = 20; // a bar is full at so many metres, or at the widest gap if that is more
const STALE_MS = 3000; // after so long without word the picture is no longer true: it goes away
const MOVED_S = 0.03; // so much more or less than the time between two messages is another zero
const DEAD_MS = 4000; // and after so long the line may be half open, so it is made anew
const LAP_M = 400; // of a program that does not say it

const options = readOptions(location.search);
const clock = new RaceClock();
let feed = null;
let heard_ms = -Infinity;
let socket = null;
let tried_ms = 0;

document.documentElement.style.setProperty("--w", `${options.w}px`);
document.documentElement.style.setProperty("--h", `${options.h}px`);
document.documentElement.style.setProperty("--u", `${(options.h / 1080) * options.scale}px`);
document.documentElement.style.setProperty("--back", options.back);
byId("frame").dataset.place = options.place;

function connect() {
  const token = options.token ? `?token=${encodeURIComponent(options.token)}` : "";
  tried_ms = performance.now();
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/feed${token}`);
  socket.onmessage = (event) => take(JSON.parse(event.data), performance.now());
  socket.onclose = () => setTimeout(connect, RETRY_MS);
}

/** A line that is half open is never closed by the other end. */
function look() {
  if (performance.now() - Math.max(heard_ms, tried_ms) < DEAD_MS || socket.readyState > 1) return;
  socket.onclose = socket.onmessage = null;
  socket.close();
  connect();
}

/**
 * The feed has no fleet time, so the race itself is the clock's time here, with its zero at 0. That clock runs on at the
 * rate that the feed says, and begins anew when there is no race or when the zero is another one.
 */
function take(told, at_ms) {
  const rate = told.rate ?? 1;
  if (told.race_s === null || zeroMoved(told, rate)) clock.forget();
  feed = told;
  heard_ms = at_ms;
  if (told.race_s !== null) clock.heard(told.race_s * 1e6, told.race_s, rate, at_ms);
}

/** By the feed's own time, since a message that comes late is no other zero. */
function zeroMoved(told, rate) {
  if (feed === null || feed.race_s === null) return true;
  const moved_s = told.race_s - feed.race_s - (told.t - feed.t) * rate;
  return Math.abs(moved_s) > MOVED_S * Math.max(1, rate);
}

/** The waves that are asked for, in the order asked for, on from the last message. */
function waves(at_ms) {
  const wanted = options.waves ?? feed.waves.map((wave) => wave.name);
  return wanted
    .map((name) => feed.waves.find((wave) => wave.name === name))
    .filter(Boolean)
    .map((wave) => {
      const ahead_m = clock.distance_m(wave, feed.race_s, at_ms) - wave.distance_m;
      return { ...wave, now_m: wave.distance_m + ahead_m, track_now_m: wave.track_m + ahead_m };
    });
}

function showStrip(list) {
  const strip = byId("strip");
  const lap = options.strip === "lap";
  const full_m = lap ? (options.lap_m ?? feed.lap_m ?? LAP_M) : feed.plan.distance_m;
  const width = strip.clientWidth;
  const marks = lap ? [[0, "finish"], [full_m, "finish"]] : [[0, "start"], [full_m, mark_m(full_m)]];
  if (strip.dataset.of !== `${lap} ${full_m} ${width}`) {
    strip.dataset.of = `${lap} ${full_m} ${width}`;
    strip.querySelectorAll(".mark").forEach((node) => node.remove());
    for (const [at_m, words] of marks) {
      const node = make("span", { class: "mark" }, make("span", {}, words));
      node.style.left = `${(at_m / full_m) * 100}%`;
      strip.append(node);
    }
  }
  const lights = list.map((wave) => {
    const at_m = lap ? ((wave.track_now_m % full_m) + full_m) % full_m : Math.min(full_m, wave.now_m);
    return { name: wave.name, colour: wave.colour, x: (at_m / full_m) * width };
  });
  level(lights);
  rows(byId("lights"), lights, (light) => light.name,
    (light) => make("div", { class: "light" }, make("s"), make("i"), make("b", {}, light.name)),
    (node, light) => {
      node.style.transform = `translateX(${light.x.toFixed(1)}px)`;
      const [stem, dot, name] = node.children;
      dot.style.background = light.colour;
      name.style.bottom = `calc(${34 + 34 * light.level} * var(--u))`;
      stem.style.height = `calc(${8 + 34 * light.level} * var(--u))`;
      widths.set(light.name, name.offsetWidth);
      // near an end of the strip a long name stands aside, so that all of it is in the picture
      const room = 0.85 * (strip.offsetLeft - byId("board").offsetLeft);
      const half = name.offsetWidth / 2;
      const centre = Math.max(half - room, Math.min(width + room - half, light.x));
      node.style.zIndex = String(20 - light.level); // its line goes behind the names below it
      name.style.transform = `translateX(calc(-50% + ${(centre - light.x).toFixed(1)}px))`;
    });
}

const widths = new Map();

/** Names that would lie on each other stand one above the other. */
function level(lights) {
  const taken = [];
  for (const light of [...lights].sort((a, b) => b.x - a.x)) {
    const half = (widths.get(light.name) ?? 100) / 2 + 6;
    light.level = 0;
    while (taken.some((other) => other.level === light.level && Math.abs(other.x - light.x) < other.half + half)) light.level += 1;
    taken.push({ x: light.x, half, level: light.level });
  }
}

/** Each light against the first one, now; the athlete against it, at the last mark. */
function gaps(list) {
  const [first] = list;
  const found = list.slice(1).map((wave) => {
    const m = wave.now_m - first.now_m;
    const way = Math.abs(m) < 0.05 ? "level" : m > 0 ? "ahead" : "behind";
    return { name: wave.name, colour: wave.colour, m, words: way === "level" ? "level" : `${Math.abs(m).toFixed(1)} m ${way}` };
  });
  const last = feed.athlete;
  const gap = last?.gaps?.find((one) => one.wave === first.name);
  if (gap && gap.s !== null) {
    const s = gap.s;
    const way = Math.abs(s) < 0.005 ? "level" : s > 0 ? "behind" : "ahead";
    found.push({ name: `${options.athlete} at ${mark_m(last.distance_m)}`, colour: "#ffffff", m: -(gap.m ?? 0), words: way === "level" ? "level" : `${Math.abs(s).toFixed(2)} s ${way}` });
  }
  return found;
}

function showBars(list) {
  const found = gaps(list);
  const span_m = Math.max(SPAN_M, ...found.map((gap) => Math.abs(gap.m)));
  rows(byId("bars"), found, (gap) => gap.name,
    () => make("li", {}, make("span", { class: "name" }), make("span", { class: "track" }, make("span", { class: "bar" })), make("span", { class: "gap" })),
    (node, gap) => {
      const [name, track, words] = node.children;
      put(name, gap.name);
      put(words, gap.words);
      const bar = track.firstChild;
      const part = (50 * Math.abs(gap.m)) / span_m;
      bar.style.background = gap.colour;
      bar.style.width = `${part.toFixed(2)}%`;
      bar.style.left = `${(gap.m >= 0 ? 50 : 50 - part).toFixed(2)}%`;
    });
}

function athleteWords() {
  const last = feed.athlete;
  if (!last) return "";
  return `${options.athlete}: ${mark_m(last.distance_m)} in ${time(last.time_s)}, on for ${time(last.projected_s)}`;
}

function frame() {
  requestAnimationFrame(frame);
  const at_ms = performance.now();
  mark(byId("frame"), "data-lost", at_ms - heard_ms > 1000 ? "yes" : null);
  byId("board").hidden = !feed?.plan || at_ms - heard_ms > STALE_MS;
  if (byId("board").hidden) return;
  const list = waves(at_ms);
  const show = (part, has = true) => {
    byId(part).hidden = !options.show.has(part) || !has;
    return !byId(part).hidden;
  };
  if (show("clock")) put(byId("clock"), clockTime(clock.race_s(at_ms), options.digits));
  if (show("strip", list.length > 0)) showStrip(list);
  if (show("bars", list.length > 0)) showBars(list);
  if (show("athlete", Boolean(feed.athlete))) put(byId("athlete"), athleteWords());
}

byId("strip").append(make("div", { id: "lights" }));
connect();
setInterval(look, 500);
requestAnimationFrame(frame);
// what tests look at; nothing on the page uses it
window.pacerailOverlay = { clock, waves, heard_ms: () => heard_ms, socket: () => socket };
