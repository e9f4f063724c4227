"""The file under a recording, as the muxer sees it: written at once, and let go of cleanly when the disk is full."""

from __future__ import annotations

import io
from pathlib import Path


class DiskFile:
    """A file object for PyAV. Nothing waits in a buffer of ours, so a kill costs only what the muxer still holds.

    `mark` says that the file is whole up to here; `abandon` cuts it back to the last mark and ignores all that
    comes after, since a muxer that ends on a full disk would write its index over half of a file.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file: io.FileIO = io.FileIO(path, "w+")
        self._whole = 0
        self._gone = False

    def write(self, data: bytes) -> int:
        """All of data, or OSError."""
        view = memoryview(data)
        done = len(view) if self._gone else 0
        while done < len(view):
            done += self._file.write(view[done:]) or 0
        return len(view)

    def read(self, n: int = -1) -> bytes:
        """The muxer rereads its own index when it finishes."""
        return b"" if self._gone else self._file.read(n)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's."""
        return 0 if self._gone else self._file.seek(offset, whence)

    def tell(self) -> int:
        """As a file's."""
        return 0 if self._gone else self._file.tell()

    def mark(self) -> None:
        """What is on the disk now is a whole number of fragments."""
        if not self._gone:
            self._whole = self._file.tell()

    def abandon(self) -> None:
        """Keep what is whole, close, and ignore the rest. Never raises."""
        if self._gone:
            return
        self._gone = True
        try:
            self._file.truncate(self._whole)
        except OSError:
            # A torn last fragment is skipped by players too; it is only less tidy.
            pass
        finally:
            self._file.close()

    def close(self) -> None:
        """Close the file. Safe to call twice. Raises OSError."""
        self._gone = True
        self._file.close()
