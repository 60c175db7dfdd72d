// The short panels: load a plan, start another way, shows, who this screen is, who gets control.

import { held } from "./hold.js";
import { make } from "./dom.js";
import { momentOf } from "./moments.js";
import { answerLine, field, sendFromPanel, showPanel } from "./panel.js";
import { plainText } from "./seconds.js";
import { timeField } from "./timefield.js";
import { bound } from "./words.js";

/** The shows there are (host/pacerail/shows.py), and how long each lasts unless said. */
const SHOWS = [
  ["athlete presentation", 60],
  ["clap-along", 30],
  ["all-white for maintenance", 600],
  ["false-start red", 10],
];

const LONGEST_SHOW_S = 7200; // what a board takes (firmware/pacerail_node/shows.py)

/** A function that sends what was asked for by an event, says what came of it, and closes its panel when it was done. */
function sender(send, answer, why) {
  return async (message, at_ms) => {
    const reason = why();
    if (reason) answer.say(reason, true);
    else await sendFromPanel(answer, () => send(message, at_ms));
  };
}

export function openLoad(page, send, why) {
  const answer = answerLine();
  const go = sender(send, answer, why);
  const path = make("input", { type: "text", size: "30", autocomplete: "off", spellcheck: "false", placeholder: "tonight.toml" });
  const submit = (event) => {
    event.preventDefault();
    if (path.value.trim()) go({ type: "load", plan: path.value.trim() }, momentOf(event));
  };
  const plans = (page.hello?.plans ?? []).map((name) =>
    make("button", { type: "button", onclick: (event) => go({ type: "load", plan: name }, momentOf(event)) }, name));
  showPanel("load", "Load a plan", [
    make("p", {}, "A plan that is loaded has to be read back and confirmed before the rail can be armed with it. It can be prepared before that."),
    make("div", { class: "choices" }, ...plans),
    make("form", { onsubmit: submit }, field("or a file on the computer that runs the rail", path), make("button", { type: "submit" }, "Load it")),
    answer.line,
  ]);
}

/** `why`, `whyAgo`: why no start can be given now, why the gun's time cannot be told; null: they can. */
export function openStart(page, send, why, whyAgo) {
  const answer = answerLine();
  const sendOrder = (order, at_ms) => send({ type: "order", order }, at_ms);
  const go = sender(sendOrder, answer, why);
  const goAgo = sender(sendOrder, answer, whyAgo);
  const hint = () => answer.say("Hold it for 0.8 s, until the bar is full. Nothing was sent.", true);
  const refuse = (text) => answer.say(text, true);
  const hold = (label, act, reason) => {
    const button = make("button", { type: "button", class: "hold go" }, make("span", { class: "fill" }), make("span", { class: "label" }, label));
    held(button, { act, why: reason, refuse, hint });
    return button;
  };
  const inside = timeField("the gun goes in … s", { value: "10", limits: { above: 0, most: 3600 }, first: true });
  const ago = timeField("the gun was … s ago", { value: "3.0" });
  const heard = page.state?.heard ?? [];
  const stay = (event) => event.preventDefault();
  const startIn = ({ at_ms }) => {
    const in_s = inside.read();
    if (in_s !== null) go(`start in ${plainText(in_s)}`, at_ms);
  };
  // counted from the press, which was so long before the bar was full
  const startAgo = ({ held_ms, at_ms }) => {
    const ago_s = ago.read();
    if (ago_s !== null) goAgo(`start ago ${(ago_s + held_ms / 1000).toFixed(2)}`, at_ms);
  };
  showPanel("start", "Start another way", [
    make("form", { onsubmit: stay }, make("h3", {}, "At a time"), inside.node, hold("Start in so many s", startIn, () => inside.why() ?? why())),
    make("form", { onsubmit: stay }, make("h3", {}, "It has gone already"), ago.node, hold("It was so many s ago", startAgo, () => ago.why() ?? whyAgo()),
      make("p", { class: "why" }, "Counted from the moment you press. Also to put a zero right while the lights run.")),
    make("div", { class: "choices" }, make("h3", {}, "On the gun"),
      ...(heard.length
        ? heard.map((gun) => hold(`Go by ${gun.source}: ${gun.words ?? ""} ${gun.bound_us ? bound(gun.bound_us) : ""}`, ({ at_ms }) => goAgo(`gun ${gun.source}`, at_ms), whyAgo))
        : [make("p", {}, "Once armed the rail starts by itself on the first gun that is heard: a start contact, or FinishLynx. None was heard yet. Each that is heard stands here, to be taken instead of the one in use.")])),
    answer.line,
  ]);
}

export function openShows(page, send, why) {
  const answer = answerLine();
  const go = sender(send, answer, why);
  const forms = SHOWS.map(([name, seconds], k) => {
    const lasts = timeField(`${name}, s`, { value: String(seconds), limits: { above: 0, most: LONGEST_SHOW_S }, first: k === 0 });
    const submit = (event) => {
      event.preventDefault();
      const show_s = lasts.read();
      if (show_s !== null) go({ type: "show", name, seconds: show_s }, momentOf(event));
    };
    return make("form", { onsubmit: submit, class: "line", "aria-label": name }, lasts.node, make("button", { type: "submit" }, "Show it"));
  });
  showPanel("show", "Shows", [
    make("p", {}, "What the rail shows when no race is on. Refused while armed or running."),
    ...forms,
    make("button", { type: "button", onclick: (event) => go({ type: "dark" }, momentOf(event)) }, "All dark"),
    answer.line,
  ]);
}

export function openName(page, send, remember) {
  const answer = answerLine();
  const go = sender(send, answer, () => null);
  const input = make("input", { type: "text", size: "24", maxlength: "40", autocomplete: "off", placeholder: "Ana, timing hut", value: remember() ?? "" });
  const submit = (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return;
    remember(name);
    go({ type: "name", name });
  };
  showPanel("name", "Name this screen", [
    make("p", {}, "So that the others see who is in control, or who asks for it."),
    make("form", { onsubmit: submit }, field("who and where", input), make("button", { type: "submit" }, "That is me")),
    answer.line,
  ]);
}

export function openHand(page, send, why) {
  const answer = answerLine();
  const go = sender(send, answer, why);
  showPanel("hand", "Hand control over", [
    make("div", { class: "choices" }, ...page.state.control.asked.map((one) =>
      make("button", { type: "button", onclick: (event) => go({ type: "hand", to: one.id }, momentOf(event)) }, `To ${one.name || one.id}`))),
    make("p", {}, "You watch from then on, and can ask for it again."),
    answer.line,
  ]);
}
