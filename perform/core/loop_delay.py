"""How long a sound takes out of a loudspeaker and in again at a microphone, found from chirps in a recording.

A chirp is sought by correlation with what was sent: a matched filter, which finds it well below the noise. Its first
arrival counts, not a louder echo. Several chirps at uneven distances are sent, those that are not found are left out,
and the rest must agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CHIRP_S, LOW_HZ, HIGH_HZ = 0.02, 900.0, 5500.0
"""Long enough to rise out of noise, short enough to sound like a click; a band that small loudspeakers have."""
LONGEST_S = 0.8
"""Longest delay that is sought: Bluetooth takes 0.3."""
EARLIEST_S = 0.05
"""A delay may be a little below 0: the account of two devices need not agree."""
FIRST_SHARE = 0.5
"""A peak of this part of the highest is the direct sound, if it comes first."""
CLEAR = 5.0
"""So much higher than the correlation's own noise (its root mean square before the chirp) must a peak be."""
SILENT_DB = -75.0
AGREE_S = 0.004
ENOUGH = 0.5
"""This part of all chirps has to be found and agree."""


@dataclass(frozen=True, slots=True)
class LoopDelay:
    """What was found. delay_s: the middle of those that agree. found, agreed, sent: how many chirps. spread_s: from the
    least to the greatest of those that agree. level_db: of the loudest sample that came in, full scale is 0.

    problem: "" when the delay may be used, else one line that says what is wrong and what to do.
    """

    delay_s: float
    found: int
    agreed: int
    sent: int
    spread_s: float
    level_db: float
    problem: str = ""


def chirp(rate_hz: float, loud: float = 0.5) -> np.ndarray:
    """[n] float32: a sine that rises evenly from LOW_HZ to HIGH_HZ under a rounded window."""
    t = np.arange(round(CHIRP_S * rate_hz)) / rate_hz
    rising = (HIGH_HZ - LOW_HZ) / CHIRP_S
    phase = 2.0 * np.pi * (LOW_HZ * t + 0.5 * rising * t * t)
    return (loud * np.sin(phase) * np.sin(np.pi * t / CHIRP_S) ** 2).astype(np.float32)


def plan(count: int, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """(sound [n] float32, samples [count] at which its chirps begin): first quiet, then chirps 0.9 to 1.2 s apart,
    unevenly, so that no echo or rhythm of the room keeps step with them."""
    gaps_s = 0.9 + 0.3 * ((np.arange(count) * 0.6180339887) % 1.0)
    starts = np.round((1.0 + np.concatenate([[0.0], np.cumsum(gaps_s[:-1])])) * rate_hz).astype(int)
    sound = np.zeros(starts[-1] + round((LONGEST_S + 0.3) * rate_hz), np.float32)
    one = chirp(rate_hz)
    for start in starts:
        sound[start : start + len(one)] += one
    return sound, starts


def find(recorded: np.ndarray, rate_hz: float, sent_at: Sequence[float]) -> LoopDelay:
    """recorded: [n] or [n, channels] float32. sent_at: for each chirp, the place in the recording, in samples, at which
    it was handed to the loudspeaker; one that lies outside is left out."""
    mono = recorded if recorded.ndim == 1 else recorded.sum(axis=1)
    mono = np.nan_to_num(mono.astype(np.float64), posinf=0.0, neginf=0.0)
    peak = float(np.abs(mono).max(initial=0.0))
    level_db = 20.0 * math.log10(max(peak, 1e-9))
    delays = [d for at in sent_at if (d := _one(mono, rate_hz, at)) is not None]
    if not delays:
        return LoopDelay(0.0, 0, 0, len(sent_at), 0.0, level_db, _nothing(level_db))
    middle = _densest(np.array(delays))
    near = np.array([d for d in delays if abs(d - middle) <= AGREE_S])
    delay_s, spread_s = float(np.median(near)), float(near.max() - near.min())
    found = LoopDelay(delay_s, len(delays), len(near), len(sent_at), spread_s, level_db)
    if len(near) >= max(2, math.ceil(ENOUGH * len(sent_at))):
        return found
    problem = (
        f"too noisy, or the delay changes: of {len(sent_at)} clicks {len(delays)} came back and only {len(near)} agree "
        f"(near {1000.0 * delay_s:.0f} ms); make it quieter, turn the loudspeaker up, bring the microphone nearer"
    )
    return LoopDelay(delay_s, len(delays), len(near), len(sent_at), spread_s, level_db, problem)


def _nothing(level_db: float) -> str:
    if level_db < SILENT_DB:
        return (
            f"nothing is heard: the input is silent ({level_db:.0f} dBFS); check that the microphone is on and is the "
            "input that was chosen, and that the loudspeaker is up"
        )
    return (
        f"none of the clicks came back, though the input hears something ({level_db:.0f} dBFS); turn the loudspeaker "
        "up, make the room quieter, bring the microphone nearer, or check that the output is the right one"
    )


def _densest(delays: np.ndarray) -> float:
    """The delay that has most others within AGREE_S."""
    near = np.abs(delays[:, None] - delays[None, :]) <= AGREE_S
    return float(delays[int(near.sum(axis=1).argmax())])


def _one(mono: np.ndarray, rate_hz: float, at: float) -> float | None:
    """The delay of the chirp that was sent at sample `at`; None where it does not stand out."""
    template = chirp(rate_hz, 1.0).astype(np.float64)
    template -= template.mean()
    first = round(at - 0.4 * rate_hz)
    last = round(at + LONGEST_S * rate_hz) + len(template)
    if first < 0 or last > len(mono):
        return None
    piece = mono[first:last]
    size = 1 << (len(piece) + len(template)).bit_length()
    spectrum = np.fft.rfft(piece, size) * np.conj(np.fft.rfft(template, size))
    matched = np.fft.irfft(spectrum, size)[: len(piece) - len(template)]
    strength = _envelope(matched)
    quiet = strength[: round(at - EARLIEST_S * rate_hz) - first]
    heard = strength[round(at - EARLIEST_S * rate_hz) - first :]
    noise = math.sqrt(float(np.mean(quiet**2)))
    top = float(heard.max(initial=0.0))
    if top <= 1e-7 or top < CLEAR * noise:
        return None
    early = int(np.argmax(heard >= FIRST_SHARE * top))
    reach = round(0.001 * rate_hz)
    place = early + int(np.argmax(heard[early : early + reach]))
    return (place + round(at - EARLIEST_S * rate_hz) - at) / rate_hz


def _envelope(signal: np.ndarray) -> np.ndarray:
    """The size of the analytic signal [n]: a matched filter's output swings, and its middle is what counts."""
    n = len(signal)
    spectrum = np.fft.fft(signal)
    weights = np.zeros(n)
    weights[0] = 1.0
    weights[1 : (n + 1) // 2] = 2.0
    if n % 2 == 0:
        weights[n // 2] = 1.0
    return np.abs(np.fft.ifft(spectrum * weights))
