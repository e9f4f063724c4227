// Four squares that follow the bar, from the show's musical time, carried on between two words of it.

import { h } from "./dom.js";
import { store } from "./store.js";

let at = 0;
store.on("state", () => (at = performance.now()));

/** {beats, bar: beat within the bar (float), per: beats in a bar} now. */
export function musicalNow() {
  const state = store.state;
  if (!state) return null;
  const since = Math.min((performance.now() - at) / 1000, 0.5) * (state.bpm / 60);
  const per = state.bpb || 4;
  return { beats: state.b + since, bar: (state.bp * per + since) % per, per };
}

export function beatMarker() {
  const squares = [0, 1, 2, 3].map(() => h("span"));
  const element = h("div.beats", { role: "img", "aria-label": "beat" }, squares);
  let before = "";
  const step = () => {
    requestAnimationFrame(step);
    const now = musicalNow();
    if (!now || document.hidden) return;
    const beat = Math.floor(now.bar);
    const lit = store.linked && now.bar - beat < 0.35;
    const key = `${beat} ${lit} ${now.per}`;
    if (key === before) return;
    before = key;
    while (element.childElementCount < Math.min(now.per, 8)) element.append(h("span"));
    while (element.childElementCount > Math.max(Math.min(now.per, 8), 1)) element.lastChild.remove();
    [...element.children].forEach((square, n) => {
      square.className = n === beat ? (lit ? "lit" : "here") : "";
    });
  };
  step();
  return element;
}
