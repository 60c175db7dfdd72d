// Panels: what opens over the rail for one task (load, read back, change a wave). Recall and stop stay in reach beside it.

import { byId, make, put } from "./dom.js";
import { focusByKeys } from "./focus.js";
import { letGoIn } from "./hold.js";

let open = null;

/** The open panel, or null. */
export const openPanel = () => open;

/** Close it; the focus goes back to where keys had put it. What was being held in it is let go. */
export function closePanel() {
  if (!open) return;
  const { back } = open;
  open = null;
  const place = byId("panel");
  letGoIn(place);
  place.hidden = true;
  place.replaceChildren();
  if (back?.isConnected) back.focus({ preventScroll: true });
}

/**
 * Open one. `id` names it. The first field, or what is marked `data-first`, gets the focus. `keys`: keys of its own, each
 * with what it does with its event.
 */
export function showPanel(id, title, content, keys = {}) {
  // a button that was clicked with a mouse does not get it back: the next Space is a split
  const back = focusByKeys() ? document.activeElement : (open?.back ?? null);
  closePanel();
  const place = byId("panel");
  place.replaceChildren(
    make("div", { class: "panel-head" },
      make("h2", { id: "panel-title" }, title),
      make("p", { "aria-hidden": "true" }, make("span", { id: "panel-phase" }), make("b", { id: "panel-race" })),
      make("button", { type: "button", class: "quiet", onclick: closePanel }, "Close ", make("kbd", {}, "Esc")),
    ),
    make("div", { class: "panel-body" }, ...content),
  );
  place.dataset.id = id;
  place.hidden = false;
  open = { id, back, keys: new Map(Object.entries(keys)) };
  const first = place.querySelector("[data-first]") ?? place.querySelector("input, select, .panel-body button, a[href]");
  (first ?? place).focus({ preventScroll: true });
  place.scrollTop = 0;
}

/** A line under a form that says what came of it. */
export function answerLine() {
  const line = make("p", { class: "answer", role: "status" });
  return {
    line,
    say(text, bad = false) {
      put(line, text ?? "");
      line.classList.toggle("bad", bad);
    },
  };
}

/**
 * Send something from the panel that is open now. `sending()` resolves to null, then that panel is closed, if it is open
 * still; or to why not, which the panel says, and which is given back.
 */
export async function sendFromPanel(answer, sending) {
  const mine = open;
  answer.say("Sent.");
  const refused = await sending();
  if (refused) answer.say(refused, true);
  else if (open === mine) closePanel();
  return refused;
}

/** A labelled field. */
export const field = (label, input) => make("label", { class: "field" }, make("span", {}, label), input);
