// Who is in control and who watches; and when the program is silent, that this is so.

import { OLD_LINK, holder } from "./actions.js";
import { byId, mark, put } from "./dom.js";

/** Ten times a second. */
export function showRoles(page) {
  const { control, viewers } = page.state;
  const text = page.role === "view"
    ? `Watching only. ${control.by === null ? "Nobody" : holder(control)} is in control.`
    : control.you
      ? "You are in control."
      : control.by === null
        ? "Nobody is in control."
        : `${holder(control)} is in control. You watch.`;
  put(byId("in-control"), text);
  mark(byId("in-control"), "data-you", control.you ? "yes" : null);
  put(byId("viewers"), viewers === 1 ? "1 screen" : `${viewers} screens`);
  const asked = control.you ? control.asked : [];
  put(byId("asked-words"), asked.length ? `${asked.map((one) => one.name || one.id).join(", ")} ${asked.length > 1 ? "ask" : "asks"} for control.` : "");
  byId("asked").hidden = !asked.length;
  const mine = !control.you && control.asked.some((one) => one.id === page.hello?.id);
  put(byId("asking"), mine ? "You have asked for control." : "");
}

/** On every frame: the banner when the program is silent. */
export function showLost(page, silent_s) {
  const banner = byId("lost");
  // beside what is read aloud, since it changes all the time
  put(byId("lost-for"), page.lost && page.state && !page.coming && !page.old_link ? `for ${Math.floor(silent_s)} s` : "");
  mark(document.body, "data-lost", page.lost ? "yes" : null);
  if (!page.lost) {
    banner.hidden = true;
    return;
  }
  if (page.old_link) {
    put(byId("lost-words"), `${OLD_LINK[0].toUpperCase()}${OLD_LINK.slice(1)}.`);
    put(byId("lost-more"), "The program was started anew, and made new links. Nothing can be done from this page. The boards keep their own time.");
    banner.hidden = false;
    return;
  }
  if (page.coming && !page.broken) {
    put(byId("lost-words"), "The program is heard again; control is on its way back to this page.");
    put(byId("lost-more"), "Splits that are pressed now are kept.");
    banner.hidden = false;
    return;
  }
  const never = !page.state && !page.hello;
  const first = never ? "Connecting to the program…" : "No word from the program; the rail runs on.";
  const second = never
    ? "If this stays: is pacerail running, and is this its address?"
    : page.broken
      ? "The connection is broken. This page comes back by itself. The boards keep their own time."
      : "The connection stands, but nothing comes. The boards keep their own time.";
  put(byId("lost-words"), first);
  put(byId("lost-more"), second);
  banner.hidden = false;
}
