// The race clock between two messages. The program says ten times a second what time it is; the page's own clock runs
// on from there. A message can only be late, never early, so the earliest of the last second is nearest to the truth.

const KEPT = 10;
const DRIFT_S = 0.25; // real s: a rail that runs slower than it says (a busy bench) is followed within so much
const BACK_S = 0.2; // real s: a clock that has to go back by less than this stands still instead

/** Fleet time and race time at any instant of performance.now(). */
export class RaceClock {
  constructor() {
    this.rate = 1;
    this.forget();
  }

  /** After a lost connection: what was heard before says nothing now. */
  forget() {
    this.offsets_s = [];
    this.offset_s = null;
    this.zero_s = null;
    this.shown_s = null;
  }

  /** The program said: it is `fleet_us`, and the race is `race_s` old (null: no gun). Heard at `at_ms`. */
  heard(fleet_us, race_s, rate, at_ms) {
    if (rate !== this.rate) {
      this.rate = rate;
      this.offsets_s = [];
    }
    const fleet_s = fleet_us / 1e6;
    const offset_s = fleet_s - (at_ms / 1000) * this.rate;
    const last = this.offsets_s.at(-1);
    // a new program, or one that stood still for long, has another fleet time
    if (last !== undefined && Math.abs(offset_s - last) > 5 * Math.max(1, this.rate)) this.offsets_s = [];
    this.offsets_s.push(offset_s);
    if (this.offsets_s.length > KEPT) this.offsets_s.shift();
    const earliest = Math.max(...this.offsets_s);
    this.offset_s = Math.min(earliest, offset_s + DRIFT_S * Math.max(1, this.rate));
    const zero_s = race_s === null ? null : fleet_s - race_s;
    // another gun is another time: the clock may jump then, and only then
    if (zero_s === null || this.zero_s === null || Math.abs(zero_s - this.zero_s) > 0.001) this.shown_s = null;
    this.zero_s = zero_s;
  }

  /** Fleet time in s at `at_ms`; null when nothing was heard yet. */
  fleet_s(at_ms) {
    return this.offset_s === null ? null : this.offset_s + (at_ms / 1000) * this.rate;
  }

  /** Race time in s at `at_ms`; null without a gun. */
  race_s(at_ms) {
    if (this.offset_s === null || this.zero_s === null) return null;
    let race_s = this.fleet_s(at_ms) - this.zero_s;
    const back_s = this.shown_s === null ? 0 : this.shown_s - race_s;
    if (back_s > 0 && back_s < BACK_S * Math.max(1, this.rate)) race_s = this.shown_s;
    this.shown_s = race_s;
    return race_s;
  }

  /** Where a wave is at `at_ms`, in m from the start line: on from the last message at its speed. */
  distance_m(wave, heard_race_s, at_ms) {
    const race_s = this.race_s(at_ms);
    if (race_s === null || heard_race_s === null || !wave.speed_mps) return wave.distance_m;
    return wave.distance_m + wave.speed_mps * (race_s - heard_race_s);
  }
}
