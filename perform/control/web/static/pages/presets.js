// Looks: recall, keep, go back; snapshots and morphs; the list of cues. Rows that come with them get controls by themselves.

import { autopilot, cues } from "../cues.js";
import { card, h } from "../dom.js";
import { presetGrid } from "../grid.js";
import { thumb } from "../preview.js";
import { store } from "../store.js";
import { control, controls, keepAlive, refill } from "../widgets.js";

export function page() {
  const looks = wide(card("Looks", presetGrid(), recallRow()));
  const list = cues();
  const listFirst = innerWidth <= 700 && store.value("cue/set"); // on a phone GO must be at the thumb
  return h("div.columns.presets", {}, listFirst ? [list, looks] : [looks, list], autopilot(), snapshots(), group("Presets", "preset", ["preset/recall", "preset/next", "preset/previous"]),
    others());
}

const wide = (element) => (element.classList.add("wide"), element);

function recallRow() {
  const one = (path, label) => store.has(path) && store.rows.get(path).kind === "trigger" && control(store.rows.get(path), { label });
  return h("div.row", {}, one("preset/previous", "Previous"), one("preset/next", "Next"), one("preset/undo", "Undo recall"), control(store.rows.get("tempo/quantise") || { path: "", kind: "text" }));
}

function group(title, prefix, without = []) {
  const rows = store.under(prefix).filter((row) => !without.includes(row.path));
  return rows.length ? card(title, controls(rows)) : null;
}

function snapshots() {
  const rows = store.under("snapshot");
  if (!rows.length) return null;
  const grid = h("div.grid.slots");
  const fill = async () => {
    const told = await store.ask("snapshots");
    const key = JSON.stringify(told);
    if (!told || grid.dataset.key === key) return;
    grid.dataset.key = key;
    refill(grid, told.length ? told.map((one) => snapshot(one)) : [h("p.hint", { text: "Keep this moment, and it comes back here." })]);
  };
  fill();
  const knobs = rows.filter((row) => !["recall", "morph", "between", "remove"].some((name) => row.path === `snapshot/${name}`));
  return keepAlive(card("Snapshots", ways(), grid, controls(knobs)), store.on("facts", fill));
}

/** What a touch on a snapshot does. */
const WAYS = { morph: "go over to it", recall: "cut to it", between: "lay the way, go by hand", remove: "let it go" };
let way = "morph";

function ways() {
  const buttons = Object.entries(WAYS).map(([name, doc]) => h("button", { type: "button", title: doc, "data-way": name, text: name === "between" ? "by hand" : name,
    "aria-pressed": name === way ? "true" : "false", onclick: () => {
      way = name;
      for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.way === way ? "true" : "false");
    } }));
  return h("div.tags", { role: "group", "aria-label": "what a touch on a snapshot does" }, buttons);
}

function snapshot(one) {
  const button = h("button.tile", { type: "button", title: one.doc || "", "data-name": one.name, "aria-label": `snapshot ${one.name}`,
    onclick: () => store.set(`snapshot/${way}`, one.name) }, h("span.name", { text: one.name.replaceAll("_", " ") }));
  return thumb(`snapshot/${one.name}`, button);
}

/** Whole groups of rows that no page knows yet: whatever is added to the table is there to be played. */
const KNOWN = ["audio", "autopilot", "cue", "deck", "learn", "macro", "master", "mix", "out", "preset", "prompt", "route", "schedule", "snapshot", "surprise", "tempo"];

function others() {
  const names = [...new Set([...store.rows.keys()].map((path) => path.split("/")[0]))].filter((name) => !KNOWN.includes(name));
  return names.map((name) => group(name.replaceAll("_", " "), name));
}

