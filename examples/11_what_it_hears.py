"""What it hears: a sound as arrays, drawn with nothing but numpy. The mel bands burn, the beats are lines of light."""

import sys
from pathlib import Path

import numpy as np

import perform

GLOW = np.array([[4, 4, 12], [40, 16, 90], [170, 40, 110], [250, 140, 60], [255, 245, 200]], float)


def main(out: Path, seconds: float = 16.0, sound: object = "synth") -> None:
    out.mkdir(parents=True, exist_ok=True)
    heard = perform.analyse(sound, seconds=seconds)  # a path or samples work as well
    print(f"{heard.tempo_bpm:.1f} bpm, {len(heard.beat_time_s)} beats, {len(heard.values)} features, {len(heard)} hops")
    bands = np.repeat(heard.mel.T[::-1], 8, axis=0)  # [64 * 8, hops], low at the bottom
    picture = np.stack([np.interp(bands, np.linspace(0, 1, 5), GLOW[:, colour]) for colour in range(3)], axis=2)
    for second, place in zip(heard.beat_time_s, heard.beat_in_bar, strict=True):
        column = min(round(second / heard.hop_s), picture.shape[1] - 1)
        picture[-40 if place > 1 else 0 :, column] += 120  # a bar begins with a line from top to bottom
    level = heard["audio/level"]
    rows = picture.shape[0] - 1 - (level * 80).astype(int)
    picture[rows, np.arange(len(level))] = 255
    perform.save_png(out / "heard.png", np.clip(picture, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
