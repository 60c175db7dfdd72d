// The boards in a table, worst first, and a line that says how many are well.

import { badness, legend, look, troubles } from "./boardlook.js";
import { byId, make, mark, put, rows } from "./dom.js";
import { bound, since } from "./words.js";

const CELLS = ["state", "clock", "link", "heat", "volts", "seen"];
const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  ring: "M8 1.8a6.2 6.2 0 1 0 .01 0z",
  disc: "M8 1a7 7 0 1 0 .01 0z",
  box: "M2 2h12v12H2z",
  block: "M1.5 1.5h13v13h-13z",
  arrow: "M2 1l13 7-13 7z",
  down: "M1 2h14l-7 13z",
  diamond: "M8 .8L15.2 8 8 15.2.8 8z",
  cross: "M1 4l3-3 4 3.6L12 1l3 3-3.6 4L15 12l-3 3-4-3.6L4 15l-3-3 3.6-4z",
};

/** A state's shape with its letter, as on the ring. */
function badge() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "badge");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  const letter = document.createElementNS(SVG, "text");
  letter.setAttribute("x", "8");
  letter.setAttribute("y", "11.2");
  letter.setAttribute("text-anchor", "middle");
  svg.append(shape, letter);
  return svg;
}

function fillBadge(svg, given) {
  if (svg.dataset.shape === given.shape + given.letter) return;
  svg.dataset.shape = given.shape + given.letter;
  const open = given.shape === "ring" || given.shape === "box" || given.shape === "diamond";
  svg.firstChild.setAttribute("d", PATHS[given.shape]);
  svg.firstChild.setAttribute("fill", open ? "none" : given.colour);
  svg.firstChild.setAttribute("stroke", open ? given.colour : "none");
  svg.firstChild.setAttribute("stroke-width", "1.6");
  svg.lastChild.setAttribute("x", given.shape === "arrow" ? "6.2" : "8");
  svg.lastChild.setAttribute("fill", open ? given.colour : "#0b0e14");
  svg.lastChild.textContent = given.letter;
}

function create(board) {
  return make("tr", {}, make("th", { scope: "row" }, badge(), make("b", {}, board.name)), ...CELLS.map((name) => make("td", { class: name })));
}

function fill(row, board) {
  const seen = look(board);
  fillBadge(row.querySelector(".badge"), seen);
  const wrong = troubles(board);
  put(row.querySelector(".state"), wrong.length ? [wrong[0] === "lost" ? "lost" : board.state, ...wrong.filter((w) => w !== "lost" && w !== board.state)].join(", ") : board.state || "–");
  const hold = board.holdover_s > 10 ? `, ${since(board.holdover_s)} old` : "";
  put(row.querySelector(".clock"), `${bound(board.bound_us)}${hold}`);
  put(row.querySelector(".link"), board.trip_ms === null || board.trip_ms === undefined ? "–" : `${board.trip_ms.toFixed(1)} ms`);
  const known = (value, digits, unit) => (value === null || value === undefined ? "–" : `${value.toFixed(digits)} ${unit}`);
  put(row.querySelector(".heat"), known(board.temperature_c, 0, "°C"));
  put(row.querySelector(".volts"), known(board.supply_v, 2, "V"));
  put(row.querySelector(".seen"), since(board.seen_s));
  mark(row, "data-bad", badness(board) || null);
}

/** Twice a second. */
export function showBoards(page) {
  const boards = [...page.state.boards].sort((a, b) => badness(b) - badness(a) || a.name.localeCompare(b.name, "en", { numeric: true }));
  rows(byId("boards-rows"), boards, (board) => board.name, create, fill);
  const bad = boards.filter((board) => badness(board) > 0).length;
  const lost = boards.filter((board) => board.lost).length;
  const all = boards.length;
  const unheard = boards.filter((board) => board.seen_s === null || board.seen_s === undefined).length;
  put(byId("boards-sum"), !all ? "none" : unheard && !bad ? `${unheard} of ${all} not heard yet` : bad ? `${all - bad} of ${all} well, ${lost ? `${lost} lost` : "none lost"}` : `all ${all} well`);
  mark(byId("boards-sum"), "data-bad", bad || unheard ? "yes" : null);
  const worst_us = Math.max(0, ...boards.map((board) => board.bound_us ?? 0));
  put(byId("boards-clock"), worst_us ? `least sure clock ${bound(worst_us)}` : "");
}

/** Once: what the shapes mean. */
export function showLegend() {
  const list = byId("legend");
  for (const given of legend) {
    const svg = badge();
    fillBadge(svg, given);
    list.append(make("li", {}, svg, given.words));
  }
}
