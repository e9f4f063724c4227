"""Frames are arrays: one thin column of every frame, side by side, makes a picture of time."""

import sys
from pathlib import Path

import numpy as np

import perform


def main(out: Path, seconds: float = 12.0, size: tuple[int, int] = (240, 480)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    columns = []
    with perform.Show.offline(preset="night_drive", size=size, fps=60, seconds=seconds) as show:
        for frame in show:
            picture = frame.picture  # [height, width, 3] uint8, top row first
            middle = picture.shape[1] // 2
            columns.append(picture[:, middle : middle + 2])
    time = np.concatenate(columns, axis=1)  # now the x axis is seconds
    perform.save_png(out / "slit_of_time.png", time)
    print(f"{len(columns)} frames became {time.shape[1]} x {time.shape[0]} pixels of time")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
