// The LEDs, lit as they are. The kerb is cut into bins of one screen pixel; each bin knows the LEDs that fall on it and
// the screen pixels that are its own. When LEDs change only their bins are worked out anew, in linear light, and only
// the parts of the picture in which they lie are put on the screen: 9,600 LEDs cost little more than 900.

const CORE_PX = 2.2; // half the width of the light, full
const GLOW_PX = 5.5; // and to where it falls off to nothing
const STEPS = 16;
const TILE = 48; // bins that are put on the screen together

/** Linear light 0 to 255, at STEPS levels of falloff, to the screen's 0 to 255 (IEC 61966-2-1). */
function screenTable() {
  const table = new Uint8Array((STEPS + 1) * 256);
  for (let step = 0; step <= STEPS; step++) {
    for (let value = 0; value < 256; value++) {
      const c = ((value / 255) * step) / STEPS;
      table[step * 256 + value] = Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
    }
  }
  return table;
}

const SCREEN = screenTable();

/** The canvas on which the light is. Built anew when the size changes; the LEDs' state is kept outside, in `Leds`. */
export class Light {
  /** `kerb`: Line. `fit`: Fit in device pixels. `along_m`: of each LED, along the kerb. `ratio`: device pixels a CSS pixel. */
  constructor(canvas, kerb, fit, along_m, ratio) {
    this.context = canvas.getContext("2d");
    this.width = canvas.width;
    this.height = canvas.height;
    this.image = this.context.createImageData(this.width, this.height);
    this.words = new Uint32Array(this.image.data.buffer);
    this.bins = Math.max(8, Math.ceil(kerb.length_m * fit.scale));
    this.bin_m = kerb.length_m / this.bins;
    this.spread(kerb, fit, ratio);
    this.share(along_m, ratio);
    this.rgb = new Uint8Array(3 * this.bins);
    this.stale = new Uint8Array(this.bins).fill(1);
    this.dirty = true;
    this.context.clearRect(0, 0, this.width, this.height);
  }

  /** Give each screen pixel near the kerb to its nearest bin, with its falloff. */
  spread(kerb, fit, ratio) {
    const size = this.width * this.height;
    const owner = new Int32Array(size).fill(-1);
    const off = new Float32Array(size).fill(Infinity);
    const reach = GLOW_PX * ratio;
    for (let half = 0; half < 2 * this.bins; half++) {
      const bin = half >> 1;
      const { x, y, nx, ny } = kerb.at((half + 0.5) * (this.bin_m / 2));
      for (let across = -reach; across <= reach; across += 0.5) {
        const px = Math.floor(fit.x(x) + nx * across);
        const py = Math.floor(fit.y(y) - ny * across);
        if (px < 0 || py < 0 || px >= this.width || py >= this.height) continue;
        const at = py * this.width + px;
        if (Math.abs(across) >= off[at]) continue;
        off[at] = Math.abs(across);
        owner[at] = bin;
      }
    }
    const first = new Int32Array(this.bins + 1);
    for (const bin of owner) if (bin >= 0) first[bin + 1] += 1;
    for (let bin = 0; bin < this.bins; bin++) first[bin + 1] += first[bin];
    const fill = first.slice();
    this.pixelFirst = first;
    this.pixelAt = new Int32Array(first[this.bins]);
    this.pixelStep = new Uint8Array(first[this.bins]);
    this.tiles = Array.from({ length: Math.ceil(this.bins / TILE) }, () => ({ x0: 1e9, y0: 1e9, x1: -1, y1: -1 }));
    for (let at = 0; at < size; at++) {
      const bin = owner[at];
      if (bin < 0) continue;
      const slot = fill[bin]++;
      const fall = 1 - Math.max(0, off[at] / ratio - CORE_PX) / (GLOW_PX - CORE_PX);
      this.pixelAt[slot] = at;
      this.pixelStep[slot] = Math.round(STEPS * Math.max(0, fall) ** 2);
      const tile = this.tiles[Math.floor(bin / TILE)];
      const x = at % this.width;
      const y = (at - x) / this.width;
      tile.x0 = Math.min(tile.x0, x);
      tile.x1 = Math.max(tile.x1, x);
      tile.y0 = Math.min(tile.y0, y);
      tile.y1 = Math.max(tile.y1, y);
    }
  }

  /** Give each LED to the bins on which it falls, and each bin its LEDs. */
  share(along_m, ratio) {
    const leds = along_m.length;
    const pairs = [];
    const pitch = this.bins / Math.max(1, leds);
    const full = Math.max(0.5, Math.min(pitch / 2, 2 * ratio));
    const reach = full + ratio;
    const count = new Int32Array(this.bins + 1);
    this.ledFirst = new Int32Array(leds + 1);
    for (let led = 0; led < leds; led++) {
      const centre = along_m[led] / this.bin_m;
      for (let at = Math.ceil(centre - 0.5 - reach); at <= centre - 0.5 + reach; at++) {
        const part = Math.min(1, (reach - Math.abs(at + 0.5 - centre)) / (reach - full));
        if (part <= 0.02) continue;
        const bin = ((at % this.bins) + this.bins) % this.bins;
        pairs.push([bin, led, part]);
        count[bin + 1] += 1;
      }
      this.ledFirst[led + 1] = pairs.length;
    }
    this.ledBin = Int32Array.from(pairs, (pair) => pair[0]);
    for (let bin = 0; bin < this.bins; bin++) count[bin + 1] += count[bin];
    const fill = count.slice();
    this.binFirst = count;
    this.binLed = new Int32Array(pairs.length);
    this.binPart = new Float32Array(pairs.length);
    for (const [bin, led, part] of pairs) {
      const slot = fill[bin]++;
      this.binLed[slot] = led;
      this.binPart[slot] = part;
    }
  }

  /** This LED is another colour than it was. */
  changed(led) {
    for (let k = this.ledFirst[led]; k < this.ledFirst[led + 1]; k++) this.stale[this.ledBin[k]] = 1;
    this.dirty = true;
  }

  /** Bring the screen up to date with `rgb` (3 bytes an LED, linear). Returns how many tiles were put. */
  draw(leds) {
    if (!this.dirty) return 0;
    this.dirty = false;
    let put = 0;
    for (let tile = 0; tile < this.tiles.length; tile++) {
      const end = Math.min(this.bins, (tile + 1) * TILE);
      let touched = false;
      for (let bin = tile * TILE; bin < end; bin++) {
        if (!this.stale[bin]) continue;
        this.stale[bin] = 0;
        touched = this.paint(bin, leds) || touched;
      }
      const box = this.tiles[tile];
      if (!touched || box.x1 < 0) continue;
      this.context.putImageData(this.image, 0, 0, box.x0, box.y0, box.x1 - box.x0 + 1, box.y1 - box.y0 + 1);
      put += 1;
    }
    return put;
  }

  paint(bin, leds) {
    let [r, g, b] = [0, 0, 0];
    for (let k = this.binFirst[bin]; k < this.binFirst[bin + 1]; k++) {
      const at = 3 * this.binLed[k];
      const part = this.binPart[k];
      r = Math.max(r, leds[at] * part);
      g = Math.max(g, leds[at + 1] * part);
      b = Math.max(b, leds[at + 2] * part);
    }
    [r, g, b] = [r | 0, g | 0, b | 0];
    if (r === this.rgb[3 * bin] && g === this.rgb[3 * bin + 1] && b === this.rgb[3 * bin + 2]) return false;
    this.rgb.set([r, g, b], 3 * bin);
    for (let k = this.pixelFirst[bin]; k < this.pixelFirst[bin + 1]; k++) {
      const row = this.pixelStep[k] * 256;
      const [sr, sg, sb] = [SCREEN[row + r], SCREEN[row + g], SCREEN[row + b]];
      const most = Math.max(sr, sg, sb);
      // on a dark ground a light is its full colour, seen through as much as it is bright
      this.words[this.pixelAt[k]] = most
        ? ((most << 24) | (((sb * 255) / most) << 16) | (((sg * 255) / most) << 8) | ((sr * 255) / most)) >>> 0
        : 0;
    }
    return true;
  }
}

/** All LEDs of the rail as the program last showed them. */
export class Leds {
  /** `boards`: hello's, each with its LEDs. */
  constructor(boards) {
    this.first = [0];
    for (const board of boards) this.first.push(this.first.at(-1) + board.leds.length);
    this.count = this.first.at(-1);
    this.rgb = new Uint8Array(3 * this.count);
  }

  /** Take a pixel message. Calls `changed(led)` for each LED whose colour is another one. False: not of this rail. */
  take(view, changed) {
    if (view.byteLength < 1 || view.getUint8(0) !== 1) return false;
    let at = 1;
    while (at + 2 <= view.byteLength) {
      const board = view.getUint16(at, true);
      at += 2;
      if (board + 1 >= this.first.length) return false;
      const from = this.first[board];
      const leds = this.first[board + 1] - from;
      if (at + 3 * leds > view.byteLength) return false;
      for (let led = from; led < from + leds; led++, at += 3) {
        const [r, g, b] = [view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2)];
        const to = 3 * led;
        if (this.rgb[to] === r && this.rgb[to + 1] === g && this.rgb[to + 2] === b) continue;
        this.rgb[to] = r;
        this.rgb[to + 1] = g;
        this.rgb[to + 2] = b;
        changed(led);
      }
    }
    return true;
  }
}
