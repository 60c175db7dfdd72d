// The groups of a training plan: begun by a click, after a countdown if one is written, and ended by holding.

import { noControl, whyNotGroup } from "./actions.js";
import { byId, make, mark, put } from "./dom.js";
import { held } from "./hold.js";
import { momentOf } from "./moments.js";
import { plainText } from "./seconds.js";
import { timeField } from "./timefield.js";
import { quoted } from "./words.js";

const LONGEST_S = 3600; // what the race takes (host/pacerail/model/changes.py)
const USUAL_S = "10"; // long enough for every rail to hear of it while the light still stands on the line

let countdown = null;
let wish = null;

/** Once. `page`: what is known; `order(text, at_ms)`: send it; `say(text, bad)`: tell the person. */
export function startGroups(page, order, say) {
  wish = { page, order, say };
  countdown = timeField("countdown, s; 0: at once", { value: USUAL_S, size: "4", limits: { most: LONGEST_S }, id: "countdown", space: true });
  byId("countdown-place").append(countdown.node);
}

const waveOf = (name) => wish.page.state?.waves.find((wave) => wave.name === name);

/** What the button says that begins a group: with the countdown that is written above the groups. */
function beginWords() {
  const in_s = countdown.peek();
  return in_s === null ? "Begin: countdown?" : in_s > 0 ? `Begin in ${plainText(in_s)} s` : "Begin now";
}

/** The order that begins `target`, a wave as orders have it, or all; null: the countdown is no time, and its field says so. */
function beginOrder(target) {
  const in_s = countdown.read();
  return in_s === null ? null : `begin ${target}${in_s > 0 ? ` in ${plainText(in_s)}` : ""}`;
}

/** Begin every group that can be begun. */
export function beginAll(at_ms) {
  const order = beginOrder("all");
  if (order === null) wish.say(`Begin all groups: ${countdown.why()}`, true);
  else sendBegin(order, at_ms);
}

/** What is pressed after it is for the page, not for the countdown. */
function sendBegin(order, at_ms) {
  countdown.input.blur();
  wish.order(order, at_ms);
}

/** For the panel of a wave: what it needs to begin and end its group; null for a wave that the gun starts. */
export function groupOf(name) {
  if (!waveOf(name)?.group) return null;
  return {
    words: beginWords,
    beginOrder: () => beginOrder(quoted(name)),
    whyBegin: () => whyNotGroup(waveOf(name), "begin", wish.page),
    whyEnd: () => whyNotGroup(waveOf(name), "end", wish.page),
    whyForce: () => noControl(wish.page) ?? wish.page.state.can?.begin ?? null,
  };
}

/** The buttons of a wave's row; they are hidden for a wave that the gun starts. */
export function groupButtons(name) {
  const begin = make("button", { type: "button", class: "small go begin", onclick: (event) => {
    const why = whyNotGroup(waveOf(name), "begin", wish.page);
    const order = why === null ? beginOrder(quoted(name)) : null;
    if (why) wish.say(`Begin ${name}: ${why}`, true);
    else if (order === null) wish.say(`Begin ${name}: ${countdown.why()}`, true);
    else sendBegin(order, momentOf(event));
  } }, make("span", { class: "label" }), make("span", { class: "only-read" }, ` ${name}`));
  // a click must not take the focus from the page's own keys
  begin.addEventListener("mousedown", (event) => event.preventDefault());
  const end = make("button", { type: "button", class: "small hold danger end" }, make("span", { class: "fill" }), make("span", { class: "label" }, "End"), make("span", { class: "only-read" }, ` ${name}: hold it for 0.8 s`));
  held(end, {
    act: ({ at_ms }) => wish.order(`end ${quoted(name)}`, at_ms),
    why: () => whyNotGroup(waveOf(name), "end", wish.page),
    refuse: (why) => wish.say(`End ${name}: ${why}`, true),
    hint: () => wish.say(`End ${name}: hold it for 0.8 s. Nothing was sent.`, true),
  });
  return make("span", { class: "group-buttons" }, begin, end, make("span", { class: "group-words" }));
}

/** Ten times a second: a row's buttons, and what the group does; `usual`: the word for that of any wave. */
export function fillGroup(cell, wave, usual) {
  cell.hidden = !wave.group;
  if (!wave.group) return;
  put(cell.querySelector(".group-words"), groupWords(wave, usual));
  const [begin, end] = [cell.querySelector(".begin"), cell.querySelector(".end")];
  put(begin.querySelector(".label"), beginWords());
  for (const [button, what] of [[begin, "begin"], [end, "end"]]) {
    const why = whyNotGroup(wave, what, wish.page);
    mark(button, "aria-disabled", why ? "true" : null);
    mark(button, "title", why);
  }
}

/** What a group does, where a wave of a race has only a word: "begins in 8 s", "waits to be begun; button on b03". */
function groupWords(wave, usual) {
  const { in_s, buttons } = wave.group;
  const counting = in_s !== null && in_s !== undefined;
  const words = counting ? `begins in ${Math.ceil(in_s)} s` : wave.mode === "waiting" ? "waits to be begun" : usual;
  return buttons?.length ? `${words}; button on ${buttons.join(", ")}` : words;
}
