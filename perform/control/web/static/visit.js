// The visitors' page. It knows controls by number and says how far each is turned, 0..1: what lies beyond their limits, and
// everything else of the show, is not sayable over this socket.

import { h } from "./dom.js";
import { Pad } from "./pads.js";
import { Wire, who } from "./wire.js";

const SAY_MS = 40;
const ECHO_MS = 500; // so long after a touch what comes back is our own word, late
const main = h("main");
const glow = h("canvas.glow", { "aria-hidden": "true", width: "32", height: "18" });
const bar = h("i");
const left = h("span", { text: "" });
const rest = h("div.rest", { role: "status" }, bar, left);
const shows = new Map(); // number -> show(at)
const touched = new Map();
const said = new Map();
let page = null;
let canvas = null;
let looks = [];
let pictured = false;

document.body.append(glow, main, rest);

const wire = new Wire("/visit/live", {
  open: () => document.body.classList.remove("off"),
  closed: closed,
  text: heard,
  binary: pictures,
});

async function closed() {
  document.body.classList.add("off");
  pictured = false;
  const { role, gone } = await who();
  if (gone || wire.open) return;
  if (!role) closedBecause("Scan the code in the room once more", "This address belonged to another day.");
  else if (!page) setTimeout(() => wire.open || page || closedBecause("Nothing to touch here today", ""), 2500);
}

function closedBecause(title, hint) {
  page = null;
  main.replaceChildren(h("div.closed", {}, h("h1", { text: title }), h("p.hint", { text: hint })));
  left.textContent = "";
}

function heard(told) {
  if (told.page) build(told.page);
  if (told.at) for (const [n, at] of Object.entries(told.at)) show(Number(n), at);
  if (told.look !== undefined) looks.forEach((tile) => {
    tile.classList.remove("coming");
    tile.setAttribute("aria-pressed", Number(tile.dataset.n) === told.look ? "true" : "false");
  });
  if (told.left !== undefined && page) {
    bar.style.setProperty("--left", told.left / page.rest_s);
    bar.hidden = !told.left;
    left.textContent = told.left ? `back to rest in ${told.left} s` : "at rest: it is yours";
  }
}

function show(n, at) {
  if (performance.now() - (touched.get(n) ?? -1e9) < ECHO_MS) return;
  shows.get(n)?.(at);
}

/** At most every SAY_MS, and the last word always. */
function say(n, to) {
  touched.set(n, performance.now());
  const entry = said.get(n) || { at: 0, timer: 0 };
  said.set(n, entry);
  clearTimeout(entry.timer);
  const send = () => {
    entry.at = performance.now();
    wire.send({ set: n, to });
  };
  const wait = entry.at + SAY_MS - performance.now();
  if (wait <= 0) send();
  else entry.timer = setTimeout(send, wait);
}

// Building

function build(now) {
  page = now;
  document.title = now.title;
  shows.clear();
  const make = { float: slider, int: slider, colour: slider, bool: toggle, choice, point, trigger: push };
  const controls = now.controls.map((one) => make[one.kind](one));
  looks = now.looks.map(look);
  canvas = now.picture ? h("canvas", { role: "img", "aria-label": "the picture now", width: "320", height: "180" }) : null;
  main.replaceChildren(...[
    h("header", {}, h("h1", { text: now.title }), now.hint && h("p.hint", { text: now.hint })),
    canvas && h("figure.picture", {}, canvas),
    controls.length && h("div.controls", {}, controls),
    looks.length && h("div.looks", { role: "group", "aria-label": "looks" }, looks),
  ].filter(Boolean));
  if (now.picture) ask();
  for (const one of now.looks) wire.send({ get: "thumb", look: one.n });
}

const clamp = (x) => Math.min(Math.max(x, 0), 1);

function slider({ n, label, kind }) {
  let at = 0;
  const element = h(kind === "colour" ? "div.slider.colour" : "div.slider", { role: "slider", tabindex: "0", "aria-label": label,
    "aria-valuemin": "0", "aria-valuemax": "100" }, h("span.fill"), h("span.knob"), h("span.label", { text: label }));
  const put = (to) => {
    at = clamp(to);
    element.style.setProperty("--at", at);
    element.setAttribute("aria-valuenow", Math.round(at * 100));
  };
  const move = (to) => {
    put(to);
    say(n, at);
  };
  let from = null;
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    from = { x: event.clientX, at };
    element.classList.add("held");
  });
  element.addEventListener("pointermove", (event) => from && move(from.at + (event.clientX - from.x) / element.clientWidth));
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(end, () => {
    from = null;
    element.classList.remove("held");
  });
  element.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 0.04, ArrowUp: at + 0.04, ArrowLeft: at - 0.04, ArrowDown: at - 0.04, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    move(to);
    event.preventDefault();
  });
  shows.set(n, (to) => from || put(to));
  return element;
}

function toggle({ n, label }) {
  const element = h("button.switch", { type: "button", role: "switch", "aria-label": label, "aria-checked": "false",
    onclick: () => {
      const on = element.getAttribute("aria-checked") !== "true";
      element.setAttribute("aria-checked", on ? "true" : "false");
      say(n, on);
    } }, h("span.label", { text: label }), h("span.lamp"));
  shows.set(n, (on) => element.setAttribute("aria-checked", on ? "true" : "false"));
  return element;
}

function choice({ n, label, choices }) {
  const mark = (at) => buttons.forEach((button, k) => button.setAttribute("aria-checked", k === at ? "true" : "false"));
  const buttons = choices.map((word, k) => h("button", { type: "button", role: "radio", "aria-checked": "false", text: word,
    onclick: () => {
      mark(k);
      say(n, k);
    } }));
  shows.set(n, mark);
  return h("div.choice", { role: "radiogroup", "aria-label": label }, h("span.label", { text: label }), h("div.parts", {}, buttons));
}

function point({ n, label }) {
  const pad = new Pad(label, (x, y) => say(n, [x, y]));
  shows.set(n, ([x, y]) => pad.show(x, y));
  return h("div.field", {}, h("span.label", { text: label }), pad.element);
}

function push({ n, label }) {
  const element = h("button.push", { type: "button", onclick: () => {
    element.classList.add("fired");
    setTimeout(() => element.classList.remove("fired"), 350);
    say(n, true);
  } }, h("span.label", { text: label }));
  return element;
}

function look({ n, title }) {
  const tile = h("button.look", { type: "button", "data-n": n, "aria-pressed": "false", "aria-label": title, onclick: () => {
    tile.classList.add("coming");
    setTimeout(() => tile.classList.remove("coming"), 3000);
    wire.send({ look: n });
  } }, h("span", { text: title }));
  return tile;
}

// Pictures: one byte says of what (0 the output, n + 1 a look), a JPEG follows

function ask() {
  if (pictured || !wire.open || document.hidden || !page?.picture) return;
  pictured = true;
  wire.send({ get: "picture" });
}

async function pictures(data) {
  const of = new DataView(data).getUint8(0);
  const blob = new Blob([new Uint8Array(data, 1)], { type: "image/jpeg" });
  if (of > 0) {
    const tile = looks.find((one) => Number(one.dataset.n) === of - 1);
    if (tile && blob.size) tile.prepend(h("img", { src: URL.createObjectURL(blob), alt: "" }));
    return;
  }
  pictured = false;
  if (blob.size && canvas) {
    const picture = await createImageBitmap(blob).catch(() => null);
    if (picture) {
      if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, { width: picture.width, height: picture.height });
      canvas.getContext("2d").drawImage(picture, 0, 0);
      glow.getContext("2d").drawImage(picture, 0, 0, 32, 18);
      glow.classList.add("on");
      canvas.parentElement.dataset.drawn = String(Number(canvas.parentElement.dataset.drawn || 0) + 1);
      picture.close();
    }
  }
  requestAnimationFrame(ask);
}

document.addEventListener("visibilitychange", ask);
setInterval(ask, 1500);
Object.assign(window, { performVisit: { wire } });
