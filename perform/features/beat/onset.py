"""Sound to onset strength in four bands, causally, at 100 hops a second.

The detection function is spectral flux on logarithmic bands with a maximum filter along frequency, which keeps
vibrato from looking like onsets: S. Böck and G. Widmer, "Maximum filter vibrato suppression for onset detection",
DAFx 2013 (SuperFlux). Bands are whitened by a slow peak follower: D. Stowell and M. Plumbley, "Adaptive whitening
for improved real-time audio onset detection", ICMC 2007.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import fft

HOPS_PER_S = 100
"""Hops a second, whatever the sample rate."""

BANDS = 4
"""Onset bands: kick and bass, low middle, high middle, top."""

BAND_EDGES_HZ = (27.5, 140.0, 500.0, 2500.0, 16000.0)
_PER_OCTAVE = 12
_WINDOW_S = 0.0464
_LAG_HOPS = 2
_COMPRESS = 20.0
_PEAK_FALL_S = 8.0
_FLOOR = 2e-4  # full scale sine is 1; below this a band counts as silent
_RELATIVE_FLOOR = 0.02  # no band is whitened up by more than this against the strongest one
_LIMIT = 64.0


def filterbank(size: int, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangular filters on a log frequency axis, about twelve to the octave.

    Filters whose centres fall on one bin are merged, so that low bands are as fine as the window allows.
    Returns (weights [size // 2 + 1, filters] float32, centres_hz [filters]).
    """
    top_hz = min(BAND_EDGES_HZ[-1], 0.45 * rate_hz)
    count = max(int(np.log2(top_hz / BAND_EDGES_HZ[0]) * _PER_OCTAVE), 8)
    hz = BAND_EDGES_HZ[0] * 2.0 ** (np.arange(count + 2) / _PER_OCTAVE)
    bins = np.unique(np.round(hz * size / rate_hz).astype(int))
    bins = bins[(bins >= 1) & (bins <= size // 2)]
    weights = np.zeros((size // 2 + 1, len(bins) - 2), np.float32)
    for i, (lo, mid, hi) in enumerate(zip(bins[:-2], bins[1:-1], bins[2:], strict=True)):
        weights[lo : mid + 1, i] = np.linspace(0.0, 1.0, mid - lo + 1)
        weights[mid : hi + 1, i] = np.linspace(1.0, 0.0, hi - mid + 1)
    weights /= np.maximum(weights.sum(axis=0), 1e-9)
    return weights, bins[1:-1] * rate_hz / size


class OnsetFront:
    """Samples in, one onset vector for each hop out. Not affected by block size, level, DC, NaN or infinity."""

    def __init__(self, rate_hz: float) -> None:
        """rate_hz: sample rate, at least 4000."""
        self.rate_hz = float(rate_hz)
        self.size = 1 << round(np.log2(_WINDOW_S * self.rate_hz))
        self._window = (np.hanning(self.size + 1)[:-1] * (2.0 / self.size)).astype(np.float32)
        self._weights, self.centres_hz = filterbank(self.size, self.rate_hz)
        self._count = self._weights.shape[1]
        self._starts = np.minimum(
            np.searchsorted(self.centres_hz, BAND_EDGES_HZ[:-1]), np.arange(self._count - BANDS, self._count)
        )
        self._widths = np.diff(np.append(self._starts, self._count)).astype(np.float32)
        self._buffer = np.zeros(self.size, np.complex64)
        self._power = np.zeros(self.size, np.float32)
        self._pending: list[np.ndarray] = []
        self._pending_count = 0
        self._consumed = 0
        self._hop = 0
        self._history = np.zeros((_LAG_HOPS, self._count), np.float32)
        self._padded = np.zeros(self._count + 2, np.float32)
        self._peaks = np.full(self._count, _FLOOR, np.float32)
        self._fall = np.float32(np.exp(-1.0 / (_PEAK_FALL_S * HOPS_PER_S)))
        self.level = 0.0
        self.bands = np.zeros(self._count, np.float32)

    def _hop_end(self, hop: int) -> int:
        return round(hop * self.rate_hz / HOPS_PER_S)

    @property
    def consumed(self) -> int:
        """Samples taken into finished hops and still pending."""
        return self._consumed + self._pending_count

    def feed(self, samples: np.ndarray) -> None:
        """Queue samples [n, channels] or [n]; not finite ones count as zero."""
        pair = stereo(samples)
        if len(pair):
            self._pending.append(pair)
            self._pending_count += len(pair)

    def ready(self) -> bool:
        """True while a whole hop waits."""
        return self._hop_end(self._hop + 1) - self._consumed <= self._pending_count

    def next(self) -> tuple[int, np.ndarray]:
        """Analyse one hop. Returns (samples consumed at its end, onset [BANDS] float32, each 0..about 1)."""
        need = self._hop_end(self._hop + 1) - self._consumed
        buffer = self._buffer
        if self._hop == 0:
            buffer[:] = self._pending[0][0]  # a constant that was always there is no onset
        buffer[:-need] = buffer[need:]
        at = self.size - need
        while need > 0:
            head = self._pending[0]
            if len(head) <= need:
                taken = self._pending.pop(0)
            else:
                taken, self._pending[0] = head[:need], head[need:]
            buffer[at : at + len(taken)] = taken
            at += len(taken)
            need -= len(taken)
            self._consumed += len(taken)
            self._pending_count -= len(taken)
        self._hop += 1
        return self._consumed, self._analyse()

    def _analyse(self) -> np.ndarray:
        spectrum = fft(self._buffer * self._window, overwrite_x=True)
        # Through this window a constant shows in bins 0 and +-1 at ratios 1 and -1/2: take it out of the latter.
        constant = 0.5 * spectrum[0]
        spectrum[1] += constant
        spectrum[-1] += constant
        half = self.size // 2
        flat = spectrum.view(np.float32)
        np.multiply(flat, flat, out=flat)
        power = np.add(flat[::2], flat[1::2], out=self._power)
        # Left in the real part, right in the imaginary one: both spectra's powers add up without cancelling.
        both = power[: half + 1]
        both[1:half] += power[:half:-1]
        mags = np.sqrt(both, out=both) @ self._weights
        self.level = float(mags.max())
        np.multiply(self._peaks, self._fall, out=self._peaks)
        np.maximum(self._peaks, mags, out=self._peaks)
        floor = max(_FLOOR, _RELATIVE_FLOOR * float(self._peaks.max()))
        np.maximum(self._peaks, floor, out=self._peaks)
        bands = np.log1p(mags * (_COMPRESS / self._peaks)) * np.float32(1.0 / np.log1p(_COMPRESS))
        old = self._history[0]
        pad = self._padded
        pad[1:-1] = old
        reference = np.maximum(np.maximum(pad[:-2], pad[2:]), old)
        rise = np.maximum(bands - reference, 0.0)
        self._history[:-1] = self._history[1:]
        self._history[-1] = bands
        self.bands = bands
        return np.add.reduceat(rise, self._starts) / self._widths


def stereo(samples: np.ndarray) -> np.ndarray:
    """Any block [n] or [n, channels] as complex64 [n]: left in the real part, right in the imaginary part.

    Mono fills both; of more than two channels the first two count. Not finite values become 0, wild ones are
    clipped to +-64.
    """
    block = np.asarray(samples, np.float32)
    if block.ndim == 1:
        block = block[:, None]
    pair = np.empty(len(block), np.complex64)
    if block.shape[1] == 0:
        pair[:] = 0.0
        return pair
    pair.real = block[:, 0]
    pair.imag = block[:, 1 if block.shape[1] > 1 else 0]
    flat = pair.view(np.float32)
    if not np.isfinite(flat).all():
        flat[~np.isfinite(flat)] = 0.0
    np.clip(flat, -_LIMIT, _LIMIT, out=flat)
    return pair


class OnsetScale:
    """Brings each onset band to a common scale, causally: a usual strong onset is about 0.6, whatever the music.

    The scale is the energy-weighted mean of the band over the last seconds, which ignores the quiet hops; it
    never falls under a floor, so that the ripple of a drone stays small.
    """

    def __init__(self, seconds: float = 4.0, floor: float = 0.04, strong: float = 0.6) -> None:
        self._keep = float(np.exp(-1.0 / (seconds * HOPS_PER_S)))
        self._floor = floor
        self._strong = strong
        self._energy = [0.0] * BANDS
        self._sum = [1e-9] * BANDS

    def step(self, onset: np.ndarray) -> np.ndarray:
        """onset [BANDS] raw -> [BANDS] float32 scaled, 0..1.5."""
        keep, energy, total = self._keep, self._energy, self._sum
        out = np.empty(BANDS, np.float32)
        for band, x in enumerate(onset.tolist()):  # plain numbers: four are too few for arrays to pay
            energy[band] = energy[band] * keep + x * x
            total[band] = total[band] * keep + x
            scale = max(energy[band] / max(total[band], 1e-9), self._floor)
            out[band] = min(x * (self._strong / scale), 1.5)
        return out
