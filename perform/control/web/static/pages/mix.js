// Decks, layers and chains: every effect with all its controls, added, moved and taken out here.

import { card, h, holdButton, icon, nameOf } from "../dom.js";
import { deckSource, fold, known } from "../decks.js";
import { store } from "../store.js";
import { control, controls, keepAlive } from "../widgets.js";

export function page() {
  const letters = ["a", "b", "c", "d"].filter((letter) => store.has(`deck/${letter}/load`));
  return h("div.columns", {}, letters.map(deck), master(), mixing());
}

function deck(letter) {
  const element = deckSource(letter);
  if (!element) return null;
  const layer = store.under(`deck/${letter}/layer`);
  const inputs = store.under(`deck/${letter}/inputs`);
  const rest = store.under(`deck/${letter}`).filter((row) => row.path.split("/").length === 3 &&
    !["load", "unload", "level", "bypass"].includes(row.path.split("/")[2]));
  element.append(...[
    inputs.length ? fold(`${letter} inputs`, "pictures in", () => controls(inputs)) : null,
    layer.length ? fold(`${letter} layer`, "layer", () => controls(layer)) : null,
    rest.length ? fold(`${letter} rest`, "pictures and changes", () => controls(rest)) : null,
    chain(`deck/${letter}`),
  ].filter(Boolean));
  return element;
}

function master() {
  return card("Master effects", chain("master"));
}

function mixing() {
  const rows = store.under("mix").filter((row) => row.path !== "mix/fade");
  const out = store.under("out").filter((row) => ["out/level", "out/fade_s", "out/safe", "out/testcard", "out/hud"].includes(row.path));
  return [card("Transitions", store.has("mix/fade") && control(store.rows.get("mix/fade"), { label: "crossfader" }), controls(rows)),
    card("Surprises", controls(["what", "reach", "seed"].map((word) => store.rows.get(`surprise/${word}`)).filter(Boolean))),
    card("Output", controls(out))];
}

function slots(place) {
  const known = new Set(store.under(`${place}/fx`).map((row) => row.path.slice(place.length + 4).split("/")[0]));
  const order = String(store.value(`${place}/chain/order`) || "").split(",").map((n) => n.trim()).filter((n) => known.has(n));
  return [...order, ...[...known].filter((name) => !order.includes(name))];
}

function chain(place) {
  if (!store.has(`${place}/chain/add`)) return null;
  const names = slots(place);
  const box = h("div.chain", { role: "list", "aria-label": `effects of ${place}` });
  names.forEach((name, at) => box.append(effect(place, name, at, names.length)));
  const select = h("select", { "aria-label": `add an effect to ${place}`, "data-path": `${place}/chain/add` },
    h("option", { value: "", text: "add an effect…" }));
  known().then(({ effects }) => select.append(...effects.map((name) => h("option", { value: name, text: name.replaceAll("_", " ") }))));
  select.addEventListener("change", () => {
    if (select.value) store.set(`${place}/chain/add`, select.value);
    select.value = "";
  });
  const element = h("div.chainbox", {}, box, h("label.choice", {}, h("span.label", { text: "effect" }), select));
  let order = store.value(`${place}/chain/order`);
  return keepAlive(element, store.watch(`${place}/chain/order`, (now) => {
    if (now === order) return;
    order = now;
    store.refreshSoon();
    store.tell("structure");
  }));
}

function effect(place, name, at, count) {
  const start = `${place}/fx/${name}`;
  const rows = store.under(start);
  const own = rows.filter((row) => !["bypass", "solo", "wet"].includes(row.path.slice(start.length + 1)));
  const one = (word, label) => store.has(`${start}/${word}`) && control(store.rows.get(`${start}/${word}`), { label });
  const move = (to, label, picture, off) => h("button.small", { type: "button", disabled: off, "aria-label": `${label} ${nameOf(start)}`,
    onclick: () => store.set(`${place}/chain/move`, `${name} ${to}`) }, icon(picture));
  return h("section.effect", { role: "listitem", "aria-label": `effect ${nameOf(start)}` },
    h("div.effecthead", {}, h("h3", { text: nameOf(start) }), move(at, "earlier:", "up", at === 0),
      move(at + 2, "later:", "down", at === count - 1),
      holdButton("remove", () => store.set(`${place}/chain/remove`, name), "button.small.hold")),
    h("div.row", {}, one("wet", "wet"), one("bypass", "off"), one("solo", "solo")), controls(own));
}
