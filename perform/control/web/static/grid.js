// Presets as pictures to touch; the one that plays is marked.

import { h, onceAFrame } from "./dom.js";
import { thumb } from "./preview.js";
import { store } from "./store.js";
import { keepAlive } from "./widgets.js";

let tag = "";

export function presetGrid() {
  const grid = h("div.grid", { role: "group", "aria-label": "presets" });
  const tags = h("div.tags", { role: "group", "aria-label": "tags" });
  let list = [];
  const mark = () => {
    for (const tile of grid.children) {
      const on = tile.dataset.name === store.facts.preset?.name;
      tile.setAttribute("aria-pressed", on ? "true" : "false");
    }
  };
  const fill = () => {
    const shown = list.filter((one) => !tag || one.tags.includes(tag));
    grid.replaceChildren(...shown.map((one) => tile(one)));
    mark();
  };
  const fillTags = () => {
    const counts = new Map();
    for (const one of list) for (const word of one.tags) counts.set(word, (counts.get(word) || 0) + 1);
    const words = [...counts].filter(([, n]) => n > 1).sort((a, b) => b[1] - a[1]).slice(0, 7).map(([word]) => word);
    tags.replaceChildren(...["", ...words].map((word) => h("button", { type: "button", "aria-pressed": word === tag ? "true" : "false",
      text: word || "all", onclick: () => {
        tag = word;
        fillTags();
        fill();
      } })));
  };
  const load = async () => {
    const told = await store.ask("presets");
    if (!told) return;
    const key = JSON.stringify(told);
    if (grid.dataset.key === key) return;
    grid.dataset.key = key;
    list = told;
    fillTags();
    fill();
  };
  load();
  return keepAlive(h("div.gridbox", {}, tags, grid), store.on("facts", onceAFrame(mark)), store.on("link", load));
}

function tile(one) {
  const button = h("button.tile", { type: "button", "data-name": one.name, title: one.doc, "aria-pressed": "false",
    "aria-label": `preset ${one.title || one.name}`, onclick: () => {
      button.classList.add("coming");
      setTimeout(() => button.classList.remove("coming"), 1500);
      store.set("preset/recall", one.name);
    } }, h("span.name", { text: one.title || one.name.replaceAll("_", " ") }));
  button.dataset.tone = String([...one.name].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 6);
  return thumb(`preset/${one.name}`, button);
}
