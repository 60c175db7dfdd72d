// The race clock in big figures, where its zero came from, and what the race is doing.

import { byId, mark, put } from "./dom.js";
import { PHASES, bound, clockTime } from "./words.js";

/** Ten times a second: everything but the running figures. */
export function showFigures(page) {
  const { state } = page;
  // "all dark" is not true while a show is on
  const waits = state.phase === "running" && state.race_s < 0;
  const phase = state.show ? `Show: ${state.show.name}` : waits ? "Countdown" : (PHASES[state.phase] ?? state.phase);
  put(byId("phase"), phase);
  if (byId("panel-phase")) put(byId("panel-phase"), phase);
  mark(byId("clock"), "data-phase", state.phase);
  const gun = state.gun;
  put(byId("gun"), gun ? `gun: ${gun.words || gun.source}` : "no gun yet");
  put(byId("gun-bound"), gun ? bound(gun.bound_us) : "");
  const others = (state.heard ?? []).filter((other) => other.source !== gun?.source);
  put(byId("heard"), others.map((other) => other.words || other.source).join("; "));
  const alone = state.phase === "interrupted" ? "This program does not look after the boards. Recall and Stop reach them." : "";
  put(byId("doing"), state.busy ? `${state.busy}…` : alone);
  put(byId("showing"), state.show ? `${Math.ceil(state.show.left_s)} s left` : "");
}

/** On every frame: the running figures. */
export function showClock(page, at_ms) {
  const race_s = page.state ? page.clock.race_s(at_ms) : null;
  const text = clockTime(race_s);
  mark(byId("race"), "data-none", race_s === null ? "yes" : null);
  put(byId("race-whole"), text.slice(0, -3));
  put(byId("race-parts"), text.slice(-3));
  // a panel hides the big figures
  if (byId("panel-race")) put(byId("panel-race"), race_s === null ? "" : text.slice(0, -1));
}

/** For those who do not see the rail: where each light is, said once in a while. */
export function railWords(page) {
  const { state } = page;
  const lost = state.boards.filter((board) => board.lost).length;
  const waves = state.waves.map((wave) => `${wave.name} at ${Math.round(wave.distance_m)} m`).join(", ");
  put(byId("rail-words"), `${state.boards.length} boards, ${lost ? `${lost} lost` : "none lost"}. ${waves}.`);
}
