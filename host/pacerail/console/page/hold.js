// Holding: what cannot be taken back is held for 0.8 s, by finger, mouse or key, while a bar fills. Let go, and nothing
// has happened.

export const HOLD_MS = 800;

/** One hold at a time on the page: a second one ends the first. */
let current = null;

/** The button's bar fills from now; when it is full `act(held_ms)` is called. Returns at once. */
export function begin(button, act) {
  cancel();
  const began_ms = performance.now();
  button.classList.add("holding");
  const timer = setTimeout(() => {
    const held_ms = performance.now() - began_ms;
    cancel();
    act(held_ms);
  }, HOLD_MS);
  current = { button, timer };
}

/** Let go. True: something was being held. */
export function cancel() {
  if (!current) return false;
  clearTimeout(current.timer);
  current.button.classList.remove("holding");
  current = null;
  return true;
}

/** Make a button one that is held. `why()`: null, or why it cannot be now; `refuse(why)`, `hint()` tell the person. */
export function held(button, { act, why, refuse, hint }) {
  let began = false;
  const start = () => {
    const reason = why();
    if (reason) {
      refuse(reason);
      return;
    }
    began = true;
    begin(button, (held_ms) => {
      began = false;
      act(held_ms);
    });
  };
  const end = () => {
    if (!began) return;
    began = false;
    if (cancel()) hint();
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture?.(event.pointerId);
    start();
  });
  for (const name of ["pointerup", "pointercancel", "blur"]) button.addEventListener(name, end);
  button.addEventListener("pointermove", (event) => {
    const box = button.getBoundingClientRect();
    const off = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
    if (off) end();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") end();
  });
}
