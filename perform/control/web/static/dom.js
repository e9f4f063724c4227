// Elements without ceremony. h("div.card", {onclick}, "text", child) makes one; falsy children are left out.

const SVG = "http://www.w3.org/2000/svg";

export function h(what, attrs = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export function svg(tag, attrs = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const PATHS = {
  perform: "M4 19V9m5 10V5m5 14v-7m5 7V8M2.5 9h3m2-4h3m3 7h3m2-4h3",
  mix: "M4 7h16M4 12h16M4 17h16M8 5v4m8 1v4M6 15v4",
  audio: "M3 12h2l2-6 3 13 3-16 3 12 2-3h3",
  mapping: "M5 6a2 2 0 1 0 .01 0M19 18a2 2 0 1 0 .01 0M7 8h5a3 3 0 0 1 3 3v2a3 3 0 0 0 3 3",
  presets: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  models: "M12 3 20 7.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  system: "M3 5h18v11H3zM8 20h8m-4-4v4",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  unlock: "M7 11V8a5 5 0 0 1 9.6-2M5 11h14v9H5z",
  dice: "M4 4h16v16H4zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
  keep: "M6 3h12v18l-6-5-6 5z",
  learn: "M12 3v4m0 10v4M3 12h4m10 0h4M12 9a3 3 0 1 0 .01 0",
  close: "M6 6l12 12M18 6 6 18",
  more: "M6 9l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  up: "M12 19V5m-6 6 6-6 6 6",
  down: "M12 5v14m-6-6 6 6 6-6",
  warn: "M12 4 22 20H2zM12 10v4m0 3h.01",
};

export function icon(name) {
  const drawn = svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  drawn.append(svg("path", { d: PATHS[name] || PATHS.more }));
  return drawn;
}

/** A labelled part of a page. id names it for the screen reader. */
export function card(title, ...children) {
  return h("section.card", { "aria-label": title }, h("h2", { text: title }), ...children);
}

/** deck/a/fx/bloom/amount as "amount"; underscores are spaces. */
export const nameOf = (path) => (path.split("/").pop() || path).replaceAll("_", " ");

/** A row's name without the unit that stands behind its number anyway: duration_s as "duration". */
export function rowName(row) {
  const name = nameOf(row.path);
  const unit = (row.unit || "").toLowerCase();
  return unit && name.endsWith(` ${unit}`) ? name.slice(0, -unit.length - 1) : name;
}

export function onceAFrame(act) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      act();
    });
  };
}

/** A canvas that is as sharp as the screen; returns its context in CSS pixels, with its size. */
export function sharp(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const width = Math.max(Math.round(canvas.clientWidth * ratio), 1);
  const height = Math.max(Math.round(canvas.clientHeight * ratio), 1);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [context, width / ratio, height / ratio];
}

/** A colour of the style sheet, for canvases. */
export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** A button that wants to be held for what cannot be taken back. */
export function holdButton(label, act, name = "button.hold") {
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    button.classList.remove("holding");
  };
  const start = () => {
    stop();
    button.classList.add("holding");
    timer = setTimeout(() => {
      stop();
      act();
    }, 600);
  };
  const button = h(name, {
    type: "button", title: `${label}: hold`, "aria-label": `${label} (hold)`,
    onpointerdown: start, onpointerup: stop, onpointerleave: stop, onpointercancel: stop,
    onkeydown: (e) => (e.key === "Enter" || e.key === " ") && !e.repeat && start(),
    onkeyup: stop, onblur: stop,
  }, label);
  return button;
}
