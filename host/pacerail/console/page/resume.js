// Coming back after a lost line, or after the page was loaded anew: with the key that the program gave last, this page
// gets its name back, and control if it had it and nobody took it since.

const KEY = "pacerail-resume";
let kept = null; // for a browser that stores nothing

/** The key to come back with; null: there is none. */
export function resumeKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return kept;
  }
}

/** Keep the key of this connection. */
export function keepResume(key) {
  if (typeof key !== "string") return;
  kept = key;
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // kept as long as the page is open
  }
}
