// What needs a person: warnings with what to do, and the event log.

import { byId, make, mark, put, rows } from "./dom.js";
import { time } from "./words.js";

const LEVELS = { info: ["·", "note"], warn: ["!", "warning"], bad: ["✕", "trouble"] };

/** A warning without its figures: it stays the same row, and is read aloud once, however they change. */
const kindOf = (warning) => `${warning.text}|${warning.do}`.replace(/(?<![\p{L}\d])\d+([.,:]\d+)*/gu, "#");

/** Ten times a second: warnings. */
export function showWarnings(page) {
  const list = page.state.warnings ?? [];
  const seen = new Map();
  rows(
    byId("warnings-rows"),
    list,
    (warning) => {
      const kind = kindOf(warning);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      return `${kind} ${seen.get(kind)}`;
    },
    () => make("li", {}, make("b"), make("span")),
    (row, warning) => {
      put(row.firstChild, warning.text);
      put(row.lastChild, warning.do ?? "");
    },
  );
  put(byId("warnings-none"), list.length ? "" : "No warnings.");
  mark(byId("warnings"), "data-any", list.length ? "yes" : null);
  put(byId("warnings-count"), list.length || "");
  const sign = JSON.stringify(list);
  if (sign === told) return;
  told = sign;
  showMore();
}

let told = "";

/** Once: what the box of warnings does not show now is said under it. */
export function startWarnings() {
  byId("warnings-scroll").addEventListener("scroll", showMore);
  addEventListener("resize", showMore);
}

function showMore() {
  const box = byId("warnings-scroll");
  const end = box.scrollTop + box.clientHeight;
  const below = [...byId("warnings-rows").children].filter((row) => row.offsetTop + row.offsetHeight > end + 3).length;
  byId("warnings-more").hidden = !below;
  put(byId("warnings-more"), `${below} more below: scroll`);
}

let shown = 0;

/** When events came: the newest on top, the oldest dropped. */
export function showEvents(page) {
  const list = byId("log-rows");
  const fresh = Math.min(page.event_count - shown, page.events.length);
  shown = page.event_count;
  for (const event of page.events.slice(page.events.length - fresh)) {
    const [sign, words] = LEVELS[event.level] ?? LEVELS.info;
    list.prepend(
      make("li", { "data-level": event.level },
        make("span", { class: "sign", "aria-hidden": "true" }, sign),
        make("span", { class: "only-read" }, words),
        make("span", { class: "when" }, event.race_s === null || event.race_s === undefined ? "" : time(event.race_s)),
        make("span", { class: "what" }, event.board ? `${event.board}: ` : "", event.words),
      ),
    );
  }
  while (list.childElementCount > page.events.length) list.lastChild.remove();
}

/** After a new connection the log is told again. */
export function clearEvents(page) {
  shown = page.event_count;
  byId("log-rows").replaceChildren();
}
