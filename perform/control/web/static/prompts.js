// Prompts: what a model is asked to paint, a library of good ones, and the keys 1 to 9 for those that are wanted at once.

import { card, h, icon, nameOf } from "./dom.js";
import { store } from "./store.js";
import { control, keepAlive } from "./widgets.js";

const rowsNow = () => [...store.rows.values()].filter((row) => row.kind === "text" && /\/source\/(negative_)?prompt/.test(row.path));
let chosen = "";

export function promptCard() {
  const rows = rowsNow();
  if (!rows.length) return null;
  if (!rows.some((row) => row.path === chosen)) chosen = rows[0].path;
  const library = h("div.library", { role: "group", "aria-label": "library of prompts" });
  const fields = rows.map((row) => {
    const field = control(row, { label: `${row.path.split("/")[1]} ${nameOf(row.path)}` });
    field.addEventListener("focusin", () => (chosen = row.path));
    return field;
  });
  const list = () => String(store.value("prompt/library") || "").split("\n").filter(Boolean);
  const use = (text) => store.set(chosen, text);
  const fill = () => {
    library.replaceChildren(...list().map((text, n) => h("div.prompt", {},
      h("button", { type: "button", "aria-label": `prompt: ${text}`, onclick: () => use(text) },
        n < 9 ? h("kbd", { text: String(n + 1) }) : null, h("span", { text })),
      h("button.lock", { type: "button", "aria-label": `forget ${text}`,
        onclick: () => store.set("prompt/library", list().filter((t) => t !== text).join("\n")) }, icon("close")))));
  };
  const keep = h("button.trigger", { type: "button", onclick: () => {
    const text = String(store.value(chosen) || "").replaceAll("\n", " ").trim();
    if (text && !list().includes(text)) store.set("prompt/library", [...list(), text].join("\n"));
  } }, icon("keep"), h("span.label", { text: "Keep this prompt" }));
  const key = (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
    if (typing || !/^[1-9]$/.test(event.key) || document.activeElement?.getAttribute("role") === "slider") return;
    const text = list()[Number(event.key) - 1];
    if (text) use(text);
  };
  addEventListener("keydown", key);
  fill();
  return keepAlive(card("Prompts", h("div.controls", {}, fields), store.has("prompt/library") && keep, library),
    store.watch("prompt/library", fill), () => removeEventListener("keydown", key));
}
