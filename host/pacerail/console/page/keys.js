// Keys. Everything has one; they are in actions.js. A key that is held acts like its button being held (hold.js).

import { letGo } from "./hold.js";
import { ACTIONS } from "./actions.js";

const typing = (node) => node?.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
const acting = (node) => node?.closest?.("button, a[href], input, select, textarea, summary, [tabindex='0']");
/** What cannot wait goes on under an open panel. */
const UNDER_PANEL = ["recall", "stop", "split", "split_likeliest", "help"];

/**
 * Listen. `press(action, event)`: a key was pressed; `panel()`: the open panel or null, with `keys`, a Map of its own;
 * `close()`: close it.
 */
export function listenKeys({ press, panel, close }) {
  const byKey = new Map(ACTIONS.map((action) => [action.key, action]));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (letGo()) return;
      if (panel()) {
        event.preventDefault();
        close();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((key === " " || key === "Enter") && acting(event.target)) return;
    const own = panel()?.keys.get(key);
    let action = byKey.get(key === " " ? "m" : key);
    if (/^[1-9]$/.test(key)) action = byKey.get("1");
    if (!own && (!action || (panel() && !UNDER_PANEL.includes(action.id)))) return;
    event.preventDefault();
    if (event.repeat) return;
    if (own) own(event);
    else press(action, event);
  });
}
