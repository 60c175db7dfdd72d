// The controls: buttons made from actions.js, each with its key and, when it cannot be now, with why.

import { ACTIONS, byName, whyNot } from "./actions.js";
import { byId, make, mark, put } from "./dom.js";
import { held, startHold } from "./hold.js";
import { momentOf } from "./moments.js";

const KEY_WORDS = { Backspace: "⌫", Enter: "↵" };
/** The moment of these is that of the press, not of the release, which is when a click comes. */
const AT_PRESS = ["split", "split_likeliest"];
const buttons = new Map();

/** How a key is written on a button. */
const keyWords = (action) => action.keys ?? KEY_WORDS[action.key] ?? action.key.toUpperCase();

/**
 * Fill every `<span data-do="ID">` of the page with its button. `run(action, given)`: do it; `page`: what is known;
 * `say(text, bad)`: tell the person.
 */
export function startControls(page, run, say) {
  for (const place of document.querySelectorAll("[data-do]")) {
    const action = byName.get(place.dataset.do);
    const reason = make("span", { class: "why", id: `why-${action.id}` });
    const label = make("span", { class: "label" }, place.dataset.label || action.label);
    const key = make("kbd", {}, action.keys && place.dataset.short !== undefined ? action.key.toUpperCase() : keyWords(action));
    const button = make("button", { type: "button", id: `do-${action.id}`, "aria-describedby": reason.id, class: action.hold ? "hold" : null },
      action.hold ? make("span", { class: "fill" }) : null, label, " ", key);
    if (action.hold) {
      button.append(make("span", { class: "only-read" }, "hold it for 0.8 s"));
      held(button, holding(action, page, run, say));
    } else {
      // a click must not take the focus, or the next Space would press this button instead of taking a split
      button.addEventListener("mousedown", (event) => event.preventDefault());
      let down = null;
      button.addEventListener("pointerdown", (event) => (down = AT_PRESS.includes(action.id) ? event : null));
      button.addEventListener("click", (event) => {
        press(action, page, run, say, event.detail > 0 && down ? down : event);
        down = null;
      });
    }
    place.replaceChildren(button, reason);
    buttons.set(action.id, { button, reason, place, name: label.textContent.replace("…", "") });
  }
}

/** How an action is held: what is done, and what the person is told. */
function holding(action, page, run, say) {
  return {
    act: (given) => run(action, given),
    why: () => whyNot(action, page),
    refuse: (why) => say(`${action.label}: ${why}`, true),
    hint: () => say(`${action.label}: hold it for 0.8 s. Nothing was sent.`, true),
  };
}

/** A button was clicked, or a key was pressed: what is held begins to be held. */
export function press(action, page, run, say, event) {
  const why = whyNot(action, page);
  if (why) say(`${action.label}: ${why}`, true);
  else if (action.hold) startHold(buttons.get(action.id).button, event, holding(action, page, run, say));
  else run(action, { at_ms: momentOf(event), key: event?.key });
}

/** Ten times a second: what can be, what cannot and why, and what comes next. */
export function showControls(page) {
  const next = nextStep(page);
  for (const [id, { button, reason, place }] of buttons) {
    const why = whyNot(byName.get(id), page);
    mark(button, "aria-disabled", why ? "true" : null);
    put(reason, why ?? "");
    mark(place, "data-next", next === id ? "yes" : null);
  }
  for (const group of document.querySelectorAll(".group")) put(group.lastElementChild, groupReasons(group, page));
  // one reason for all is said once, above the buttons
  const shared = sharedReason(page);
  put(byId("controls-why"), shared ?? "");
  mark(byId("controls"), "data-shared", shared ? "yes" : null);
}

/** Why some of a group cannot be now, each reason once: "Load plan, Prepare: the race is running. Arm: …". */
function groupReasons(group, page) {
  const names = new Map();
  for (const [id, { place, name }] of buttons) {
    const why = place.parentElement === group ? whyNot(byName.get(id), page) : null;
    if (why) names.set(why, [...(names.get(why) ?? []), name]);
  }
  return [...names].map(([why, who]) => `${who.join(", ")}: ${why}.`).join(" ");
}

function sharedReason(page) {
  const whys = new Set(["load", "arm", "start", "recall", "stop"].map((id) => whyNot(byName.get(id), page)));
  return whys.size === 1 ? [...whys][0] : null;
}

/** The step that comes next in a race, so that a tired person finds it. */
function nextStep(page) {
  const can = (id) => whyNot(byName.get(id), page) === null;
  if (!page.state || !page.state.control?.you) return null;
  if (!page.plan) return can("load") ? "load" : null;
  if (!page.plan.confirmed) return "read";
  // armed, it starts by itself on a gun that is listened to
  if (page.state.phase === "armed") return can("start") && !page.state.heard?.length ? "start" : null;
  return ["arm", "prepare"].find((id) => can(id) && page.state.phase !== "finished") ?? null;
}

/** The list of keys, for `?`. */
export function keyList() {
  const groups = [...new Set(ACTIONS.map((action) => action.group))];
  return groups.map((group) =>
    make("section", {},
      make("h3", {}, group),
      make("dl", { class: "keys" }, ...ACTIONS.filter((action) => action.group === group).flatMap((action) => [
        make("dt", {}, make("kbd", {}, keyWords(action))),
        make("dd", {}, action.label, action.hold ? make("b", {}, " (hold 0.8 s)") : ""),
      ]))),
  );
}
