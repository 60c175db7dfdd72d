// Keys. Everything has one; they are in actions.js. A key that is held acts like its button being held.

import { cancel } from "./hold.js";
import { ACTIONS } from "./actions.js";

const typing = (node) => node?.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
const acting = (node) => node?.closest?.("button, a[href], input, select, textarea, summary, [tabindex='0']");

/** Listen. `press(action, event)`: a key was pressed; `panel()`: the open panel or null; `close()`: close it. */
export function listenKeys({ press, panel, close }) {
  const byKey = new Map(ACTIONS.map((action) => [action.key, action]));
  let down = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (cancel()) return;
      if (panel()) {
        event.preventDefault();
        close();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    let action = byKey.get(key);
    if (key === " " && !acting(event.target)) action = byKey.get("m");
    if (/^[1-9]$/.test(key)) action = byKey.get("1");
    // under a panel only what cannot wait goes on
    if (!action || (panel() && !["recall", "stop", "split", "help"].includes(action.id))) return;
    event.preventDefault();
    if (event.repeat) return;
    if (down) cancel(); // the key that began a hold may be let go unseen now
    down = event.code;
    press(action, event);
  });
  document.addEventListener("keyup", (event) => {
    if (event.code !== down) return;
    down = null;
    cancel();
  });
  // a key that is let go in another window is never seen to be let go
  window.addEventListener("blur", () => cancel());
}
