"""What a lighting desk says of a universe: 512 channels, of one source or several, and how long it can be believed.

Universes are counted from 1, as desks do; Art-Net's own numbers begin at 0, so that its first is 1 here, as sACN's is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CHANNELS = 512
MOST_SOURCES = 8
SACN_LOST_S = 2.5
"""ANSI E1.31, E131_NETWORK_DATA_LOSS_TIMEOUT."""
ARTNET_LOST_S = 6.0
"""Art-Net 4 lets a desk that stands still repeat itself every 4 s at the latest."""
FADE_S = 1.0
"""So long the sources of routes take to rest once the last desk is gone."""


class DmxError(Exception):
    """A datagram that is refused. It never leaves the listener."""


@dataclass(frozen=True, slots=True)
class Levels:
    """One datagram's worth. source: who says it. data: channels from 1 on. sequence: 0..255, -1 for none. priority:
    0..200. ended: the source says goodbye."""

    universe: int
    source: str
    data: bytes
    sequence: int = -1
    priority: int = 100
    ended: bool = False
    lost_s: float = SACN_LOST_S


@dataclass(slots=True)
class _Source:
    levels: Levels
    seen_s: float
    channels: np.ndarray = field(default_factory=lambda: np.zeros(CHANNELS, np.uint8))


class Universe:
    """The sources of one universe, merged: those of the highest priority count, and of several the highest level of
    each channel. Thread: one at a time; the owner locks."""

    def __init__(self) -> None:
        self.channels: np.ndarray = np.zeros(CHANNELS, np.uint8)
        """[512] uint8, as they stand; stay where they were when the last source is gone."""
        self.fresh = False
        self.gone_s = -1e9
        self._sources: dict[str, _Source] = {}
        self._dirty = False

    def take(self, levels: Levels, now_s: float) -> bool:
        """Take levels in. False where they are old (overtaken on the way) or from one source too many."""
        known = self._sources.get(levels.source)
        if levels.ended:
            if known is not None:
                del self._sources[levels.source]
                self._dirty = True
            return known is not None
        if known is None:
            if len(self._sources) >= MOST_SOURCES:
                self._drop_lost(now_s)
                if len(self._sources) >= MOST_SOURCES:
                    return False
            known = self._sources[levels.source] = _Source(levels, now_s)
        elif _overtaken(known.levels.sequence, levels.sequence) and now_s - known.seen_s < levels.lost_s:
            return False
        known.levels, known.seen_s = levels, now_s
        data = np.frombuffer(levels.data[:CHANNELS], np.uint8)
        known.channels[: len(data)] = data
        known.channels[len(data) :] = 0
        self._dirty = True
        return True

    def look(self, now_s: float) -> bool:
        """Let go of sources that have fallen silent, merge the others. Returns whether a channel may have changed."""
        self._drop_lost(now_s)
        if not self._sources:
            if self.fresh:
                self.fresh, self.gone_s = False, now_s
            self._dirty = False
            return False
        self.fresh = True
        if not self._dirty:
            return False
        self._dirty = False
        top = max(source.levels.priority for source in self._sources.values())
        merged = [source.channels for source in self._sources.values() if source.levels.priority == top]
        self.channels = np.max(merged, axis=0)
        return True

    def trust(self, now_s: float) -> float:
        """1 while there is a desk; falls to 0 once there is none."""
        return 1.0 if self.fresh else max(0.0, 1.0 - (now_s - self.gone_s) / FADE_S)

    def _drop_lost(self, now_s: float) -> None:
        lost = [key for key, source in self._sources.items() if now_s - source.seen_s > source.levels.lost_s]
        for key in lost:
            del self._sources[key]
            self._dirty = True


def _overtaken(before: int, sequence: int) -> bool:
    """Whether a datagram came late: ANSI E1.31, 6.7.2, which holds for Art-Net as well. No sequence: never."""
    if before < 0 or sequence < 0:
        return False
    ahead = (sequence - before + 128) % 256 - 128
    return -20 < ahead <= 0
