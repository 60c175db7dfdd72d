// The waves' names beside their lights, inside the rail. They follow the light on every frame and never lie on each other.

import { make, put, rows } from "./dom.js";

/** Where a name may stand: so far inside the kerb, and so far along it. */
const SPOTS = [12, 34, 56, 78, 100].flatMap((reach) =>
  [0, 22, -22, 44, -44, 66, -66, 88, -88, 110, -110].map((aside) => ({ reach, aside, cost: (reach - 12) * 1.3 + Math.abs(aside) })),
);
const OUTSIDE = 1000; // only where nothing else is free

export class Tags {
  constructor(parent) {
    this.parent = parent;
    this.tags = new Map();
    this.size = { width: Infinity, height: Infinity };
    this.fixed = [];
    this.inside = () => true;
  }

  /**
   * The picture's size in CSS pixels, the boxes {x, y, w, h} of words that stand in it already, and whether a point of it
   * is in the infield.
   */
  picture(size, fixed, inside) {
    this.size = size;
    this.fixed = fixed;
    this.inside = inside;
  }

  /** The waves that there are: new names are measured once. */
  waves(list) {
    rows(
      this.parent,
      list,
      (wave) => wave.name,
      (wave) => make("span", { class: "tag" }, make("i", { class: "dot" }), make("b", {}, wave.name)),
      (node, wave) => {
        node.firstChild.style.background = wave.colour;
        put(node.lastChild, wave.name);
        const known = this.tags.get(wave.name);
        if (known?.node !== node) this.tags.set(wave.name, { node, width: node.offsetWidth, height: node.offsetHeight });
      },
    );
    for (const name of this.tags.keys()) if (!list.some((wave) => wave.name === name)) this.tags.delete(name);
  }

  /**
   * Put them beside the lights. `places`: [{name, x, y, nx, ny, shown}] in CSS pixels, (nx, ny) the way to the infield.
   */
  draw(places) {
    const taken = [...this.fixed];
    for (const place of places) {
      const tag = this.tags.get(place.name);
      if (!tag) continue;
      if (!place.shown) {
        if (tag.at !== "off") tag.node.style.visibility = "hidden";
        tag.at = "off";
        continue;
      }
      const box = this.free(tag, place, taken);
      taken.push(box);
      const at = `translate(${box.x.toFixed(1)}px, ${box.y.toFixed(1)}px)`;
      if (tag.at === at) continue;
      if (tag.at === "off" || tag.at === undefined) tag.node.style.visibility = "visible";
      tag.node.style.transform = at;
      tag.at = at;
    }
  }

  /** The nearest place beside the light that is free; where it was last time is as good as 15 px nearer. */
  free(tag, place, taken) {
    let best = null;
    for (const spot of SPOTS) {
      const near = spot.cost - (tag.spot === spot ? 15 : 0);
      if (best && near >= best.cost) continue;
      const beside = place.x + place.nx * spot.reach - place.ny * spot.aside + (place.nx * tag.width) / 2 - tag.width / 2;
      const over = place.y + place.ny * spot.reach + place.nx * spot.aside + (place.ny * tag.height) / 2 - tag.height / 2;
      const x = within(beside, this.size.width - tag.width);
      const y = within(over, this.size.height - tag.height);
      const cost = near + (this.inField(x, y, tag) ? 0 : OUTSIDE);
      const box = { x, y, w: tag.width, h: tag.height, cost, spot };
      if ((!best || cost < best.cost) && !taken.some((other) => overlap(other, box))) best = box;
    }
    best ??= { x: within(place.x, this.size.width - tag.width), y: within(place.y, this.size.height - tag.height), w: tag.width, h: tag.height, spot: null };
    tag.spot = best.spot;
    return best;
  }

  /** A name over the kerb hides the light or a board. */
  inField(x, y, { width, height }) {
    return [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].every(([at, over]) => this.inside(at, over));
  }
}

const within = (value, most) => Math.max(0, Math.min(most, value));
const overlap = (a, b) => a.x < b.x + b.w + 2 && b.x < a.x + a.w + 2 && a.y < b.y + b.h + 1 && b.y < a.y + a.h + 1;
