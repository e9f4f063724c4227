"""The end of a PortAudio stream, which may never come."""

from __future__ import annotations

import atexit
import threading
from typing import Any

PATIENCE_S = 3.0
"""What PortAudio gets to end a stream."""
_hung: list[threading.Thread] = []


def end_stream(stream: Any, backend: Any, patience_s: float = PATIENCE_S) -> bool:
    """Stop a stream at once and free it, whatever state it is in. False: PortAudio has not come back so far.

    When a sound server is killed, now and then it never comes back: it waits for a thread that waits for the server.
    The stream is left to it then. PortAudio ends all streams when it ends, and would wait for this one too, so it must
    not be ended while one `hangs`; sounddevice, which would as the process ends, is kept from it here.
    """

    def end() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    thread = threading.Thread(target=end, name="sound-stream-end", daemon=True)
    thread.start()
    thread.join(patience_s)
    if not thread.is_alive():
        return True
    _hung.append(thread)
    if (handler := getattr(backend, "_exit_handler", None)) is not None:
        atexit.unregister(handler)
    return False


def hangs() -> bool:
    """Whether PortAudio is still ending a stream that was given up."""
    return any(thread.is_alive() for thread in _hung)
