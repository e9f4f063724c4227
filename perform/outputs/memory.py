"""Frames and sound kept in memory: the fake among the sinks, for tests and the Python API."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from perform.core.types import AudioBlock, Moment


class MemorySink:
    """keep: how many of the newest pictures (and blocks of sound) to hold; None holds all.

    images: [(picture [h, w, 3], moment)], oldest first. audio: blocks. What falls out is counted as dropped.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._images: deque[tuple[np.ndarray, Moment]] = deque(maxlen=keep)
        self._audio: deque[AudioBlock] = deque(maxlen=keep)
        self._written = 0

    @property
    def images(self) -> list[np.ndarray]:
        """The pictures held."""
        return [image for image, _ in self._images]

    @property
    def moments(self) -> list[Moment]:
        """What each picture held was painted for."""
        return [moment for _, moment in self._images]

    @property
    def audio(self) -> list[AudioBlock]:
        """The blocks of sound held."""
        return list(self._audio)

    def send(self, image: np.ndarray, moment: Moment) -> None:
        """Keep a copy: whoever looks at it later must see it as it was shown."""
        self._images.append((image.copy(), moment))
        self._written += 1

    def send_audio(self, block: AudioBlock) -> None:
        """Keep the block."""
        self._audio.append(block)

    def counts(self) -> Mapping[str, int]:
        """See Sink."""
        return {"written": self._written, "dropped": self._written - len(self._images), "errors": 0}

    def close(self) -> None:
        """What was kept stays."""
