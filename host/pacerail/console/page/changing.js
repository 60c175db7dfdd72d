// Changes of a wave in mid-race: forms that make an order, and the words that it will be read back with, before it goes.
// A group of a training plan is begun and ended here too.

import { held, startHold } from "./hold.js";
import { make, mark, put } from "./dom.js";
import { momentOf } from "./moments.js";
import { answerLine, field, openPanel, sendFromPanel, showPanel } from "./panel.js";
import { plainText } from "./seconds.js";
import { timeField } from "./timefield.js";
import { changeWords, quoted, time } from "./words.js";

const WAYS = { m: ["ahead", "back"], s: ["earlier", "later"] };
const MOST = { m: 1000, s: 3600 }; // what the race takes (host/pacerail/model/changes.py)
const LONGEST_EASE_S = 600;
const choice = (values, labels = values) => values.map((value, k) => make("option", { value }, labels[k]));
const holdButton = (kind, label) =>
  make("button", { type: "button", class: `hold ${kind}` }, make("span", { class: "fill" }), make("span", { class: "label" }, label));

/**
 * Open the changes of one wave, or of every wave (null). `send(order, at_ms)` resolves to null or to why not; `why()`: why
 * no change can be made now. `group`: null, or of a group {words(), beginOrder(), whyBegin(), whyEnd()}.
 */
export function openChange(wave, send, why, group = null) {
  const target = wave === null ? "all" : quoted(wave);
  const answer = answerLine();
  const force = holdButton("danger", "Force it: the light jumps");
  force.hidden = true;
  let refusedOrder = null;
  const go = async (order, at_ms, reason = why()) => {
    if (reason) {
      answer.say(reason, true);
      return;
    }
    force.hidden = true;
    const refused = await sendFromPanel(answer, () => send(order, at_ms));
    if (!refused) return;
    refusedOrder = order.startsWith("force ") ? null : order;
    force.hidden = !refusedOrder || !/forced?\b/.test(refused);
    put(force.querySelector(".label"), `Force it, the light jumps: ${refusedOrder}`);
  };
  const hint = () => answer.say("Hold it for 0.8 s, until the bar is full. Nothing was sent.", true);
  const refuse = (text) => answer.say(text, true);
  held(force, { act: ({ at_ms }) => go(`force ${refusedOrder}`, at_ms, null), why: () => (/^(begin|end) /.test(refusedOrder) ? group?.whyForce() ?? null : why()), refuse, hint });

  const one = (verb, label) =>
    make("button", { type: "button", onclick: (event) => go(`${verb} ${target}`, momentOf(event)) }, make("b", {}, label), make("small", {}, changeWords(wave, verb)));
  // what is forced is what was refused, and not what the fields say now
  const look = (form) => {
    form.addEventListener("input", () => {
      force.hidden = true;
    });
    return form;
  };
  refresh = null;
  const begun = group ? groupPart(target, group, { go, refuse, hint }) : null;
  showPanel("change", wave === null ? "Change every wave" : `Change ${wave}`, [
    begun?.node,
    look(shiftForm(wave, target, go, !group)),
    wave === null ? null : look(retargetForm(wave, target, go)),
    make("div", { class: "choices" }, one("freeze", "Freeze"), one("resume", "Resume"), one("hide", "Hide"), one("show", "Show")),
    answer.line,
    force,
  ].filter(Boolean), begun?.keys);
}

let refresh = null;

/** Ten times a second while it is open: whether the group can be begun or ended. */
export function refreshChange() {
  if (openPanel()?.id === "change") refresh?.();
}

/** Begin, which is clicked, and End, which is held; each with its key while the panel is open. */
function groupPart(target, group, { go, refuse, hint }) {
  const begin = make("button", { type: "button", class: "go", "data-first": true }, make("b", {}, group.words()), " ", make("kbd", {}, "B"));
  const end = holdButton("danger", "End");
  end.append(" ", make("kbd", {}, "E"));
  const doBegin = (event) => {
    const order = group.beginOrder();
    if (order === null) refuse("the countdown above the groups is no time; close this and put it right");
    else go(order, momentOf(event), group.whyBegin());
  };
  const ending = { act: ({ at_ms }) => go(`end ${target}`, at_ms, group.whyEnd()), why: group.whyEnd, refuse, hint };
  begin.addEventListener("click", doBegin);
  held(end, ending);
  refresh = () => {
    mark(begin, "aria-disabled", group.whyBegin() ? "true" : null);
    mark(end, "aria-disabled", group.whyEnd() ? "true" : null);
  };
  refresh();
  return {
    node: make("div", { class: "choices", role: "group", "aria-label": "Group" }, begin, end),
    keys: { b: doBegin, e: (event) => startHold(end, event, ending) },
  };
}

function shiftForm(wave, target, go, first) {
  const unit = make("select", {}, ...choice(["m", "s"]));
  const way = make("select", {}, ...choice(WAYS.m));
  const amount = timeField("by", { value: "2", first, limits: () => ({ unit: unit.value, least: 0.001, most: MOST[unit.value] }) });
  const over = timeField("over s, 0: at once", { value: "5", size: "4", limits: { most: LONGEST_EASE_S } });
  const words = make("p", { class: "read" });
  const look = () => {
    const [by, over_s] = [amount.peek(), over.peek()];
    const given = { amount: by === null ? "" : plainText(by), unit: unit.value, way: way.value, over_s };
    put(words, by === null || over_s === null ? "" : changeWords(wave, "shift", given));
  };
  unit.addEventListener("change", () => {
    way.replaceChildren(...choice(WAYS[unit.value]));
    amount.look();
    look();
  });
  for (const input of [amount.input, way, over.input]) input.addEventListener("input", look);
  look();
  const submit = (event) => {
    event.preventDefault();
    const [by, over_s] = [amount.read(), over.read()];
    if (by === null || over_s === null) return;
    go(`shift ${target} ${plainText(by)} ${unit.value} ${way.value} ${over_s > 0 ? `over ${plainText(over_s)} s` : "at once"}`, momentOf(event));
  };
  return make("form", { onsubmit: submit, "aria-label": "Shift" },
    make("h3", {}, "Shift"),
    make("div", { class: "line" }, amount.node, field("unit", unit), field("which way", way), over.node),
    words,
    make("button", { type: "submit" }, "Shift it"));
}

function retargetForm(wave, target, go) {
  const finish = timeField("finish at", { placeholder: "4:01.5", size: "8", limits: { above: 0 } });
  const words = make("p", { class: "read" });
  const look = () => put(words, finish.peek() === null ? "" : changeWords(wave, "retarget", { finish: time(finish.peek()) }));
  finish.input.addEventListener("input", look);
  const submit = (event) => {
    event.preventDefault();
    const finish_s = finish.read(); // what is sent is what was read back
    if (finish_s !== null) go(`retarget ${target} ${time(finish_s)}`, momentOf(event));
  };
  return make("form", { onsubmit: submit, "aria-label": "Re-target" },
    make("h3", {}, "Re-target"),
    make("div", { class: "line" }, finish.node),
    words,
    make("button", { type: "submit" }, "Re-target it"));
}
