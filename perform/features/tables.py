"""Tables that the hop loop multiplies with: windows, mel and band weights, K-weighting, chroma, decimation.

Built once per sample rate, in numpy; the tests hold them against librosa.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MELS = 64
MEL_LO_HZ = 30.0
MEL_HI_HZ = 16000.0
SPECTRUM_BINS = 512
SPECTRUM_HI_HZ = 22050.0
LOWEST_HZ = 30.0
WAVEFORM_SAMPLES = 1024
SLOW_RATE_HZ = 6000.0
"""About the rate at which chroma listens: everything above 2.6 kHz is filtered off first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes that follow from a sample rate. Times stay about the same from 44.1 to 192 kHz.

    hop, window: samples. decimation: rate_hz / slow_rate_hz, which divides the hop. stride: for the waveform.
    """

    rate_hz: float
    hop: int
    window: int
    decimation: int
    stride: int

    @property
    def dt_s(self) -> float:
        """Seconds from hop to hop."""
        return self.hop / self.rate_hz

    @property
    def bins(self) -> int:
        """Bins of the spectrum, DC and Nyquist included."""
        return self.window // 2 + 1

    @property
    def slow_rate_hz(self) -> float:
        """Rate after decimation."""
        return self.rate_hz / self.decimation

    def bin_hz(self) -> np.ndarray:
        """[bins] float64 centre frequencies."""
        return np.arange(self.bins) * (self.rate_hz / self.window)


def plan_for(rate_hz: float, hop_at_48k: int = 256) -> Plan:
    """Sizes for a rate: the hop lasts about hop_at_48k / 48000 s, the window about 43 ms (a power of two)."""
    decimation = max(1, round(rate_hz / SLOW_RATE_HZ))
    hop = max(1, round(hop_at_48k * rate_hz / 48000.0 / decimation)) * decimation
    window = 1 << max(6, round(np.log2(2048.0 * rate_hz / 48000.0)))
    while window < 2 * hop:
        window *= 2
    return Plan(rate_hz, hop, window, decimation, max(1, round(rate_hz / 48000.0)))


def lopsided_window(length: int, fall: int) -> np.ndarray:
    """[length] float64: a Hann rise of length - fall samples, then a Hann fall of `fall` samples at the newest end.

    A symmetric window all but ignores the newest few milliseconds; this one hears an attack within one hop, at the
    price of higher sidelobes (with a fall of 3/16: -39 dB six bins off, -84 dB thirty-two bins off).
    """
    rise = length - fall
    up = np.sin(0.5 * np.pi * (np.arange(rise) + 0.5) / rise) ** 2
    down = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall) ** 2
    return np.concatenate([up, down])


def power_window(plan: Plan) -> np.ndarray:
    """[window] float32, scaled so that the squared spectrum of two channels, summed over both, is mean square power."""
    window = lopsided_window(plan.window, min(3 * plan.hop // 2, plan.window // 4))
    return (window / np.sqrt(plan.window * np.sum(window**2))).astype(np.float32)


def _hz_to_mel(hz: np.ndarray) -> np.ndarray:
    """Slaney's Auditory Toolbox scale: linear below 1 kHz, 27 steps per factor 6.4 above."""
    linear = hz * 3.0 / 200.0
    return np.where(hz < 1000.0, linear, 15.0 + 27.0 * np.log(np.maximum(hz, 1e-9) / 1000.0) / np.log(6.4))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp(np.log(6.4) * (mel - 15.0) / 27.0))


def mel_edges_hz(hi_hz: float = MEL_HI_HZ) -> np.ndarray:
    """[MELS + 2] float64: feet and centres of the triangles."""
    lo, hi = _hz_to_mel(np.array([MEL_LO_HZ, hi_hz]))
    return _mel_to_hz(np.linspace(lo, hi, MELS + 2))


def mel_weights(plan: Plan) -> np.ndarray:
    """[MELS, bins] float32 triangles of height one (librosa.filters.mel with norm=None)."""
    edges, hz = mel_edges_hz(), plan.bin_hz()
    rise = (hz[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - hz[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall)).astype(np.float32)


def band_weights(hz: np.ndarray, edges_hz: tuple[float, float, float], overlap_octaves: float = 0.2) -> np.ndarray:
    """[4, n] float32: the share of each frequency in the four bands; shares add up to one above LOWEST_HZ.

    Neighbours cross over in `overlap_octaves`, so that a note on an edge does not flicker between two bands.
    """
    octaves = np.log2(np.maximum(hz, 1e-3))
    above = [np.clip((octaves - np.log2(edge)) / overlap_octaves + 0.5, 0.0, 1.0) for edge in (LOWEST_HZ, *edges_hz)]
    above.append(np.zeros_like(octaves))
    return np.stack([above[i] - above[i + 1] for i in range(4)]).astype(np.float32)


def k_weighting(hz: np.ndarray) -> np.ndarray:
    """[n] float64: power response of the two K-weighting stages, ITU-R BS.1770-4 tables 1 and 2 (given at 48 kHz)."""
    stages = (
        ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
    )
    z = np.exp(-2j * np.pi * np.minimum(hz, 23999.0) / 48000.0)
    power = np.ones_like(z, dtype=np.float64)
    for b, a in stages:
        power *= np.abs((b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)) ** 2
    return power


def spectrum_pairs(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Two [SPECTRUM_BINS] int: the two FFT bins of which each display bin (0 to 22.05 kHz, evenly) shows the higher.

    Where the rate gives too few bins, neighbours share one, and what lies beyond its reach sits on the last.
    """
    step = SPECTRUM_HI_HZ / SPECTRUM_BINS / (plan.rate_hz / plan.window)
    first = np.round(np.arange(SPECTRUM_BINS) * step)
    second = np.maximum(first, np.round((np.arange(SPECTRUM_BINS) + 1) * step) - 1)
    top = plan.bins - 1
    return np.minimum(first, top).astype(np.intp), np.minimum(second, top).astype(np.intp)


def decimation_matrix(plan: Plan) -> np.ndarray:
    """[hop + taps - 1, hop // decimation] float32: low-pass and decimate one hop in a single product.

    A Kaiser-windowed sinc that passes 2.3 kHz and stops what would fold below it; rows are the newest samples, oldest
    first.
    """
    factor = plan.decimation
    half = 10 * factor
    n = np.arange(-half, half + 1)
    cutoff = 0.88 / (2 * factor)
    taps = 2.0 * cutoff * np.sinc(2.0 * cutoff * n) * np.kaiser(2 * half + 1, 7.0)
    taps /= taps.sum()
    out = np.zeros((plan.hop + 2 * half, plan.hop // factor), np.float32)
    for column in range(out.shape[1]):
        out[column * factor + factor - 1 : column * factor + factor + 2 * half, column] = taps
    return out


def chroma_weights(hz: np.ndarray, lo_hz: float = 60.0, hi_hz: float = 2300.0) -> np.ndarray:
    """[12, n] float32: how near a frequency is to each pitch class (0 = C, A = 440 Hz), a bump of +-0.5 semitone.

    Fades in over an octave above lo_hz, where a bin is about a semitone wide, and out towards hi_hz, where only
    overtones live.
    """
    semitones = 69.0 + 12.0 * np.log2(np.maximum(hz, 1.0) / 440.0)
    distance = (semitones[None, :] - np.arange(12)[:, None] + 6.0) % 12.0 - 6.0
    bump = np.exp(-0.5 * (distance / 0.28) ** 2)
    octaves_in = np.clip(np.log2(np.maximum(hz, 1.0) / lo_hz), 0.0, 1.0)
    octaves_out = np.clip(np.log2(hi_hz / np.maximum(hz, 1.0)), 0.0, 1.0)
    return (bump * octaves_in * octaves_out).astype(np.float32)
