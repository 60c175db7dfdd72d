// Each wave in a row: how far, which lap, how fast, its next split, its finish; and the button that opens its changes.

import { byId, make, mark, put, rows } from "./dom.js";
import { fillGroup, groupButtons } from "./groups.js";
import { MODES, mark_m, time } from "./words.js";

const CELLS = [["distance", ""], ["lap", "lap"], ["pace", "400 m in"], ["next", "next"], ["finish", "finish"], ["mode", ""]];

function create(wave, change) {
  const row = make("tr", {},
    make("th", { scope: "row" }, make("i", { class: "dot" }), make("b", {}, wave.name)),
    ...CELLS.map(([name, label]) => make("td", { class: name, "data-label": label })),
    make("td", { class: "do-change" }, make("button", { type: "button", class: "small", onmousedown: (event) => event.preventDefault(), onclick: () => change(row.dataset.name) },
      "Change ", make("kbd", {}), make("span", { class: "only-read" }, wave.name))),
    make("td", { class: "do-group" }, groupButtons(wave.name)),
  );
  row.dataset.name = wave.name;
  return row;
}

function fill(row, wave, number, state, reason) {
  row.querySelector(".dot").style.background = wave.colour;
  put(row.querySelector(".distance"), `${wave.distance_m.toFixed(1)} m`);
  put(row.querySelector(".lap"), wave.lap === null || wave.lap === undefined ? "–" : wave.lap.toFixed(2));
  put(row.querySelector(".pace"), wave.speed_mps > 0 && wave.pace_s_per_400 ? time(wave.pace_s_per_400) : "–");
  const next = wave.next_split;
  put(row.querySelector(".next"), next ? `${mark_m(next.distance_m)} at ${time(next.time_s)}, in ${time(next.in_s, 1)} s` : "–");
  put(row.querySelector(".finish"), time(wave.finish_s));
  const dark = wave.visible === false && wave.mode === "running" && state.race_s !== null;
  const words = dark ? "running, dark" : (MODES[wave.mode] ?? wave.mode);
  put(row.querySelector(".mode"), wave.group ? "" : words);
  row.dataset.mode = wave.mode;
  const counting = wave.group && wave.group.in_s !== null && wave.group.in_s !== undefined;
  mark(row, "data-counting", counting ? "yes" : null);
  fillGroup(row.querySelector(".do-group"), wave, words);
  const button = row.querySelector(".do-change button");
  put(button.querySelector("kbd"), number <= 9 ? number : "");
  mark(button, "aria-disabled", reason ? "true" : null);
  mark(button, "title", reason ?? null);
}

/** On a narrow screen, and with groups, a wave takes two lines. */
const narrow = matchMedia("(max-width: 1199px)");

/** Ten times a second. `change(name)`: open a wave's changes; `why(wave)`: why none can be made now, or null. */
export function showWaves(page, change, why) {
  let number = 0;
  rows(
    byId("waves-rows"),
    page.state.waves,
    (wave) => wave.name,
    (wave) => create(wave, change),
    (row, wave) => fill(row, wave, ++number, page.state, why(wave)),
  );
  const groups = page.state.waves.some((wave) => wave.group);
  byId("groups").hidden = !groups;
  byId("waves").classList.toggle("two-line", groups || narrow.matches);
  byId("waves-none").hidden = page.state.waves.length > 0;
  rows(
    byId("changes"),
    // the same change may be made twice: its place is part of its name
    (page.state.changes ?? []).map((words, k) => ({ words, k })),
    ({ words, k }) => `${k} ${words}`,
    ({ words }) => make("li", {}, words),
    () => {},
  );
  byId("changes-box").hidden = !(page.state.changes ?? []).length;
}
