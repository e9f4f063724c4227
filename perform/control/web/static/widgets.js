// The right control for every row: slider, switch, choice, colour, pad, text, trigger. Each has a name, can be reached
// and moved by the keyboard, and shows where the parameter stands with its routes beside where the hand put it.

import { clamp, fromUnit, spoken, toUnit } from "./curves.js";
import { h, icon, rowName } from "./dom.js";
import { Pad } from "./pads.js";
import { store } from "./store.js";

/** Learn and lock change what a touch means; the page sets them. */
export const mode = { learn: false, learnt: null };

const mounted = new WeakMap();
const alive = new Map();
let keys = 0;

/** Ends the subscriptions of everything below an element, before it is thrown away. */
export function release(root) {
  for (const element of [root, ...root.querySelectorAll("[data-alive]")]) {
    for (const end of mounted.get(element) || []) end();
    mounted.delete(element);
    alive.delete(element);
  }
}

function live(element, ...ends) {
  element.dataset.alive = "";
  mounted.set(element, [...(mounted.get(element) || []), ...ends]);
  return element;
}

/** Keep a subscription (what store.watch or store.on gave) for as long as the element is on the page. */
export const keepAlive = (element, ...ends) => live(element, ...ends);

/** Empty an element and fill it anew. */
export function refill(root, ...children) {
  for (const child of [...root.children]) release(child);
  root.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/** Asks the show for the routed values of all sliders in view, and moves their marks. */
export function trackLive() {
  let before = "";
  const look = () => {
    const paths = [...alive.keys()].filter((e) => e.isConnected && e.offsetParent !== null).map((e) => e.dataset.path);
    const key = paths.join();
    if (key !== before) {
      before = key;
      store.want("widgets", paths.length ? { live: paths } : null);
    }
  };
  setInterval(look, 400);
  store.on("state", () => {
    for (const [element, move] of alive) if (element.isConnected) move(store.liveUnit(element.dataset.path));
  });
}

export function control(row, options = {}) {
  const label = options.label || rowName(row);
  const make = { float: slider, int: slider, bool: toggle, choice, colour, point, text, trigger }[row.kind] || text;
  const element = make(row, label, options);
  element.dataset.path = row.path;
  element.dataset.kind = row.kind;
  if (row.doc) element.title = row.doc;
  element.addEventListener("click", learnInstead, true);
  element.addEventListener("pointerdown", learnInstead, true);
  return element;
}

function learnInstead(event) {
  if (!mode.learn) return;
  event.stopPropagation();
  event.preventDefault();
  if (event.type !== "pointerdown") return;
  const path = event.currentTarget.dataset.path;
  mode.learnt?.(path);
}

// Sliders

function bar(row, label, upright) {
  const id = `c${(keys += 1)}`;
  const fill = h("span.fill");
  const mark = h("span.mark");
  const number = h("output.number", { id: `${id}n` });
  const element = h(upright ? "div.slider.upright" : "div.slider", {
    role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": row.lo, "aria-valuemax": row.hi,
    "aria-orientation": upright ? "vertical" : "horizontal",
  }, fill, mark, h("span.label", { text: label }), number);
  return { element, fill, mark, number };
}

function slider(row, label, options) {
  const upright = Boolean(options.upright);
  const { element, fill, mark, number } = bar(row, label, upright);
  const zero = row.lo < 0 && row.hi > 0 ? toUnit(0, row) : 0;
  let unit = 0;

  const show = (value) => {
    unit = toUnit(value, row);
    const [from, to] = [Math.min(zero, unit), Math.max(zero, unit)];
    fill.style[upright ? "bottom" : "left"] = `${from * 100}%`;
    fill.style[upright ? "height" : "width"] = `${(to - from) * 100}%`;
    element.style.setProperty("--at", unit);
    const text = spoken(Number(value), row);
    number.textContent = text + (row.unit && !upright ? ` ${row.unit}` : "");
    element.setAttribute("aria-valuenow", text);
    element.setAttribute("aria-valuetext", row.unit ? `${text} ${row.unit}` : text);
  };
  const move = (to) => {
    const value = fromUnit(clamp(to), row);
    store.set(row.path, row.kind === "int" ? Math.round(value) : value);
  };
  drag(element, row, upright, () => unit, move);
  slideKeys(element, row, () => unit, move, (begun) => enter(element, row, label, begun));
  alive.set(element, (at) => {
    const away = at !== null && Math.abs(at - unit) > 0.004;
    mark.classList.toggle("on", away);
    if (away) mark.style[upright ? "bottom" : "left"] = `${at * 100}%`;
  });
  return live(element, store.watch(row.path, show), () => alive.delete(element));
}

/** Relative: a touch does not make it jump. Shift, or a second finger's worth of distance aside, is fine. */
function drag(element, row, upright, now, move) {
  let from = null;
  let taps = 0;
  const end = () => {
    if (!from) return;
    from = null;
    element.classList.remove("dragged");
    store.hold(row.path, false);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.defaultPrevented) return;
    element.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, unit: now(), exact: now(), moved: false };
  });
  element.addEventListener("pointermove", (event) => {
    if (!from) return;
    const box = element.getBoundingClientRect();
    const along = upright ? (from.y - event.clientY) / box.height : (event.clientX - from.x) / box.width;
    if (!from.moved && Math.abs(along) * (upright ? box.height : box.width) < 3) return;
    if (!from.moved) {
      from.moved = true;
      store.hold(row.path, true);
      element.classList.add("dragged");
    }
    from.exact = clamp(from.exact + along * (event.shiftKey ? 0.1 : 1));
    from.x = event.clientX;
    from.y = event.clientY;
    move(from.exact);
  });
  element.addEventListener("pointerup", (event) => {
    const tapped = from && !from.moved;
    end();
    if (!tapped) return;
    const t = event.timeStamp;
    if (t - taps < 350) move(toUnit(row.def, row));
    taps = t;
  });
  element.addEventListener("pointercancel", end);
  element.addEventListener("lostpointercapture", end);
  element.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (!from || !from.moved) move(toUnit(row.def, row));
  });
}

function slideKeys(element, row, now, move, type) {
  element.addEventListener("keydown", (event) => {
    const whole = row.kind === "int" ? 1 / Math.max(row.hi - row.lo, 1) : 0;
    const step = Math.max(event.shiftKey ? 0.002 : 0.01, whole);
    const to = {
      ArrowRight: now() + step, ArrowUp: now() + step, ArrowLeft: now() - step, ArrowDown: now() - step,
      PageUp: now() + 0.1, PageDown: now() - 0.1, Home: 0, End: 1, Backspace: toUnit(row.def, row),
      Delete: toUnit(row.def, row),
    }[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter" || /^[-.\d]$/.test(event.key)) type(event.key);
    else return;
    if (event.key !== "Enter" || to === undefined) event.preventDefault();
  });
}

/** Type a number over the slider. */
function enter(element, row, label, begun = "") {
  if (element.querySelector("input")) return;
  const input = h("input.typed", { type: "text", inputmode: "decimal", "aria-label": `${label}, as a number` });
  input.value = begun.length === 1 ? begun : spoken(Number(store.value(row.path)), row);
  let open = true;
  const close = (say) => {
    if (!open) return;
    open = false;
    const value = Number(input.value.replace(",", "."));
    input.remove();
    element.focus();
    if (say && Number.isFinite(value)) store.set(row.path, clamp(value, row.lo, row.hi));
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      close(event.key === "Enter");
    }
  });
  for (const kind of ["pointerdown", "pointerup", "pointermove"]) input.addEventListener(kind, (e) => e.stopPropagation());
  input.addEventListener("blur", () => close(false));
  element.append(input);
  input.focus();
  if (begun.length !== 1) input.select();
}

// Switches, choices, triggers

function toggle(row, label) {
  const element = h("button.switch", { type: "button", role: "switch", "aria-label": label, "aria-checked": "false",
    onclick: () => store.set(row.path, !store.value(row.path)) },
  h("span.label", { text: label }), h("span.lamp"));
  return live(element, store.watch(row.path, (on) => element.setAttribute("aria-checked", on ? "true" : "false")));
}

function choice(row, label) {
  const few = row.choices.length <= 4 && row.choices.join("").length <= 22;
  if (!few) {
    const select = h("select", { "aria-label": label, onchange: () => store.set(row.path, select.value) },
      row.choices.map((word) => h("option", { value: word, text: word.replaceAll("_", " ") })));
    const box = h("label.choice", {}, h("span.label", { text: label }), select);
    return live(box, store.watch(row.path, (value) => (select.value = value)));
  }
  const buttons = row.choices.map((word) => h("button", { type: "button", role: "radio", "aria-checked": "false",
    "aria-label": `${label}: ${word.replaceAll("_", " ")}`, tabindex: "-1", text: word.replaceAll("_", " "),
    onclick: () => store.set(row.path, word) }));
  const group = h("div.segments", { role: "radiogroup", "aria-label": label },
    h("span.label", { text: label }), h("span.parts", {}, buttons));
  group.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = Math.max(row.choices.indexOf(store.value(row.path)), 0);
    const next = (at + by + row.choices.length) % row.choices.length;
    store.set(row.path, row.choices[next]);
    buttons[next].focus();
  });
  return live(group, store.watch(row.path, (value) => {
    row.choices.forEach((word, n) => {
      buttons[n].setAttribute("aria-checked", word === value ? "true" : "false");
      buttons[n].tabIndex = word === value ? 0 : -1;
    });
    if (!row.choices.includes(value)) buttons[0].tabIndex = 0;
  }));
}

function trigger(row, label, options) {
  const glow = () => {
    element.classList.add("fired");
    clearTimeout(element.timer);
    element.timer = setTimeout(() => element.classList.remove("fired"), 180);
  };
  const element = h("button.trigger", { type: "button", "aria-label": label,
    onclick: () => {
      glow();
      store.fire(row.path);
    } }, options.icon ? icon(options.icon) : null, h("span.label", { text: label }));
  return element;
}

// Colours, points, texts

const hex = (value) => `#${value.slice(0, 3).map((v) => Math.round(clamp(v) * 255).toString(16).padStart(2, "0")).join("")}`;

function colour(row, label) {
  let alpha = 1;
  const input = h("input", { type: "color", "aria-label": label, oninput: () => {
    const parts = [1, 3, 5].map((at) => parseInt(input.value.slice(at, at + 2), 16) / 255);
    store.set(row.path, [...parts, alpha]);
  } });
  const box = h("label.colour", {}, h("span.label", { text: label }), input);
  return live(box, store.watch(row.path, (value) => {
    if (!Array.isArray(value)) return;
    alpha = value[3] ?? 1;
    input.value = hex(value);
  }));
}

function point(row, label) {
  const span = row.hi - row.lo;
  const pad = new Pad(label, (x, y) => store.set(row.path, [row.lo + x * span, row.lo + y * span]), {
    held: (on) => store.hold(row.path, on),
    spoken: () => (store.value(row.path) || []).map((v) => v.toFixed(2)).join(", "),
    rest: () => row.def.map((v) => (v - row.lo) / span),
  });
  const box = h("div.point", {}, h("span.label", { text: label }), pad.element);
  return live(box, store.watch(row.path, (value) => {
    if (Array.isArray(value)) pad.show((value[0] - row.lo) / span, (value[1] - row.lo) / span);
  }));
}

function text(row, label, options) {
  const input = h("input", { type: "text", "aria-label": label, maxlength: "2000", autocomplete: "off",
    spellcheck: "false", placeholder: options.placeholder || "" });
  const say = () => {
    if (input.value !== store.value(row.path)) store.set(row.path, input.value);
  };
  input.addEventListener("change", say);
  input.addEventListener("keydown", (event) => event.key === "Enter" && say());
  const box = h("label.text", {}, h("span.label", { text: label }), input);
  return live(box, store.watch(row.path, (value) => {
    if (document.activeElement !== input) input.value = value ?? "";
  }));
}

/** Controls for these rows, in the order of the table; triggers and switches flow beside each other. */
export function controls(rows, options = {}) {
  return h("div.controls", {}, rows.map((row) => control(row, options)));
}
