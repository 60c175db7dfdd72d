// The athlete against the light: a key at each mark, the gap to each wave, where it leads to.

import { gapChart } from "./charts.js";
import { byId, make, mark, put } from "./dom.js";
import { gap, gapTo, mark_m, time } from "./words.js";

const EVERY = ["100 m", "200 m", "400 m", "500 m", "800 m", "1000 m", "line"];

/** Once: the marks that can be chosen. `choose(every)` tells the program. */
export function startAthlete(choose) {
  const select = byId("marks");
  for (const every of EVERY) select.append(make("option", { value: every }, every === "line" ? "every finish line" : `every ${every}`));
  // chosen with the mouse or a finger, it gives the keys back: the next Space is a split
  let pointed = false;
  select.addEventListener("pointerdown", () => (pointed = true));
  select.addEventListener("keydown", () => (pointed = false));
  select.addEventListener("change", () => {
    choose(select.value);
    if (pointed) select.blur();
  });
}

let sign = "";

/** Ten times a second; builds anew only when a mark was passed or taken back. */
export function showAthlete(page, why) {
  const { athlete } = page.state;
  byId("athlete").hidden = !athlete;
  if (!athlete) return;
  put(byId("next-mark"), athlete.next ? mark_m(athlete.next.distance_m) : "no mark left");
  const { likeliest } = athlete;
  byId("likeliest").hidden = !likeliest;
  if (likeliest) put(byId("do-split_likeliest").querySelector(".label"), `That was ${mark_m(likeliest.distance_m)}`);
  const select = byId("marks");
  const reason = why();
  mark(select, "disabled", reason ? true : null);
  mark(select, "title", reason);
  if (document.activeElement !== select && athlete.marks && select.value !== athlete.marks) {
    if (![...select.options].some((option) => option.value === athlete.marks)) {
      select.append(make("option", { value: athlete.marks }, athlete.marks));
    }
    select.value = athlete.marks;
  }
  const now = JSON.stringify([athlete.rows, page.state.waves.map((wave) => wave.name)]);
  if (now === sign) return;
  sign = now;
  build(athlete.rows, page.state.waves);
}

function build(rows, waves) {
  byId("athlete-head").replaceChildren(
    ...["mark", "time", "split"].map((name) => make("th", { scope: "col" }, name)),
    ...waves.map((wave) => {
      const dot = make("i", { class: "dot" });
      dot.style.background = wave.colour;
      return make("th", { scope: "col" }, dot, `to ${wave.name}`);
    }),
    make("th", { scope: "col" }, "on for"),
  );
  byId("athlete-rows").replaceChildren(
    ...[...rows].reverse().map((row) =>
      make("tr", {},
        make("th", { scope: "row" }, mark_m(row.distance_m)),
        make("td", {}, row.time_s === null ? "missed" : time(row.time_s), sourceOf(row)),
        make("td", {}, time(row.split_s)),
        ...waves.map((wave) => {
          const found = row.gaps.find((one) => one.wave === wave.name);
          const way = !found || found.s === null ? null : found.s > 0.005 ? "behind" : found.s < -0.005 ? "ahead" : "level";
          return make("td", { "data-way": way }, found ? gap(found.s, found.m) : "–");
        }),
        make("td", {}, time(row.projected_s)),
      ),
    ),
  );
  put(byId("athlete-last"), lastWords(rows));
  byId("athlete-table").hidden = !rows.length;
  const place = byId("gap-chart");
  place.hidden = rows.length < 2;
  if (rows.length >= 2) gapChart(place, rows, new Map(waves.map((wave) => [wave.name, wave.colour])));
}

/** Where a time came from, if it was not the key. */
function sourceOf(row) {
  const known = { feed: "by the timing", typed: "typed" };
  return row.time_s === null || !known[row.source] ? null : make("small", {}, ` ${known[row.source]}`);
}

/** The last mark in one line, and those that were missed since. */
function lastWords(rows) {
  const at = rows.findLastIndex((row) => row.time_s !== null);
  const missed = rows.slice(at + 1).map((row) => mark_m(row.distance_m));
  const tail = missed.length ? ` Missed since: ${missed.join(", ")}.` : "";
  if (at < 0) return missed.length ? `No mark timed yet.${tail}` : "No mark passed yet.";
  const row = rows[at];
  const first = row.gaps[0];
  const against = first && first.s !== null ? `: ${gapTo(first.s, first.m, first.wave)}` : "";
  return `${mark_m(row.distance_m)} in ${time(row.time_s)}${against}, on for ${time(row.projected_s)}${tail ? `.${tail}` : ""}`;
}

let drawn_px = innerWidth;

/** After a change of width the chart is drawn anew; a phone's keyboard changes only the height. */
export function redrawAthlete() {
  if (innerWidth === drawn_px) return;
  drawn_px = innerWidth;
  sign = "";
}
