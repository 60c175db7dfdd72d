// The console: the line to the program, what is known, and the views, wired together.

import { byName, missing, missingWords, noControl, whyNot } from "./actions.js";
import { redrawAthlete, showAthlete, startAthlete } from "./athlete.js";
import { showBoards, showLegend } from "./boards.js";
import { openChange, refreshChange } from "./changing.js";
import { keyList, press, showControls, startControls } from "./controls.js";
import { byId, calm, make, mark, put } from "./dom.js";
import { railWords, showClock, showFigures } from "./figures.js";
import { openHand, openLoad, openName, openShows, openStart } from "./forms.js";
import { beginAll, groupOf, startGroups } from "./groups.js";
import { Insistence } from "./insist.js";
import { KeptSplits } from "./kept.js";
import { listenKeys } from "./keys.js";
import { BROKE, Link } from "./link.js";
import { clearEvents, showEvents, showWarnings, startWarnings } from "./notes.js";
import { Page } from "./page.js";
import { closePanel, openPanel, showPanel } from "./panel.js";
import { linkIsOld } from "./probe.js";
import { RailView } from "./rail.js";
import { openReadback, refreshReadback } from "./readback.js";
import { keepResume, resumeKey } from "./resume.js";
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

/** What is about this page alone, and as good whenever it comes. */
const NO_MOMENT = ["name", "resume"];

/** Send a message with when it was meant: `at_ms` of performance.now(). Resolves to null or to why it was refused. */
async function send(message, words, at_ms = performance.now()) {
  const mono_ms = NO_MOMENT.includes(message.type) ? null : page.server.at(at_ms);
  return sendAt(mono_ms === null ? message : { ...message, at_ms: mono_ms }, words);
}

async function sendAt(message, words) {
  if (words) say(`${words}: sent.`);
  const refused = await link.send(message);
  if (words) say(refused ? `${words}: ${refused}` : `${words}: done.`, Boolean(refused));
  return refused;
}

const order = (text, at_ms) => send({ type: "order", order: text }, text, at_ms);
const insistence = new Insistence(sendAt, (at_ms) => page.server.at(at_ms));
const kept = new KeptSplits((message) => link.send(message), say);

/** A press for a mark; while the program is not heard it is kept, and when the line breaks before the answer. */
async function split(at_ms, more, words) {
  const mono_ms = page.server.at(at_ms);
  const ago_ms = performance.now() - at_ms;
  const pressed_ms = Date.now() - ago_ms;
  if (page.lost) kept.keep(mono_ms, pressed_ms, more);
  else if (mono_ms === null) sendAt({ type: "split", ...more, age_ms: Math.round(ago_ms) }, words);
  else if ((await sendAt({ type: "split", ...more, at_ms: mono_ms }, words)) === BROKE) kept.keep(mono_ms, pressed_ms, more);
}

/** Which wave a figure key or a name means; null: every wave. */
const change = (name) => openChange(name, order, why("change_all"), name === null ? null : groupOf(name));
/** A wave whose changes can be opened: a group can be begun beside a change that is under way. */
const whyNoChange = (wave) => {
  const reason = why("change_all")();
  return wave?.group && why("begin_all")() === null ? null : reason;
};
const whyConfirm = () => noControl(page) ?? page.state.can.confirm ?? null;

const RUN = {
  load: () => openLoad(page, (message, at_ms) => send(message, `load ${message.plan}`, at_ms), why("load")),
  read: () => openReadback(page, (message, at_ms) => send(message, "confirm", at_ms), whyConfirm),
  prepare: ({ at_ms }) => send({ type: "prepare" }, "prepare", at_ms),
  prepare_without: ({ at_ms }) => send({ type: "prepare", without: page.state.missing }, `prepare without ${missingWords(page)}`, at_ms),
  arm: ({ at_ms }) => order("arm", at_ms),
  show: () => openShows(page, (message, at_ms) => send(message, message.name ?? "all dark", at_ms), why("show")),
  dark: ({ at_ms }) => send({ type: "dark" }, "all dark", at_ms),
  sheet: () => follow("sheet"),
  start: ({ at_ms }) => order("start", at_ms),
  // the bang was when the press began
  heard: ({ at_ms, held_ms }) => order(`start ago ${(held_ms / 1000).toFixed(2)}`, at_ms),
  start_other: () => openStart(page, (message, at_ms) => send(message, message.order, at_ms), why("start"), () => whyNot({ id: "ago", can: "ago" }, page)),
  recall: ({ at_ms }) => insistence.order("recall", at_ms),
  stop: ({ at_ms }) => insistence.order("stop", at_ms),
  change: ({ key }) => {
    const reason = noControl(page);
    const wave = page.state?.waves[(Number(key) || 1) - 1];
    if (wave) openOf(wave.name);
    else say(reason ? `Change: ${reason}` : `There is no wave ${key}.`, true);
  },
  change_all: () => change(null),
  freeze: ({ at_ms }) => order("freeze all", at_ms),
  resume: ({ at_ms }) => order("resume all", at_ms),
  undo: ({ at_ms }) => order("undo", at_ms),
  begin_all: ({ at_ms }) => beginAll(at_ms),
  split: ({ at_ms }) => split(at_ms, {}, "split"),
  split_likeliest: ({ at_ms }) => {
    const { distance_m } = page.state.athlete.likeliest;
    split(at_ms, { distance_m }, `split at ${mark_m(distance_m)}`);
  },
  split_miss: ({ at_ms }) => send({ type: "split_miss" }, "next mark missed", at_ms),
  split_undo: ({ at_ms }) => send({ type: "split_undo" }, "last mark taken back", at_ms),
  marks: () => byId("marks").focus(),
  export_csv: () => follow("export-csv"),
  export_json: () => follow("export-json"),
  report: () => follow("report"),
  take: ({ at_ms }) => send({ type: "take" }, page.state.control.by === null ? "take control" : "ask for control", at_ms),
  hand: ({ at_ms }) => {
    const { asked } = page.state.control;
    if (asked.length === 1) send({ type: "hand", to: asked[0].id }, "hand control over", at_ms);
    else openHand(page, (message, moment) => send(message, "hand control over", moment), why("hand"));
  },
  name: () => openName(page, send, remember),
  boards: () => byId("boards-scroll").focus(),
  log: () => byId("log-scroll").focus(),
  help: () => (openPanel()?.id === "help" ? closePanel() : showPanel("help", "Keys", [make("div", { class: "key-groups", "data-first": true, tabindex: "-1" }, ...keyList())])),
};

/** Open the changes of a wave, or say why not. */
function openOf(name) {
  const reason = whyNoChange(page.state.waves.find((wave) => wave.name === name));
  if (reason) say(`Change ${name}: ${reason}`, true);
  else change(name);
}

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
  put(byId("simulated"), hello.simulated ? `simulated${hello.rate === 1 ? "" : `, ${hello.rate} times as fast`}` : "real rail");
  mark(byId("simulated"), "data-real", hello.simulated ? null : "yes");
  byId("simulated").hidden = false;
  put(byId("version"), `pacerail ${hello.version}`);
  clearEvents(page);
  showPlan();
  keepResume(hello.resume);
  const name = remember();
  if (name) link.send({ type: "name", name });
}

function showPlan() {
  const { plan } = page;
  rail.plan(plan);
  refreshReadback(page);
  put(byId("plan-title"), plan ? plan.title : "No plan is loaded");
  put(byId("plan-more"), plan ? `${mark_m(plan.distance_m)} · plan ${hashWords(plan.hash)}` : "");
  put(byId("plan-confirmed"), !plan ? "" : plan.confirmed ? "✓ confirmed" : "✗ not confirmed");
  mark(byId("plan-confirmed"), "data-yes", plan?.confirmed ? "yes" : null);
}

const slowly = calm(450, () => showBoards(page));
const rarely = calm(5000, () => railWords(page));

/** All that can be done and all that is so, as it is known now; without a state only what can be done. */
function showState() {
  showControls(page);
  refreshReadback(page);
  refreshChange();
  if (!page.state) return;
  rail.keepOff(byId("clock"));
  rail.state(page.state);
  byId("without").hidden = !missing(page);
  put(byId("do-prepare_without").querySelector(".label"), `Prepare without ${missingWords(page)}`);
  showFigures(page);
  showWaves(page, openOf, whyNoChange);
  showWarnings(page);
  showRoles(page);
  showAthlete(page, why("marks"));
  slowly();
  rarely();
}

const link = new Link("/ws", {
  message(message) {
    const type = page.take(message, performance.now());
    if (type === "hello") {
      showHello();
      look();
    }
    else if (type === "plan") showPlan();
    else if (type === "state") {
      look();
      showState();
      const mine = page.role === "control" && message.control.you;
      if (mine && kept.same) insistence.back(true, performance.now());
      kept.heard(performance.now(), mine);
    } else if (type === "event") fresh = true;
  },
  pixels: (view) => rail.pixels(view),
  async opened() {
    const key = resumeKey();
    kept.connected();
    if (key === null) {
      insistence.back(false);
      kept.resumed(false);
      return;
    }
    page.comesBack(performance.now());
    const refused = await link.send({ type: "resume", key });
    if (refused === BROKE) return; // the next line asks again
    if (refused !== null) insistence.back(false);
    kept.resumed(refused === null);
    page.cameBack(performance.now(), refused === null);
  },
  closed: () => look(),
  busy: () => Boolean(page.state?.busy),
  async failed() {
    if (page.old_link || !(await linkIsOld())) return;
    page.old_link = true;
    link.end();
    for (const anchor of document.querySelectorAll("a[data-token]")) anchor.removeAttribute("href");
    showState();
  },
});

let fresh = false;
let was_lost = true;

function look() {
  page.look(link.silent_s(), link.open, performance.now());
  if (page.lost !== was_lost) {
    was_lost = page.lost;
    showState();
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
startWarnings();
startControls(page, run, say);
startGroups(page, order, say);
showControls(page);
showLegend();
listenKeys({ press: (action, event) => press(action, page, run, say, event), panel: openPanel, close: closePanel });
addEventListener("resize", redrawAthlete);
// what stays in sight on top, and so where everything else begins: the header, or on a phone its first line
const header = document.querySelector("header");
const sized = new ResizeObserver(() => document.body.style.setProperty("--top", `${header.offsetHeight || header.firstElementChild.offsetHeight}px`));
sized.observe(header);
sized.observe(header.firstElementChild);
// what tests and people at the browser's own console may look at; nothing on the page uses it
window.pacerail = { page, rail, link };
requestAnimationFrame(frame);
