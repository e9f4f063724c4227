// The page that is played: pictures, fader, macros, pads, presets, decks, prompts.

import { toUnit, fromUnit } from "../curves.js";
import { goStrip } from "../cues.js";
import { card, h, icon, nameOf } from "../dom.js";
import { Pad } from "../pads.js";
import { presetGrid } from "../grid.js";
import { preview } from "../preview.js";
import { promptCard } from "../prompts.js";
import { deckSource } from "../decks.js";
import { store } from "../store.js";
import { control, keepAlive } from "../widgets.js";

export function page() {
  return h("div.perform", {}, h("div.left", {}, pictures(), goStrip(), fader(), moments()),
    h("div.middle", {}, macros(), pads(), promptCard(), decks()),
    h("div.right", {}, card("Presets", presetGrid())));
}

function pictures() {
  const out = preview("out", "what the screen shows");
  const next = { a: preview("a", "deck a, not on air"), b: preview("b", "deck b, not on air") };
  const labels = { a: h("figcaption"), b: h("figcaption") };
  out.append(h("figcaption", {}, h("b", { text: "Output" })));
  for (const letter of ["a", "b"]) next[letter].append(labels[letter]);
  const box = h("section.pictures", { "aria-label": "live pictures" }, out, next.a, next.b);
  const look = () => {
    const fade = Number(store.value("mix/fade") ?? 0);
    const aired = fade < 0.5 ? "a" : "b";
    const off = aired === "a" ? "b" : "a";
    next[aired].hidden = true;
    next[off].hidden = false;
    const source = store.facts.sources?.[off];
    next[off].classList.toggle("bare", !source);
    labels[off].replaceChildren(h("b", { text: `Deck ${off.toUpperCase()}` }), ` ${source ? bare(source) : "empty"}`);
  };
  look();
  return keepAlive(box, store.watch("mix/fade", look), store.on("facts", look));
}

const bare = (source) => source.replace(/^\w+:/, "").replaceAll("_", " ");

function fader() {
  if (!store.has("mix/fade")) return null;
  const slide = control(store.rows.get("mix/fade"), { label: "crossfader" });
  slide.classList.add("fader");
  const go = (path, label) => store.has(path) && control(store.rows.get(path), { label });
  const transition = store.has("mix/transition") && control(store.rows.get("mix/transition"));
  return h("section.card.mixer", { "aria-label": "Crossfader" },
    h("div.ends", {}, h("span", { text: "A" }), h("span", { text: "B" })), slide,
    h("div.row.three", {}, go("mix/to_a", "to A"), go("mix/go", "fade over"), go("mix/to_b", "to B")),
    h("div.row.pair", {}, transition, store.has("mix/duration_s") && control(store.rows.get("mix/duration_s"), { label: "takes" })));
}

const KEEPERS = ["snapshot/keep", "snapshot/save", "out/screenshot"];

function moments() {
  const keep = KEEPERS.find((path) => store.has(path));
  const row = store.rows.get(keep);
  const parts = [];
  const keepers = [];
  if (row) {
    const button = h("button.trigger.keep", { type: "button", "data-path": keep, title: row.doc, onclick: () => {
      store.set(keep, row.kind === "trigger" ? true : stamp());
      button.classList.add("fired");
      setTimeout(() => button.classList.remove("fired"), 400);
    } }, icon("keep"), h("span.label", { text: "Keep this moment" }));
    keepers.push(button);
  }
  for (const [path, label] of [["preset/undo", "Undo recall"], ["tempo/one", "Beat one"], ["preset/previous", "Previous"],
    ["preset/next", "Next look"]]) if (store.has(path) && store.rows.get(path).kind === "trigger") parts.push(control(store.rows.get(path), { label }));
  return h("section.card.moments", { "aria-label": "Moments" }, h("div.row", {}, keepers), h("div.row.three", {}, parts));
}

const stamp = () => {
  const d = new Date();
  const two = (n) => String(n).padStart(2, "0");
  return `kept_${d.getFullYear()}${two(d.getMonth() + 1)}${two(d.getDate())}_${two(d.getHours())}${two(d.getMinutes())}${two(d.getSeconds())}`;
};

function macros() {
  const rows = [...store.rows.values()].filter((row) => /^macro\/\d+$/.test(row.path) && row.kind === "float");
  if (!rows.length) return null;
  const faders = rows.map((row) => control(row, { label: `macro ${row.path.split("/")[1]}`, upright: true }));
  const names = () => rows.forEach((row, n) => {
    const name = store.value(`${row.path}/name`) || row.path.split("/")[1];
    const label = faders[n].querySelector(".label");
    if (label.textContent !== name) label.textContent = name;
  });
  names();
  return keepAlive(card("Macros", h("div.uprights", {}, faders)), store.on("facts", names));
}

// XY pads: two rows of what plays; which ones is kept on this device

function candidates() {
  return ["a", "b", "c", "d"].flatMap((letter) => store.under(`deck/${letter}/source`))
    .filter((row) => row.kind === "float" && row.live);
}

const FIRST = [["direction_1", "direction_2"], ["direction_3", "direction_4"]];

function pads() {
  const points = ["a", "b"].flatMap((l) => store.under(`deck/${l}/source`)).filter((row) => row.kind === "point");
  const rows = candidates();
  if (!rows.length && !points.length) return null;
  return h("section.card.pads", { "aria-label": "Pads" }, h("h2", { text: "Pads" }),
    h("div.padrow", {}, [0, 1].map((number) => onePad(number, rows)), points.slice(0, 2).map((row) => control(row))));
}

function onePad(number, rows) {
  if (!rows.length) return null;
  const paths = rows.map((row) => row.path);
  const kept = JSON.parse(localStorage.getItem(`perform.pad.${number}`) || "[]");
  const axes = [0, 1].map((n) => {
    if (paths.includes(kept[n])) return kept[n];
    const named = rows.find((row) => row.path.endsWith(`/${FIRST[number][n]}`));
    return named ? named.path : paths[Math.min(number * 2 + n, paths.length - 1)];
  });
  const row = (n) => store.rows.get(axes[n]);
  const pad = new Pad(`pad ${number + 1}`, (x, y) => [x, y].forEach((u, n) => row(n) && store.set(axes[n], fromUnit(u, row(n)))), {
    held: (on) => axes.forEach((path) => store.hold(path, on)),
    spoken: () => axes.map((path) => `${nameOf(path)} ${Number(store.value(path)).toFixed(2)}`).join(", "),
    rest: () => [0, 1].map((n) => toUnit(row(n).def, row(n))),
  });
  const ends = [];
  const follow = () => {
    ends.splice(0).forEach((end) => end());
    const at = [0.5, 0.5];
    axes.forEach((path, n) => row(n) && ends.push(store.watch(path, (value) => {
      at[n] = toUnit(value, row(n));
      pad.show(at[0], at[1]);
    })));
    store.want(`pad ${number}`, { live: axes });
  };
  const pick = (n) => {
    const select = h("select", { "aria-label": `pad ${number + 1}, ${n ? "up" : "across"}`, onchange: () => {
      axes[n] = select.value;
      localStorage.setItem(`perform.pad.${number}`, JSON.stringify(axes));
      follow();
    } }, rows.map((one) => h("option", { value: one.path, text: `${one.path.split("/")[1]} ${nameOf(one.path)}` })));
    select.value = axes[n];
    return select;
  };
  follow();
  const box = h("div.xy", {}, pad.element, h("div.axes", {}, h("span", { text: "→" }), pick(0), h("span", { text: "↑" }), pick(1)));
  return keepAlive(box, () => (ends.forEach((end) => end()), store.want(`pad ${number}`, null)),
    store.on("state", () => pad.showLive(store.liveUnit(axes[0]), store.liveUnit(axes[1]))));
}

function decks() {
  return ["a", "b"].map((letter) => deckSource(letter, { short: true }));
}
