// Splits that were pressed while the program was not heard, or on a line that broke before it answered. The moment of a
// press is known, so they are sent when it is back: to the same program only, since another one has another clock. One
// that it had taken already it refuses as a double press.

import { BROKE } from "./link.js";
import { keepSplits, keptSplits } from "./resume.js";

const LATEST_MS = 60000; // the program takes no split that comes later
const PATIENCE_MS = 5000; // so long after it is back control may still come to this page

const splits = (count) => `${count} kept ${count === 1 ? "split" : "splits"}`;

/** What came of several, in one line: "3 kept splits: 2 noted, refused: pressed twice". `answers`: null or why not, each. */
export function keptWords(answers) {
  const refused = answers.filter(Boolean);
  const noted = answers.length - refused.length;
  const parts = [noted ? `${noted} noted` : "", refused.length ? `refused: ${[...new Set(refused)].join("; ")}` : ""];
  return `${splits(answers.length)}: ${parts.filter(Boolean).join(", ")}`;
}

export class KeptSplits {
  /**
   * `send(message)` resolves to null, or to why it was refused; `say(text, bad)`: tell the person. Those that this page
   * kept before it was loaded anew are taken up again.
   */
  constructor(send, say) {
    this.send = send;
    this.say = say;
    this.list = keptSplits();
    this.same = true;
    this.back_ms = null;
  }

  /** A press that is `mono_ms` for the program, at `pressed_ms` of Date.now(); `more`: of which mark. */
  keep(mono_ms, pressed_ms, more = {}) {
    if (mono_ms === null) {
      this.say("split: lost; this page does not know the program's time yet", true);
      return;
    }
    this.hold([...this.list, { mono_ms, pressed_ms, more }]);
    this.say(`split: kept, and sent when the program is heard again (${this.list.length} so far)`, true);
  }

  hold(list) {
    this.list = list;
    keepSplits(list);
  }

  /** A new connection: nothing is sent before it is known to be the same program. */
  connected() {
    this.same = false;
    this.back_ms = null;
  }

  /** The program took our key back, or not. */
  resumed(is_same) {
    if (!is_same) this.lose("it is not the program that they were pressed for");
    this.same = true; // what is pressed from now on is for this one
  }

  /** A state came at `at_ms` of performance.now(); `mine`: this page is in control. */
  heard(at_ms, mine) {
    if (!this.list.length) return;
    this.back_ms ??= at_ms;
    if (this.same && mine) this.flush();
    else if (at_ms - this.back_ms > PATIENCE_MS) this.lose("this page is not in control any more");
  }

  /** Send them all, and say in one line what came of them. Those whose line breaks again are kept again. */
  async flush() {
    const now_ms = Date.now();
    const list = this.list.filter((one) => now_ms - one.pressed_ms < LATEST_MS);
    const late = this.list.length - list.length;
    this.hold([]);
    this.back_ms = null;
    const answers = await Promise.all(list.map((one) => this.send({ type: "split", ...one.more, at_ms: one.mono_ms })));
    const again = list.filter((_, k) => answers[k] === BROKE);
    for (const one of again) this.keep(one.mono_ms, one.pressed_ms, one.more);
    const told = [...answers.filter((why) => why !== BROKE), ...Array(late).fill("it came too late")];
    if (told.length && !again.length) this.say(keptWords(told), told.some(Boolean));
  }

  lose(why) {
    if (this.list.length) this.say(`${splits(this.list.length)} ${this.list.length === 1 ? "is" : "are"} dropped: ${why}`, true);
    this.hold([]);
    this.back_ms = null;
  }
}
