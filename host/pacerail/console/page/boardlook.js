// How a board's state looks: a shape, a letter and a colour, each enough by itself. And which boards are worst.

export const GOOD = "#5fe08a";
export const WARN = "#ffc247";
export const BAD = "#ff7b7b";
export const CALM = "#7cc4ff";
export const FAINT = "#9aa7b8";

const LOOKS = {
  idle: { letter: "I", shape: "ring", colour: FAINT, words: "idle: no plan on it" },
  loaded: { letter: "L", shape: "box", colour: CALM, words: "loaded: has the plan" },
  armed: { letter: "A", shape: "block", colour: CALM, words: "armed: waits for the gun" },
  running: { letter: "R", shape: "arrow", colour: GOOD, words: "running" },
  finished: { letter: "F", shape: "disc", colour: GOOD, words: "finished" },
  recalled: { letter: "C", shape: "down", colour: WARN, words: "recalled: false start" },
  fault: { letter: "X", shape: "cross", colour: BAD, words: "fault" },
  lost: { letter: "?", shape: "diamond", colour: BAD, words: "lost: no answer; its light runs on" },
};
const UNKNOWN = { letter: "–", shape: "ring", colour: FAINT, words: "not heard yet" };

/** All of them, for the legend. */
export const legend = Object.values(LOOKS);

/** The look of a board as it is in the program's state. */
export const look = (board) => (board.lost ? LOOKS.lost : (LOOKS[board.state] ?? { ...UNKNOWN, words: board.state || UNKNOWN.words }));

const BOUND_US = 2000; // the program does not arm a rail whose clocks are known worse (clocks.py)
const HOLDOVER_S = 60;
const LATE = 20; // frames: some are late when a cable is pulled; the warnings begin at the same number

/** What is wrong with a board, worst first, in words; nothing: []. */
export function troubles(board) {
  const found = [];
  if (board.lost) found.push("lost");
  if (board.state === "fault") found.push("fault");
  if (board.late > LATE) found.push(`${board.late} late frames`);
  if (board.bound_us > BOUND_US) found.push("clock not sure");
  if (board.holdover_s > HOLDOVER_S) found.push(`clock not set for ${Math.round(board.holdover_s)} s`);
  if (board.dimmed > 0) found.push("dimmed by its power limit");
  return found;
}

/** How bad it is, for sorting: 0 is well. */
export function badness(board) {
  if (board.lost) return 4;
  if (board.state === "fault") return 3;
  if (board.late > LATE || board.bound_us > BOUND_US || board.holdover_s > HOLDOVER_S) return 2;
  return board.dimmed > 0 ? 1 : 0;
}

/** Draw the shape around (x, y), `r` pixels to its edge. */
export function drawShape(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "ring" || shape === "disc") context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "box" || shape === "block") context.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else {
    const corners = {
      arrow: [[-0.8, -1], [1.1, 0], [-0.8, 1]],
      down: [[-1, -0.8], [1, -0.8], [0, 1.1]],
      diamond: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
      cross: [[-1, -0.45], [-0.45, -1], [0.45, -1], [1, -0.45], [1, 0.45], [0.45, 1], [-0.45, 1], [-1, 0.45]],
    }[shape];
    for (const [dx, dy] of corners) context.lineTo(x + dx * r, y + dy * r);
    context.closePath();
  }
  if (shape === "ring" || shape === "box" || shape === "diamond") context.stroke();
  else context.fill();
}

/** True when the letter stands on a filled shape, so that it must be dark. */
export const filled = (shape) => !(shape === "ring" || shape === "box" || shape === "diamond");
