// What the show hears: levels, bands, spectrum, tones, beat, and how it is set.

import { card, h, ink, sharp } from "../dom.js";
import { musicalNow } from "../beat.js";
import { store } from "../store.js";
import { control, controls, keepAlive } from "../widgets.js";

const BANDS = [["bass", "Bass"], ["lowmid", "Low mid"], ["highmid", "High mid"], ["treble", "Treble"]];
const TONES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const BEAT = ["tempo/tap", "tempo/one", "tempo/halve", "tempo/double", "tempo/resync", "tempo/hold"];
const SIGNALS = [
  "audio/level", "audio/peak", "audio/rms", "audio/silence", "audio/onset", "audio/centroid", "audio/flatness", "audio/flux", "audio/width",
  ...BANDS.flatMap(([band]) => ["level", "hit", "presence"].map((what) => `audio/${band}/${what}`)),
  ...TONES.map((_, n) => `audio/chroma/${n}`), "tempo/confidence", "section/energy", "section/build",
];

export function page() {
  store.want("audio", { signals: SIGNALS, spectrum: true, wave: true });
  const box = h("div.columns.audio", {}, hearing(), spectrum(), bands(), beat(), form(),
    card("Sound", controls(store.under("audio").filter((row) => !["audio/gain_db", "audio/gate_db"].includes(row.path)))), card("Tempo", controls(store.under("tempo").filter((row) => !BEAT.includes(row.path)))));
  return keepAlive(box, () => store.want("audio", null));
}

function meter(name, label, more = "") {
  const fill = h("span.fill");
  const number = h("output.number");
  const element = h(`div.meter${more}`, { role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "1" }, fill,
    h("span.label", { text: label }), number);
  let shown = -1;
  return keepAlive(element, store.on("state", () => {
    const value = Math.min(Math.max(store.signal(name), 0), 1);
    if (Math.abs(value - shown) < 0.004) return;
    shown = value;
    fill.style.transform = `scaleX(${value})`;
    number.textContent = value.toFixed(2);
    element.setAttribute("aria-valuenow", value.toFixed(2));
  }));
}

function hearing() {
  const name = h("p.fact");
  const clip = h("span.lampword", { text: "clip" });
  const look = () => {
    name.textContent = store.facts.sound?.name || "";
    clip.classList.toggle("on", Boolean(store.facts.sound?.clip));
  };
  look();
  const box = card("Input", h("div.row", {}, name, clip), meter("audio/level", "level", ".big"), meter("audio/onset", "onset"),
    meter("audio/silence", "silence"), store.has("audio/gain_db") && control(store.rows.get("audio/gain_db"), { label: "gain" }),
    store.has("audio/gate_db") && control(store.rows.get("audio/gate_db"), { label: "gate" }));
  return keepAlive(box, store.on("facts", look));
}

function canvas(label, draw) {
  const element = h("canvas.scope", { role: "img", "aria-label": label });
  return keepAlive(element, store.on("state", () => element.offsetParent && draw(...sharp(element))));
}

function spectrum() {
  const kept = new Float32Array(64);
  const bars = canvas("spectrum, low to high", (ctx, w, hgt) => {
    const now = store.state.spec;
    ctx.clearRect(0, 0, w, hgt);
    if (!now) return;
    const step = w / now.length;
    const dim = ink("accent-dim");
    const bright = ink("accent");
    now.forEach((value, n) => {
      const at = value / 255;
      kept[n] = Math.max(at, kept[n] - 0.015);
      ctx.fillStyle = dim;
      ctx.fillRect(n * step + 0.5, hgt - at * hgt, Math.max(step - 1, 1), at * hgt);
      ctx.fillStyle = bright;
      ctx.fillRect(n * step + 0.5, hgt - kept[n] * hgt, Math.max(step - 1, 1), 1.5);
    });
  });
  const wave = canvas("waveform", (ctx, w, hgt) => {
    const now = store.state.wave;
    ctx.clearRect(0, 0, w, hgt);
    if (!now) return;
    ctx.strokeStyle = ink("text");
    ctx.lineWidth = 1.2;
    ctx.beginPath();
    now.forEach((value, n) => ctx[n ? "lineTo" : "moveTo"]((n / (now.length - 1)) * w, hgt * (0.5 - value / 254)));
    ctx.stroke();
  });
  wave.classList.add("low");
  return card("Spectrum", bars, wave);
}

function bands() {
  return card("Bands", BANDS.map(([band, label]) => h("div.bandbox", {}, h("h3", { text: label }),
    meter(`audio/${band}/level`, "level"), meter(`audio/${band}/hit`, "hit", ".hit"), meter(`audio/${band}/presence`, "presence"))));
}

function beat() {
  const bpm = h("p.huge");
  const told = h("p.fact");
  const sweep = canvas("where the bar stands", (ctx, w, hgt) => {
    const now = musicalNow();
    ctx.clearRect(0, 0, w, hgt);
    if (!now) return;
    const step = w / now.per;
    for (let n = 0; n < now.per; n += 1) {
      const done = Math.min(Math.max(now.bar - n, 0), 1);
      ctx.fillStyle = ink("line");
      ctx.fillRect(n * step + 2, 0, step - 4, hgt);
      ctx.fillStyle = ink(n === Math.floor(now.bar) ? "accent" : "accent-dim");
      ctx.fillRect(n * step + 2, 0, (step - 4) * done, hgt);
    }
  });
  sweep.classList.add("bar");
  const buttons = BEAT.filter((path) => store.has(path));
  const box = card("Beat", bpm, told, sweep, meter("tempo/confidence", "confidence"),
    h("div.row", {}, buttons.map((path) => control(store.rows.get(path)))));
  return keepAlive(box, store.on("state", () => {
    bpm.textContent = store.state.bpm.toFixed(1);
    told.textContent = store.facts.tempo || "";
  }));
}

function form() {
  const tones = TONES.map((name, n) => {
    const fill = h("span.fill");
    const element = h("div.tone", { role: "meter", "aria-label": `tone ${name}`, "aria-valuemin": "0", "aria-valuemax": "1" }, fill, h("span", { text: name }));
    return keepAlive(element, store.on("state", () => {
      const value = Math.min(Math.max(store.signal(`audio/chroma/${n}`), 0), 1);
      fill.style.transform = `scaleY(${value})`;
      element.setAttribute("aria-valuenow", value.toFixed(2));
    }));
  });
  return card("Form and tone", meter("section/energy", "energy"), meter("section/build", "build-up"),
    meter("audio/centroid", "brightness"), meter("audio/flatness", "noise"), meter("audio/width", "width"), h("div.tones", {}, tones));
}
