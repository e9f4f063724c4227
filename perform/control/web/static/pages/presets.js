// Looks: recall, keep, go back; snapshots and morphs; the list of cues. Rows that come with them get controls by themselves.

import { card, h } from "../dom.js";
import { presetGrid } from "../grid.js";
import { store } from "../store.js";
import { control, controls, keepAlive, refill } from "../widgets.js";

export function page() {
  return h("div.columns.presets", {}, wide(card("Looks", presetGrid(), recallRow())), cues(), snapshots(), group("Presets", "preset", ["preset/recall", "preset/next", "preset/previous"]),
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

function cues() {
  const rows = store.under("cue");
  if (!rows.length) return null;
  const big = ["go", "back", "hold"].map((word) => `cue/${word}`).filter((path) => store.has(path));
  const list = h("ol.cues", { "aria-label": "cues" });
  const fill = async () => {
    const told = await store.ask("cues");
    const key = JSON.stringify(told);
    if (!told || list.dataset.key === key) return;
    list.dataset.key = key;
    refill(list, told.cues.map((cue, n) => h("li", { "aria-current": n === told.now ? "true" : false }, h("b", { text: cue.name }), h("span", { text: cue.note || "" }))));
  };
  fill();
  const buttons = big.map((path) => {
    const button = control(store.rows.get(path), { label: path.split("/")[1].toUpperCase() });
    button.classList.add("go");
    return button;
  });
  return keepAlive(card("Cues", h("div.row.gos", {}, buttons), list, controls(rows.filter((row) => !big.includes(row.path)))), store.on("facts", fill));
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
    refill(grid, told.map((one) => h("button.tile", { type: "button", title: one.doc || "", "aria-label": `snapshot ${one.name}`,
      onclick: () => store.set(told.recall || "snapshot/recall", one.name) }, h("span.name", { text: one.name }))));
  };
  fill();
  return keepAlive(card("Snapshots", grid, controls(rows)), store.on("facts", fill));
}

/** Whole groups of rows that no page knows yet: whatever is added to the table is there to be played. */
const KNOWN = ["audio", "cue", "deck", "learn", "macro", "master", "mix", "out", "preset", "prompt", "route", "snapshot", "surprise", "tempo"];

function others() {
  const names = [...new Set([...store.rows.keys()].map((path) => path.split("/")[0]))].filter((name) => !KNOWN.includes(name));
  return names.map((name) => group(name.replaceAll("_", " "), name));
}

