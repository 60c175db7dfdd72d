// What the page knows: what the program last said. Views ask it; nothing here draws.

import { RaceClock } from "./clock.js";
import { ServerClock } from "./moments.js";

const LOST_S = 1.0;
const KEPT_EVENTS = 500;
const COMING_MS = 5000; // so long control may take to come back to this page
const SETTLED_MS = 1000; // and so long after the program said that it does

export class Page {
  constructor() {
    this.clock = new RaceClock();
    this.server = new ServerClock();
    this.hello = null;
    this.role = null;
    this.plan = null;
    this.state = null;
    this.events = [];
    this.event_count = 0;
    this.lost = true;
    this.broken = false;
    this.old_link = false;
    this.had_control = false;
    this.coming = null;
  }

  /** The line is back, and this page asks at `at_ms` to be who it was: until that is answered it may be in control. */
  comesBack(at_ms) {
    this.coming = this.had_control ? { until_ms: at_ms + COMING_MS } : null;
  }

  /** The program said at `at_ms` whether this page is who it was; the next states say who is in control. */
  cameBack(at_ms, is_same) {
    if (this.coming) this.coming = is_same ? { until_ms: at_ms + SETTLED_MS, answered: true } : null;
  }

  /** A message came at `at_ms`. Returns its type. */
  take(message, at_ms) {
    switch (message.type) {
      case "hello":
        // it may be another program than before: nothing that the last one said holds for it
        this.hello = message;
        this.role = message.role;
        this.plan = null;
        this.state = null;
        this.events = [];
        this.clock.forget();
        this.server.forget();
        break;
      case "plan":
        // a program without a plan may say so with an empty one
        this.plan = message.hash ? message : null;
        break;
      case "state":
        this.state = message;
        // it is settled when it is known who is in control
        if (message.control.you || (this.coming?.answered && message.control.by !== null)) this.coming = null;
        if (!this.coming) this.had_control = message.control.you;
        this.server.heard(message.mono_ms, at_ms);
        this.clock.heard(message.fleet_us, message.race_s, message.rate ?? this.hello?.rate ?? 1, at_ms);
        break;
      case "event":
        this.events.push(message);
        this.event_count += 1;
        if (this.events.length > KEPT_EVENTS) this.events.shift();
        break;
    }
    return message.type;
  }

  /** Is the program silent, or control on its way back to this page? Brings `lost` up to date. */
  look(silent_s, open, at_ms) {
    if (this.coming && at_ms > this.coming.until_ms) this.coming = null;
    this.broken = !open;
    this.lost = !open || silent_s > LOST_S || !this.state || this.coming !== null;
    return this.lost;
  }

  /** How many m a wave has come since the last state. */
  ahead_m(wave, at_ms) {
    if (!this.state) return 0;
    return this.clock.distance_m(wave, this.state.race_s, at_ms) - wave.distance_m;
  }
}
