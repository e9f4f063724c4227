"""Ableton Link: tempo, beat and phase that the programs of a network share. An optional extra.

Link is under the GPL (or a commercial licence), so nothing of ours needs it: this module is imported only where Link
was asked for, and the library inside `open`. What is used is `link`, the binding LinkPython-extern. Facts:
https://ableton.github.io/link/ (tempo, beat alignment, phase and quantum, start and stop).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perform.core.errors import DeviceError
from perform.core.types import BeatClock

MICROS = 1e6


class LinkSource:
    """Our peer in the session. Thread: the engine's; the library's own threads keep the session.

    clock: show time. bpm: tempo of a session that nobody else is in. quantum: beats after which bars line up, asked
    at each word. start_stop: whether play and stop are shared too. alone: whether to lead without any other peer.
    """

    name = "link"

    def __init__(
        self,
        clock: Callable[[], float],
        bpm: float = 120.0,
        quantum: Callable[[], int] = lambda: 4,
        *,
        start_stop: bool = False,
        alone: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._bpm = bpm
        self._quantum = quantum
        self._start_stop = start_stop
        self._alone = alone
        self._link: Any = None
        self._time: Any = None
        self.peers = 0
        self.playing = False
        self._joined = 0
        self._tempo_sent = 0.0
        self._sent = 0

    def open(self) -> None:
        """Join. Raises DeviceError where the library is not installed or refuses."""
        try:
            import link
        except ImportError:
            raise DeviceError(
                "Ableton Link is not installed (it is under the GPL, so it is no part of this): "
                "pip install LinkPython-extern"
            ) from None
        try:
            self._link = link.Link(self._bpm)
            self._time = self._link.clock()
            self._link.startStopSyncEnabled = self._start_stop
            self._link.enabled = True
        except (RuntimeError, OSError) as error:
            self._link = None
            raise DeviceError(f"Ableton Link cannot start ({error}); is there a network?") from None

    def beat(self, seconds: float) -> BeatClock | None:
        """The session's beat now; None while nobody else is in it (see `alone`)."""
        if self._link is None:
            return None
        peers = int(self._link.numPeers())
        self._joined += peers > self.peers
        self.peers = peers
        state = self._link.captureAppSessionState()
        self.playing = bool(state.isPlaying())
        if not peers and not self._alone():
            return None
        quantum = max(1, self._quantum())
        now_s, micros = self._clock(), self._time.micros()
        beats = state.beatAtTime(micros, float(quantum))
        return BeatClock(now_s, float(beats), float(state.tempo()), quantum, 1.0, "link")

    def set_tempo(self, bpm: float) -> None:
        """Our hand sets the tempo for everybody; once for each new tempo."""
        if self._link is None or abs(bpm - self._tempo_sent) < 0.005:
            return
        state = self._link.captureAppSessionState()
        state.setTempo(bpm, self._time.micros())
        self._link.commitAppSessionState(state)
        self._tempo_sent = bpm
        self._sent += 1

    def set_playing(self, playing: bool) -> None:
        """Start or stop everybody, where start and stop are shared."""
        if self._link is not None:
            state = self._link.captureAppSessionState()
            state.setIsPlaying(playing, self._time.micros())
            self._link.commitAppSessionState(state)

    def signals(self, seconds: float) -> Mapping[str, float]:
        """Sources of modulation: how many peers, and 1 while the session plays."""
        return {"link/peers": float(self.peers), "link/playing": float(self.playing)}

    def counts(self) -> Mapping[str, int]:
        """Counters that only grow: peers that joined, tempi that we set."""
        return {"peers joined": self._joined, "tempi sent": self._sent}

    def close(self) -> None:
        """Leave. Safe to call twice."""
        if self._link is not None:
            self._link.enabled = False
            self._link = None
