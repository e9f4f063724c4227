// How the show is doing: frames, latency, what was said, where the picture goes, and who may look on.

import { card, h, ink, sharp, svg } from "../dom.js";
import { store } from "../store.js";
import { controls, keepAlive, refill } from "../widgets.js";

export function page() {
  return h("div.columns.system", {}, figures(), graph(), outputs(), guests(), log(), own(), room());
}

function figures() {
  const list = h("dl.figures");
  const look = () => {
    const f = store.facts;
    if (!f.fps && f.fps !== 0) return;
    const lines = [["frames a second", f.fps], ["slowest hundredth", `${f.ms_p99} ms`], ["missed", f.missed], ["a hit takes", `${f.latency_ms} ms`],
      ["picture", `${f.size[0]} × ${f.size[1]}`], ["drawn by", f.renderer], ["sound", f.sound?.name], ["panel", `${store.roundTrip.toFixed(0)} ms away, ${f.clients} here`],
      ...Object.entries(f.decks || {}).map(([letter, deck]) => [`deck ${letter}`, deck])];
    list.replaceChildren(...lines.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: String(value) }))));
  };
  look();
  return keepAlive(card("Now", list), store.on("facts", look));
}

function graph() {
  const canvas = h("canvas.scope", { role: "img", "aria-label": "time of the last frames" });
  const note = h("p.fact");
  const look = () => {
    const times = store.facts.frame_ms;
    if (!times?.length || !canvas.offsetParent) return;
    const [ctx, w, hgt] = sharp(canvas);
    const aim = 1000 / (store.facts.aim_fps || 60);
    const most = Math.max(aim * 2, Math.min(Math.max(...times), aim * 6));
    ctx.clearRect(0, 0, w, hgt);
    const step = w / times.length;
    times.forEach((ms, n) => {
      ctx.fillStyle = ink(ms > aim * 1.5 ? "accent" : "accent-dim");
      const high = (Math.min(ms, most) / most) * hgt;
      ctx.fillRect(n * step, hgt - high, Math.max(step - 0.5, 0.5), high);
    });
    ctx.fillStyle = ink("text-dim");
    ctx.fillRect(0, hgt - (aim / most) * hgt, w, 1);
    note.textContent = `the line is ${aim.toFixed(1)} ms; the last ${times.length} frames`;
  };
  return keepAlive(card("Frame times", canvas, note), store.on("facts", look));
}

function outputs() {
  const list = h("ul.plain");
  const look = () => list.replaceChildren(...(store.facts.outputs || []).map((line) => h("li", { text: line })));
  look();
  const rows = ["out/hud", "out/testcard", "out/safe", "out/screenshot", "out/level", "out/fade_s"].filter((path) => store.has(path)).map((path) => store.rows.get(path));
  return keepAlive(card("Outputs", list, controls(rows)), store.on("facts", look));
}

// Guests: the two addresses of LAN mode as QR codes; only a performer is told them

function guests() {
  const body = h("div");
  const box = card("Others in this network", body);
  const fill = async () => {
    const told = await store.ask("lan");
    const key = JSON.stringify(told);
    if (!told || body.dataset.key === key) return;
    body.dataset.key = key;
    if (!told.links.length) refill(body, h("p.hint", { text: told.why }));
    else refill(body, h("div.codes", {}, told.links.map((link) => h("figure", {}, code(link), h("figcaption", {}, h("b", { text: link.role }), h("span", { text: { viewer: " looks on", visitor: " touches what the room allows" }[link.role] || " plays" }), h("code", { text: link.url }))))));
  };
  fill();
  return keepAlive(box, store.on("link", fill));
}

/** rows: one text of 0 and 1 for each line of the code. Drawn dark on dim, so that it does not light the room. */
function code(link) {
  const n = link.rows.length;
  const drawn = svg("svg", { viewBox: `-3 -3 ${n + 6} ${n + 6}`, role: "img", "aria-label": `QR code for a ${link.role}`, class: "qr" });
  drawn.append(svg("rect", { x: -3, y: -3, width: n + 6, height: n + 6, class: "paper" }));
  const path = link.rows.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  drawn.append(svg("path", { d: path, class: "ink" }));
  return drawn;
}

function log() {
  const list = h("ol.log", { "aria-label": "what was said", tabindex: "0" });
  const look = async () => {
    const told = await store.ask("log");
    if (!told || list.dataset.key === String(told.length) + told.at(-1)?.text) return;
    list.dataset.key = String(told.length) + told.at(-1)?.text;
    list.replaceChildren(...[...told].reverse().map((line) => h("li", {}, h("time", { text: line.t.toFixed(1) }), h("span", { text: line.text }))));
  };
  look();
  const box = card("Log", list);
  box.classList.add("wide");
  return keepAlive(box, store.on("facts", look));
}

function own() {
  const light = h("input", { type: "range", min: "0.35", max: "1", step: "0.01", "aria-label": "brightness of this panel" });
  light.value = localStorage.getItem("perform.light") || "1";
  light.addEventListener("input", () => {
    localStorage.setItem("perform.light", light.value);
    document.documentElement.style.setProperty("--light", light.value);
  });
  const whole = h("button.trigger", { type: "button", onclick: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()) },
    h("span.label", { text: "whole screen" }));
  return card("This panel", h("label.range", {}, h("span.label", { text: "brightness" }), light), h("div.row", {}, document.documentElement.requestFullscreen ? whole : null),
    h("p.hint", { text: "Keys: B blackout, F freeze, T tap. Arrows move a control, Shift is fine, Enter types a number, Backspace is its default." }));
}

function room() {
  const rows = store.under("out").filter((row) => /^out\/(fit|turn|flip|warp|edge)/.test(row.path));
  return rows.length ? card("Screen", controls(rows)) : null;
}

