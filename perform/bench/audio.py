"""What a hop of analysis costs, against librosa called once per frame for the same features.

Beside what a clock on the wall shows stands the thread's processor time, which leaves out what other programs take of
the core: the mean of a second of hops, and of those the middle one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from perform.bench.machine import describe
from perform.core.types import AudioBlock
from perform.features import FeatureAnalyser

RATE_HZ = 48000.0
HOP = 256
WINDOW = 2048
_WARM = 64


def run(quick: bool = False) -> dict[str, Any]:
    """Rows: ours per hop, librosa per frame, the ratio of their medians. Takes about 6 s, or under 2 s if `quick`."""
    hops, frames = (400, 10) if quick else (6000, 200)
    sound = _sound(hops + _WARM)
    ours_us, ours_cpu_us = _ours(sound)
    librosa_us, librosa_cpu_us = _librosa(sound, frames)
    p50 = float(np.percentile(ours_us, 50))
    hop_us = 1e6 * HOP / RATE_HZ
    rows = [
        _row("features per 256-sample hop", ours_us, ours_cpu_us, hop_us) | _by_second(ours_us),
        _row("librosa per frame", librosa_us, librosa_cpu_us, hop_us),
        {
            "what": "ratio",
            "times_faster": round(float(np.percentile(librosa_us, 50)) / p50, 1),
            "times_less_cpu": round(librosa_cpu_us / ours_cpu_us, 1),
        },
    ]
    return {"bench": "audio", "machine": describe(), "rows": rows}


def _row(what: str, times_us: np.ndarray, cpu_us: float, hop_us: float) -> dict[str, Any]:
    p50, p99 = np.percentile(times_us, [50, 99])
    return {
        "what": what,
        "us_p50": round(float(p50), 1),
        "us_p99": round(float(p99), 1),
        "cpu_us": round(cpu_us, 1),
        "percent_of_hop": round(100.0 * float(p50) / hop_us, 2),
    }


def _by_second(times_us: np.ndarray) -> dict[str, float]:
    """Medians of each second of hops: on a core shared with strangers the quietest second tells the cost itself."""
    second = round(RATE_HZ / HOP)
    medians = [np.median(part) for part in np.array_split(times_us, max(1, times_us.size // second))]
    return {
        "us_p50_quietest_second": round(float(min(medians)), 1),
        "us_p50_worst_second": round(float(max(medians)), 1),
    }


def _sound(hops: int) -> np.ndarray:
    """[hops * HOP, 2] float32: pulses of noise over two tones, so that no part of the analysis can rest."""
    rng = np.random.default_rng(1)
    t = np.arange(hops * HOP) / RATE_HZ
    pulse = np.exp(-(t % 0.25) * 12.0)
    tones = 0.2 * np.sin(2 * np.pi * 110.0 * t) + 0.1 * np.sin(2 * np.pi * 523.25 * t)
    return (tones[:, None] + 0.2 * pulse[:, None] * rng.standard_normal((t.size, 2))).astype(np.float32)


def _timed(call: Callable[[int], object], count: int) -> tuple[np.ndarray, float]:
    """[count - _WARM] microseconds of each call but the first few, and a call's processor time: its mean over a second
    of hops, the median of those means."""
    warm, second = min(_WARM, count // 4), round(RATE_HZ / HOP)
    times, busy = np.zeros(count), []
    for i in range(count):
        if i >= warm and (i - warm) % second == 0:
            busy.append((i, time.thread_time_ns()))
        start = time.perf_counter_ns()
        call(i)
        times[i] = (time.perf_counter_ns() - start) / 1000.0
    if count - busy[-1][0] > second // 2 or len(busy) == 1:
        busy.append((count, time.thread_time_ns()))
    spent = [(after - before) / (to - at) / 1000.0 for (at, before), (to, after) in pairwise(busy)]
    return times[warm:], float(np.median(spent))


def _ours(sound: np.ndarray) -> tuple[np.ndarray, float]:
    analyser = FeatureAnalyser(RATE_HZ, HOP)
    blocks = [AudioBlock(sound[at : at + HOP], RATE_HZ, at / RATE_HZ) for at in range(0, len(sound), HOP)]
    return _timed(lambda i: analyser.process(blocks[i]), len(blocks))


def _librosa(sound: np.ndarray, frames: int) -> tuple[np.ndarray, float]:
    """One frame at a time: spectrum, mel bands, flux, centroid, rolloff, flatness, RMS, chroma with fixed tuning."""
    import librosa

    mono = sound.mean(axis=1)
    before = np.zeros((64, 1), np.float32)

    def frame(i: int) -> None:
        nonlocal before
        piece = mono[i * HOP : i * HOP + WINDOW]
        magnitude = np.abs(librosa.stft(piece, n_fft=WINDOW, hop_length=WINDOW, center=False))
        power = magnitude**2
        mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=RATE_HZ, n_mels=64))
        np.maximum(mel - before, 0.0).mean()
        before = mel
        librosa.feature.spectral_centroid(S=magnitude, sr=RATE_HZ)
        librosa.feature.spectral_rolloff(S=magnitude, sr=RATE_HZ)
        librosa.feature.spectral_flatness(S=magnitude)
        librosa.feature.rms(S=magnitude, frame_length=WINDOW)
        librosa.feature.chroma_stft(S=power, sr=RATE_HZ, tuning=0.0)

    return _timed(frame, frames + 4)
