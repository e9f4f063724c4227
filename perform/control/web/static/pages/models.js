// Models by their cards: who made them, from what, and whether that may be shown.

import { h, icon } from "../dom.js";
import { thumb } from "../preview.js";
import { store } from "../store.js";
import { keepAlive } from "../widgets.js";

export function page() {
  const grid = h("div.cards");
  const load = async () => {
    const told = await store.ask("models");
    if (told) grid.replaceChildren(...(told.length ? told.map(one) : [h("p.fact", { text: "No models here. `perform models` tells how to add one." })]));
  };
  load();
  return keepAlive(h("div.modelpage", {}, grid), store.on("link", load));
}

function one(model) {
  const stated = model.licence && model.licence !== "not stated";
  const picture = thumb(`model/${model.name}`, h("div.modelpicture"));
  const fact = (label, value) => value ? h("div", {}, h("dt", { text: label }), h("dd", { text: String(value) })) : null;
  const load = ["a", "b"].map((letter) => h("button.trigger", { type: "button", "aria-label": `load ${model.name} on deck ${letter}`,
    disabled: Boolean(model.broken) || !store.has(`deck/${letter}/load`), onclick: () => store.set(`deck/${letter}/load`, `model:${model.name}`) },
  h("span.label", { text: `to deck ${letter.toUpperCase()}` })));
  return h("article.model", { "aria-label": model.title || model.name }, picture,
    h("div.modeltext", {}, h("h2", { text: model.title || model.name }),
      model.broken ? h("p.unstated", {}, icon("warn"), model.broken) : null,
      stated ? h("p.licence", { text: model.licence }) : h("p.unstated", {}, icon("warn"), "no stated licence: ask the author before you show it"),
      h("p", { text: model.doc || "" }),
      h("dl", {}, fact("author", model.author || "not stated"), fact("kind", model.kind), fact("trained on", model.trained_on), fact("converted from", model.source),
        fact("resolution", model.resolution && `${model.resolution} px`), fact("sha256", model.sha256 && `${model.sha256.slice(0, 16)}…`)),
      h("div.row", {}, load)));
}
