"""Looking at pictures: a perceptual hash, what is poor about one, and the names of its colours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

NEAR = 5
"""Bits of 64 by which two pictures' hashes may differ and still be called the same."""
BANDS = NEAR + 1
_TO_LMS = np.array([[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376],
                    [0.0514459929, 0.1073969566, 0.6299787005]])  # fmt: skip
_TO_LAB = np.array([[0.2104542553, 1.9779984951, 0.0259040371], [0.7936177850, -2.4285922050, 0.7827717662],
                    [-0.0040720468, 0.4505937099, -0.8086757660]])  # fmt: skip
FLAT, SOFT, DARK = 0.02, 0.0035, 0.03


def grey(pixels: np.ndarray) -> np.ndarray:
    """[h, w, 3] uint8 to [h, w] of 0..1."""
    return pixels.astype(np.float32) @ np.float32([0.2126, 0.7152, 0.0722]) / 255.0


def _shrunk(plane: np.ndarray, side: int) -> np.ndarray:
    rows = np.linspace(0, plane.shape[0], side + 1).astype(int)
    columns = np.linspace(0, plane.shape[1], side + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(plane, rows[:-1], 0), columns[:-1], 1)
    return sums / np.outer(np.diff(rows), np.diff(columns))


def fingerprint(pixels: np.ndarray) -> int:
    """A 64-bit hash that small changes of size, light and compression leave nearly alone.

    The signs of the low part of the cosine transform against their median ("pHash", Zauner 2010, section 3.2.1).
    """
    small = _shrunk(grey(pixels), 32)
    k, n = np.arange(8)[:, None], np.arange(32)[None]
    basis = np.cos(np.pi * k * (2 * n + 1) / 64)
    low = basis @ small @ basis.T
    bits = (low > np.median(low.ravel()[1:])).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


class Seen:
    """Finds near-duplicates without comparing all with all: two hashes that differ in at most NEAR bits agree in at
    least one of NEAR + 1 bands."""

    def __init__(self) -> None:
        edges = np.linspace(0, 64, BANDS + 1).astype(int)
        self._bands = [(int(a), (1 << int(b - a)) - 1) for a, b in pairwise(edges)]
        self._buckets: list[dict[int, list[int]]] = [{} for _ in self._bands]

    def known(self, code: int) -> bool:
        """Whether one like it was seen; if not, it is seen now."""
        keys = [(code >> shift) & mask for shift, mask in self._bands]
        for key, bucket in zip(keys, self._buckets, strict=True):
            if any((code ^ other).bit_count() <= NEAR for other in bucket.get(key, ())):
                return True
        for key, bucket in zip(keys, self._buckets, strict=True):
            bucket.setdefault(key, []).append(code)
        return False


def weaknesses(pixels: np.ndarray) -> list[str]:
    """What is poor about a picture: "flat", "dark", "blurred"."""
    plane = grey(pixels)
    found = []
    if float(plane.std()) < FLAT:
        found.append("flat")
    if float(np.percentile(plane, 99)) < DARK:
        found.append("dark")
    curved = plane[1:-1, 1:-1] * 4 - plane[:-2, 1:-1] - plane[2:, 1:-1] - plane[1:-1, :-2] - plane[1:-1, 2:]
    if "flat" not in found and float(np.abs(curved).mean()) < SOFT:
        found.append("blurred")
    return found


def oklch(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sRGB [..., 3] uint8 to lightness 0..1, chroma, hue in degrees (Ottosson, 2020)."""
    x = pixels.astype(np.float64) / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ _TO_LMS) @ _TO_LAB
    return lab[..., 0], np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360


HUES = ((15, "rose"), (42, "red"), (72, "orange"), (115, "gold"), (172, "green"), (225, "turquoise"), (280, "blue"),
        (318, "violet"), (350, "magenta"), (361, "rose"))  # fmt: skip


def colour_words(pixels: np.ndarray, most: int = 2) -> list[str]:
    """The colours that fill most of what is lit, the largest first: words of HUES, "copper" and "white"."""
    light, chroma, hue = (p.ravel() for p in oklch(pixels))
    weight = np.clip(light - 0.12, 0, None)
    total: dict[str, float] = {}
    plain = chroma < 0.035
    total["white"] = float(weight[plain].sum()) * 0.7
    low = 0.0
    for high, word in HUES:
        mask = (hue >= low) & (hue < high) & ~plain
        brown = mask & (word in ("orange", "red", "gold")) & (chroma < 0.11) & (light < 0.62)
        total["copper"] = total.get("copper", 0.0) + float(weight[brown].sum())
        total[word] = total.get(word, 0.0) + float(weight[mask & ~brown].sum())
        low = high
    ranked = sorted(total.items(), key=lambda item: -item[1])
    whole = sum(total.values()) or 1.0
    return [word for word, amount in ranked[:most] if amount > 0.22 * whole] or [ranked[0][0]]
