// How a board's state looks: a shape, a letter and a colour, each enough by itself. And which boards are worst.

const GOOD = "#5fe08a";
const WARN = "#ffc247";
const BAD = "#ff7b7b";
const CALM = "#7cc4ff";
const FAINT = "#9aa7b8";

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

/** All that may be wrong with a board, worst first: how bad, whether it is so, and its words. */
const TROUBLES = [
  [4, (board) => board.lost, () => "lost"],
  [3, (board) => board.state === "fault", () => "fault"],
  [2, (board) => board.late > LATE, (board) => `${board.late} late frames`],
  [2, (board) => board.bound_us > BOUND_US, () => "clock not sure"],
  [2, (board) => board.holdover_s > HOLDOVER_S, (board) => `clock not set for ${Math.round(board.holdover_s)} s`],
  [1, (board) => board.dimmed > 0, () => "dimmed by its power limit"],
];

/** What is wrong with a board, worst first, in words; nothing: []. */
export const troubles = (board) => TROUBLES.filter(([, is]) => is(board)).map(([, , words]) => words(board));

/** How bad it is, for sorting: 0 is well. */
export const badness = (board) => TROUBLES.find(([, is]) => is(board))?.[0] ?? 0;

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
