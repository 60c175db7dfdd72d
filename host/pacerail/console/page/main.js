// The console: the line to the program, what is known, and the views, wired together.

import { noControl, whyNot, byName } from "./actions.js";
import { redrawAthlete, showAthlete, startAthlete } from "./athlete.js";
import { showBoards, showLegend } from "./boards.js";
import { openChange } from "./changing.js";
import { buttonOf, keyList, press, showControls, startControls } from "./controls.js";
import { byId, calm, make, mark, put } from "./dom.js";
import { railWords, showClock, showFigures } from "./figures.js";
import { openHand, openLoad, openName, openShows, openStart } from "./forms.js";
import { begin } from "./hold.js";
import { listenKeys } from "./keys.js";
import { Link } from "./link.js";
import { clearEvents, showEvents, showWarnings } from "./notes.js";
import { Page } from "./page.js";
import { closePanel, openPanel, showPanel } from "./panel.js";
import { RailView } from "./rail.js";
import { openReadback, refreshReadback } from "./readback.js";
import { showLost, showRoles } from "./roles.js";
import { showWaves } from "./waves.js";
import { hashWords, mark_m } from "./words.js";

const page = new Page();
const rail = new RailView({ box: byId("rail"), track: byId("layer-track"), light: byId("layer-light"), ring: byId("layer-ring"), tags: byId("tags") });
const why = (id) => () => whyNot(byName.get(id), page);

const STAYS_MS = { good: 6000, bad: 15000 };
let said = 0;

/** Tell the person what came of what they did; it stays for a while, or until the next. */
function say(text, bad = false) {
  clearTimeout(said);
  said = setTimeout(() => put(byId("answer"), ""), bad ? STAYS_MS.bad : STAYS_MS.good);
  put(byId("answer"), text);
  byId("answer").classList.toggle("bad", bad);
}

async function send(message, words) {
  if (words) say(`${words}: sent.`);
  const refused = await link.send(message);
  if (words) say(refused ? `${words}: ${refused}` : `${words}: done.`, Boolean(refused));
  return refused;
}

const order = (text) => send({ type: "order", order: text }, text);

/** Which wave a figure key or a name means; null: every wave. */
const change = (name) => openChange(name, order, why("change"));

const RUN = {
  load: () => openLoad(page, (message) => send(message, `load ${message.plan}`), why("load")),
  read: () => openReadback(page, (message) => send(message, "confirm"), () => noControl(page) ?? page.state.can.confirm ?? null),
  prepare: () => send({ type: "prepare" }, "prepare"),
  arm: () => order("arm"),
  show: () => openShows(page, (message) => send(message, message.name ?? "all dark"), why("show")),
  dark: () => send({ type: "dark" }, "all dark"),
  sheet: () => follow("sheet"),
  start: () => order("start"),
  heard: (given) => order(`start ago ${(given.held_ms / 1000).toFixed(2)}`),
  start_other: () => openStart(page, (message) => send(message, message.order), why("start"), () => whyNot({ id: "ago", can: "ago" }, page)),
  recall: () => order("recall"),
  stop: () => order("stop"),
  change: (given) => {
    const wave = page.state.waves[(Number(given.key) || 1) - 1];
    if (wave) change(wave.name);
    else say(`There is no wave ${given.key}.`, true);
  },
  change_all: () => change(null),
  freeze: () => order("freeze all"),
  resume: () => order("resume all"),
  undo: () => order("undo"),
  split: (given) => send({ type: "split", age_ms: Math.round(given.age_ms) }, "split"),
  split_undo: () => send({ type: "split_undo" }, "last mark taken back"),
  marks: () => byId("marks").focus(),
  export_csv: () => follow("export-csv"),
  export_json: () => follow("export-json"),
  report: () => follow("report"),
  take: () => send({ type: "take" }, page.state.control.by === null ? "take control" : "ask for control"),
  hand: () => (page.state.control.asked.length === 1 ? send({ type: "hand", to: page.state.control.asked[0].id }, "hand control over") : openHand(page, send, why("hand"))),
  name: () => openName(page, send, remember),
  boards: () => byId("boards-scroll").focus(),
  log: () => byId("log-scroll").focus(),
  help: () => (openPanel()?.id === "help" ? closePanel() : showPanel("help", "Keys", [make("div", { class: "key-groups", "data-first": true, tabindex: "-1" }, ...keyList())])),
};

const run = (action, given) => RUN[action.id](given);
const follow = (id) => byId(`link-${id}`).click();

function remember(name) {
  try {
    if (name !== undefined) localStorage.setItem("pacerail-name", name);
    return localStorage.getItem("pacerail-name");
  } catch {
    return name ?? null; // a browser that keeps nothing: the name holds until the page is closed
  }
}

function showHello() {
  const { hello } = page;
  rail.hello(hello.rail);
  put(byId("where"), hello.rail.title);
  put(byId("simulated"), hello.simulated ? `simulated${hello.rate === 1 ? "" : `, ${hello.rate} times as fast`}` : "");
  byId("simulated").hidden = !hello.simulated;
  put(byId("version"), `pacerail ${hello.version}`);
  clearEvents(page);
  const name = remember();
  if (name) link.send({ type: "name", name });
}

function showPlan() {
  const { plan } = page;
  rail.plan(plan);
  put(byId("plan-title"), plan ? plan.title : "No plan is loaded");
  put(byId("plan-more"), plan ? `${mark_m(plan.distance_m)} · plan ${hashWords(plan.hash)}` : "");
  put(byId("plan-confirmed"), !plan ? "" : plan.confirmed ? "✓ confirmed" : "✗ not confirmed");
  mark(byId("plan-confirmed"), "data-yes", plan?.confirmed ? "yes" : null);
}

const slowly = calm(450, () => showBoards(page));
const rarely = calm(5000, () => railWords(page));

function showState() {
  rail.state(page.state);
  showFigures(page);
  showWaves(page, (name) => (whyNot(byName.get("change"), page) ? say(`Change: ${whyNot(byName.get("change"), page)}`, true) : change(name)), why("change"));
  showWarnings(page);
  showRoles(page);
  showAthlete(page, why("split"));
  showControls(page);
  refreshReadback(page, RUN.read && (() => noControl(page) ?? page.state.can.confirm ?? null));
  slowly();
  rarely();
}

const link = new Link("/ws", {
  message(message) {
    const type = page.take(message, performance.now());
    if (type === "hello") showHello();
    else if (type === "plan") showPlan();
    else if (type === "state") {
      look();
      showState();
    } else if (type === "event") fresh = true;
  },
  pixels: (view) => rail.pixels(view),
  opened() {},
  closed: () => look(),
});

let fresh = false;
let was_lost = true;

function look() {
  page.look(link.silent_s(), link.open);
  if (page.lost !== was_lost && page.state) {
    if (page.lost) showControls(page);
    was_lost = page.lost;
  }
}

function frame() {
  const at_ms = performance.now();
  look();
  showLost(page, link.silent_s());
  showClock(page, at_ms);
  rail.frame((wave) => page.ahead_m(wave, at_ms));
  if (fresh) {
    fresh = false;
    showEvents(page);
  }
  requestAnimationFrame(frame);
}

for (const anchor of document.querySelectorAll("a[data-token]")) anchor.href += location.search;
startAthlete((every) => send({ type: "marks", every }, `marks ${every}`));
startControls(page, run, say);
showLegend();
listenKeys({
  press(action, event) {
    const reason = whyNot(action, page);
    if (!action.hold || reason) press(action, page, run, say, event);
    else begin(buttonOf(action.id), (held_ms) => run(action, { held_ms }));
  },
  panel: openPanel,
  close: closePanel,
});
addEventListener("resize", redrawAthlete);
// what tests and people at the browser's own console may look at; nothing on the page uses it
window.pacerail = { page, rail, link };
requestAnimationFrame(frame);
