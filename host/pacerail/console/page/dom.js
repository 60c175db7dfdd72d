// Small helpers for the page's elements. Nothing here knows what a race is.

/**
 * Make an element. `given` holds attributes; `on…` functions listen, `class` is the class, true sets an empty attribute
 * and false or null sets none. Children are elements or text. No HTML is ever parsed from text, so that no name in a
 * plan can do anything but be shown.
 */
export function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set an element's text if it is another one: text that did not change costs no layout. */
export function put(node, text) {
  const wanted = String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Set or remove an attribute if it is not so already. */
export function mark(node, name, value) {
  if (value === null || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value === true ? "" : value)) {
    node.setAttribute(name, value === true ? "" : value);
  }
}

/** The element with this id; it is in index.html. */
export const byId = (id) => document.getElementById(id);

/**
 * Keep the rows of a list or table: one for each item, made once, filled each time, moved only when the order changed.
 * `key(item)` names it, `create(item)` makes its element, `fill(element, item)` brings it up to date.
 */
export function rows(parent, items, key, create, fill) {
  const known = parent.rowsByKey ?? (parent.rowsByKey = new Map());
  const wanted = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    wanted.add(name);
    let row = known.get(name);
    if (!row) {
      row = create(item);
      known.set(name, row);
    }
    if (row === place) place = place.nextElementSibling;
    else parent.insertBefore(row, place);
    fill(row, item);
  }
  for (const [name, row] of known) {
    if (wanted.has(name)) continue;
    row.remove();
    known.delete(name);
  }
}

/** Do it at most every so many ms: what people read need not change more often. */
export function calm(each_ms, act) {
  let last_ms = -Infinity;
  return (...given) => {
    const now_ms = performance.now();
    if (now_ms - last_ms < each_ms) return;
    last_ms = now_ms;
    act(...given);
  };
}
