// The truth is the server's: its rows and values, kept here for the widgets, and what they ask for on its way back.
//
// Values travel as binary OSC over the OSCQuery socket, LISTEN and IGNORE as its commands; rows (with their curves,
// units and defaults) and everything that is no parameter come over /panel/live, where we ask and it answers.

import { decode, encode } from "./osc.js";
import { Wire, who } from "./wire.js";

const PREFIX = "/perform/";
const ECHO_MS = 250;
const LOST_MS = 5000;
const TRAIL_MS = 12; // a drag says at most so often where it is; its last word is always said

class Store {
  constructor() {
    this.rows = new Map();
    this.values = new Map();
    this.revision = -1;
    this.state = null;
    this.facts = {};
    this.role = "";
    this.linked = false;
    this.held = new Set();
    this.roundTrip = 0;
    this.watchers = new Map();
    this.listeners = { structure: new Set(), state: new Set(), link: new Set(), facts: new Set() };
    this.wanted = new Map(); // key -> {signals, live, spectrum, …} of each view on screen
    this.answers = new Map();
    this.lastSent = new Map();
    this.lastSet = new Map();
    this.settling = new Set();
    this.listened = new Set();
    this.frames = 0;
  }

  start() {
    this.osc = new Wire("/", { open: () => this.opened(), binary: (data) => this.told(data), text: (o) => this.command(o),
      closed: () => this.link() });
    this.live = new Wire("/panel/live", { open: () => this.opened(), text: (o) => this.answered(o),
      closed: () => this.link() });
    setInterval(() => this.ask("facts", true), 500);
    setInterval(() => this.ping(), 2000);
  }

  // The link

  async opened() {
    this.link();
    if (!this.osc.open || !this.live.open) return;
    this.listened.clear();
    this.answers.clear();
    this.wantAgain();
    await this.refresh();
    this.askState();
  }

  async link() {
    const linked = this.osc.open && this.live.open;
    if (linked !== this.linked) {
      this.linked = linked;
      this.tell("link");
    }
    if (!linked) {
      if (this.asking) return;
      this.asking = true;
      const { role, why, gone } = await who();
      this.asking = false;
      this.role = role || "";
      this.refused = gone ? "" : role ? "" : why || "no entry";
      this.tell("link");
    }
  }

  async refresh() {
    const told = await this.ask("rows");
    if (!told) return;
    if (told.role !== undefined) this.role = told.role;
    this.revision = told.rev;
    const before = [...this.rows.keys()].join();
    const kinds = [...this.rows.values()].map((r) => r.kind + r.choices + r.lo + r.hi).join();
    this.rows = new Map(told.rows.map((row) => [row.path, row]));
    for (const [path, value] of Object.entries(told.values)) this.take(path, value);
    this.listenAll();
    const changed = before !== [...this.rows.keys()].join() ||
      kinds !== [...this.rows.values()].map((r) => r.kind + r.choices + r.lo + r.hi).join();
    if (changed) this.tell("structure");
    this.tell("link");
  }

  command(told) {
    if (["PATH_ADDED", "PATH_REMOVED", "PATH_CHANGED", "PATH_RENAMED"].includes(told.COMMAND)) this.refreshSoon();
  }

  refreshSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refresh(), 60);
  }

  listenAll() {
    for (const path of this.listened) if (!this.rows.has(path)) this.listened.delete(path);
    for (const [path, watchers] of this.watchers) if (watchers.size) this.listen(path);
  }

  listen(path) {
    if (this.listened.has(path) || !this.rows.has(path)) return;
    if (this.osc?.send({ COMMAND: "LISTEN", DATA: PREFIX + path })) this.listened.add(path);
  }

  ignore(path) {
    if (!this.listened.has(path)) return;
    this.listened.delete(path);
    this.osc?.send({ COMMAND: "IGNORE", DATA: PREFIX + path });
  }

  // Values

  told(data) {
    let messages = [];
    try {
      messages = decode(data);
    } catch {
      return;
    }
    for (const { address, args } of messages) {
      if (!address.startsWith(PREFIX)) continue;
      const path = address.slice(PREFIX.length);
      const row = this.rows.get(path);
      if (!row) continue;
      const value = row.kind === "colour" || row.kind === "point" ? (Array.isArray(args[0]) ? args[0] : args)
        : row.kind === "choice" && typeof args[0] === "number" ? row.choices[args[0]] : args[0];
      this.take(path, value);
    }
  }

  take(path, value) {
    if (this.quiet(path)) {
      this.settle(path);
      return;
    }
    this.values.set(path, value);
    for (const tell of this.watchers.get(path) || []) tell(value);
  }

  /** While a finger is on it, and just after, what comes back is what we said ourselves, late. */
  quiet(path) {
    return this.held.has(path) || performance.now() - (this.lastSet.get(path) ?? -1e9) < ECHO_MS;
  }

  /** When the hand is off, the truth is asked for once. */
  settle(path) {
    if (this.settling.has(path)) return;
    this.settling.add(path);
    const look = () => {
      if (this.quiet(path)) setTimeout(look, ECHO_MS);
      else {
        this.settling.delete(path);
        this.askValue(path);
      }
    };
    setTimeout(look, ECHO_MS);
  }

  /** Calls tell(value) now (where it is known) and at each change. Returns what ends it. */
  watch(path, tell) {
    const group = this.watchers.get(path) || new Set();
    this.watchers.set(path, group);
    group.add(tell);
    this.listen(path);
    if (this.values.has(path)) tell(this.values.get(path));
    return () => {
      group.delete(tell);
      if (!group.size) setTimeout(() => group.size || this.ignore(path), 400);
    };
  }

  value(path) {
    return this.values.get(path);
  }

  /** What a hand wants: shown at once, said at once, and never more often than each frame. */
  set(path, value) {
    const row = this.rows.get(path);
    if (!row || this.role !== "performer") return;
    if (row.kind === "trigger") {
      this.send(path, row, true);
      return;
    }
    const now = performance.now();
    this.lastSet.set(path, now);
    this.values.set(path, value);
    for (const tell of this.watchers.get(path) || []) tell(value);
    const last = this.lastSent.get(path);
    clearTimeout(last?.timer);
    const entry = { at: last?.at ?? 0, timer: 0 };
    this.lastSent.set(path, entry);
    const say = () => {
      entry.at = performance.now();
      this.send(path, row, this.values.get(path));
    };
    const wait = entry.at + TRAIL_MS - now;
    if (wait <= 0) say();
    else entry.timer = setTimeout(say, wait);
  }

  fire(path) {
    this.set(path, true);
  }

  hold(path, on) {
    if (on) this.held.add(path);
    else this.held.delete(path);
  }

  async askValue(path) {
    const told = await this.ask("values", [path]);
    if (told && path in told) this.take(path, told[path]);
  }

  send(path, row, value) {
    const args = {
      float: () => [["f", Number(value)]],
      int: () => [["i", Math.round(Number(value))]],
      bool: () => [[value ? "T" : "F", value]],
      trigger: () => [["T", true]],
      choice: () => [["s", String(value)]],
      text: () => [["s", String(value)]],
      colour: () => value.map((v) => ["f", v]),
      point: () => value.map((v) => ["f", v]),
    }[row.kind]();
    this.osc.send(encode(PREFIX + path, args));
  }

  // What is no parameter: we ask, it answers

  /** The answer to one question; null where the link is down. Several who ask the same wait for one answer. */
  ask(what, more) {
    const key = more === undefined || more === true ? what : `${what} ${JSON.stringify(more)}`;
    if (!this.live?.open) return Promise.resolve(null);
    const waiting = this.answers.get(key);
    if (waiting && performance.now() - waiting.at < LOST_MS) return waiting.promise;
    waiting?.done(null);
    const entry = { key, at: performance.now() };
    entry.promise = new Promise((done) => (entry.done = done));
    this.answers.set(key, entry);
    this.live.send(more === undefined || more === true ? { get: what } : { get: what, of: more, key });
    return entry.promise;
  }

  answered(told) {
    if (told.state) {
      this.state = told.state;
      this.frames += 1;
      if (told.state.rev !== this.revision && this.revision >= 0) this.refreshSoon();
      this.tell("state");
      requestAnimationFrame(() => this.askState());
      return;
    }
    const key = told.key || told.get;
    const entry = this.answers.get(key);
    if (told.get === "facts") {
      this.facts = told.is;
      this.tell("facts");
    }
    if (entry) {
      this.answers.delete(key);
      entry.done(told.is);
    }
  }

  askState() {
    if (!this.live.open || document.hidden) {
      setTimeout(() => this.live.open && this.askState(), 500);
      return;
    }
    clearTimeout(this.lost);
    this.live.send({ get: "state" });
  }

  async ping() {
    const began = performance.now();
    if ((await this.ask("ping")) !== null) this.roundTrip = performance.now() - began;
  }

  /** What a view wants with each state; null ends it. */
  want(key, what) {
    if (what) this.wanted.set(key, what);
    else this.wanted.delete(key);
    clearTimeout(this.wantSoon);
    this.wantSoon = setTimeout(() => this.wantAgain(), 20);
  }

  wantAgain() {
    const all = { signals: [], live: [], spectrum: false, wave: false, routes: false };
    for (const one of this.wanted.values()) {
      all.signals.push(...(one.signals || []));
      all.live.push(...(one.live || []));
      for (const flag of ["spectrum", "wave", "routes"]) all[flag] = all[flag] || Boolean(one[flag]);
    }
    all.signals = [...new Set(all.signals)];
    all.live = [...new Set(all.live)].filter((path) => this.rows.has(path) || !this.rows.size);
    this.asked = all;
    this.live?.send({ want: all });
  }

  signal(name) {
    const at = this.asked?.signals.indexOf(name) ?? -1;
    return at < 0 || !this.state?.sig ? 0 : this.state.sig[at] || 0;
  }

  /** Where a parameter stands with its routes, 0..1; null where it has no such view. */
  liveUnit(path) {
    const at = this.asked?.live.indexOf(path) ?? -1;
    return at < 0 || !this.state?.live ? null : this.state.live[at] ?? null;
  }

  // Who wants to know

  on(what, tell) {
    this.listeners[what].add(tell);
    return () => this.listeners[what].delete(tell);
  }

  tell(what) {
    for (const listener of [...this.listeners[what]]) listener();
  }

  has(path) {
    return this.rows.has(path);
  }

  /** Rows below a prefix, in the table's order. */
  under(prefix) {
    const start = `${prefix}/`;
    return [...this.rows.values()].filter((row) => row.path.startsWith(start));
  }
}

export const store = new Store();
