// When something was pressed, in the time of the program's computer: so that what comes late is known to be late, and a
// split is right however late it comes. A message takes some time to arrive and never less than none: the smallest
// difference of the two clocks that was seen lately is nearest to the truth.

const KEPT_MS = 30000;
const JUMP_MS = 5000; // by so much no message is late on a line that stands: one of the clocks stood still

/** The program's monotonic clock, seen from here. */
export class ServerClock {
  constructor() {
    this.forget();
  }

  /** After a new connection: it may be another program, with another clock. */
  forget() {
    this.heardOffsets = [];
    this.offset_ms = null;
  }

  /** The program said at `at_ms` (performance.now()) that it was `mono_ms`. */
  heard(mono_ms, at_ms) {
    if (!Number.isFinite(mono_ms)) return;
    const offset_ms = at_ms - mono_ms;
    if (this.offset_ms !== null && offset_ms > this.offset_ms + JUMP_MS) this.forget();
    this.heardOffsets.push([at_ms, offset_ms]);
    while (this.heardOffsets[0][0] < at_ms - KEPT_MS) this.heardOffsets.shift();
    this.offset_ms = Math.min(...this.heardOffsets.map((one) => one[1]));
  }

  /** The program's time at `at_ms` of performance.now(), in ms; null when it has not said what time it is. */
  at(at_ms) {
    return this.offset_ms === null ? null : Math.round((at_ms - this.offset_ms) * 10) / 10;
  }
}

const OLD_MS = 60000;

/** When an event happened, of performance.now(): not when the page came to it. */
export function momentOf(event) {
  const now_ms = performance.now();
  const at_ms = event?.timeStamp;
  return at_ms > 0 && at_ms <= now_ms && now_ms - at_ms < OLD_MS ? at_ms : now_ms;
}
