// What the page knows: what the program last said. Views ask it; nothing here draws.

import { RaceClock } from "./clock.js";
import { ServerClock } from "./moments.js";

const LOST_S = 1.0;
const KEPT_EVENTS = 500;

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

  /** Is the program silent? Brings `lost` up to date. */
  look(silent_s, open) {
    this.broken = !open;
    this.lost = !open || silent_s > LOST_S || !this.state;
    return this.lost;
  }

  /** How many m a wave has come since the last state. */
  ahead_m(wave, at_ms) {
    if (!this.state) return 0;
    return this.clock.distance_m(wave, this.state.race_s, at_ms) - wave.distance_m;
  }
}
