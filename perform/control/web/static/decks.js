// A deck: what plays on it, its surprise with locks, and a control for every row that its source has.

import { card, h, holdButton, icon, nameOf } from "./dom.js";
import { store } from "./store.js";
import { control, keepAlive } from "./widgets.js";

let catalog = null;
let asked = 0;

/** What can be loaded: {sources, effects, transitions}. Asked for again when the show says it changed. */
export async function known() {
  if (!catalog || performance.now() - asked > 4000) {
    asked = performance.now();
    catalog = store.ask("catalog").then((told) => told || { sources: [], effects: [] });
  }
  return catalog;
}

export function sourceSelect(letter) {
  const path = `deck/${letter}/load`;
  const select = h("select", { "aria-label": `source of deck ${letter}`, "data-path": path });
  const fill = async () => {
    const now = store.facts.sources?.[letter] || "";
    const { sources } = await known();
    const all = sources.includes(now) || !now ? sources : [now, ...sources];
    const groups = new Map();
    for (const name of all) {
      const kind = name.includes(":") ? name.split(":")[0] : "other";
      groups.set(kind, [...(groups.get(kind) || []), name]);
    }
    const key = all.join() + now;
    if (select.dataset.key === key) return;
    select.dataset.key = key;
    select.replaceChildren(now ? "" : h("option", { value: "", text: "nothing" }), ...[...groups].map(([kind, names]) =>
      h("optgroup", { label: kind }, names.map((name) => h("option", { value: name, text: name.replace(/^\w+:/, "").replaceAll("_", " ") })))));
    select.value = now;
  };
  select.addEventListener("change", () => {
    if (select.value) store.set(path, select.value);
    delete select.dataset.key;
  });
  fill();
  return keepAlive(h("label.choice.source", {}, h("span.label", { text: "source" }), select), store.on("facts", fill));
}

const locks = () => new Set(String(store.value("surprise/locks") || "").split(/\s+/).filter(Boolean));

function lockButton(path) {
  const button = h("button.lock", { type: "button", "aria-pressed": "false", "aria-label": `lock ${nameOf(path)} against surprises`,
    onclick: () => {
      const now = locks();
      if (!now.delete(path)) now.add(path);
      store.set("surprise/locks", [...now].join(" "));
    } });
  return keepAlive(button, store.watch("surprise/locks", () => {
    const on = locks().has(path);
    button.setAttribute("aria-pressed", on ? "true" : "false");
    button.replaceChildren(icon(on ? "lock" : "unlock"));
  }));
}

function lockable(row) {
  const able = store.has("surprise/locks") && !["text", "trigger"].includes(row.kind);
  return h("div.locked", {}, control(row), able ? lockButton(row.path) : null);
}

/** Rows in groups by their first word (`bend`, `noise`, …), so that a model with a hundred knobs stays readable. */
function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    const first = nameOf(row.path).split(" ")[0];
    groups.set(first, [...(groups.get(first) || []), row]);
  }
  const loose = [...groups].filter(([, list]) => list.length < 4).flatMap(([, list]) => list);
  const tight = [...groups].filter(([, list]) => list.length >= 4);
  return [loose, tight];
}

export function sourceRows(letter) {
  return store.under(`deck/${letter}/source`).filter((row) => row.kind !== "text" || !/prompt/.test(row.path));
}

export function deckSource(letter, { short = false } = {}) {
  const place = `deck/${letter}`;
  if (!store.has(`${place}/level`) && !store.has(`${place}/load`)) return null;
  const rows = sourceRows(letter);
  const [loose, tight] = grouped(rows);
  const folds = tight.map(([name, list]) => fold(`${place} ${name}`, name, () => list.map(lockable)));
  const all = h("div.controls", {}, loose.map(lockable));
  const surprise = store.has(`surprise/${letter}`) && control(store.rows.get(`surprise/${letter}`), { label: "Surprise me", icon: "dice" });
  const head = h("div.row.pair", {}, sourceSelect(letter), surprise);
  const level = h("div.row", {}, store.has(`${place}/level`) && control(store.rows.get(`${place}/level`)),
    store.has(`${place}/bypass`) && control(store.rows.get(`${place}/bypass`), { label: "effects off" }));
  const knobs = rows.length ? (short ? fold(`${place} all`, `${rows.length} controls`, () => [all, ...folds]) : [all, ...folds]) : null;
  const box = card(`Deck ${letter.toUpperCase()}`, head, level, knobs,
    !short && letter !== "a" && store.has(`${place}/unload`) && store.facts.sources?.[letter]
      ? holdButton("take everything off", () => store.set(`${place}/unload`, "now")) : null);
  if (!short && rows.length > 12) box.classList.add("wide");
  return box;
}

/** A part that opens; filled only then, and it remembers. */
export function fold(key, label, make) {
  const summary = h("summary", {}, h("span", { text: label }), icon("more"));
  const body = h("div.foldbody");
  const element = h("details.fold", {}, summary, body);
  const fill = () => {
    if (element.open && !body.childElementCount) body.append(...[make()].flat(Infinity).filter(Boolean));
    sessionStorage.setItem(`fold ${key}`, element.open ? "1" : "");
  };
  element.addEventListener("toggle", fill);
  if (sessionStorage.getItem(`fold ${key}`)) {
    element.open = true;
    fill();
  }
  return element;
}
