"""The band's instruments and its recording desk, all by formula: drums, tones, a room, hiss, a desk that squeezes."""

from __future__ import annotations

import numpy as np

_TONES = {
    # voice: (semitones over the written root, attack s, beats long, brightness 0..1)
    "bass": (0.0, 0.004, 0.6, 0.5),
    "sub": (-5.0, 0.012, 1.0, 0.1),
    "stab": (12.0, 0.003, 0.4, 0.7),
    "strum": (12.0, 0.006, 0.8, 0.7),
    "keys": (12.0, 0.005, 0.7, 0.4),
    "piano": (12.0, 0.003, 0.9, 0.5),
    "organ": (12.0, 0.01, 0.7, 0.6),
    "guitar": (5.0, 0.004, 0.5, 0.85),
    "pad": (12.0, 0.12, 3.0, 0.4),
    "strings": (12.0, 0.05, 0.9, 0.6),
    "brass": (12.0, 0.025, 0.5, 0.8),
    "lead": (24.0, 0.006, 0.5, 0.7),
    "arp": (24.0, 0.003, 0.3, 0.6),
    "pluck": (19.0, 0.002, 0.5, 0.6),
    "pizz": (19.0, 0.004, 0.25, 0.4),
    "tune": (0.0, 0.02, 0.6, 0.5),
}
_HELD = ("organ", "pad", "strings", "brass", "tune", "lead")


class Kit:
    """One band's sounds, drawn once from rng and kept."""

    def __init__(self, rng: np.random.Generator, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self._rng = np.random.default_rng(int(rng.integers(1 << 31)))
        self._known: dict[tuple[str, int], np.ndarray] = {}
        self._bright = float(rng.uniform(0.5, 1.1))
        self._soft = float(np.exp(rng.uniform(0.0, 1.2)))
        self._long = float(rng.uniform(0.6, 1.6))

    def sound(self, voice: str, pitch: float, beat_s: float) -> np.ndarray:
        """One note or hit, mono [n] float32, peak about 1."""
        key = (voice, round(pitch) if voice in _TONES else 0)
        if key not in self._known:
            made = self._tone(voice, pitch, beat_s) if voice in _TONES else self._drum(voice)
            self._known[key] = made.astype(np.float32)
        return self._known[key]

    def _tone(self, voice: str, pitch: float, beat_s: float) -> np.ndarray:
        over, attack_s, beats, bright = _TONES[voice]
        attack_s *= self._soft
        seconds = float(np.clip(beats * beat_s * self._long, 0.08, 1.8))
        t = np.arange(round(seconds * self.rate_hz)) / self.rate_hz
        hz = 440.0 * 2.0 ** ((pitch + over - 69.0) / 12.0)
        partials = max(1, min(9, int(0.4 * self.rate_hz / hz)))
        fall = 0.4 if voice in _HELD else 3.0 / max(seconds, 0.25)
        shade = np.exp(-t * fall * 0.8)
        colour = np.float64(min(bright * self._bright, 0.95))
        one, twice_cos = np.sin(2 * np.pi * hz * t), 2 * np.cos(2 * np.pi * hz * t)
        before, now, out, weight = np.zeros_like(t), one, np.zeros_like(t), np.ones_like(t)
        for k in range(1, partials + 1):  # sin(kx) by its recurrence
            out += now * weight / k
            before, now = now, twice_cos * now - before
            weight = weight * colour * shade
        out *= np.exp(-t * fall) * np.minimum(1.0, t / attack_s)
        return out * np.minimum(1.0, (seconds - t) / min(0.05, 0.4 * seconds)) * 0.4

    def _noise(self, seconds: float, low_hz: float, high_hz: float) -> np.ndarray:
        count = round(seconds * self.rate_hz)
        hz = np.maximum(np.fft.rfftfreq(count, 1.0 / self.rate_hz), 1.0)
        gain = 1.0 / np.sqrt((1.0 + (low_hz / hz) ** 6) * (1.0 + (hz / high_hz) ** 6))
        out = np.fft.irfft(np.fft.rfft(self._rng.standard_normal(count)) * gain, count)
        return np.asarray(out / np.abs(out).max())

    def _burst(self, seconds: float, decay_s: float, low_hz: float, high_hz: float = 16000.0) -> np.ndarray:
        noise = self._noise(seconds, low_hz, high_hz)
        return noise * np.exp(-np.arange(len(noise)) / (decay_s * self.rate_hz))

    def _thump(self, hz: float, fall: float, decay_s: float, seconds: float) -> np.ndarray:
        t = np.arange(round(seconds * self.rate_hz)) / self.rate_hz
        phase = 2 * np.pi * hz * (t + fall * 0.03 * (1.0 - np.exp(-t / 0.03)))
        return np.sin(phase) * np.exp(-t / decay_s)

    def _drum(self, voice: str) -> np.ndarray:
        u = self._rng.uniform
        if voice == "kick":
            body = self._thump(u(42, 75), u(1.0, 4.0), u(0.06, 0.25), 0.45)
            return _over(body, self._burst(0.03, u(0.002, 0.008), 1000.0, 6000.0) * u(0.05, 0.5))
        if voice == "snare":
            body = self._thump(u(160, 240), u(0.2, 1.0), u(0.03, 0.1), 0.3) * u(0.2, 0.7)
            return _over(body, self._burst(0.3, u(0.03, 0.11), u(500, 2500), u(7000, 14000)) * 0.7)
        if voice == "clap":
            late = round(u(0.008, 0.014) * self.rate_hz)
            body = self._burst(0.25, u(0.03, 0.08), u(700, 1300), u(3000, 7000)) * 0.7
            return _over(np.concatenate([np.zeros(late), body]), self._burst(0.02, 0.004, 1000.0, 6000.0) * 0.5)
        if voice == "tom":
            return self._thump(u(80, 220), u(0.2, 0.8), u(0.08, 0.25), 0.4) * 0.8
        if voice == "perc":
            return self._thump(u(400, 1600), u(0.0, 0.2), u(0.02, 0.1), 0.2) * 0.5
        if voice == "rim":
            return _over(
                self._thump(u(500, 1800), 0.0, u(0.008, 0.03), 0.1) * 0.5, self._burst(0.02, 0.004, 2000.0) * 0.4
            )
        if voice == "hat":
            return self._burst(0.12, u(0.015, 0.045), u(5000, 8000)) * 0.35
        if voice == "open_hat":
            return self._burst(0.35, u(0.08, 0.2), u(4500, 8000)) * 0.35
        if voice == "shaker":
            body = self._burst(0.12, u(0.02, 0.05), u(3500, 7000))
            return body * np.minimum(1.0, np.arange(len(body)) / (u(0.003, 0.02) * self.rate_hz)) * 0.3
        if voice == "ride":
            return _over(self._burst(0.5, u(0.1, 0.3), u(4000, 7000)) * 0.2, self._burst(0.03, 0.006, 3000.0) * 0.25)
        return self._burst(1.2, u(0.3, 0.6), u(2500, 4500)) * 0.5  # crash


def _over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Both at once."""
    if len(a) < len(b):
        a, b = b, a
    out = a.copy()
    out[: len(b)] += b
    return out


def master(dry: np.ndarray, kicks_s: np.ndarray, rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """The whole [n, 2] float32 as recorded: ducked under the kick, in a room, coloured, squeezed, with hiss."""
    out = dry.astype(np.float64)
    if len(kicks_s) and rng.random() < 0.2:
        depth, back_s = rng.uniform(0.2, 0.7), rng.uniform(0.08, 0.25)
        since = np.full(len(out), 9.0)
        for kick_s in kicks_s[(kicks_s >= 0.0) & (kicks_s < len(out) / rate_hz)]:
            at = round(kick_s * rate_hz)
            part = since[at : at + round(rate_hz)]
            part[:] = np.arange(len(part)) / rate_hz
        out *= (1.0 - depth * np.exp(-since / back_s) * (1.0 - np.exp(-since / 0.01)))[:, None]
    out /= max(float(np.abs(out).max()), 1e-9)
    length = 1 << len(out).bit_length()
    spectrum = np.fft.rfft(out, length, axis=0)
    if rng.random() < 0.6:
        decay_s, wet = rng.uniform(0.05, 0.5), rng.uniform(0.05, 0.6)
        size = round(4 * decay_s * rate_hz)
        tail = rng.standard_normal(size) * np.exp(-np.arange(size) / (decay_s * rate_hz))
        spectrum *= (1.0 + np.fft.rfft(wet * tail / np.sqrt((tail**2).sum()), length))[:, None]
    hz = np.maximum(np.fft.rfftfreq(length, 1.0 / rate_hz), 20.0)
    tilt = (hz / 1000.0) ** rng.normal(0.0, 0.12)
    low_hz = rng.uniform(80, 200) if rng.random() < 0.15 else 20.0
    high_hz = rng.uniform(3500, 8000) if rng.random() < 0.15 else 20000.0
    spectrum *= (tilt / np.sqrt((1.0 + (low_hz / hz) ** 4) * (1.0 + (hz / high_hz) ** 4)))[:, None]
    out = np.fft.irfft(spectrum, length, axis=0)[: len(out)]
    out /= max(float(np.abs(out).max()), 1e-9)
    level = float(np.sqrt((out**2).mean()))
    out += rng.standard_normal(out.shape) * level * 10.0 ** rng.uniform(-3.5, -0.6)
    drive = rng.uniform(0.5, 4.0)
    return np.asarray(np.tanh(out * drive) / np.tanh(drive) * rng.uniform(0.2, 0.9), np.float32)
