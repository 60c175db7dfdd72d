// Coming back after a lost line, or after the page was loaded anew: with the key that the program gave last, this page
// gets its name back, and control if it had it and nobody took it since. Splits that were not sent yet are kept with it.

const KEY = "pacerail-resume";
const SPLITS = "pacerail-splits";
const here = new Map(); // for a browser that stores nothing: kept as long as the page is open

function read(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return here.get(name) ?? null;
  }
}

function write(name, text) {
  here.set(name, text);
  try {
    sessionStorage.setItem(name, text);
  } catch {
    // it is in `here`
  }
}

/** The key to come back with; null: there is none. */
export const resumeKey = () => read(KEY);

/** Keep the key of this connection. */
export function keepResume(key) {
  if (typeof key === "string") write(KEY, key);
}

/** Keep the splits that are not sent yet, as kept.js has them. */
export const keepSplits = (list) => write(SPLITS, JSON.stringify(list));

/** Those that were kept before the page was loaded anew. */
export function keptSplits() {
  try {
    return JSON.parse(read(SPLITS) ?? "[]");
  } catch {
    return []; // somebody else wrote there
  }
}
