// The frame round the pages: who we are, the beat, what saves a show, and the way from page to page.

import { h, icon } from "./dom.js";
import { previews } from "./preview.js";
import { store } from "./store.js";
import { control, keepAlive, mode, refill, release, trackLive } from "./widgets.js";
import { beatMarker } from "./beat.js";

const PAGES = [
  ["perform", "Perform"], ["mix", "Mix"], ["audio", "Audio"], ["mapping", "Mapping"], ["presets", "Presets"],
  ["models", "Models"], ["system", "System"],
];
const main = h("main", { id: "page", tabindex: "-1" });
const toast = h("div.toast", { role: "status", "aria-live": "polite" });
const band = h("div.band", { role: "alert", hidden: true });
const title = h("span.look");
let here = "";

const load = (name) => import(`./pages/${name}.js`);

function goTo(name) {
  location.hash = name;
}

async function show() {
  const wanted = location.hash.slice(1);
  const name = PAGES.some(([known]) => known === wanted) ? wanted : "perform";
  if (name === here) return;
  here = name;
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  const { page } = await load(name);
  if (here !== name) return;
  main.dataset.page = name;
  document.title = `${PAGES.find(([known]) => known === name)[1]} · perform`;
  for (const child of [...main.children]) release(child);
  const root = h("div.page");
  main.replaceChildren(root);
  main.scrollTop = 0;
  draw(page, root);
}

function draw(page, root) {
  const again = () => {
    const at = main.scrollTop;
    const focused = document.activeElement?.dataset?.path;
    refill(root, page());
    main.scrollTop = at;
    if (focused) root.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
  };
  keepAlive(root, store.on("structure", again));
  again();
}

// Above: link, look, beat, learn

const dot = h("span.dot");
const tap = h("button.tap", { type: "button", "aria-label": "tap tempo", onpointerdown: () => store.fire("tempo/tap"),
  onkeydown: (e) => (e.key === "Enter" || e.key === " ") && !e.repeat && store.fire("tempo/tap") },
h("span.bpm", { text: "–" }), h("small", { text: "tap" }));
const learn = h("button.learnmode", { type: "button", "aria-pressed": "false", "aria-label": "learn: touch a control, then move a knob",
  onclick: () => setLearn(!mode.learn) }, icon("learn"), h("span", { text: "learn" }));

function setLearn(on) {
  mode.learn = on;
  document.body.classList.toggle("learning", on);
  learn.setAttribute("aria-pressed", on ? "true" : "false");
  if (on) say("Touch a control here, then move a knob, key or slider of yours.");
  else if (store.value("learn/target")) store.fire("learn/cancel");
  if (!on) document.querySelectorAll(".armed").forEach((e) => e.classList.remove("armed"));
}

mode.learnt = (path) => {
  document.querySelectorAll(".armed").forEach((e) => e.classList.remove("armed"));
  document.querySelectorAll(`[data-path="${CSS.escape(path)}"]`).forEach((e) => e.classList.add("armed"));
  if (!store.has("learn/target")) {
    say("There is no MIDI and no OSC sensor to learn from.");
    return;
  }
  store.set("learn/target", path);
  say(`Now move what shall steer ${path}`);
};

function say(line, long = 4500) {
  toast.textContent = line;
  toast.classList.add("on");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.classList.remove("on"), long);
}

// Below: what saves a show. Their words are said in every state of the link.

function safety() {
  const parts = [["out/blackout", "Blackout"], ["out/freeze", "Freeze"]].map(([path, label]) => {
    const row = store.rows.get(path) || { path, kind: "bool", doc: "" };
    const button = control(row, { label });
    button.classList.add("safe", path.slice(4));
    return button;
  });
  const panic = control(store.rows.get("out/panic") || { path: "out/panic", kind: "trigger" }, { label: "Panic" });
  panic.classList.add("safe", "panic");
  return [...parts, panic];
}

function linkState() {
  const ok = store.linked;
  document.body.classList.toggle("offline", !ok);
  document.body.classList.toggle("viewer", store.role === "viewer");
  band.hidden = ok && store.role !== "viewer";
  band.className = `band ${ok ? "quiet" : ""}`;
  band.textContent = store.refused ? `Not let in: ${store.refused}` : !ok ? "The link is down. Trying again…"
    : "You are looking on: this link shows, and changes nothing.";
  dot.className = `dot ${ok ? "ok" : "bad"}`;
  dot.title = ok ? `linked, ${store.roundTrip.toFixed(0)} ms` : "no link";
}

function facts() {
  const look = store.facts.preset;
  title.textContent = look ? look.title || look.name : "";
  const bpm = store.state?.bpm;
  if (bpm) tap.querySelector(".bpm").textContent = bpm.toFixed(1);
  tap.classList.toggle("unsure", (store.state?.conf ?? 0) < 0.3);
}

const strip = h("div.safety", { role: "group", "aria-label": "what saves a show" });
const nav = h("nav", { "aria-label": "pages" }, PAGES.map(([name, label]) =>
  h("a", { href: `#${name}` }, icon(name), h("span", { text: label }))));
const top = h("header", {}, h("span.state", { role: "status", "aria-label": "link" }, dot), title, beatMarker(), tap, learn);

document.body.append(h("a.skip", { href: "#page", text: "to the page", onclick: (e) => {
  e.preventDefault();
  main.focus();
} }), top, band, main, strip, nav, toast);
refill(strip, safety());
store.on("structure", () => refill(strip, safety()));
store.on("link", linkState);
store.on("facts", () => (facts(), linkState()));
let learnt = null;
store.watch("learn/last", (line) => {
  if (learnt !== null && line && line !== learnt) {
    say(line, 6000);
    setLearn(false);
  }
  learnt = line ?? "";
});
let told = null;
store.watch("out/message", (line) => {
  if (told !== null && line && line !== told) say(line, 6000);
  told = line ?? "";
});
addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && mode.learn) setLearn(false);
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "b" || event.key === "B") store.set("out/blackout", !store.value("out/blackout"));
  else if (event.key === "f" || event.key === "F") store.set("out/freeze", !store.value("out/freeze"));
  else if (event.key === "t" || event.key === "T") event.repeat || store.fire("tempo/tap");
});
document.addEventListener("dblclick", (e) => e.preventDefault());
document.documentElement.style.setProperty("--light", localStorage.getItem("perform.light") || "1");

trackLive();
previews.start();
store.start();
linkState();
show().then(() => PAGES.forEach(([name]) => load(name))); // all at hand before the link can fail
Object.assign(window, { performPanel: { store, goTo } });
