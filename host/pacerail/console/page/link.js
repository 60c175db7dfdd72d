// The line to the program: a WebSocket that comes back by itself. It knows messages, not what they mean.

const RETRY_MS = [200, 400, 800, 1500, 2000];
const ANSWER_MS = 20000; // longer only while the program says that it is busy
const DEAD_MS = 4000; // nothing for so long: the socket may be half open, so it is made anew

/** What `send` resolves to when the line broke before the answer came. */
export const BROKE = "the connection broke; whether it was done stands in the log";

/**
 * `handlers`: message(object), pixels(DataView), opened(), closed(), failed(): a try that came to no connection; busy():
 * whether the program is at something long, so that an answer may be long in coming.
 */
export class Link {
  constructor(path, handlers) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}${path}${location.search}`;
    this.handlers = handlers;
    this.waiting = new Map();
    this.last_id = 0;
    this.tries = 0;
    this.heard_ms = performance.now();
    this.open = false;
    this.ended = false;
    this.connect();
    setInterval(() => this.look(), 500);
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.tried_ms = performance.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.open = true;
      this.tries = 0;
      this.handlers.opened();
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard_ms = performance.now();
      if (typeof event.data !== "string") this.handlers.pixels(new DataView(event.data));
      else this.take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.gone();
    };
  }

  take(message) {
    if (message.type === "done" || message.type === "refused") {
      this.settle(message.id, message.type === "done" ? null : message.why);
      return;
    }
    this.handlers.message(message);
  }

  settle(id, why) {
    const answer = this.waiting.get(id);
    if (!answer) return;
    this.waiting.delete(id);
    clearTimeout(answer.timer);
    answer.resolve(why);
  }

  /** Send a message. Resolves to null when it was done, or to the words of why not. */
  send(message) {
    if (!this.open) return Promise.resolve("no connection to the program; nothing was sent");
    this.last_id += 1;
    const id = this.last_id;
    this.socket.send(JSON.stringify({ ...message, id }));
    return new Promise((resolve) => {
      this.waiting.set(id, { resolve, timer: 0 });
      this.wait(id);
    });
  }

  /** Wait for an answer, and again as long as the program is busy. */
  wait(id) {
    this.waiting.get(id).timer = setTimeout(() => {
      if (this.handlers.busy()) this.wait(id);
      else this.settle(id, "no answer from the program yet; look at the event log");
    }, ANSWER_MS);
  }

  gone() {
    const was = this.open;
    this.open = false;
    for (const id of [...this.waiting.keys()]) this.settle(id, BROKE);
    if (was) this.handlers.closed();
    else this.handlers.failed();
    const wait_ms = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    setTimeout(() => this.ended || this.connect(), wait_ms);
  }

  /** Try no more. */
  end() {
    this.ended = true;
  }

  look() {
    const now_ms = performance.now();
    if (now_ms - Math.max(this.heard_ms, this.tried_ms) < DEAD_MS || this.socket.readyState > 1) return;
    const old = this.socket;
    old.onclose = old.onmessage = old.onopen = null;
    old.close();
    this.gone();
  }

  /** Seconds since the program was last heard. */
  silent_s() {
    return (performance.now() - this.heard_ms) / 1000;
  }
}
