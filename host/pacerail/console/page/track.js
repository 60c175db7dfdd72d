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

/** Draw all of it. `rail`: {kerb, running: Line, outline, boards}; `ends`: {start, finish} {x, y} in m, or null. */
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
  if (!ends) return;
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
    context.fillText(name, line.x - line.nx * 4 * ratio, line.y - line.ny * 4 * ratio);
  }
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
