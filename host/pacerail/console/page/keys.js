// Keys. Everything has one; they are in actions.js. A key that is held acts like its button being held (hold.js).

import { ACTIONS } from "./actions.js";
import { focusByKeys } from "./focus.js";
import { letGo } from "./hold.js";

const typing = (node) => node?.closest?.("input:not([type=radio]):not([type=checkbox]), select, textarea");
const acting = (node) => node?.closest?.("button, a[href], input, select, textarea, summary, [tabindex='0']");
/** In a field for a time, or a list, these letters mean nothing: they do on the page what they always do. */
const THROUGH_TIMES = ["recall", "stop", "split"];
const THROUGH_LISTS = ["recall", "stop"];
/** What cannot wait goes on under an open panel. */
const UNDER_PANEL = ["recall", "stop", "split", "split_likeliest", "help"];

/** True when a key is for the field that has the focus. `action`: what it would do on the page. */
function forField(field, key, action) {
  if (!field) return false;
  if (key === " ") return !("space" in field.dataset); // the page says of a field that it takes no space
  const through = "time" in field.dataset ? THROUGH_TIMES : field.tagName === "SELECT" ? THROUGH_LISTS : [];
  return !(/^[a-z]$/.test(key) && through.includes(action?.id));
}

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
    // a held button that has the focus has taken its keys already
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const field = typing(event.target);
    if (forField(field, key, byKey.get(key))) return;
    if ((key === " " || key === "Enter") && !field && acting(event.target) && focusByKeys()) return;
    const own = field ? null : panel()?.keys.get(key);
    let action = byKey.get(key === " " ? "m" : key);
    if (/^[1-9]$/.test(key)) action = byKey.get("1");
    if (!own && (!action || (panel() && !UNDER_PANEL.includes(action.id)))) return;
    event.preventDefault();
    // some browsers press a button when the key is let go: it must not have the focus then
    if (key === " " && !field) acting(event.target)?.blur();
    if (event.repeat) return;
    if (own) own(event);
    else press(action, event);
  });
}
