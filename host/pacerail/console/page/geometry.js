// Closed lines on the ground in metres, and how they fall on the screen in pixels.

/** A closed line through points in m, measured along from its first point. */
export class Line {
  constructor(points) {
    this.points = points;
    this.at_m = new Float64Array(points.length + 1);
    for (let k = 0; k < points.length; k++) {
      const [x, y] = points[k];
      const [to_x, to_y] = points[(k + 1) % points.length];
      this.at_m[k + 1] = this.at_m[k] + Math.hypot(to_x - x, to_y - y);
    }
    this.length_m = this.at_m[points.length];
  }

  /** {x, y, nx, ny}: the point so many m along, and the unit normal to its left (to the infield if one runs left). */
  at(along_m) {
    const s = ((along_m % this.length_m) + this.length_m) % this.length_m;
    let low = 0;
    let high = this.points.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.at_m[middle] <= s) low = middle;
      else high = middle - 1;
    }
    const [x, y] = this.points[low];
    const [to_x, to_y] = this.points[(low + 1) % this.points.length];
    const length = this.at_m[low + 1] - this.at_m[low] || 1;
    const part = (s - this.at_m[low]) / length;
    const dx = (to_x - x) / length;
    const dy = (to_y - y) / length;
    return { x: x + part * (to_x - x), y: y + part * (to_y - y), nx: -dy, ny: dx };
  }

  /** How many m along the line's nearest point to (x, y) lies. */
  nearest_m(x, y) {
    let best = Infinity;
    let found = 0;
    for (let k = 0; k < this.points.length; k++) {
      const [ax, ay] = this.points[k];
      const [bx, by] = this.points[(k + 1) % this.points.length];
      const dx = bx - ax;
      const dy = by - ay;
      const square = dx * dx + dy * dy || 1;
      const part = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
      const off = (ax + part * dx - x) ** 2 + (ay + part * dy - y) ** 2;
      if (off < best) {
        best = off;
        found = this.at_m[k] + part * (this.at_m[k + 1] - this.at_m[k]);
      }
    }
    return found;
  }

  /** 1 if its points follow the running direction, told by a board's LEDs, which do; else -1. */
  direction(leds) {
    if (leds.length < 2) return 1;
    const step = Math.max(1, Math.floor(leds.length / 4));
    const from = this.nearest_m(...leds[0]);
    const to = this.nearest_m(...leds[Math.min(step, leds.length - 1)]);
    const ahead = (to - from + this.length_m) % this.length_m;
    return ahead < this.length_m / 2 ? 1 : -1;
  }
}

/** The line that runs the other way round. */
export const reversed = (points) => [points[0], ...points.slice(1).reverse()];

/** Metres to pixels: as large as fits within the margin, north up, in the middle. */
export class Fit {
  constructor(points, width, height, margin) {
    const xs = points.map((point) => point[0]);
    const ys = points.map((point) => point[1]);
    const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    this.scale = Math.max(
      0.1,
      Math.min((width - 2 * margin) / (right - left || 1), (height - 2 * margin) / (high - low || 1)),
    );
    this.left = width / 2 - (this.scale * (left + right)) / 2;
    this.top = height / 2 + (this.scale * (low + high)) / 2;
  }

  x(x_m) {
    return this.left + this.scale * x_m;
  }

  y(y_m) {
    return this.top - this.scale * y_m;
  }
}
