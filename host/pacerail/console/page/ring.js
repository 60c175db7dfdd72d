// The boards as a ring outside the rail: a stroke along each one's stretch, and its state as shape, colour and letter.
// Drawn again only when a state changes.

import { badness, drawShape, filled, look } from "./boardlook.js";

const ROOM_PX = 13; // a board with less room on the ring than this shows no letter, unless it is in trouble
const NAME_PX = 40; // and with less than this no name

export class Ring {
  constructor(canvas, rail, fit, ratio) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.fit = fit;
    this.ratio = ratio;
    this.sign = null;
    this.names = []; // of the last drawing, as boxes in canvas pixels
    this.small = canvas.width / ratio < 560;
    const out = 17 * ratio;
    this.stretches = rail.boards.map((board) => {
      const leds = board.leds.length ? board.leds : [[0, 0]];
      const step = Math.max(1, Math.floor(leds.length / 24));
      const picked = leds.filter((_, k) => k % step === 0 || k === leds.length - 1);
      const points = picked.map(([x, y]) => outside(rail, fit, x, y, out));
      const middle = leds[Math.floor(leds.length / 2)];
      let room = 0;
      for (let k = 1; k < points.length; k++) room += Math.hypot(points[k].x - points[k - 1].x, points[k].y - points[k - 1].y);
      // a gap between neighbours, so that one sees where each ends
      shorten(points, Math.min(3 * ratio, room / 4));
      shorten(points.reverse(), Math.min(3 * ratio, room / 4));
      return {
        points,
        room: room / ratio,
        mark: outside(rail, fit, ...middle, out),
        name: outside(rail, fit, ...middle, 34 * ratio),
      };
    });
  }

  /** Draw the boards as they are, if they are not as they were. */
  draw(boards) {
    const sign = boards.map((board) => `${board.name}${look(board).letter}${badness(board)}`).join();
    if (sign === this.sign) return;
    this.sign = sign;
    const { context, ratio } = this;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.names = [];
    const names = [];
    context.lineCap = "butt";
    boards.forEach((board, k) => {
      if (this.stretches[k]) this.one(context, ratio, board, this.stretches[k], names);
    });
    // the names of those in trouble first: no other name takes their room
    for (const { words, bad, colour, place } of names.sort((a, b) => b.bad - a.bad)) {
      context.fillStyle = bad ? colour : "#b9c4d2";
      context.font = `${bad ? "bold " : ""}${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
      this.name(context, words, place, ratio);
    }
  }

  one(context, ratio, board, stretch, names) {
    const { colour, shape, letter } = look(board);
    const bad = badness(board) > 0;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = (bad ? 3.5 : 2) * ratio;
    context.setLineDash(board.lost ? [4 * ratio, 4 * ratio] : []);
    context.beginPath();
    for (const point of stretch.points) context.lineTo(point.x, point.y);
    context.stroke();
    context.setLineDash([]);
    if (stretch.room < ROOM_PX && !bad) return;
    const size = (this.small || stretch.room < 26 ? 6.5 : 10) * ratio;
    const { x, y } = stretch.mark;
    context.fillStyle = "#0b0e14";
    context.beginPath();
    context.arc(x, y, size * 1.5, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = colour;
    context.lineWidth = 1.6 * ratio;
    drawShape(context, shape, x, y, size);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = filled(shape) ? "#0b0e14" : colour;
    context.font = `bold ${size * 1.15}px system-ui, "DejaVu Sans", sans-serif`;
    context.fillText(letter, shape === "arrow" ? x - 0.15 * size : x, y + 0.06 * size);
    if ((this.small || stretch.room < NAME_PX) && !bad) return;
    names.push({ words: board.name, bad, colour, place: stretch.name });
  }

  /** A board's name, all of it in the picture: half a name may be that of another board. None where it would touch one. */
  name(context, words, place, ratio) {
    const { width } = context.measureText(words);
    const side = place.nx > 0.5 ? 0 : place.nx < -0.5 ? 1 : 0.5; // how much of it is left of its place
    const beside = place.x - (side === 0.5 ? 0 : place.nx * 6 * ratio) - side * width;
    const x = Math.max(0, Math.min(this.canvas.width - width, beside));
    const box = { name: words, x, y: place.y, w: width, h: 13 * ratio };
    if (this.names.some((other) => x < other.x + other.w + 3 * ratio && other.x < x + width + 3 * ratio && Math.abs(other.y - box.y) < box.h)) return;
    this.names.push(box);
    context.textAlign = "left";
    context.fillText(words, x, place.y);
  }
}

/** Move the first point so many pixels towards the next. */
function shorten(points, by) {
  if (points.length < 2) return;
  const [first, next] = points;
  const length = Math.hypot(next.x - first.x, next.y - first.y) || 1;
  const part = Math.min(0.9, by / length);
  points[0] = { ...first, x: first.x + part * (next.x - first.x), y: first.y + part * (next.y - first.y) };
}

/** The point so many pixels outside the kerb, and the way out in screen directions. */
function outside(rail, fit, x_m, y_m, out) {
  const place = rail.kerb.at(rail.kerb.nearest_m(x_m, y_m));
  const [nx, ny] = [-place.nx, place.ny];
  return { x: fit.x(place.x) + nx * out, y: fit.y(place.y) + ny * out, nx, ny };
}
