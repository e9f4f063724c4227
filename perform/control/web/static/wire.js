// Sockets that come back by themselves, and the token that the address brought along.

const KEY = location.pathname === "/visit" ? "perform.visitor" : "perform.token"; // one phone may hold both

function readToken() {
  const found = /(?:^#|&)token=([\w-]+)/.exec(location.hash);
  if (found) {
    localStorage.setItem(KEY, found[1]);
    history.replaceState(null, "", location.pathname);
  }
  return localStorage.getItem(KEY) || "";
}

export const token = readToken();

/** Who we are to the show: {role, why}. role: performer, viewer, or "" where the door stays shut. */
export async function who() {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  try {
    const answer = await fetch("/panel/who", { headers, cache: "no-store" });
    return await answer.json();
  } catch {
    return { role: "", why: "", gone: true };
  }
}

/** on: {open(), text(object), binary(buffer), closed()}. */
export class Wire {
  constructor(path, on) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.on = on;
    this.tries = 0;
    this.socket = null;
    this.wanted = true;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    this.connect();
  }
  get open() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }
  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url, token ? ["perform", `token.${token}`] : ["perform"]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.on.open?.();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") this.on.binary?.(data);
      else {
        let told = null;
        try {
          told = JSON.parse(data);
        } catch {
          return;
        }
        this.on.text?.(told);
      }
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.on.closed?.();
      if (!this.wanted) return;
      this.tries += 1;
      this.timer = setTimeout(() => this.connect(), Math.min(250 * 1.6 ** this.tries, 4000) * (0.8 + 0.4 * Math.random()));
    };
  }
  hurry() {
    if (this.wanted && this.socket.readyState === WebSocket.CLOSED) this.connect();
  }
  close() {
    this.wanted = false;
    this.socket.close();
  }
  send(data) {
    if (!this.open) return false;
    this.socket.send(typeof data === "string" || data instanceof ArrayBuffer ? data : JSON.stringify(data));
    return true;
  }
}
