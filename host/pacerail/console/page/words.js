// Figures and states in words, as people at a track say them.

/** A race time in s as "59.65", "3:01.84" or "1:02:03.40". Rounded, unless `cut`: a running clock is cut, not rounded. */
export function time(time_s, digits = 2, cut = false) {
  if (time_s === null || time_s === undefined || !Number.isFinite(time_s)) return "–";
  const unit = 10 ** digits;
  const parts = (cut ? Math.floor : Math.round)(Math.abs(time_s) * unit + (cut ? 1e-6 : 0));
  const whole_s = Math.floor(parts / unit);
  const fraction = digits ? `.${String(parts % unit).padStart(digits, "0")}` : "";
  const minutes = Math.floor(whole_s / 60);
  const sign = time_s < 0 && parts > 0 ? "−" : "";
  if (!minutes) return `${sign}${whole_s % 60}${fraction}`;
  const seconds = String(whole_s % 60).padStart(2, "0");
  if (minutes < 60) return `${sign}${minutes}:${seconds}${fraction}`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}${fraction}`;
}

/** A race time for the big clock: always with minutes, so that it does not change its shape at 1:00. */
export function clockTime(time_s, digits = 2) {
  if (time_s === null) return `–:––.${"–".repeat(digits)}`;
  const text = time(time_s, digits, true);
  if (text.includes(":")) return text;
  const sign = text.startsWith("−") ? "−" : "";
  return `${sign}0:${text.slice(sign.length).padStart(3 + digits, "0")}`;
}

/** A mark: "400 m", "1 mile", "809.344 m". */
export function mark_m(distance_m) {
  if (Math.abs(distance_m - 1609.344) < 0.0005) return "1 mile";
  return `${Number(distance_m.toFixed(3))} m`;
}

/** How sure a time is: "±45 µs", "±0.3 ms", "±0.30 s". */
export function bound(bound_us) {
  if (bound_us === null || bound_us === undefined) return "–";
  if (bound_us < 1000) return `±${Math.round(bound_us)} µs`;
  if (bound_us < 100000) return `±${(bound_us / 1000).toFixed(bound_us < 10000 ? 1 : 0)} ms`;
  return `±${(bound_us / 1e6).toFixed(2)} s`;
}

/** How long ago: "now", "3.2 s", "4 min". */
export function since(seconds) {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** A gap in s and m; above 0 the athlete is behind the light. */
export function gap(gap_s, gap_m) {
  if (gap_s === null || gap_s === undefined) return "–";
  const way = Math.abs(gap_s) < 0.005 ? "level" : gap_s > 0 ? "behind" : "ahead";
  const metres = gap_m === null || gap_m === undefined ? "" : `, ${Math.abs(gap_m).toFixed(1)} m`;
  return way === "level" ? "level" : `${Math.abs(gap_s).toFixed(2)} s${metres} ${way}`;
}

/** The same with what it is measured against: "1.45 s, 9.7 m behind target", "0.32 s ahead of target". */
export function gapTo(gap_s, gap_m, wave) {
  const words = gap(gap_s, gap_m);
  return words.endsWith("ahead") ? `${words} of ${wave}` : words === "level" ? `level with ${wave}` : `${words} ${wave}`;
}

/** A hash in groups of four, as one reads it out. */
export const hashWords = (hash) => (hash ?? "").replace(/(.{4})(?=.)/g, "$1 ");

/** What the race is doing. */
export const PHASES = {
  idle: "Idle",
  connecting: "Connecting",
  uploading: "Uploading",
  syncing: "Setting the clocks",
  ready: "Ready to arm",
  arming: "Arming",
  armed: "Armed: waiting for the gun",
  running: "Running",
  finished: "Finished",
  recalled: "Recalled: false start",
  stopped: "Stopped: all dark",
  interrupted: "Interrupted: the boards run on",
};

/** What a wave is doing. */
export const MODES = {
  waiting: "waiting",
  running: "running",
  frozen: "standing",
  hidden: "hidden",
  finished: "finished",
};

/** A wave's name as an order needs it. */
export const quoted = (name) => (/\s/.test(name) || name === "all" ? `"${name}"` : name);

/**
 * What a change will do, in the words with which the race reads it back (host/pacerail/model/changes.py):
 * "target: 2 m further ahead, eased over 5 s". `wave` null is every wave.
 */
export function changeWords(wave, verb, given = {}) {
  const who = wave === null ? "every wave" : wave;
  if (verb === "shift") {
    const way = { ahead: "further ahead", back: "further back", earlier: "earlier", later: "later" }[given.way];
    return `${who}: ${given.amount} ${given.unit} ${way}, ${given.over_s > 0 ? `eased over ${given.over_s} s` : "at once"}`;
  }
  if (verb === "retarget") return `${who}: from here to its finish at ${given.finish}`;
  return {
    freeze: `${who}: stands where it is, until it is resumed`,
    resume: `${who}: goes on from where it stands`,
    hide: `${who}: dark from here on`,
    show: `${who}: lit from here on`,
  }[verb];
}
