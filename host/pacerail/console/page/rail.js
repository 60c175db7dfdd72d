// The rail on the screen: what stands still, the light, the ring of boards, the names. One frame at a time.

import { Fit, Line, reversed } from "./geometry.js";
import { Leds, Light } from "./light.js";
import { Ring } from "./ring.js";
import { Tags } from "./tags.js";
import { drawTrack, infield } from "./track.js";

export class RailView {
  /** `parts`: {box, track, light, ring: canvases, tags: element}. */
  constructor(parts) {
    this.parts = parts;
    this.tags = new Tags(parts.tags);
    this.rail = null;
    this.ends = null;
    this.frames = 0;
    new ResizeObserver(() => this.resize()).observe(parts.box);
  }

  /** The program's rail (hello). The LEDs are dark until the first pixels come. */
  hello(rail) {
    const kerbLine = new Line(rail.outline.kerb);
    const withLeds = rail.boards.find((board) => board.leds.length > 1);
    const ahead = withLeds ? kerbLine.direction(withLeds.leds) : 1;
    const turned = (points) => (ahead > 0 ? points : reversed(points));
    const kerb = new Line(turned(rail.outline.kerb));
    const running = new Line(turned(rail.outline.running));
    this.rail = { ...rail, kerb, running };
    this.leds = new Leds(rail.boards);
    this.along_m = new Float64Array(this.leds.count);
    let led = 0;
    for (const board of rail.boards) for (const [x, y] of board.leds) this.along_m[led++] = kerb.nearest_m(x, y);
    this.size = "";
    this.last = null;
    this.resize();
  }

  /** Start and finish lines of the plan. */
  plan(plan) {
    this.ends = plan ? { start: plan.start, finish: plan.finish } : null;
    if (this.rail && this.fit) this.drawTrack();
  }

  drawTrack() {
    this.words = drawTrack(this.parts.track, this.rail, this.fit, this.ratio, this.ends);
  }

  /** Names keep off the clock, where that stands in the picture. */
  keepOff(clock) {
    const { box } = this.parts;
    if (!this.words) return;
    const over = { x: clock.offsetLeft - box.offsetLeft, y: clock.offsetTop - box.offsetTop, w: clock.offsetWidth, h: clock.offsetHeight };
    this.tags.picture({ width: box.clientWidth, height: box.clientHeight }, [...this.words, over], this.inside);
  }

  pixels(view) {
    this.leds?.take(view, (led) => this.light?.changed(led));
  }

  /** State came: the ring and the names. */
  state(state) {
    this.last = state;
    this.ring?.draw(state.boards);
    this.tags.waves(state.waves);
  }

  resize() {
    if (!this.rail) return;
    const { clientWidth: width, clientHeight: height } = this.parts.box;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const size = `${width} ${height} ${ratio}`;
    if (size === this.size || width < 20 || height < 20) return;
    this.size = size;
    this.ratio = ratio;
    for (const name of ["track", "light", "ring"]) {
      this.parts[name].width = Math.round(width * ratio);
      this.parts[name].height = Math.round(height * ratio);
    }
    const margin = (width < 560 ? 42 : 46) * ratio;
    this.fit = new Fit(this.rail.kerb.points, width * ratio, height * ratio, margin);
    this.inside = infield(this.rail.kerb, this.fit, ratio, width, height);
    this.drawTrack();
    this.light = new Light(this.parts.light, this.rail.kerb, this.fit, this.along_m, ratio);
    this.ring = new Ring(this.parts.ring, this.rail, this.fit, ratio);
    if (this.last) this.ring.draw(this.last.boards);
  }

  /** Draw one frame; `ahead_m(wave)`: how far each wave has come since its state was heard. */
  frame(ahead_m) {
    if (!this.light) return;
    this.light.draw(this.leds.rgb);
    this.frames += 1;
    if (!this.last) return;
    this.tags.draw(this.last.waves.map((wave) => this.place(wave, ahead_m(wave))));
  }

  place(wave, ahead_m) {
    const shown = wave.x !== null && wave.x !== undefined && wave.mode !== "hidden";
    if (!shown) return { name: wave.name, shown };
    const { running } = this.rail;
    const along_m = running.nearest_m(wave.x, wave.y) + (ahead_m * running.length_m) / this.rail.lap_m;
    const place = running.at(along_m);
    return {
      name: wave.name,
      shown,
      x: this.fit.x(place.x) / this.ratio,
      y: this.fit.y(place.y) / this.ratio,
      nx: place.nx,
      ny: -place.ny,
      along_m,
    };
  }
}
