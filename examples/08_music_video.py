"""A music video: a small piece is made with numpy, kept as a sound file, heard, and filmed with its sound."""

import sys
import wave
from pathlib import Path

import numpy as np

import perform

RATE_HZ, BPM = 44100, 104
CHORDS = ((57, 60, 64, 69), (53, 57, 60, 65), (48, 55, 60, 64), (55, 59, 62, 67))  # MIDI notes, a bar each


def piece(seconds: float) -> np.ndarray:
    """[n] float, -1..1: four chords that swell, under a kick on every beat."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    beats = t * BPM / 60.0
    sound = 0.7 * np.sin(2 * np.pi * 55 * t + 9 * np.exp(-14 * (beats % 1))) * np.exp(-5 * (beats % 1))
    for bar, chord in enumerate(CHORDS):
        on = (beats / 4 % 4).astype(int) == bar
        for note in chord:
            tone = np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * t + 1.5 * np.sin(2 * np.pi * 0.3 * t))
            sound += on * tone * 0.13 * np.sin(np.pi * (beats / 4 % 1)) * (1 - 0.6 * np.exp(-6 * (beats % 1)))
    return np.tanh(sound)


def main(out: Path, seconds: float = 16.0, size: tuple[int, int] = (640, 360)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with wave.open(str(out / "piece.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((32767 * piece(seconds)).astype("<i2").tobytes())
    film = out / "music_video.mp4"
    with perform.Show.offline(sound=out / "piece.wav", preset="night_drive", size=size, film=film) as show:
        report = show.play(lambda frame: print(f"{frame.seconds:6.1f} s", end="\r"))
    print(f"{report['frames']} frames, {report['seconds']} s -> {film}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
