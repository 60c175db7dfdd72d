// What stands still: lane 1, the kerb, the running line, start and finish, marks. Drawn once for a size and a plan.

const LANE_M = 1.22; // World Athletics Technical Rule 14: a lane is 1.22 m wide

function path(context, fit, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(fit.x(x), fit.y(y));
  context.closePath();
}

/** A line across the track at a point of the kerb, from `inner` to `outer` pixels out of it, and where it ends. */
function across(context, fit, place, inner, outer) {
  const [x, y] = [fit.x(place.x), fit.y(place.y)];
  const [nx, ny] = [-place.nx, place.ny];
  context.beginPath();
  context.moveTo(x + nx * inner, y + ny * inner);
  context.lineTo(x + nx * outer, y + ny * outer);
  context.stroke();
  return { x: x + nx * inner, y: y + ny * inner, nx, ny };
}

/**
 * Draw all of it. `rail`: {kerb, running: Line, outline, boards}; `ends`: {start, finish} {x, y} in m, or null. Returns
 * the boxes {x, y, w, h} in CSS pixels of the words that it wrote.
 */
export function drawTrack(canvas, rail, fit, ratio, ends) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.lineJoin = "round";
  const lane = Math.max(2 * ratio, LANE_M * fit.scale);
  path(context, fit, rail.kerb.points);
  context.strokeStyle = "#2a1d1c";
  context.lineWidth = 2 * lane;
  context.stroke();
  path(context, fit, rail.kerb.points);
  context.fillStyle = "#0b0e14";
  context.fill();
  context.strokeStyle = "#3b4557";
  context.lineWidth = 2.4 * ratio;
  context.stroke();
  path(context, fit, rail.running.points);
  context.setLineDash([3 * ratio, 4 * ratio]);
  context.strokeStyle = "#6b5652";
  context.lineWidth = ratio;
  context.stroke();
  context.setLineDash([]);
  joints(context, rail, fit, ratio);
  const small = canvas.width / ratio < 560;
  context.font = `${(small ? 10 : 12) * ratio}px system-ui, "DejaVu Sans", sans-serif`;
  const words = [];
  if (!ends) return words;
  context.strokeStyle = "#e8edf4";
  context.lineWidth = 2.5 * ratio;
  for (const [name, point] of [["finish", ends.finish], ["start", ends.start]]) {
    if (!point) continue;
    const place = rail.kerb.at(rail.kerb.nearest_m(point.x, point.y));
    const line = across(context, fit, place, -5 * ratio, lane + 5 * ratio);
    context.fillStyle = "#b9c4d2";
    // the start of a mile is 9 m before the finish line: the words stand on either side
    context.textAlign = Math.abs(line.nx) > 0.5 ? (line.nx > 0 ? "right" : "left") : name === "finish" ? "left" : "right";
    context.textBaseline = Math.abs(line.nx) > 0.5 ? "middle" : line.ny > 0 ? "bottom" : "top";
    // the two may be one line: then the words stand to its left and right
    const aside = Math.abs(line.nx) > 0.5 ? 0 : (name === "finish" ? 4 : -4) * ratio;
    const [x, y] = [line.x - line.nx * 4 * ratio + aside, line.y - line.ny * 4 * ratio];
    context.fillText(name, x, y);
    const size = context.measureText(name);
    const [left, top] = [x - size.actualBoundingBoxLeft, y - size.actualBoundingBoxAscent];
    words.push({ x: left / ratio, y: top / ratio, w: (x + size.actualBoundingBoxRight - left) / ratio, h: (y + size.actualBoundingBoxDescent - top) / ratio });
  }
  return words;
}

/** Where one board ends and the next begins. */
function joints(context, rail, fit, ratio) {
  context.strokeStyle = "#56627a";
  context.lineWidth = ratio;
  for (const board of rail.boards) {
    if (!board.leds.length) continue;
    across(context, fit, rail.kerb.at(rail.kerb.nearest_m(...board.leds[0])), -3 * ratio, 3 * ratio);
  }
}

const GRID = 4; // CSS pixels

/** A function that says whether (x, y) in CSS pixels is inside the kerb, looked up on a grid. */
export function infield(kerb, fit, ratio, width, height) {
  const context = document.createElement("canvas").getContext("2d");
  path(context, fit, kerb.points);
  const across = Math.ceil(width / GRID) + 1;
  const found = new Uint8Array(across * (Math.ceil(height / GRID) + 1));
  for (let k = 0; k < found.length; k++) {
    const [x, y] = [(k % across) * GRID * ratio, Math.floor(k / across) * GRID * ratio];
    found[k] = context.isPointInPath(x, y) ? 1 : 0;
  }
  return (x, y) => found[Math.round(y / GRID) * across + Math.round(x / GRID)] === 1;
}
