// Recall and stop whose line broke before they were answered: sent again on the next line, with the moment of the press.
// The program takes them for 10 s, and refuses one that was pressed before the boards were armed anew.

import { BROKE } from "./link.js";

const LATEST_MS = 10000;

export class Insistence {
  /** `send(message, words)` resolves to null, or to why it was refused; `moment(at_ms)`: the program's time, or null. */
  constructor(send, moment) {
    this.send = send;
    this.moment = moment;
    this.list = [];
  }

  /** An order that was pressed at `at_ms` of performance.now(). */
  order(text, at_ms) {
    return this.give({ text, at_ms, mono_ms: this.moment(at_ms) });
  }

  async give(one) {
    const message = { type: "order", order: one.text, ...(one.mono_ms === null ? {} : { at_ms: one.mono_ms }) };
    if ((await this.send(message, one.text)) === BROKE) this.list.push(one);
  }

  /** The line is back: `same`: to the program that was meant, and this page is in control. */
  back(same, now_ms) {
    const list = this.list.filter(({ at_ms }) => now_ms - at_ms < LATEST_MS);
    this.list = [];
    if (same) for (const one of list) this.give(one);
  }
}
