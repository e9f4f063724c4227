"""Tables of any length written to one .npz: rows are spooled to a file beside it, so memory stays small."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from perform.core.errors import MediaError

CHUNK = 4096
"""Rows that are held in memory."""


class Spool:
    """Rows of columns [rows, columns], kept in a nameless file, read again column by column."""

    def __init__(self, columns: Mapping[str, str], folder: Path) -> None:
        """columns: name -> dtype (`f4`, `f8`). folder: where the file is made."""
        self._names = list(columns)
        self._types = [np.dtype(t) for t in columns.values()]
        self._chunk = np.zeros((CHUNK, len(self._names)), np.float64)
        self._filled = 0
        self._full_chunks = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)
        self._offsets = np.concatenate([[0], np.cumsum([CHUNK * t.itemsize for t in self._types])])

    def add(self, row: Sequence[float]) -> None:
        """One row, in the order of the columns."""
        self._chunk[self._filled] = row
        self._filled += 1
        if self._filled == CHUNK:
            for column, kind in zip(self._chunk.T, self._types, strict=True):
                self._file.write(np.ascontiguousarray(column, kind).data)
            self._filled = 0
            self._full_chunks += 1

    def write(self, archive: zipfile.ZipFile) -> None:
        """Every column as an array of the archive."""
        rows = self._full_chunks * CHUNK + self._filled
        for number, (name, kind) in enumerate(zip(self._names, self._types, strict=True)):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as out:
                _header(out, kind, (rows,))
                for chunk in range(self._full_chunks):
                    self._file.seek(int(chunk * self._offsets[-1] + self._offsets[number]))
                    out.write(self._file.read(CHUNK * kind.itemsize))
                out.write(self._chunk[: self._filled, number].astype(kind).tobytes())

    def close(self) -> None:
        """The file is gone."""
        self._file.close()


class Rows:
    """Arrays of one shape, spooled: [rows, width] float32."""

    def __init__(self, name: str, width: int, folder: Path) -> None:
        self._name, self._width, self._count = name, width, 0
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)

    def add(self, row: np.ndarray) -> None:
        """row [width]."""
        self._file.write(np.ascontiguousarray(row, np.float32).data)
        self._count += 1

    def write(self, archive: zipfile.ZipFile) -> None:
        """As one array of the archive."""
        with archive.open(f"{self._name}.npy", "w", force_zip64=True) as out:
            _header(out, np.dtype("f4"), (self._count, self._width))
            self._file.seek(0)
            while piece := self._file.read(1 << 20):
                out.write(piece)

    def close(self) -> None:
        """The file is gone."""
        self._file.close()


def _header(out: IO[bytes], kind: np.dtype, shape: tuple[int, ...]) -> None:
    about = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, about)


class Archive:
    """`with Archive(path) as archive`: a .npz that appears whole or not at all. Raises MediaError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> Archive:
        try:
            self.file = zipfile.ZipFile(self._part, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        except OSError as error:
            raise MediaError(f"{self._path} cannot be written: {error.strerror or error}") from error
        return self

    def put(self, name: str, array: np.ndarray) -> None:
        """One whole array."""
        with self.file.open(f"{name}.npy", "w", force_zip64=True) as out:
            np.lib.format.write_array(out, np.asanyarray(array), allow_pickle=False)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self.file.close()
            if kind is None:
                os.replace(self._part, self._path)
                return
        except OSError as failed:
            if kind is None:
                raise MediaError(f"{self._path} cannot be written: {failed.strerror or failed}") from failed
        finally:
            self._part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise MediaError(f"{self._path} cannot be written: {error.strerror or error}") from error
