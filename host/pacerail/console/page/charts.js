// Charts by uPlot (uplot.esm.js, MIT, shipped beside this file): the profile of a plan, and the athlete's gaps.

import uPlot from "./uplot.esm.js";
import { mark_m, time } from "./words.js";

const INK = "#b9c4d2";
const GRID = { stroke: "#232b38", width: 1 };
const FONT = '12px system-ui, "DejaVu Sans", sans-serif';
const DASHES = [[], [8, 4], [3, 3], [10, 3, 2, 3]]; // colours alone do not tell lines apart

const axis = (values, size) => ({ stroke: INK, grid: GRID, ticks: GRID, font: FONT, values: (_, ticks) => ticks.map(values), size });

/** One table of all lines over the union of their distances; null where a line has no point. */
function table(lines) {
  const at = [...new Set(lines.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  const place = new Map(at.map((distance_m, k) => [distance_m, k]));
  const columns = lines.map((line) => {
    const column = new Array(at.length).fill(null);
    for (const [distance_m, value] of line.points) column[place.get(distance_m)] = value;
    return column;
  });
  return [at, ...columns];
}

/** The chart of each kind that was made last: it listens to the window until it is destroyed. */
const made = new Map();

function chart(kind, parent, lines, axes, scales, height, points) {
  dropChart(kind);
  parent.replaceChildren();
  const series = lines.map((line, k) => ({
    label: line.name,
    stroke: line.colour,
    width: 2,
    dash: DASHES[k % DASHES.length],
    spanGaps: true,
    points: { show: points, size: 6 },
  }));
  const width = Math.max(240, parent.clientWidth);
  const plot = new uPlot(
    { width, height, axes, scales, series: [{ label: "at", value: (_, at_m) => (at_m === null ? "–" : mark_m(at_m)) }, ...series], cursor: { drag: { x: false, y: false } }, legend: { live: false } },
    table(lines),
    parent,
  );
  made.set(kind, plot);
}

/** Take a chart away: "profile" or "gaps". */
function dropChart(kind) {
  made.get(kind)?.destroy();
  made.delete(kind);
}

/** Whether a plan has a pace to draw: one of groups alone may have none. */
export const hasProfile = (profile) => profile.some((line) => line.points.some((point) => Number.isFinite(point[1])));

/** Pace over distance, faster is higher. `profile`: plan's; `colours`: name to colour. */
export function profileChart(parent, profile, colours, height = 210) {
  const lines = profile.map((line) => ({ name: line.name, colour: colours.get(line.name) ?? INK, points: line.points.filter((point) => Number.isFinite(point[1])) }));
  const all = lines.flatMap((line) => line.points.map((point) => point[1]));
  if (!all.length) return;
  const [fast, slow] = [Math.min(...all), Math.max(...all)];
  const room = Math.max(0.5, (slow - fast) * 0.1);
  chart(
    "profile",
    parent,
    lines,
    [axis((at) => `${at} m`, 34), axis((pace) => time(pace, 1), 58)],
    { x: { time: false }, y: { dir: -1, range: [fast - room, slow + room] } },
    height,
    false,
  );
}

/** The athlete's gap to each wave in s at each mark, behind is lower. Called again it takes the place of the last one. */
export function gapChart(parent, rows, colours, height = 150) {
  const names = [...new Set(rows.flatMap((row) => row.gaps.map((gap) => gap.wave)))];
  const lines = names.map((name) => ({
    name,
    colour: colours.get(name) ?? INK,
    points: rows.flatMap((row) => row.gaps.filter((gap) => gap.wave === name && gap.s !== null).map((gap) => [row.distance_m, -gap.s])),
  }));
  if (!lines.some((line) => line.points.length)) return;
  chart(
    "gaps",
    parent,
    lines,
    [axis((at) => `${at} m`, 34), axis((s) => `${s > 0 ? "+" : s < 0 ? "−" : ""}${Math.abs(s).toFixed(1)} s`, 74)],
    { x: { time: false }, y: { range: (_, low, high) => [Math.min(-0.2, low) - 0.1, Math.max(0.2, high) + 0.1] } },
    height,
    true,
  );
}
