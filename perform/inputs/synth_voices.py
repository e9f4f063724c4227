"""The sounds of the built-in band, made once when it opens: one-shots, and tables that loop without a seam.

A one-shot is [n, 2] float32 and starts from zero. A `Bank` is a looped sound at several openings of its filter;
gliding between them is a filter sweep that needs no state, which lets any moment of the piece be rendered alone.
Tables are built in the frequency domain: every partial sits on a bin, hence the perfect loop, and partials of
detuned voices on neighbouring bins beat as a chorus does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perform.inputs.synth_score import BASS_ROOTS, CHORDS, LEAD_NOTES

PAD_LEVELS = 6
NOISE_LEVELS = 6
FADE_S = 0.004


@dataclass(frozen=True)
class Bank:
    """tables [levels, n, 2] float32, dark to bright."""

    tables: np.ndarray

    def read(self, start: int, position: np.ndarray) -> np.ndarray:
        """Samples [len(position), 2] from `start` on, at filter positions 0..1 (one a sample, slowly moving)."""
        levels, length, _ = self.tables.shape
        at = np.clip(position, 0.0, 1.0) * np.float32(levels - 1)
        index = np.arange(start % length, start % length + len(position)) % length
        out = np.zeros((len(position), 2), np.float32)
        for level in range(int(at.min()), min(int(np.ceil(at.max())), levels - 1) + 1):
            weight = np.maximum(0.0, 1.0 - np.abs(at - np.float32(level)))
            out += self.tables[level, index] * weight[:, None]
        return out


def midi_hz(note: float) -> float:
    """Equal temperament, A4 (69) = 440 Hz."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def _times(seconds: float, rate_hz: float) -> np.ndarray:
    return np.arange(round(seconds * rate_hz), dtype=np.float32) / np.float32(rate_hz)


def _finish(sound: np.ndarray, rate_hz: float, peak: float, fade_s: float = FADE_S) -> np.ndarray:
    """Mono [n] or stereo [n, 2] -> [n, 2] float32 with its end faded to zero and its largest sample at `peak`."""
    out = np.array(sound if sound.ndim == 2 else np.stack([sound, sound], axis=1), dtype=np.float32)
    tail = min(len(out), max(2, round(fade_s * rate_hz)))
    out[-tail:] *= np.linspace(1.0, 0.0, tail, dtype=np.float32)[:, None]
    return out * np.float32(peak / max(1e-9, float(np.abs(out).max())))


def _shaped_noise(rng: np.random.Generator, n: int, rate_hz: float, low_hz: float, high_hz: float) -> np.ndarray:
    """Noise [n] with gentle 12 dB-per-octave skirts outside low_hz..high_hz; unit RMS."""
    f = np.maximum(np.fft.rfftfreq(n, 1.0 / rate_hz), 1.0)
    gain = 1.0 / np.sqrt((1.0 + (low_hz / f) ** 4) * (1.0 + (f / high_hz) ** 4))
    out = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * gain, n)
    return np.asarray(out / out.std(), np.float32)


class Room:
    """A small bright room as an impulse response: decaying stereo noise. Convolution at open, never while playing."""

    def __init__(self, rng: np.random.Generator, rate_hz: float, seconds: float = 0.9) -> None:
        n = round(seconds * rate_hz)
        t = _times(seconds, rate_hz)[:n]
        decay = np.exp(-t * 5.5 / seconds) * (1.0 - np.exp(-t / 0.012))
        noise = np.stack([_shaped_noise(rng, n, rate_hz, 300.0, min(6000.0, 0.4 * rate_hz)) for _ in range(2)], axis=1)
        response = noise * decay[:, None]
        self._response = response / np.sqrt((response**2).sum(axis=0, keepdims=True))

    def __call__(self, dry: np.ndarray, wet: float) -> np.ndarray:
        """Mono dry [n] -> [n + tail, 2]; wet 0..1 is the energy of the room against that of the dry sound."""
        n = len(dry) + len(self._response)
        size = 1 << (n - 1).bit_length()
        spectrum = np.fft.rfft(dry, size)
        out = np.fft.irfft(spectrum[:, None] * np.fft.rfft(self._response, size, axis=0), size, axis=0)[:n]
        out *= wet
        out[: len(dry)] += dry[:, None]
        return out.astype(np.float32)


def _kick(rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """A sine that falls from 230 to 46 Hz, and a click for the beater."""
    t = _times(0.36, rate_hz)
    phase = 2 * np.pi * (46.0 * t + 150.0 * 0.028 * (1 - np.exp(-t / 0.028)) + 60.0 * 0.006 * (1 - np.exp(-t / 0.006)))
    body = np.tanh(1.8 * np.sin(phase) * np.exp(-t / 0.15))
    click = rng.standard_normal(len(t)).astype(np.float32) * np.exp(-t / 0.0016) * 0.22
    return _finish(body + click, rate_hz, 1.0, 0.03)


def _clap(rng: np.random.Generator, rate_hz: float, room: Room) -> np.ndarray:
    """Three hands a centimetre apart, then the room."""
    t = _times(0.22, rate_hz)
    noise = _shaped_noise(rng, len(t), rate_hz, 900.0, min(4200.0, 0.4 * rate_hz))
    envelope = np.exp(-np.maximum(t - 0.022, 0) / 0.055) * (t >= 0.022)
    for hand_s in (0.0, 0.011):
        envelope += 0.8 * np.exp(-np.maximum(t - hand_s, 0) / 0.004) * (t >= hand_s)
    return _finish(room(noise * envelope, 0.45), rate_hz, 0.62, 0.05)


def _snare(rng: np.random.Generator, rate_hz: float, room: Room) -> np.ndarray:
    t = _times(0.2, rate_hz)
    tone = np.sin(2 * np.pi * (185.0 * t + 1.2 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.07)
    noise = _shaped_noise(rng, len(t), rate_hz, 1500.0, min(9000.0, 0.42 * rate_hz)) * np.exp(-t / 0.075)
    return _finish(room(0.6 * tone + 0.5 * noise, 0.3), rate_hz, 0.6, 0.05)


def _cymbal(rng: np.random.Generator, rate_hz: float, seconds: float, decay_s: float, low_hz: float) -> np.ndarray:
    """Noise above low_hz, a different one in each ear, falling with decay_s."""
    t = _times(seconds, rate_hz)
    low_hz = min(low_hz, 0.25 * rate_hz)
    both = [_shaped_noise(rng, len(t), rate_hz, low_hz, 0.45 * rate_hz) for _ in range(2)]
    wide = np.stack([0.7 * both[0] + 0.3 * both[1], 0.3 * both[0] + 0.7 * both[1]], axis=1)
    attack = 1.0 - np.exp(-t / 0.0006)
    return wide * (attack * np.exp(-t / decay_s))[:, None]


def _ride(rng: np.random.Generator, rate_hz: float) -> np.ndarray:
    """Inharmonic partials over a little noise."""
    t = _times(0.5, rate_hz)
    out = np.zeros(len(t), np.float32)
    for f_hz in (3150.0, 4210.0, 5390.0, 6730.0, 8320.0):
        if f_hz < 0.45 * rate_hz:
            out += np.sin(2 * np.pi * f_hz * t + rng.uniform(0, 6.28)).astype(np.float32) * np.exp(-t * f_hz / 900.0)
    wide = _cymbal(rng, rate_hz, 0.5, 0.14, 6000.0)
    return wide * 0.5 + out[:, None] * 0.5


def _bass(note: float, rate_hz: float) -> np.ndarray:
    """A filtered saw over its own sine: the filter shuts within the note."""
    t = _times(0.24, rate_hz)
    f_hz = midi_hz(note)
    out = np.sin(2 * np.pi * f_hz * t).astype(np.float32) * 0.9
    for k in range(2, max(3, min(18, int(0.4 * rate_hz / f_hz)))):
        shut = np.exp(-t * (2.0 + 3.2 * k))
        out += np.sin(2 * np.pi * f_hz * k * t).astype(np.float32) * shut * np.float32(0.8 / k)
    envelope = (1 - np.exp(-t / 0.002)) * np.exp(-t / 0.16) * np.minimum(1.0, (t[-1] - t) / 0.05)
    return _finish(np.tanh(1.6 * out * envelope), rate_hz, 0.72)


def _sub(note: float, rate_hz: float) -> np.ndarray:
    """A long soft low note for the break."""
    t = _times(3.8, rate_hz)
    f_hz = midi_hz(note + 12 if note < 32 else note)
    tone = np.sin(2 * np.pi * f_hz * t) + 0.25 * np.sin(4 * np.pi * f_hz * t)
    envelope = np.minimum(1.0, t / 0.25) * np.minimum(1.0, (t[-1] - t) / 0.9)
    return _finish(tone * envelope, rate_hz, 0.5)


def _lead(note: int, rate_hz: float, room: Room) -> np.ndarray:
    """A pluck: partials that die the sooner the higher they are, two strings a few cents apart."""
    t = _times(0.42, rate_hz)
    out = np.zeros(len(t), np.float32)
    for cents, weight in ((-5.0, 0.5), (6.0, 0.5)):
        f_hz = midi_hz(note + cents / 100.0)
        for k in range(1, max(2, min(9, int(0.42 * rate_hz / f_hz)))):
            out += np.sin(2 * np.pi * f_hz * k * t).astype(np.float32) * np.exp(-t * (7.0 + 6.0 * k)) * (weight / k)
    return _finish(room(out * (1 - np.exp(-t / 0.0015)), 0.5), rate_hz, 0.42, 0.1)


def _stab(chord: tuple[int, ...], rate_hz: float, room: Room) -> np.ndarray:
    """A short chord, all voices at once, filter shutting fast."""
    t = _times(0.3, rate_hz)
    out = np.zeros(len(t), np.float32)
    for note in chord[1:]:
        f_hz = midi_hz(note)
        for k in range(1, max(2, min(12, int(0.4 * rate_hz / f_hz)))):
            out += np.sin(2 * np.pi * f_hz * k * t + note).astype(np.float32) * np.exp(-t * (8.0 + 4.0 * k)) / k
    return _finish(room(out * (1 - np.exp(-t / 0.002)), 0.45), rate_hz, 0.55, 0.1)


def _boom(rate_hz: float) -> np.ndarray:
    """A falling low thump under the first beat of a drop."""
    t = _times(1.4, rate_hz)
    tone = np.sin(2 * np.pi * (34.0 * t + 40.0 * 0.25 * (1 - np.exp(-t / 0.25)))) * np.exp(-t / 0.45)
    return _finish(tone, rate_hz, 0.7, 0.1)


def one_shots(seed: int, rate_hz: float) -> dict[str, np.ndarray]:
    """Every voice that `synth_score.notes` names -> [n, 2] float32."""
    rng = np.random.default_rng(seed)
    room = Room(rng, rate_hz)
    shots = {
        "kick": _kick(rng, rate_hz),
        "clap": _clap(rng, rate_hz, room),
        "snare": _snare(rng, rate_hz, room),
        "hat": _finish(_cymbal(rng, rate_hz, 0.09, 0.018, 7500.0), rate_hz, 0.7),
        "open_hat": _finish(_cymbal(rng, rate_hz, 0.34, 0.085, 6500.0), rate_hz, 0.65),
        "shaker": _finish(_cymbal(rng, rate_hz, 0.08, 0.025, 5000.0), rate_hz, 0.5),
        "ride": _finish(_ride(rng, rate_hz), rate_hz, 0.4),
        "crash": _finish(_cymbal(rng, rate_hz, 2.4, 0.6, 3500.0), rate_hz, 0.6, 0.3),
        "boom": _boom(rate_hz),
    }
    for index, root in enumerate(BASS_ROOTS):
        shots[f"bass_low{index}"] = _bass(root, rate_hz)
        shots[f"bass_up{index}"] = _bass(root + 12, rate_hz)
        shots[f"sub{index}"] = _sub(root, rate_hz)
        shots[f"stab{index}"] = _stab(CHORDS[index], rate_hz, room)
    for note in sorted({note for chord in LEAD_NOTES for note in chord}):
        shots[f"lead{note}"] = _lead(note, rate_hz, room)
    return shots


def _loop_length(rate_hz: float) -> int:
    """About 1.4 s, a power of two for the transform."""
    return int(1 << int(np.log2(1.4 * rate_hz) + 0.5))


def pads(seed: int, rate_hz: float) -> list[Bank]:
    """One looped saw chord per chord of the piece, PAD_LEVELS openings of a low-pass from 320 Hz to 11 kHz."""
    rng = np.random.default_rng(seed + 1)
    n = _loop_length(rate_hz)
    f = np.fft.rfftfreq(n, 1.0 / rate_hz)
    cutoffs = np.geomspace(320.0, 11000.0, PAD_LEVELS)
    return [_pad(rng, chord, n, f, cutoffs, rate_hz) for chord in CHORDS]


def _pad(
    rng: np.random.Generator, chord: tuple[int, ...], n: int, f: np.ndarray, cutoffs: np.ndarray, rate_hz: float
) -> Bank:
    spectrum = np.zeros((2, n // 2 + 1), np.complex128)
    for voice, note in enumerate(chord):
        for cents in (-9.0, -3.0, 4.0, 10.0):
            f_hz = midi_hz(note + cents / 100.0)
            k = np.arange(1, max(2, min(60, int(0.45 * rate_hz / f_hz))))
            bins = np.rint(k * f_hz * n / rate_hz).astype(np.int64)
            wave = np.exp(1j * rng.uniform(0, 2 * np.pi, len(k))) / k * (0.7 if voice == 0 else 1.0)
            right = rng.uniform(0.15, 0.85) if voice else 0.5
            np.add.at(spectrum[0], bins, wave * np.sqrt(1 - right))
            np.add.at(spectrum[1], bins, wave * np.sqrt(right))
    tables = np.empty((len(cutoffs), n, 2), np.float32)
    for level, cutoff_hz in enumerate(cutoffs):
        low_pass = 1.0 / np.sqrt(1.0 + (f / cutoff_hz) ** 4)
        low_cut = (f / 170.0) ** 2 / (1.0 + (f / 170.0) ** 2)
        tables[level] = np.fft.irfft(spectrum * (low_pass * low_cut), n, axis=1).T
    # One scale for all levels: opening the filter makes it louder, as a filter does. RMS of the brightest 0.2.
    return Bank(tables * np.float32(0.2 / max(1e-9, float(tables[-1].std()))))


def riser(seed: int, rate_hz: float) -> Bank:
    """Looped noise whose band climbs from 400 Hz to 9 kHz over its levels; RMS 0.2 each."""
    rng = np.random.default_rng(seed + 2)
    n = _loop_length(rate_hz)
    tables = np.empty((NOISE_LEVELS, n, 2), np.float32)
    for level, centre_hz in enumerate(np.geomspace(400.0, 9000.0, NOISE_LEVELS)):
        centre_hz = min(float(centre_hz), 0.3 * rate_hz)
        for ear in range(2):
            tables[level, :, ear] = _shaped_noise(rng, n, rate_hz, 0.8 * centre_hz, 1.3 * centre_hz) * 0.2
    return Bank(tables)
