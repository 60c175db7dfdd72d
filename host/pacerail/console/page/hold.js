// Holding: what cannot be taken back is held for 0.8 s, by finger, mouse or key, while a bar fills. Let go, and nothing
// has happened. Whatever leaves it unsure that it is still held ends it: another key, another window, a hidden page, a
// button that is gone.

import { momentOf } from "./moments.js";

const HOLD_MS = 800;
const LATE_MS = 100; // a page that stood still may be told of the full bar before it is told that the key was let go:
const AGAIN_MS = 30; // then it waits so long for that news
const SECOND_MS = 3000; // a screen reader or a voice can only click: a second click within so long does it

/** One hold at a time on the page: a second one ends the first. */
let current = null;

/** Which key an event is of, whatever the layout or Shift make of it. */
const keyOf = (event) => event.code || event.key;

/**
 * The button's bar fills from the moment of `event`; when it is full `act({held_ms, at_ms})` is called, at_ms being when
 * that was (performance.now()). `hint()` is called when it was let go too early. Returns at once.
 */
function begin(button, event, { act, hint }) {
  drop();
  const began_ms = momentOf(event);
  const hold = { button, hint, key: event.type === "keydown" ? keyOf(event) : null, timer: 0 };
  let waited = false;
  const full = () => {
    const at_ms = performance.now();
    const held_ms = at_ms - began_ms;
    if (!waited && held_ms > HOLD_MS + LATE_MS) {
      waited = true;
      hold.timer = setTimeout(full, AGAIN_MS);
      return;
    }
    drop();
    if (button.isConnected) act({ held_ms, at_ms });
  };
  hold.timer = setTimeout(full, Math.max(0, HOLD_MS - (performance.now() - began_ms)));
  button.classList.add("holding");
  current = hold;
}

function drop() {
  if (!current) return;
  clearTimeout(current.timer);
  current.button.classList.remove("holding");
  current = null;
}

/** End the hold and say so. True: something was being held. */
export function letGo() {
  if (!current) return false;
  const { hint } = current;
  drop();
  hint();
  return true;
}

/** End the hold if its button is in this part of the page, which goes away now: it would never be seen to be let go. */
export function letGoIn(place) {
  if (current && place.contains(current.button)) letGo();
}

/** Make a button one that is held. `why()`: null, or why it cannot be now; `refuse(why)`, `hint()` tell the person. */
export function held(button, { act, why, refuse, hint }) {
  const start = (event) => startHold(button, event, { act, why, refuse, hint });
  const mine = () => {
    if (current?.button === button) letGo();
  };
  // it must not take the focus, or the next Space would hold this button instead of taking a split
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture?.(event.pointerId);
    start(event);
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) button.addEventListener(name, mine);
  button.addEventListener("pointermove", (event) => {
    const box = button.getBoundingClientRect();
    const off = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (off) mine();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) start(event);
  });
  let clicked_ms = -Infinity;
  button.addEventListener("click", (event) => {
    if (event.detail !== 0) return; // a mouse or a finger, which can hold
    const reason = why();
    const at_ms = momentOf(event);
    const held_ms = at_ms - clicked_ms;
    clicked_ms = -Infinity;
    if (reason) refuse(reason);
    else if (held_ms <= SECOND_MS) act({ held_ms, at_ms });
    else {
      clicked_ms = at_ms;
      refuse("click again within 3 s to do it");
    }
  });
}

/** Begin a hold if it can be done now, and do it at the end only if it can be done then. */
export function startHold(button, event, { act, why, refuse, hint }) {
  const reason = why();
  if (reason) {
    refuse(reason);
    return;
  }
  const done = (given) => {
    const late = why();
    if (late) refuse(late);
    else act(given);
  };
  begin(button, event, { act: done, hint });
}

document.addEventListener("keydown", (event) => {
  if (current && event.key !== "Escape" && keyOf(event) !== current.key) letGo();
}, true);
document.addEventListener("keyup", (event) => {
  if (current?.key && keyOf(event) === current.key) letGo();
}, true);
// a key that is let go in another window is never seen to be let go
window.addEventListener("blur", letGo);
document.addEventListener("visibilitychange", letGo);
