// The read-back: the plan in words, as a table, as a picture, with its hash, and the step that confirms it.
// Lausanne 2022 was a right light with a plan that nobody had read back.

import { hasProfile, profileChart } from "./charts.js";
import { byId, make, mark, put } from "./dom.js";
import { momentOf } from "./moments.js";
import { answerLine, openPanel, sendFromPanel, showPanel } from "./panel.js";
import { hashWords, mark_m, time } from "./words.js";

const marksOf = (waves) => [...new Set(waves.flatMap((wave) => wave.splits.map((split) => split.distance_m)))].sort((a, b) => a - b);

/** The splits of all waves in one table: a row for each mark. */
function splitsTable(waves, marks) {
  const at = (wave, distance_m) => wave.splits.find((split) => split.distance_m === distance_m)?.time_s;
  const head = waves.map((wave) => {
    const dot = make("i", { class: "dot" });
    dot.style.background = wave.colour;
    return make("th", { scope: "col" }, dot, wave.name);
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Splits of the plan" },
    make("table", {},
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "mark"), ...head)),
      make("tbody", {}, ...marks.map((distance_m) =>
        make("tr", {}, make("th", { scope: "row" }, mark_m(distance_m)), ...waves.map((wave) => make("td", {}, time(at(wave, distance_m)))))),
      ),
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "finish"), ...waves.map((wave) => make("td", {}, time(wave.finish_s))))),
    ),
  );
}

/** What is read back now: {plan, answer, why, send, seen}; `seen` is false after the plan was swapped for another one. */
let reading = null;

/** Open it. `why()`: why it cannot be confirmed now, or null. `send(message, at_ms)` resolves to null or to why not. */
export function openReadback(page, send, why) {
  read(page, send, why, page.plan, null);
}

function read(page, send, why, plan, swapped) {
  const answer = answerLine();
  const picture = make("div", { class: "chart", role: "img", "aria-label": `Pace over distance: ${plan.waves.map((wave) => wave.name).join(", ")}` });
  const confirm = make("button", { type: "button", class: "main", id: "confirm" });
  const reason = make("p", { class: "why", id: "confirm-why" });
  confirm.setAttribute("aria-describedby", "confirm-why");
  const now = { plan, answer, why, send, seen: swapped === null };
  confirm.addEventListener("click", (event) => press(page, now, momentOf(event)));
  const [paced, marks] = [hasProfile(plan.profile), marksOf(plan.waves)];
  showPanel("read", `Read back: ${plan.title}`, [
    swapped === null ? null : make("p", { class: "swapped", role: "alert" }, swapped),
    make("p", { class: "hash" }, "Plan ", make("b", {}, hashWords(plan.hash)), ` · ${mark_m(plan.distance_m)}`),
    make("ul", { class: "words", "data-first": true, tabindex: "-1" }, ...plan.words.map((words) => make("li", {}, words))),
    plan.warnings.length ? make("ul", { class: "cautions" }, ...plan.warnings.map((words) => make("li", {}, words))) : null,
    ...(paced ? [make("h3", {}, "Pace, for 400 m"), picture] : []),
    ...(marks.length ? [make("h3", {}, "Splits"), splitsTable(plan.waves, marks)] : []),
    make("div", { class: "last" },
      make("p", {}, "Read it aloud to the athlete, the coach and television. If each of them says yes, confirm it."),
      confirm, reason, answer.line),
  ].filter(Boolean));
  if (paced) profileChart(picture, plan.profile, new Map(plan.waves.map((wave) => [wave.name, wave.colour])));
  reading = now;
  refreshReadback(page);
}

/** The hash that goes is that of the plan that was read here, whatever was loaded meanwhile. */
async function press(page, now, at_ms) {
  const no = confirmReason(page, now);
  if (no) {
    now.answer.say(no, true);
    return;
  }
  if (!now.seen) {
    now.seen = true;
    refreshReadback(page);
    return;
  }
  await sendFromPanel(now.answer, () => now.send({ type: "confirm", hash: now.plan.hash }, at_ms));
}

function confirmReason(page, { plan, why }) {
  if (!page.plan) return page.lost ? "no word from the program" : "no plan is loaded any more";
  if (page.plan.hash !== plan.hash) return "another plan was loaded meanwhile";
  return page.plan.confirmed ? "it is confirmed" : why();
}

/** Ten times a second while it is open. Another plan takes the place of the one that was read, and says so. */
export function refreshReadback(page) {
  if (openPanel()?.id !== "read" || !reading) return;
  const now = reading;
  if (page.plan && page.plan.hash !== now.plan.hash) {
    const words = `Another plan was loaded while this was open. Plan ${hashWords(now.plan.hash)}, ${now.plan.title}, is not the one any more. This is the new one: read it back from the start.`;
    read(page, now.send, now.why, page.plan, words);
    return;
  }
  const { plan } = now;
  const confirm = byId("confirm");
  const reason = confirmReason(page, now);
  const ask = now.seen ? `Yes: confirm plan ${hashWords(plan.hash.slice(0, 8))}` : "I have seen that it is another plan";
  put(confirm, page.plan?.confirmed ? "Confirmed" : ask);
  mark(confirm, "aria-disabled", reason ? "true" : null);
  put(byId("confirm-why"), reason ?? "");
}
