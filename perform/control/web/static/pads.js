// A square for two numbers at once: a finger, or the arrow keys.

import { clamp } from "./curves.js";
import { h } from "./dom.js";

export class Pad {
  /** moved(x, y) gets 0..1 each, y upwards. options: {held(on), spoken(), rest()}. */
  constructor(label, moved, options = {}) {
    this.x = 0.5;
    this.y = 0.5;
    this.options = options;
    this.moved = moved;
    this.dot = h("span.dot");
    this.ghost = h("span.ghost");
    this.lines = [h("span.across"), h("span.down")];
    this.element = h("div.pad", { role: "application", "aria-roledescription": "two-way pad", tabindex: "0",
      "aria-label": `${label}: arrow keys move it` }, this.lines, this.ghost, this.dot);
    this.said = h("span.sr", { "aria-live": "polite" });
    this.element.append(this.said);
    this.listen();
  }

  listen() {
    let from = null;
    let taps = 0;
    const element = this.element;
    const end = () => {
      if (!from) return;
      from = null;
      element.classList.remove("dragged");
      this.options.held?.(false);
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.defaultPrevented) return;
      element.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY, began: event.timeStamp, moved: false };
      element.classList.add("dragged");
      this.options.held?.(true);
    });
    element.addEventListener("pointermove", (event) => {
      if (!from) return;
      const box = element.getBoundingClientRect();
      const fine = event.shiftKey ? 0.1 : 1;
      const dx = ((event.clientX - from.x) / box.width) * fine;
      const dy = ((event.clientY - from.y) / box.height) * fine;
      if (!from.moved && Math.hypot(event.clientX - from.x, event.clientY - from.y) < 3) return;
      from = { ...from, x: event.clientX, y: event.clientY, moved: true };
      this.go(this.x + dx, this.y - dy);
    });
    element.addEventListener("pointerup", (event) => {
      const tapped = from && !from.moved;
      end();
      if (!tapped) return;
      if (event.timeStamp - taps < 350 && this.options.rest) this.go(...this.options.rest());
      taps = event.timeStamp;
    });
    element.addEventListener("pointercancel", end);
    element.addEventListener("lostpointercapture", end);
    element.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.005 : 0.02;
      const by = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
      if (by) this.go(this.x + by[0], this.y + by[1]);
      else if ((event.key === "Backspace" || event.key === "Delete") && this.options.rest) this.go(...this.options.rest());
      else return;
      event.preventDefault();
    });
  }

  go(x, y) {
    this.show(clamp(x), clamp(y));
    this.moved(this.x, this.y);
    if (this.options.spoken) this.said.textContent = this.options.spoken();
  }

  show(x, y) {
    this.x = clamp(x);
    this.y = clamp(y);
    place(this.dot, this.x, this.y);
    this.lines[0].style.top = inside(1 - this.y);
    this.lines[1].style.left = inside(this.x);
  }

  /** Where the music has taken it. */
  showLive(x, y) {
    const away = x !== null && y !== null && Math.hypot(x - this.x, y - this.y) > 0.01;
    this.ghost.classList.toggle("on", away);
    if (away) place(this.ghost, x, y);
  }
}

function place(element, x, y) {
  element.style.left = inside(x);
  element.style.top = inside(1 - y);
}

/** The dot stays whole at the edges. */
const inside = (at) => `calc(14px + ${at} * (100% - 28px))`;
