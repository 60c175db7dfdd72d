// A field for a time or a length, with its own line that says what is wrong with what stands in it.

import { make, mark, put } from "./dom.js";
import { readField } from "./seconds.js";

let made = 0;

/**
 * `label`: its words; `value`: what stands in it at first; `limits`: as readField has them, or a function that gives
 * them; `first`: gets the focus in a panel; `space`: a space is for the page, not for the field. Returns {node, input,
 * read, peek, why, look}: `read()` gives the number, or null and says by the field why not; `peek()` the same and says
 * nothing; `why()` gives those words, or null; `look()` takes them away once they are untrue.
 */
export function timeField(label, { value = "", limits = {}, size = "6", first = false, placeholder = null, id = null, space = false } = {}) {
  made += 1;
  const wrong = make("span", { class: "wrong", id: `wrong-${made}`, role: "alert" });
  const input = make("input", { type: "text", inputmode: "text", size, autocomplete: "off", "data-first": first, "data-time": true, "data-space": space, placeholder, id, "aria-describedby": wrong.id });
  input.value = value;
  const found = () => readField(input.value, typeof limits === "function" ? limits() : limits);
  const tell = (words) => {
    put(wrong, words ?? "");
    mark(input, "aria-invalid", words ? "true" : null);
  };
  const why = () => {
    const words = found().why ?? null;
    tell(words);
    return words;
  };
  const look = () => {
    if (wrong.textContent && !found().why) tell(null);
  };
  input.addEventListener("input", look);
  return {
    node: make("span", { class: "field-box" }, make("label", { class: "field" }, make("span", {}, label), input), wrong),
    input,
    read: () => (why() === null ? found().value : null),
    peek: () => found().value ?? null,
    why,
    look,
  };
}
