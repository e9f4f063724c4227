"""The gate that every shader of a show passes: what ships goes through, everything else is tried first.

A trial runs in a process of its own, on small frames, with a time limit. Before the show has begun it is waited for;
while it plays, trials run beside it and their results are picked up once a tick. From the trial's beginning until the
shader's first frames have been shown here, a mark lies in the user's state folder: a show that hung or was killed in
between leaves it behind, and the next one leaves that shader out until its file changes or someone asks for it
(`perform shaders retry`).
"""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from perform.core.errors import DeviceError, ShaderError
from perform.isf import Document, read_shader
from perform.trial.runner import Runner
from perform.trial.verdicts import Mark, Verdict, Verdicts, digest_of

TRIAL_PX = (160, 90)
TRIAL_FRAMES = 2
TRIAL_S = 20.0
SLOWEST_S = 4.0
"""A frame at the show's size, by the trial's, that is refused: it would be a hang."""
FRAMES_TO_PROVE = 3
IDLE_S = 30.0
SHADERS = "shaders"


class SetAsideError(ShaderError):
    """The shader hung or ended the process that drew it, now or in an earlier show."""


class OnTrialError(ShaderError):
    """Not an error yet: the shader is being tried beside the show. Ask again when the gate is no longer busy."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A file that was saved and then tried. message: "" where it may be drawn. seconds: the trial's length."""

    path: Path
    message: str = ""
    seconds: float = 0.0


class Gate:
    """One per show. Thread: the engine's, but `request`, which any thread may call.

    size: of the show's frames, pixels. renderer: who draws the show. make_runner: how a trial's process is made.
    """

    def __init__(
        self,
        size: tuple[int, int] = TRIAL_PX,
        renderer: str = "",
        *,
        verdicts: Verdicts | None = None,
        make_runner: Callable[[], Runner] = lambda: Runner(TRIAL_PX, gentle=True),
        limit_s: float = TRIAL_S,
    ) -> None:
        self.live = False
        self._size = size
        self._renderer = renderer
        self._verdicts = verdicts if verdicts is not None else Verdicts()
        self._make_runner = make_runner
        self._limit_s = limit_s
        self._runner: Runner | None = None
        self._lock = threading.Lock()
        self._wanted: queue.SimpleQueue[tuple[Path, bool] | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._waiting: set[Path] = set()
        self._saved: set[Path] = set()
        self._failed: dict[str, str] = {}
        self._marks: dict[str, tuple[Mark, Verdict]] = {}
        self._thread: threading.Thread | None = None
        self._shown = 0
        atexit.register(self.close)  # a show that ends with an error leaves no mark behind

    def admit(self, path: Path) -> Document:
        """The document of a shader that may be drawn now.

        Raises OnTrialError where its trial has only begun, ShaderError where it may not be drawn.
        """
        document = read_shader(path)
        if self._trusted(path):
            return document
        digest = digest_of(path)
        if digest in self._marks:
            return document
        verdict = self._verdicts.get(digest, self._renderer)
        if verdict is None and digest in self._failed:
            raise ShaderError(self._failed[digest])
        if verdict is None and self.live:
            self.request(path)
            raise OnTrialError("is new here and is tried first; it comes in a moment", str(path))
        if verdict is None:
            verdict = self._try_alone(digest, path)
        if not verdict.good:
            if digest in self._failed:
                raise ShaderError(self._failed[digest])
            raise SetAsideError(_left_out(path, verdict.message))
        if not verdict.shown:
            self._marks[digest] = (self._verdicts.begin(digest, path), replace(verdict, shown=True))
            self._shown = 0
        return document

    @property
    def busy(self) -> bool:
        """Whether trials are under way or waiting."""
        return bool(self._waiting)

    def request(self, path: Path, *, saved: bool = False) -> None:
        """Try a file beside the show. saved: it has just changed, so `finished` tells of it, whatever it is."""
        with self._lock:
            if saved:
                self._saved.add(path.resolve())
            elif path in self._waiting:
                return
            self._waiting.add(path)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="shader trials", daemon=True)
                self._thread.start()
        self._wanted.put((path, saved))

    def finished(self) -> list[Finished]:
        """Saved files whose trials have ended since the last call."""
        found = []
        while not self._finished.empty():
            found.append(self._finished.get())
        return found

    def shown(self) -> None:
        """A frame was shown: shaders that were let in have come through some by now."""
        if not self._marks:
            return
        self._shown += 1
        if self._shown >= FRAMES_TO_PROVE:
            for mark, verdict in self._marks.values():
                mark.end()
                self._verdicts.put(verdict)
            self._marks.clear()

    def close(self) -> None:
        """End trials, take up all marks. Safe to call twice."""
        atexit.unregister(self.close)
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._wanted.put(None)
            runner = self._runner
            if runner is not None:
                runner.close()
            thread.join(timeout=5.0)
        elif self._runner is not None:
            self._runner.close()
        self._runner = None
        for mark, _ in self._marks.values():
            mark.end()
        self._marks.clear()

    def _trusted(self, path: Path) -> bool:
        """What ships, as long as nobody has changed it under the running show."""
        from perform.content import shipped

        whole = path.resolve()
        return whole.is_relative_to(shipped() / SHADERS) and whole not in self._saved

    def _try_alone(self, digest: str, path: Path) -> Verdict:
        """A trial with its own mark only: what waits for its first frame would be blamed for this one's end."""
        waiting = {other: (mark, verdict) for other, (mark, verdict) in self._marks.items()}
        for mark, _ in waiting.values():
            mark.end()
        mark = self._verdicts.begin(digest, path)
        try:
            return self._try(digest, path)
        finally:
            mark.end()
            for other, (_, verdict) in waiting.items():
                self._marks[other] = (self._verdicts.begin(other, Path(verdict.path)), verdict)

    def _try(self, digest: str, path: Path) -> Verdict:
        """One trial, waited for. What could hang a show is remembered for ever, other errors for this show."""
        if self._runner is None:
            self._runner = self._make_runner()
        name = str(path.resolve())
        try:
            outcome = self._runner.run(path, TRIAL_FRAMES, timeout_s=self._limit_s, look=False)
        except DeviceError:  # no context besides the show's: the mark alone has to do
            return Verdict(digest, name, True, renderer=self._renderer)
        slow_s = outcome.ms / 1e3 * self._size[0] * self._size[1] / (TRIAL_PX[0] * TRIAL_PX[1])
        if outcome.outcome in ("timeout", "crash"):
            verdict = Verdict(digest, name, False, outcome.message, self._renderer)
            self._verdicts.put(verdict)
        elif outcome.plays and slow_s <= SLOWEST_S:
            verdict = Verdict(digest, name, True, "", self._renderer, outcome.ms)
            self._verdicts.put(verdict)
        else:
            said = f"{path}: would take about {slow_s:.0f} s for each frame" if outcome.plays else outcome.message
            verdict = Verdict(digest, name, False, said, self._renderer, outcome.ms)
            self._failed[digest] = said if said.startswith(str(path)) else f"{path}: {said}"
        return verdict

    def _work(self) -> None:
        """Thread: one trial after the other; the process goes when there has been nothing to do for a while."""
        while True:
            try:
                wish = self._wanted.get(timeout=IDLE_S)
            except queue.Empty:
                if self._runner is not None:
                    self._runner.close()
                continue
            if wish is None:
                return
            path, saved = wish
            message, seconds = self._try_beside(path)
            with self._lock:
                self._waiting.discard(path)
            if saved:
                self._finished.put(Finished(path, message, seconds))

    def _try_beside(self, path: Path) -> tuple[str, float]:
        """(what is wrong or "", seconds)."""
        began_s = monotonic()
        digest = digest_of(path)
        known = self._verdicts.get(digest, self._renderer)
        if known is not None:
            return "" if known.good else _left_out(path, known.message), 0.0
        mark = self._verdicts.begin(digest, path)
        try:
            good = self._try(digest, path).good
        except (OSError, ValueError) as error:
            return f"{path}: its trial failed ({error})", monotonic() - began_s
        finally:
            mark.end()
        if good:
            return "", monotonic() - began_s
        known = self._verdicts.get(digest, self._renderer)
        return self._failed.get(digest) or _left_out(path, known.message if known else "failed"), monotonic() - began_s


def _left_out(path: Path, message: str) -> str:
    return f"{path}: {message}; left out until it changes, or until `perform shaders retry {path.stem}`"


_CURRENT: list[Gate] = []


def install(gate: Gate | None) -> None:
    """The gate of the show that runs in this process, for `admit`; None when it has ended."""
    _CURRENT[:] = [] if gate is None else [gate]


def current() -> Gate | None:
    """The gate that is installed."""
    return _CURRENT[0] if _CURRENT else None


def admit(path: Path) -> Document:
    """A shader for the running show: through its gate, or simply read where there is none. Raises ShaderError."""
    gate = current()
    return read_shader(path) if gate is None else gate.admit(path)
