// Splits that were pressed while the program was not heard. The moment of a press is known, so they are sent when it is
// back: to the same program only, since another one has another clock.

const LATEST_MS = 60000; // the program takes no split that comes later
const PATIENCE_MS = 5000; // so long after it is back control may still come to this page

export class KeptSplits {
  /** `send(message, at_ms)`: at_ms of the program's clock; `say(text)`: tell the person. */
  constructor(send, say) {
    this.send = send;
    this.say = say;
    this.list = [];
    this.same = true;
    this.back_ms = null;
  }

  /** A press at `at_ms` of performance.now(), which is `mono_ms` for the program. */
  keep(at_ms, mono_ms, more = {}) {
    if (mono_ms === null) {
      this.say("split: lost; this page does not know the program's time yet");
      return;
    }
    this.list.push({ at_ms, mono_ms, more });
    this.say(`split: kept, and sent when the program is heard again (${this.list.length} so far)`);
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

  /** A state came at `at_ms`; `mine`: this page is in control. */
  heard(at_ms, mine) {
    if (!this.list.length) return;
    this.back_ms ??= at_ms;
    if (this.same && mine) {
      const list = this.list.filter((one) => at_ms - one.at_ms < LATEST_MS);
      if (list.length < this.list.length) this.say(`${this.list.length - list.length} of the kept splits came too late`);
      this.list = [];
      this.back_ms = null;
      for (const one of list) this.send({ type: "split", ...one.more }, one.mono_ms);
    } else if (at_ms - this.back_ms > PATIENCE_MS) this.lose("this page is not in control any more");
  }

  lose(why) {
    if (this.list.length) this.say(`${this.list.length} kept ${this.list.length === 1 ? "split is" : "splits are"} dropped: ${why}`);
    this.list = [];
    this.back_ms = null;
  }
}
