// What people type for a time or a length, read in one way on the whole page. What is not understood is never a guess:
// it is refused in words, and nothing is sent.

const PLAIN = /^[0-9]{1,6}(?:[.,][0-9]{1,6})?$/;
const MINUTES = /^(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-9]{2}(?:[.,][0-9]{1,6})?)$/;

const plain = (text) => Number(text.replace(",", "."));

/** Seconds of "3.2", "3,2", "1:02.5" or "1:02:03"; null for anything else. */
export function readSeconds(text) {
  const given = text.trim();
  if (PLAIN.test(given)) return plain(given);
  const match = MINUTES.exec(given);
  if (!match) return null;
  const [hours, minutes, seconds] = [match[1], Number(match[2]), plain(match[3])];
  if (seconds >= 60 || (hours !== undefined && minutes >= 60)) return null;
  return Number(hours ?? 0) * 3600 + minutes * 60 + seconds;
}

/** The number of "3.2" or "3,2"; null for anything else. */
function readNumber(text) {
  const given = text.trim();
  return PLAIN.test(given) ? plain(given) : null;
}

/** A number as an order has it: "62.5", without zeros behind. */
export const plainText = (value) => String(Number(value.toFixed(3)));

/**
 * What a field holds: {value} or {why}, the words of what is wrong with it. `least`, `most`: the limits, both allowed;
 * `above`: it must be more than this. `unit`: "s", or "m" for a length, which has no minutes.
 */
export function readField(text, { unit = "s", least = 0, most = 86400, above = null } = {}) {
  const example = unit === "s" ? "such as 3.2 or 1:02.5" : "such as 2 or 1.5";
  if (!text.trim()) return { why: `nothing is written here; expected ${unit === "s" ? "seconds" : unit}, ${example}` };
  const value = unit === "s" ? readSeconds(text) : readNumber(text);
  if (value === null) return { why: `"${text.trim().slice(0, 20)}" is no ${unit === "s" ? "time" : "number"}; expected ${unit === "s" ? "seconds" : unit}, ${example}` };
  if (above !== null && value <= above) return { why: `${plainText(value)} ${unit}: expected more than ${above} ${unit}` };
  if (value < least || value > most) return { why: `${plainText(value)} ${unit}: expected ${least} to ${most} ${unit}` };
  return { value };
}
