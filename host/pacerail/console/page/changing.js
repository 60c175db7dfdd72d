// Changes of a wave in mid-race: forms that make an order, and the words that it will be read back with, before it goes.

import { held } from "./hold.js";
import { make, put } from "./dom.js";
import { answerLine, closePanel, field, showPanel } from "./panel.js";
import { changeWords, quoted } from "./words.js";

const WAYS = { m: ["ahead", "back"], s: ["earlier", "later"] };
const choice = (values, labels = values) => values.map((value, k) => make("option", { value }, labels[k]));

/** Open the changes of one wave, or of every wave (null). `send(order)` resolves to null or to why not. */
export function openChange(wave, send, why) {
  const target = wave === null ? "all" : quoted(wave);
  const answer = answerLine();
  const force = make("button", { type: "button", class: "hold danger", hidden: true }, make("span", { class: "fill" }), make("span", { class: "label" }, "Force it: the light jumps"));
  let refusedOrder = null;
  const go = async (order) => {
    const reason = why();
    if (reason) {
      answer.say(reason, true);
      return;
    }
    answer.say("Sent.");
    force.hidden = true;
    const refused = await send(order);
    if (!refused) {
      closePanel();
      return;
    }
    answer.say(refused, true);
    refusedOrder = order.startsWith("force ") ? null : order;
    force.hidden = !refusedOrder || !/forced/.test(refused);
  };
  held(force, { act: () => go(`force ${refusedOrder}`), why, refuse: (text) => answer.say(text, true), hint: () => answer.say("Hold it until the bar is full.", true) });

  const one = (verb, label) =>
    make("button", { type: "button", onclick: () => go(`${verb} ${target}`) }, make("b", {}, label), make("small", {}, changeWords(wave, verb)));
  showPanel("change", wave === null ? "Change every wave" : `Change ${wave}`, [
    shiftForm(wave, target, go),
    wave === null ? null : retargetForm(wave, target, go),
    make("div", { class: "choices" }, one("freeze", "Freeze"), one("resume", "Resume"), one("hide", "Hide"), one("show", "Show")),
    answer.line,
    force,
  ].filter(Boolean));
}

function shiftForm(wave, target, go) {
  const amount = make("input", { type: "text", inputmode: "decimal", value: "2", size: "6", autocomplete: "off", "data-first": true });
  const unit = make("select", {}, ...choice(["m", "s"]));
  const way = make("select", {}, ...choice(WAYS.m));
  const over = make("input", { type: "text", inputmode: "decimal", value: "5", size: "4", autocomplete: "off" });
  const words = make("p", { class: "read" });
  const given = () => ({ amount: amount.value.trim(), unit: unit.value, way: way.value, over_s: Number(over.value) || 0 });
  const look = () => put(words, changeWords(wave, "shift", given()));
  unit.addEventListener("change", () => {
    way.replaceChildren(...choice(WAYS[unit.value]));
    look();
  });
  for (const input of [amount, way, over]) input.addEventListener("input", look);
  look();
  const submit = (event) => {
    event.preventDefault();
    const { over_s } = given();
    go(`shift ${target} ${given().amount} ${unit.value} ${way.value} ${over_s > 0 ? `over ${over_s} s` : "at once"}`);
  };
  return make("form", { onsubmit: submit, "aria-label": "Shift" },
    make("h3", {}, "Shift"),
    make("div", { class: "line" }, field("by", amount), field("unit", unit), field("which way", way), field("over s, 0: at once", over)),
    words,
    make("button", { type: "submit" }, "Shift it"));
}

function retargetForm(wave, target, go) {
  const finish = make("input", { type: "text", inputmode: "decimal", placeholder: "4:01.5", size: "8", autocomplete: "off", required: true });
  const words = make("p", { class: "read" });
  const look = () => put(words, finish.value.trim() ? changeWords(wave, "retarget", { finish: finish.value.trim() }) : "");
  finish.addEventListener("input", look);
  const submit = (event) => {
    event.preventDefault();
    go(`retarget ${target} ${finish.value.trim()}`);
  };
  return make("form", { onsubmit: submit, "aria-label": "Re-target" },
    make("h3", {}, "Re-target"),
    make("div", { class: "line" }, field("finish at", finish)),
    words,
    make("button", { type: "submit" }, "Re-target it"));
}
