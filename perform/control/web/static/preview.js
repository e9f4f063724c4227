// Live pictures: this side asks for the next one when the last has been drawn, so nothing ever queues up.

import { h } from "./dom.js";
import { Wire } from "./wire.js";

const LEAST_MS = 1000 / 25;
const decoder = new TextDecoder();

class Previews {
  constructor() {
    this.views = new Set();
    this.waiting = new Set();
    this.thumbs = new Map();
    this.asking = new Map();
  }
  start() {
    this.wire = new Wire("/panel/preview", { open: () => this.again(), binary: (data) => this.came(data),
      text: (told) => this.none(told), closed: () => this.waiting.clear() });
    setInterval(() => this.again(), 400);
  }
  again() {
    for (const view of this.views) {
      if (view.canvas.isConnected) this.next(view);
      else if (view.been) this.views.delete(view);
    }
    for (const name of this.asking.keys()) if (!this.waiting.has(`thumb ${name}`)) this.askThumb(name);
  }
  next(view) {
    view.been = true;
    const hidden = document.hidden || view.canvas.offsetParent === null || !this.inView(view.canvas);
    if (hidden || this.waiting.has(view.of) || !this.wire?.open) return;
    this.waiting.add(view.of);
    view.askedAt = performance.now();
    this.wire.send({ get: "picture", of: view.of, px: view.px() });
    clearTimeout(view.lost);
    view.lost = setTimeout(() => this.waiting.delete(view.of), 2500);
  }
  inView(canvas) {
    const box = canvas.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight && box.width > 0;
  }
  none(told) {
    this.waiting.delete(told.of);
    this.waiting.delete(`thumb ${told.of}`);
    if (told.get === "thumb") this.thumb(told.of, null);
    else for (const view of this.views) if (view.of === told.of) view.empty();
  }
  async came(data) {
    // one byte: length of the name; the name; a JPEG
    const size = new DataView(data).getUint8(0);
    const name = decoder.decode(new Uint8Array(data, 1, size));
    const blob = new Blob([new Uint8Array(data, 1 + size)], { type: "image/jpeg" });
    if (name.startsWith("thumb ")) {
      this.waiting.delete(name);
      this.thumb(name.slice(6), URL.createObjectURL(blob));
      return;
    }
    let picture;
    try {
      picture = await createImageBitmap(blob);
    } catch {
      this.waiting.delete(name);
      return;
    }
    requestAnimationFrame(() => {
      for (const view of this.views) if (view.of === name) view.draw(picture);
      picture.close();
      this.waiting.delete(name);
      const view = [...this.views].find((v) => v.of === name && v.canvas.isConnected);
      if (view) setTimeout(() => this.next(view), Math.max(0, LEAST_MS - (performance.now() - (view.askedAt || 0))));
    });
  }
  // Thumbnails: asked for once, kept for the page's life; `forget` after one was made anew
  thumb(name, url) {
    const asked = this.asking.get(name) || [];
    this.asking.delete(name);
    if (url) this.thumbs.set(name, url);
    for (const tell of asked) tell(url);
  }
  askThumb(name) {
    if (this.wire?.send({ get: "thumb", of: name })) this.waiting.add(`thumb ${name}`);
  }
  wantThumb(name, tell) {
    if (this.thumbs.has(name)) {
      tell(this.thumbs.get(name));
      return;
    }
    const asked = this.asking.get(name);
    if (asked) asked.push(tell);
    else {
      this.asking.set(name, [tell]);
      this.askThumb(name);
    }
  }
  forget(name) {
    const url = this.thumbs.get(name);
    if (url) URL.revokeObjectURL(url);
    this.thumbs.delete(name);
  }
}

export const previews = new Previews();

/** A live picture of `out` or of a deck. */
export function preview(of, label) {
  const canvas = h("canvas", { role: "img", "aria-label": label, width: "320", height: "180" });
  const note = h("span.note", { text: "no picture yet" });
  const frame = h("figure.preview", { "data-of": of }, canvas, note);
  const view = {
    of, canvas,
    px: () => (canvas.clientWidth * Math.min(devicePixelRatio, 2) > 420 ? 640 : 320),
    draw(picture) {
      if (canvas.width !== picture.width || canvas.height !== picture.height) {
        canvas.width = picture.width;
        canvas.height = picture.height;
      }
      canvas.getContext("2d").drawImage(picture, 0, 0);
      note.hidden = true;
      frame.dataset.drawn = String(Number(frame.dataset.drawn || 0) + 1);
    },
    empty() {
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      note.hidden = false;
      note.textContent = "nothing here";
    },
  };
  previews.views.add(view);
  requestAnimationFrame(() => previews.next(view));
  return frame;
}

/** The small picture of a preset, model or shader; a quiet pattern until there is one. */
export function thumb(name, element) {
  element.classList.add("thumb");
  previews.wantThumb(name, (url) => {
    if (!url) return;
    const picture = h("img", { src: url, alt: "" });
    element.prepend(picture);
    element.classList.add("has");
  });
  return element;
}
