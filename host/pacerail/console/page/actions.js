// Everything that can be done, once: its key, its words, whether it is held, and when it cannot be. The buttons, the keys
// and the list on `?` are all made from this.

/** `can`: which of the program's reasons is asked. `hold`: held for 0.8 s. `group`: where it stands on the `?` list. */
export const ACTIONS = [
  { id: "load", key: "l", label: "Load a plan…", can: "load", group: "Before the race" },
  { id: "read", key: "c", label: "Read back and confirm…", can: null, group: "Before the race" },
  { id: "prepare", key: "p", label: "Prepare: check, upload, sync", can: "prepare", group: "Before the race" },
  { id: "arm", key: "a", label: "Arm", can: "arm", group: "Before the race" },
  { id: "show", key: "w", label: "Shows…", can: "show", group: "Before the race" },
  { id: "dark", key: "d", label: "All dark: end the show", can: "show", group: "Before the race" },
  { id: "sheet", key: "v", label: "Read-back sheet, to print", can: null, group: "Before the race" },

  { id: "start", key: "g", label: "Start now", can: "start", hold: true, group: "Start and stop" },
  { id: "heard", key: "h", label: "Gun heard: press at the bang", can: "start", hold: true, group: "Start and stop" },
  { id: "start_other", key: "s", label: "Start another way…", can: "any_start", group: "Start and stop" },
  { id: "recall", key: "r", label: "Recall", can: "recall", hold: true, group: "Start and stop" },
  { id: "stop", key: "x", label: "Stop", can: "stop", hold: true, group: "Start and stop" },

  { id: "change", key: "1", keys: "1 to 9", label: "Change wave 1 to 9…", can: "change", group: "While the lights run" },
  { id: "change_all", key: "0", label: "Change every wave…", can: "change", group: "While the lights run" },
  { id: "freeze", key: "f", label: "Freeze all", can: "change", group: "While the lights run" },
  { id: "resume", key: "o", label: "Resume all: on again", can: "change", group: "While the lights run" },
  { id: "undo", key: "u", label: "Undo the last change", can: "undo", group: "While the lights run" },

  { id: "split", key: "m", keys: "m or Space", label: "Athlete passes the mark", can: "athlete", group: "Athlete" },
  { id: "split_undo", key: "Backspace", label: "Take the last mark back", can: "athlete", group: "Athlete" },
  { id: "marks", key: "k", label: "Choose the marks", can: "athlete", group: "Athlete" },
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

/** Why nothing at all can be done from this page now; null: it can. `page`: {lost, role, state}. */
export function noControl(page) {
  if (page.lost) return "no word from the program";
  if (page.role === "view") return "this link is for watching only";
  const control = page.state?.control;
  if (!control) return "no word from the program yet";
  if (control.you) return null;
  return control.by === null ? "nobody is in control: take it with T" : `${holder(control)} is in control: ask with T`;
}

/** Why an action cannot be done now, in words; null: it can. */
export function whyNot(action, page) {
  if (action.id === "take") {
    if (page.lost) return "no word from the program";
    if (page.role === "view") return "this link is for watching only";
    return page.state?.control?.you ? "you are in control" : null;
  }
  if (action.id === "hand") {
    const reason = noControl(page);
    if (reason) return reason;
    return page.state.control.asked.length ? null : "nobody has asked for control";
  }
  if (action.id === "name") return page.lost ? "no word from the program" : null;
  if (action.id === "read" || action.id === "sheet") return page.plan ? null : "no plan is loaded";
  if (!action.can) return null;
  const reason = noControl(page);
  if (reason) return reason;
  if (page.state.busy && action.id !== "recall" && action.id !== "stop" && action.can !== "athlete") return `busy: ${page.state.busy}`;
  return reasonOf(page.state.can ?? {}, action.can);
}

/** The program's reason. The gun's time can still be told when no start is left, but only in words, not by one key. */
function reasonOf(can, name) {
  if (name === "any_start") return can.start && reasonOf(can, "ago") ? can.start : null;
  return (name === "ago" && can.ago === undefined ? can.start : can[name]) ?? null;
}
