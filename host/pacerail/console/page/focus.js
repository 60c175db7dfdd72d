// How the focus came where it is. Space and Enter are for what has the focus only if keys, or the page itself, put it
// there: after a click on anything the next Space is a split.

let pressed = false; // between the press of a mouse or a finger and its release
let byKeys = true;

document.addEventListener("mousedown", () => (pressed = true), true);
for (const name of ["mouseup", "keydown"]) document.addEventListener(name, () => (pressed = false), true);
document.addEventListener("focusin", () => (byKeys = !pressed), true);

/** True when the focus did not come by mouse or finger. */
export const focusByKeys = () => byKeys;
