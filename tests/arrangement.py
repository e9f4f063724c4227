"""Small pieces of dance music made to order, so that a test knows where their sections lie.

    samples, starts = arrange(126, [("groove", 8), ("break", 8), ("build", 8), ("drop", 8)])

A section is a name of SECTIONS and its length in bars of four; `starts` has one start in seconds for each, and the
end. All sounds are plain formulas and seeded noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

RATE_HZ = 24000.0
"""The analysis scales with the rate; half the usual one halves the time a test takes."""


@dataclass(frozen=True)
class Layout:
    """What plays, 0..1 each; (a, b) goes from a at the start to b at the end."""

    kick: float = 0.0
    clap: float = 0.0
    hat: tuple[float, float] = (0.0, 0.0)
    bass: float = 0.0
    sub: float = 0.0
    pad: tuple[float, float] = (0.4, 0.4)
    bright: tuple[float, float] = (0.3, 0.3)
    riser: float = 0.0
    roll: float = 0.0
    gap_beats: int = 0
    kickless_bars: int = 0
    extra: dict[str, float] = field(default_factory=dict)


SECTIONS = {
    "intro": Layout(kick=0.9, hat=(0.5, 0.5)),
    "groove": Layout(kick=1.0, clap=0.8, hat=(0.7, 0.7), bass=0.8),
    "verse": Layout(kick=0.9, clap=0.6, hat=(0.5, 0.5), bass=0.6, pad=(0.3, 0.3)),
    "break": Layout(pad=(0.7, 0.6), bright=(0.4, 0.3)),
    "sub_break": Layout(pad=(0.7, 0.6), bright=(0.4, 0.3), sub=0.6),
    "build": Layout(pad=(0.5, 0.7), bright=(0.25, 1.0), riser=1.0, roll=1.0, gap_beats=1),
    "kick_build": Layout(
        kick=0.8, hat=(0.4, 0.8), pad=(0.4, 0.6), bright=(0.25, 1.0), riser=1.0, roll=0.7, gap_beats=1, kickless_bars=1
    ),
    "roll_build": Layout(pad=(0.5, 0.5), roll=1.0, gap_beats=1),
    "filter_build": Layout(kick=0.8, hat=(0.3, 0.3), pad=(0.5, 0.8), bright=(0.1, 1.0), gap_beats=1, kickless_bars=1),
    "gapless_build": Layout(kick=0.7, hat=(0.4, 0.8), pad=(0.4, 0.6), bright=(0.25, 1.0), riser=1.0, roll=0.6),
    "drop": Layout(kick=1.0, clap=0.9, hat=(0.9, 0.9), bass=1.0, pad=(0.6, 0.6), bright=(0.8, 0.8)),
    "ambient": Layout(pad=(0.6, 0.6), bright=(0.3, 0.3)),
    "silence": Layout(pad=(0.0, 0.0)),
}


def arrange(
    bpm: float, form: list[tuple[str, int]], rate_hz: float = RATE_HZ, seed: int = 1
) -> tuple[np.ndarray, list[float]]:
    """([n, 2] float32 samples, starts in seconds [sections + 1])."""
    beat_s = 60.0 / bpm
    starts = [0.0]
    for _, bars in form:
        starts.append(starts[-1] + 4 * bars * beat_s)
    band = _Band(starts[-1], beat_s, rate_hz, seed)
    for (name, bars), start_s in zip(form, starts, strict=False):
        band.play(SECTIONS[name], start_s, bars)
    return band.mixed(), starts


class _Band:
    def __init__(self, length_s: float, beat_s: float, rate_hz: float, seed: int) -> None:
        self.rate, self.beat_s = rate_hz, beat_s
        self.out = np.zeros((int(length_s * rate_hz) + int(rate_hz), 2))
        self.length = int(length_s * rate_hz)
        rng = np.random.default_rng(seed)
        self.rng = rng
        t = np.arange(int(0.35 * rate_hz)) / rate_hz
        noise = rng.standard_normal(t.size)
        bright = np.diff(noise, prepend=0.0)
        self.shots = {
            "kick": 0.8 * np.sin(2 * np.pi * (50 * t + 2.6 * (1 - np.exp(-t * 45)))) * np.exp(-t * 9)
            + 0.1 * noise * np.exp(-t * 300),
            "snare": (0.25 * noise + 0.2 * np.sin(2 * np.pi * 190 * t)) * np.exp(-t * 22),
            "hat": 0.12 * bright * np.exp(-t * 70),
            "clap": 0.3 * noise * np.exp(-t * 28),
            "crash": 0.2 * bright * np.exp(-t * 7),
        }

    def hit(self, name: str, time_s: float, gain: float, pan: float = 0.0) -> None:
        at = round(time_s * self.rate)
        shot = self.shots[name][: max(0, len(self.out) - at)]
        self.out[at : at + len(shot), 0] += shot * gain * (1 - max(pan, 0))
        self.out[at : at + len(shot), 1] += shot * gain * (1 + min(pan, 0))

    def play(self, what: Layout, start_s: float, bars: int) -> None:
        beats = 4 * bars
        sounding = beats - what.gap_beats
        for beat in range(beats):
            done, time_s = beat / beats, start_s + beat * self.beat_s
            if beat >= sounding:
                continue
            if what.kick and beat < beats - 4 * what.kickless_bars:
                self.hit("kick", time_s, what.kick)
            if what.clap and beat % 2:
                self.hit("clap", time_s, what.clap)
            level = what.hat[0] + (what.hat[1] - what.hat[0]) * done
            if level:
                for k, gain in ((0, 0.4), (1, 0.5), (2, 1.0), (3, 0.5)):
                    self.hit("hat", time_s + 0.25 * k * self.beat_s, level * gain, 0.3 * (-1) ** k)
            if what.roll:
                every = 1 if done < 0.5 else 2 if done < 0.75 else 4
                for k in range(every):
                    self.hit("snare", time_s + k / every * self.beat_s, what.roll * (0.2 + 0.5 * done))
        if what.bass and what.hat[0] >= 0.9:
            self.hit("crash", start_s, 1.0)
        self._hum(what, start_s, beats)

    def _hum(self, what: Layout, start_s: float, beats: int) -> None:
        """Bass, sub, pad and riser: what lasts."""
        n = round(beats * self.beat_s * self.rate)
        at = round(start_s * self.rate)
        t = np.arange(n) / self.rate
        done = t / (beats * self.beat_s)
        chord = (t / (4 * self.beat_s)).astype(int) % 4
        root = np.array([55.0, 43.65, 65.41, 49.0])[chord]
        phase = 2 * np.pi * np.cumsum(root) / self.rate
        into = (t / self.beat_s) % 1.0
        mix = np.zeros((n, 2))
        if what.bass:
            stabs = ((into * 4) % 1.0 < 0.7) * (into > 0.2)
            mix += (0.35 * what.bass * stabs * (np.sin(phase) + 0.3 * np.sin(2 * phase)))[:, None]
        if what.sub:
            mix += (0.2 * what.sub * np.sin(phase))[:, None]
        level = what.pad[0] + (what.pad[1] - what.pad[0]) * done
        bright = what.bright[0] + (what.bright[1] - what.bright[0]) * done
        cutoff_hz = 150.0 * 2.0 ** (6.0 * bright)
        for voice, ratio in enumerate((2.0, 3.0, 8.0)):
            for overtone in range(1, 13):
                hz = root * ratio * overtone
                gain = level * 0.08 / overtone / (1.0 + (hz / cutoff_hz) ** 4) * (hz < 0.45 * self.rate)
                wave = gain * np.sin((phase * (ratio * overtone) + voice + 1.7 * overtone).astype(np.float32))
                mix[:, voice % 2] += wave
                mix[:, 1 - voice % 2] += 0.4 * wave
        if what.riser:
            hiss = np.diff(self.rng.standard_normal((n, 2)), axis=0, prepend=0.0)
            mix += hiss * (0.12 * what.riser * done**2)[:, None]
        gap = round(what.gap_beats * self.beat_s * self.rate)
        if gap:
            mix[n - gap :] *= 0.15
        self.out[at : at + n] += mix

    def mixed(self) -> np.ndarray:
        return np.tanh(self.out[: self.length] * 0.8).astype(np.float32)
