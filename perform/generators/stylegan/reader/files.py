"""From a file's bytes to its records: which format it has, and where its numbers lie."""

from __future__ import annotations

import json
import struct
import zipfile
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from .machine import Machine
from .numbers import SIZES, Block, Storage, Storages, block, read_legacy, whole_numbers
from .records import RefusedError, printable

MOST_ENTRIES = 20_000
MOST_HEADER = 10 << 20  # bytes of a safetensors header
LEGACY_START = (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\x04\x95")


@dataclass(slots=True)
class Opened:
    """A file's contents. form: pickle, torch, safetensors. record: of its pickle. blocks: of a safetensors file."""

    form: str
    record: Any = None
    storages: Storages = field(default_factory=Storages)
    blocks: dict[str, Block] = field(default_factory=dict)


def open_file(file: BinaryIO, data: memoryview) -> Opened:
    """Read a file of any format that checkpoints come in; `data` is all of its bytes. Raises RefusedError."""
    start = bytes(data[:16])
    if not data:
        raise RefusedError("is empty")
    if start.startswith(b"PK\x03\x04"):
        return _torch_zip(file, data)
    if start.startswith(LEGACY_START[0]):
        record, beside = read_legacy(data)
        opened = Opened("torch", record)
        opened.storages.beside = beside
        return opened
    if len(data) >= 10 and data[8] == 0x7B and 2 <= struct.unpack("<Q", start[:8])[0] <= len(data) - 8:
        return Opened("safetensors", blocks=_safetensors(data))
    if start.startswith(b"PK") or start.startswith((b"\x89HDF", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!")):
        raise RefusedError("is an archive or a file of another kind; unpack it first, and give the checkpoint inside")
    if start[:1] not in b"\x80(c]}":
        raise RefusedError("is no checkpoint: neither a pickle, nor a file of torch, nor safetensors")
    return Opened("pickle", Machine(data).run())


def _torch_zip(file: BinaryIO, data: memoryview) -> Opened:
    """A file of torch 1.6 and later: an uncompressed zip of one pickle and its numbers."""
    try:
        entries = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, IndexError, NotImplementedError, EOFError):
        raise RefusedError("is a torn zip file; fetch it again") from None
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(f"is a zip of more than {MOST_ENTRIES} parts; that is no generator")
    parts = {entry.filename: _stored(entry, data) for entry in entries}
    roots = [name.removesuffix("data.pkl") for name in parts if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise RefusedError("is a zip, but none that torch writes; unpack it first, and give the checkpoint inside")
    order = parts.get(roots[0] + "byteorder")
    if order is not None and bytes(order[:16]) != b"little":
        raise RefusedError("was written on a machine that keeps its numbers the other way round")
    opened = Opened("torch", Machine(parts[roots[0] + "data.pkl"]).run())
    place = roots[0] + "data/"
    opened.storages.beside = {n.removeprefix(place): Storage("U8", d) for n, d in parts.items() if n.startswith(place)}
    return opened


def _stored(entry: zipfile.ZipInfo, data: memoryview) -> memoryview:
    """The bytes of a part where they lie in the file; nothing is ever unpacked or written, so that its name is only a
    name, and no part can be larger than the file."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or entry.flag_bits & 1:
        raise RefusedError(
            f"is a zip with a packed or locked part ({printable(entry.filename)}), which torch never writes"
        )
    at = entry.header_offset
    head = data[at : at + 30] if at >= 0 else memoryview(b"")
    if len(head) < 30 or bytes(head[:4]) != b"PK\x03\x04":
        raise RefusedError("is a torn zip file; fetch it again")
    names = struct.unpack("<HH", head[26:30])
    begin = at + 30 + sum(names)
    if begin + entry.file_size > len(data):
        raise RefusedError("is cut short; fetch it again")
    return data[begin : begin + entry.file_size]


def _safetensors(data: memoryview) -> dict[str, Block]:
    """The tensors of a safetensors file, bounds checked."""
    length = struct.unpack("<Q", data[:8])[0]
    if length > MOST_HEADER:
        raise RefusedError("has a safetensors header of more than 10 MiB; that is no generator")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
        entries = {k: v for k, v in header.items() if k != "__metadata__"}
        found = {k: (v["dtype"], v["shape"], v["data_offsets"]) for k, v in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RefusedError("has a safetensors header that cannot be read; fetch it again") from None
    if len(found) > MOST_ENTRIES:
        raise RefusedError(f"holds more than {MOST_ENTRIES} tensors; that is no generator")
    whole, blocks = data[8 + length :], {}
    for name, (kind, shape, ends) in found.items():
        if not isinstance(kind, str) or kind not in SIZES:
            raise RefusedError(f"holds numbers of a kind that is not known ({printable(str(kind))})")
        begin, end = whole_numbers(ends) if isinstance(ends, list) and len(ends) == 2 else (1, 0)
        sides = whole_numbers(shape)
        count = 1
        for side in sides:
            count *= side
        if not begin <= end <= len(whole) or end - begin != count * SIZES[kind]:
            raise RefusedError("is cut short, or its header lies; fetch it again")
        blocks[name] = block(Storage(kind, whole[begin:end]), 0, sides, _dense_strides(sides))
    return blocks


def _dense_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for side in shape[::-1]:
        strides.append(step)
        step *= side
    return tuple(strides[::-1])
