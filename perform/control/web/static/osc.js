// Binary OSC 1.0: one message or bundle in an ArrayBuffer, both ways. Types: i f s b h d t T F N I r, and arrays.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function padded(text) {
  const bytes = encoder.encode(text);
  const out = new Uint8Array((bytes.length + 4) & ~3);
  out.set(bytes);
  return out;
}

/** args: [[type, value], …] with types f i s T F I. */
export function encode(address, args) {
  const parts = [padded(address), padded("," + args.map(([type]) => type).join(""))];
  for (const [type, value] of args) {
    if (type === "s") parts.push(padded(value));
    else if (type === "f" || type === "i") {
      const cell = new DataView(new ArrayBuffer(4));
      if (type === "f") cell.setFloat32(0, value);
      else cell.setInt32(0, value);
      parts.push(new Uint8Array(cell.buffer));
    }
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}

class Reader {
  constructor(buffer, at = 0, end = buffer.byteLength) {
    this.view = new DataView(buffer);
    this.at = at;
    this.end = end;
  }
  text() {
    let stop = this.at;
    while (stop < this.end && this.view.getUint8(stop) !== 0) stop += 1;
    const text = decoder.decode(new Uint8Array(this.view.buffer, this.at, stop - this.at));
    this.at = (stop + 4) & ~3;
    return text;
  }
  take(size) {
    const at = this.at;
    this.at += size;
    return at;
  }
}

const READ = {
  i: (r) => r.view.getInt32(r.take(4)),
  f: (r) => r.view.getFloat32(r.take(4)),
  d: (r) => r.view.getFloat64(r.take(8)),
  h: (r) => Number(r.view.getBigInt64(r.take(8))),
  t: (r) => (r.take(8), null),
  s: (r) => r.text(),
  S: (r) => r.text(),
  T: () => true,
  F: () => false,
  N: () => null,
  I: () => true,
  r: (r) => {
    const at = r.take(4);
    return [0, 1, 2, 3].map((n) => r.view.getUint8(at + n) / 255);
  },
  b: (r) => {
    const size = r.view.getInt32(r.take(4));
    r.take((size + 3) & ~3);
    return null;
  },
};

/** Every message of a packet, as {address, args}. Throws RangeError on a packet that is cut short. */
export function decode(buffer, at = 0, end = buffer.byteLength) {
  const reader = new Reader(buffer, at, end);
  const address = reader.text();
  if (address === "#bundle") {
    reader.take(8);
    const found = [];
    while (reader.at + 4 <= end) {
      const size = reader.view.getInt32(reader.take(4));
      found.push(...decode(buffer, reader.at, reader.at + size));
      reader.take(size);
    }
    return found;
  }
  const args = [];
  let list = args;
  for (const type of reader.text().slice(1)) {
    if (type === "[") list = [];
    else if (type === "]") {
      args.push(list);
      list = args;
    } else if (READ[type]) list.push(READ[type](reader));
  }
  return [{ address, args }];
}
