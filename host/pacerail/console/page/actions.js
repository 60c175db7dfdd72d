// Everything that can be done, once: its key, its words, whether it is held, and when it cannot be. The buttons, the keys
// and the list on `?` are all made from this.

/** `can`: which of the program's reasons is asked (null: none, or main.js asks itself). `hold`: held for 0.8 s. `group`: where it stands on the `?` list. */
export const ACTIONS = [
  { id: "load", key: "l", label: "Load a plan…", can: "load", group: "Before the race" },
  { id: "read", key: "c", label: "Read back and confirm…", can: null, group: "Before the race" },
  { id: "prepare", key: "p", label: "Prepare: check, upload, sync", can: "prepare", group: "Before the race" },
  { id: "prepare_without", key: ".", label: "Prepare without the boards that fail", can: "prepare", group: "Before the race" },
  { id: "arm", key: "a", label: "Arm", can: "arm", group: "Before the race" },
  { id: "show", key: "w", label: "Shows…", can: "show", group: "Before the race" },
  { id: "dark", key: "d", label: "All dark: end the show", can: "show", group: "Before the race" },
  { id: "sheet", key: "v", label: "Read-back sheet, to print", can: null, group: "Before the race" },

  { id: "start", key: "g", label: "Start now", can: "start", hold: true, group: "Start and stop" },
  { id: "heard", key: "h", label: "Gun heard: press at the bang", can: "start", hold: true, group: "Start and stop" },
  { id: "start_other", key: "s", label: "Start another way…", can: "any_start", group: "Start and stop" },
  { id: "recall", key: "r", label: "Recall", can: "recall", hold: true, group: "Start and stop" },
  { id: "stop", key: "x", label: "Stop", can: "stop", hold: true, group: "Start and stop" },

  { id: "change", key: "1", keys: "1 to 9", label: "Change wave 1 to 9…", can: null, group: "While the lights run" },
  { id: "change_all", key: "0", label: "Change every wave…", can: "change", group: "While the lights run" },
  { id: "freeze", key: "f", label: "Freeze all", can: "change", group: "While the lights run" },
  { id: "resume", key: "o", label: "Resume all: on again", can: "change", group: "While the lights run" },
  { id: "undo", key: "u", label: "Undo the last change", can: "undo", group: "While the lights run" },
  { id: "begin_all", key: "z", label: "Begin all groups", can: "begin", group: "While the lights run" },

  { id: "split", key: "m", keys: "m or Space", label: "Athlete passes the mark", can: "athlete", group: "Athlete" },
  { id: "split_likeliest", key: "Enter", label: "It was the mark that is offered", can: "athlete", group: "Athlete" },
  { id: "split_miss", key: "-", label: "The next mark was missed", can: "miss", group: "Athlete" },
  { id: "split_undo", key: "Backspace", label: "Take the last mark back", can: "split_undo", group: "Athlete" },
  { id: "marks", key: "k", label: "Choose the marks", can: "marks", group: "Athlete" },
  { id: "export_csv", key: "e", label: "Splits as CSV", can: null, group: "Athlete" },
  { id: "export_json", key: "j", label: "Splits as JSON", can: null, group: "Athlete" },
  { id: "report", key: "q", label: "The race's report", can: null, group: "Athlete" },

  { id: "take", key: "t", label: "Take control, or ask for it", can: null, group: "This screen" },
  { id: "hand", key: "y", label: "Hand control over…", can: null, group: "This screen" },
  { id: "name", key: "n", label: "Name this screen…", can: null, group: "This screen" },
  { id: "boards", key: "b", label: "To the boards", can: null, group: "This screen" },
  { id: "log", key: "i", label: "To the event log", can: null, group: "This screen" },
  { id: "help", key: "?", label: "Keys", can: null, group: "This screen" },
];

export const byName = new Map(ACTIONS.map((action) => [action.id, action]));

/** Who is in control, for people. */
export const holder = (control) => control?.name || control?.by || "another screen";

/** What is said wherever the program does not know the page's token. */
export const OLD_LINK = "this link is not valid any more: use the one that the program printed";
const MANY = 5;
/** What needs no program at all. */
const HERE = ["boards", "log", "help"];

/** Why nothing at all can be done from this page now; null: it can. `page`: {lost, old_link, role, state}. */
export function noControl(page) {
  if (page.old_link) return OLD_LINK;
  if (page.lost) return noWord(page);
  if (page.role === "view") return "this link is for watching only";
  const control = page.state?.control;
  if (!control) return "no word from the program yet";
  if (control.you) return null;
  return control.by === null ? "nobody is in control: take it with T" : `${holder(control)} is in control: ask with T`;
}

const noWord = (page) => (page.coming && !page.broken ? "control is on its way back to this page" : "no word from the program");

/** The boards because of which the rail could not be made ready, "b07, b09"; "" when there are none. */
export const missing = (page) => (page.state?.missing ?? []).join(", ");

/** The same for a button: from five on how many there are, since their names are in the warnings. */
export function missingWords(page) {
  const count = (page.state?.missing ?? []).length;
  return count < MANY ? missing(page) : `${count} boards`;
}

/** Why an action cannot be done now, in words; null: it can. */
export function whyNot(action, page) {
  if (page.old_link && !HERE.includes(action.id)) return OLD_LINK;
  if (action.id === "take") {
    if (page.lost) return noWord(page);
    if (page.role === "view") return "this link is for watching only";
    return page.state?.control?.you ? "you are in control" : null;
  }
  if (action.id === "hand") {
    const reason = noControl(page);
    if (reason) return reason;
    return page.state.control.asked.length ? null : "nobody has asked for control";
  }
  if (action.id === "name") return page.lost ? noWord(page) : null;
  if (action.id === "read" || action.id === "sheet") return page.plan ? null : "no plan is loaded";
  if (!action.can) return null;
  const reason = sendable(action, page) ? null : noControl(page);
  if (reason) return reason;
  if (action.id === "prepare_without" && !missing(page)) return "no board has failed";
  if (action.id === "split_likeliest" && !page.state.athlete?.likeliest) return "no other mark is likelier than the next one";
  return reasonOf(page.state?.can ?? {}, action.can);
}

/**
 * What is worth sending though the program has not been heard for a while. The moment goes with it: a split is kept and
 * is right when it comes, and the program takes recall and stop for some seconds yet, if the line stands.
 */
function sendable(action, page) {
  if (!page.lost || page.role !== "control" || !page.had_control) return false;
  if (action.id === "split") return true;
  return (action.id === "recall" || action.id === "stop") && !page.broken;
}

/** Why a group cannot be begun or ended now; null: it can. `wave`: of the state; `what`: "begin" or "end". */
export function whyNotGroup(wave, what, page) {
  const reason = noControl(page) ?? page.state.can?.begin ?? null;
  return reason ?? (wave?.group ? (wave.group[what] ?? null) : "the plan has no such group any more");
}

/** The program's reason. The gun's time can still be told when no start is left, but only in words, not by one key. */
function reasonOf(can, name) {
  if (name === "any_start") return can.start && reasonOf(can, "ago") ? can.start : null;
  return (name === "ago" && can.ago === undefined ? can.start : can[name]) ?? null;
}
