// The list of cues with what comes next and when; the autopilot; the room's schedule.

import { card, h } from "./dom.js";
import { thumb } from "./preview.js";
import { store } from "./store.js";
import { control, controls, keepAlive, refill } from "./widgets.js";

const BIG = ["go", "back", "hold"];
const TOLD = ["cue/at", "cue/now", "cue/next", "cue/set", "autopilot/coming", "schedule/next"]; // said elsewhere on the card

let countdowns = 0;

const clock = (s) => (s >= 3600 ? `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}:` : `${Math.floor(s / 60)}:`) + String(Math.floor(s) % 60).padStart(2, "0");

/** A bar that fills until something comes by itself; hidden while nothing does. */
function countdown(of, word) {
  const fill = h("span.fill");
  const label = h("span.label");
  const element = h("div.meter.coming", { role: "timer", "aria-label": word }, fill, label);
  const look = () => {
    const left = store.signal(`${of}/left_s`);
    element.hidden = left <= 0;
    fill.style.transform = `scaleX(${store.signal(`${of}/progress`)})`;
    label.textContent = `${word} in ${clock(Math.ceil(left))}`;
  };
  look();
  const key = `${of} ${(countdowns += 1)}`; // a page is drawn anew before the old one is let go
  store.want(key, { signals: [`${of}/left_s`, `${of}/progress`] });
  return keepAlive(element, store.on("state", look), () => store.want(key, null));
}

/** The picture of a look that comes, with a word over it. */
function portrait(picture, word, name, attrs = {}) {
  const tile = h("button.tile.next", { type: "button", "aria-label": `${word}: ${name}`, ...attrs }, h("span.name", {}, h("small", { text: word }), name));
  return picture ? thumb(picture, tile) : tile;
}

const rows = (prefix, but) => store.under(prefix).filter((row) => !TOLD.includes(row.path) && !but.includes(row.path));

export function cues() {
  if (!store.has("cue/go")) return null;
  const next = h("div.nextbox");
  const list = h("ol.cues", { "aria-label": "cues" });
  const sets = h("select", { "aria-label": "set", onchange: () => store.set("cue/set", sets.value) });
  const fill = async () => {
    const told = await store.ask("cues");
    const key = JSON.stringify(told);
    if (!told || list.dataset.key === key) return;
    list.dataset.key = key;
    refill(sets, ["", ...told.sets].map((name) => h("option", { value: name, text: name ? name.replaceAll("_", " ") : "no set" })));
    sets.value = told.set;
    const coming = told.cues[told.next];
    refill(next, coming ? portrait(coming.picture, "GO brings", coming.name, { onclick: () => store.fire("cue/go") }) : h("p.hint", { text: told.cues.length ? "the set ends here" : "choose a set" }));
    refill(list, told.cues.map((cue, n) => item(cue, n, told)));
    list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  };
  fill();
  const buttons = BIG.map((word) => {
    const button = control(store.rows.get(`cue/${word}`), { label: word.toUpperCase() });
    button.classList.add("go", `is${word}`);
    return button;
  });
  const box = card("Cues", h("label.choice", {}, h("span.label", { text: "Set" }), sets), h("div.gobox", {}, next, h("div.row.gos", {}, buttons)),
    countdown("cue", "follows by itself"), list, adder(), controls(rows("cue", [...BIG, "goto", "add"].map((word) => `cue/${word}`))));
  return keepAlive(box, store.on("facts", fill), store.watch("cue/now", fill), store.watch("cue/next", fill), store.watch("cue/set", fill));
}

/** What plays, as the next cue of the set. */
function adder() {
  if (!store.has("cue/add")) return null;
  return control(store.rows.get("cue/add"), { label: "Add what plays", placeholder: "name of the new cue" });
}

/** For the page that is played: what GO brings, while there is a set. */
export function goStrip() {
  if (!store.has("cue/go")) return null;
  const next = h("div.nextbox");
  const go = control(store.rows.get("cue/go"), { label: "GO" });
  go.classList.add("go", "isgo");
  const strip = h("section.card.gostrip", { "aria-label": "Next cue", hidden: true }, h("div.gobox", {}, next, go), countdown("cue", "follows by itself"));
  const fill = async () => {
    const told = store.value("cue/set") ? await store.ask("cues") : null;
    const coming = told?.cues[told.next];
    const key = JSON.stringify([told?.set, coming]);
    if (strip.dataset.key === key) return;
    strip.dataset.key = key;
    strip.hidden = !told?.cues.length;
    refill(next, coming ? portrait(coming.picture, "GO brings", coming.name, { onclick: () => store.fire("cue/go") }) : h("p.hint", { text: "the set ends here" }));
  };
  fill();
  return keepAlive(strip, store.watch("cue/next", fill), store.watch("cue/set", fill), store.watch("cue/now", fill), store.on("facts", fill)); // an answer may be half a second old
}

function item(cue, n, told) {
  const follow = cue.follow && h("small", { text: cue.follow });
  return h("li", { "aria-current": n === told.now ? "true" : false, class: cue.lacking ? "lacking" : n === told.next ? "comes" : null },
    h("button", { type: "button", title: cue.lacking || `go to ${cue.name}`, onclick: () => store.set("cue/goto", String(n + 1)) },
      h("span.n", { text: String(n + 1) }), h("b", { text: cue.name }), h("span", { text: cue.lacking ? "not there" : cue.note || "" }), follow));
}

export function autopilot() {
  if (!store.has("autopilot/on")) return null;
  const next = h("div.nextbox");
  const fill = (name) => refill(next, name ? portrait(`preset/${name}`, "then", name.replaceAll("_", " "), { onclick: () => store.fire("autopilot/skip") }) : h("p.hint", { text: "looks change by themselves once it is on" }));
  const box = card("Autopilot", h("div.gobox", {}, next, h("div.row.tall", {}, control(store.rows.get("autopilot/on"), { label: "On" }), control(store.rows.get("autopilot/skip"), { label: "Skip" }))),
    countdown("autopilot", "changes"), controls(rows("autopilot", ["autopilot/on", "autopilot/skip"])), schedule());
  return keepAlive(box, store.watch("autopilot/coming", fill));
}

function schedule() {
  if (!store.has("schedule/on")) return null;
  const line = h("p.fact");
  const box = h("div.schedule", {}, control(store.rows.get("schedule/on"), { label: "Schedule of the room" }), line);
  return keepAlive(box, store.watch("schedule/next", (text) => (line.textContent = text ? `next by the clock: ${text}` : "")));
}
