"""Pictures of a camera for whoever wants them: a deck that plays it, and the signals that are taken from it. A camera
can be opened once only, so one thread reads it and all look at what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from perform.core.errors import DeviceError, PerformError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
STALLED_S = 6.0
Capture = Callable[[str], Iterator[np.ndarray]]
"""Opens a camera by name ("" for the first) and gives its pictures [h, w, 3] uint8 as they come. Raises DeviceError."""


class _Feed:
    """One camera, read by one thread for all who look on."""

    def __init__(self, pictures: Callable[[], Iterator[np.ndarray]], name: str) -> None:
        self.changed = threading.Condition()
        self.newest: np.ndarray | None = None
        self.number = 0
        self.watchers = 0
        self.error: Exception | None = None
        self.ended = False
        self.thread = threading.Thread(target=self._run, args=(pictures,), name=f"camera {name}", daemon=True)

    def _run(self, pictures: Callable[[], Iterator[np.ndarray]]) -> None:
        error: Exception | None = None
        try:
            for image in pictures():
                with self.changed:
                    self.newest, self.number = image, self.number + 1
                    self.changed.notify_all()
                    if self.watchers <= 0:
                        break
        except Exception as raised:  # noqa: BLE001 - a driver may raise anything: whoever looks on is told
            error = raised
        with self.changed:
            self.error, self.ended = error, True
            self.changed.notify_all()


class SharedCameras:
    """find: name -> what tells one camera from another. read: opens that one. Thread: any."""

    def __init__(
        self, find: Callable[[str], tuple[str, str]], read: Callable[[str, str], Iterator[np.ndarray]]
    ) -> None:
        self._find, self._read = find, read
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._lock = threading.Lock()

    def pictures(self, name: str) -> Iterator[np.ndarray]:
        """See `Capture`. The camera is let go when nobody looks any more."""
        key = self._find(name)
        with self._lock:
            feed = self._feeds.get(key)
            if feed is None or feed.ended:
                feed = self._feeds[key] = _Feed(lambda: self._read(*key), name)
            feed.watchers += 1
            if feed.thread.ident is None:
                feed.thread.start()
        try:
            yield from _watch(feed, name)
        finally:
            with self._lock:
                feed.watchers -= 1
                if feed.watchers <= 0 and self._feeds.get(key) is feed:
                    del self._feeds[key]


def _watch(feed: _Feed, name: str) -> Iterator[np.ndarray]:
    seen = 0

    def news() -> bool:
        return feed.number > seen or feed.ended

    while True:
        with feed.changed:
            if not feed.changed.wait_for(news, STALLED_S):
                raise DeviceError(f"camera {name}: no picture for {STALLED_S:.0f} s")
            came, seen, image = feed.number > seen, feed.number, feed.newest
        if came and image is not None:
            yield image
        elif feed.error is not None:
            raise feed.error
        else:
            return


def keep_reading(
    capture: Capture,
    name: str,
    stop: threading.Event,
    take: Callable[[np.ndarray], None],
    failed: Callable[[str], None],
    first_pause_s: float = FIRST_PAUSE_S,
) -> None:
    """Read a camera until `stop`. One that breaks off is told and looked for again, less and less often. In a thread of
    the caller's."""
    pause_s = first_pause_s
    while not stop.is_set():
        try:
            for image in capture(name):
                take(image)
                pause_s = first_pause_s
                if stop.is_set():
                    return
            failed(f"camera {name}: it stopped")
        except PerformError as error:
            failed(str(error))
        except Exception as error:  # noqa: BLE001 - a driver may raise anything: it is told, and tried again
            failed(f"camera {name}: {type(error).__name__}: {error}"[:300])
        stop.wait(pause_s)
        pause_s = min(pause_s * 2.0, LONGEST_PAUSE_S)


def film_pictures(path: str) -> Iterator[np.ndarray]:
    """A film in a camera's place: its pictures at their times, again and again. Raises DeviceError."""
    import av

    while True:
        began_s, count = time.monotonic(), 0
        try:
            with av.open(path) as container:
                for frame in container.decode(video=0):
                    ahead_s = began_s + float(frame.time or 0.0) - time.monotonic()
                    if ahead_s > 0.0:
                        time.sleep(min(ahead_s, 1.0))
                    count += 1
                    yield frame.to_ndarray(format="rgb24")
        except (av.FFmpegError, OSError, IndexError) as error:
            raise DeviceError(f"film {path}: cannot be read ({str(error).splitlines()[0][:160]})") from None
        if not count:
            raise DeviceError(f"film {path}: there is no picture in it")
