// What the overlay's address says of how it looks. What it says wrongly is passed over: a picture on air shows no error.

const PARTS = ["clock", "strip", "bars", "athlete"];

const number = (text, usual, least, most) => {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
};
const one = (text, allowed) => (allowed.includes(text) ? text : allowed[0]);
const names = (text) => (text ?? "").split(",").map((name) => name.trim()).filter(Boolean);

/** The options of `search`, "?w=1920&h=1080": each has a usual value; `lap_m` null is the rail's own. docs/overlay.md describes them. */
export function readOptions(search) {
  const given = new URLSearchParams(search);
  const waves = names(given.get("waves"));
  const show = names(given.get("show")).filter((part) => PARTS.includes(part));
  return {
    w: number(given.get("w"), 1920, 160, 7680),
    h: number(given.get("h"), 1080, 90, 4320),
    scale: number(given.get("scale"), 1, 0.25, 4),
    back: number(given.get("back"), 0.55, 0, 1),
    place: one(given.get("place"), ["bottom", "top"]),
    strip: one(given.get("strip"), ["lap", "race"]),
    lap_m: number(given.get("lap"), null, 50, 2000),
    digits: number(given.get("digits"), 1, 1, 2) > 1 ? 2 : 1,
    athlete: given.get("athlete")?.slice(0, 40) || "athlete",
    waves: waves.length ? waves : null,
    show: new Set(show.length ? show : PARTS),
    token: given.get("token"),
  };
}
