"""A virtual display of our own, and what can be seen on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from needs import need

_XWD_HEADER_WORDS = 25


def root_picture(screen: Path) -> np.ndarray:
    """The root window as [h, w, 3] uint8, from the file in which Xvfb keeps it (format: X11/XWDFile.h)."""
    dump = screen.read_bytes()
    words = np.frombuffer(dump, ">u4", _XWD_HEADER_WORDS)
    header, width, height = int(words[0]), int(words[4]), int(words[5])
    bits, stride, colours = int(words[11]), int(words[12]), int(words[19])
    assert bits in (24, 32)
    start = header + colours * 12
    rows = np.frombuffer(dump, np.uint8, stride * height, start).reshape(height, stride)
    return rows[:, : width * bits // 8].reshape(height, width, bits // 8)[:, :, 2::-1]


@contextmanager
def screen(folder: Path, size: tuple[int, int] = (800, 600)) -> Iterator[tuple[str, Path]]:
    """(display, file with its screen) of an X server of our own."""
    need(shutil.which("Xvfb"), "Xvfb is not installed: no virtual display to open a window on")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp"]
    command += ["-fbdir", str(folder)]
    server = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    try:
        need(number, "Xvfb does not start here")
        yield f":{number}", folder / "Xvfb_screen0"
    finally:
        server.terminate()
        server.wait(timeout=20)
