// What moves what: routes as a matrix and one by one, learning, and what controllers and other programs say.

import { card, h, holdButton, icon, nameOf } from "../dom.js";
import { store } from "../store.js";
import { control, keepAlive, mode, refill } from "../widgets.js";

export function page() {
  store.want("mapping", { routes: true });
  const box = h("div.columns.mapping", {}, routes(), learning(), finder(), monitor());
  return keepAlive(box, () => store.want("mapping", null));
}

const short = (path) => path.replace(/^deck\//, "").replaceAll("_", " ").replaceAll("/", " › ");

function routes() {
  const matrix = h("div.matrixbox");
  const list = h("div.routes", { role: "list", "aria-label": "routes" });
  const box = card("Routes", matrix, list, adder());
  box.classList.add("wide");
  const marks = [];
  const fill = async () => {
    const told = (await store.ask("routes")) || [];
    const key = JSON.stringify(told);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    marks.length = 0;
    refill(list, told.length ? told.map((route) => one(route, marks)) : h("p.fact", { text: "This look has no routes." }));
    refill(matrix, told.length ? table(told, marks) : null);
  };
  fill();
  return keepAlive(box, store.on("facts", fill), store.on("state", () => {
    const values = store.state.routes || [];
    for (const { number, show } of marks) show(values[number - 1] ?? 0);
  }));
}

/** Sources across, targets down; a dot where a route joins them, as large as its depth, as bright as it is now. */
function table(list, marks) {
  const sources = [...new Set(list.map((r) => r.source))];
  const targets = [...new Set(list.map((r) => r.target))];
  const head = h("tr", {}, h("td"), sources.map((s) => h("th", { scope: "col" }, h("span", { text: s.replace(/^audio\//, "").replaceAll("_", " ") }))));
  const rows = targets.map((target) => h("tr", {}, h("th", { scope: "row", text: short(target) }), sources.map((source) => {
    const joined = list.find((r) => r.source === source && r.target === target);
    if (!joined) return h("td");
    const dot = h("button.joint", { type: "button", "aria-label": `route ${joined.n}: ${source} to ${target}`,
      onclick: () => document.getElementById(`route-${joined.n}`)?.querySelector("[tabindex]")?.focus() });
    const depth = () => dot.style.setProperty("--size", Math.min(0.35 + 0.65 * Math.abs(Number(store.value(`route/${joined.n}/depth`) ?? joined.depth)), 1));
    marks.push({ number: joined.n, show: (value) => dot.style.setProperty("--now", value.toFixed(2)) });
    return h("td", {}, keepAlive(dot, store.watch(`route/${joined.n}/depth`, depth)));
  })));
  return h("div.matrix", { tabindex: "0", role: "region", "aria-label": "matrix of routes" },
    h("table", {}, h("thead", {}, head), h("tbody", {}, rows)));
}

function one(route, marks) {
  const at = (word) => store.rows.get(`route/${route.n}/${word}`);
  const now = h("span.fill");
  marks.push({ number: route.n, show: (value) => (now.style.transform = `scaleX(${Math.min(Math.max(value, 0), 1)})`) });
  const part = (word, label) => at(word) && control(at(word), { label: `${label}` });
  return h("section.route", { role: "listitem", id: `route-${route.n}`, "aria-label": `route ${route.n}` },
    h("div.cable", {}, h("b", { text: route.source }), h("span.arrow", { text: "→" }), h("b", { text: short(route.target) }),
      h("span.curve", { text: at("curve") ? "" : route.curve })),
    h("div.meter.now", { role: "img", "aria-label": `live value of route ${route.n}` }, now),
    h("div.row", {}, part("on", "on"), part("depth", "depth"), part("attack_s", "attack"), part("release_s", "release"), part("curve", "curve"),
      store.has("route/remove") && holdButton("remove", () => store.set("route/remove", String(route.n)), "button.small.hold")));
}

function adder() {
  if (!store.has("route/add")) return null;
  const source = h("select", { "aria-label": "source of a new route" });
  const target = h("input", { type: "text", list: "targets", "aria-label": "target of a new route", placeholder: "target" });
  const names = h("datalist", { id: "targets" }, [...store.rows.values()].filter((r) => r.live && ["float", "int", "bool", "trigger", "choice"].includes(r.kind) &&
    /^(deck|master|mix)\//.test(r.path)).map((r) => h("option", { value: r.path })));
  store.ask("catalog").then((told) => told && source.append(...(told.signals || []).map((name) => h("option", { value: name, text: name }))));
  return h("div.row.adder", {}, h("label.choice", {}, h("span.label", { text: "source" }), source),
    h("label.text", {}, h("span.label", { text: "target" }), target), names,
    h("button.trigger", { type: "button", onclick: () => {
      if (source.value && store.has(target.value)) store.set("route/add", `${source.value} ${target.value}`);
    } }, icon("plus"), h("span.label", { text: "join" })));
}

// Learning, and one list of everything that can be steered

function learning() {
  if (!store.has("learn/target")) return card("Learn", h("p.fact", { text: "No MIDI on this machine: `perform doctor` tells more." }));
  const waiting = h("p.fact", { role: "status" });
  const box = card("Learn", h("p.hint", { text: "Switch on learn (above), touch any control of this panel, then move a knob, a key or a sensor." }),
    waiting, control(store.rows.get("learn/cancel"), { label: "cancel" }));
  const tell = () => {
    const target = store.value("learn/target");
    waiting.textContent = target ? `waiting: move what shall steer ${target}` : store.value("learn/last") || "nothing learnt yet";
    waiting.classList.toggle("waiting", Boolean(target));
  };
  return keepAlive(box, store.watch("learn/target", tell), store.watch("learn/last", tell));
}

function finder() {
  const field = h("input", { type: "search", "aria-label": "find a parameter", placeholder: "find a parameter", autocomplete: "off" });
  const found = h("div.found");
  const look = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = words.length ? [...store.rows.values()].filter((row) => words.every((w) => `${row.path} ${row.doc}`.toLowerCase().includes(w))).slice(0, 24) : [];
    refill(found, rows.map((row) => h("div.locked", {}, control(row, { label: short(row.path) }), row.kind === "text" ? null : arm(row.path))));
  };
  field.addEventListener("input", look);
  return card("Every parameter", h("p.hint", { text: `${store.rows.size} of them; say a word of its name or meaning.` }),
    h("label.text", {}, h("span.label", { text: "find" }), field), found);
}

function arm(path) {
  if (!store.has("learn/target")) return null;
  return h("button.lock", { type: "button", "aria-label": `learn ${nameOf(path)}`, onclick: () => mode.learnt(path) }, icon("learn"));
}

// What comes and goes

const STATUS = { 8: "note off", 9: "note", 10: "touch", 11: "cc", 12: "program", 13: "pressure", 14: "bend", 15: "system" };

function midiWords(bytes) {
  const kind = bytes[0] >> 4;
  const rest = bytes.slice(1).join(" ");
  return kind === 15 ? `${STATUS[15]} ${bytes.map((b) => b.toString(16)).join(" ")}` : `${STATUS[kind] || "?"} ch ${(bytes[0] & 15) + 1}  ${rest}`;
}

function monitor() {
  const list = h("ol.monitor", { "aria-label": "the last messages, newest first", tabindex: "0" });
  const rate = h("p.fact", { text: "nothing yet" });
  let paused = false;
  const pause = h("button.small", { type: "button", "aria-pressed": "false", text: "hold still", onclick: () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", paused ? "true" : "false");
  } });
  let before = "";
  const look = async () => {
    if (paused || !list.isConnected || !list.offsetParent) return;
    const told = await store.ask("monitor");
    if (!told) return;
    const key = `${told.lines.length} ${told.lines[0]?.t} ${told.lines.at(-1)?.t}`;
    rate.textContent = told.lines.length ? `${told.per_s} a second` : "nothing yet: turn a knob, or send OSC";
    if (key === before) return;
    before = key;
    list.replaceChildren(...told.lines.map((line) => h("li", {}, h("time", { text: line.t.toFixed(2) }), h(`span.way.${line.way}`, { text: line.way === "in" ? "←" : "→" }),
      h("b", { text: line.from }), h("span", { text: line.midi ? midiWords(line.midi) : line.text }))));
  };
  const timer = setInterval(look, 300);
  setTimeout(look, 50);
  return keepAlive(card("MIDI and OSC, the last 200", h("div.row", {}, rate, pause), list), () => clearInterval(timer));
}

