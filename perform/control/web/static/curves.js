// How 0..1 maps to a native range: the same shapes as perform/core/curves.py.

const K = 4;
const SHAPES = {
  linear: [(x) => x, (y) => y],
  square: [(x) => x * x, Math.sqrt],
  cube: [(x) => x ** 3, Math.cbrt],
  sqrt: [Math.sqrt, (y) => y * y],
  smooth: [(x) => x * x * (3 - 2 * x), (y) => 0.5 - Math.sin(Math.asin(1 - 2 * y) / 3)],
  exp: [(x) => Math.expm1(K * x) / Math.expm1(K), (y) => Math.log1p(y * Math.expm1(K)) / K],
};

export const clamp = (x, lo = 0, hi = 1) => Math.min(Math.max(x, lo), hi);

export function fromUnit(x, row) {
  const { lo, hi, curve } = row;
  if (curve === "log" && lo > 0) return clamp(lo * (hi / lo) ** clamp(x), lo, hi);
  const [bend] = SHAPES[curve] || SHAPES.linear;
  return lo + (hi - lo) * bend(clamp(x));
}

export function toUnit(value, row) {
  const { lo, hi, curve } = row;
  const v = clamp(Number(value), lo, hi);
  if (curve === "log" && lo > 0) return Math.log(v / lo) / Math.log(hi / lo);
  const [, straight] = SHAPES[curve] || SHAPES.linear;
  return clamp(straight((v - lo) / (hi - lo)));
}

/** A number as a person reads it: as many places as its range deserves. */
export function spoken(value, row) {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value ?? "");
  if (row.kind === "int") return String(Math.round(value));
  const span = Math.abs(row.hi - row.lo);
  const places = span >= 200 ? 0 : span >= 20 ? 1 : span >= 0.5 ? 2 : 3;
  return (Math.abs(value) < 0.5 * 10 ** -places ? 0 : value).toFixed(places);
}
