"""Streaming ACN (ANSI E1.31-2018): data packets in. Synchronisation and universe discovery are known and passed over;
levels are shown as they come, since a picture has no output to hold back."""

from __future__ import annotations

from perform.control.dmx import DmxError, Levels

PORT = 5568
_PREAMBLE = b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00"
ROOT_DATA, ROOT_EXTENDED = 4, 8
_FRAME_DATA, _DMP_SET = 2, 2
_PREVIEW, _TERMINATED = 0x80, 0x40
_HEAD = 126
LONGEST = _HEAD + 512
FIRST, LAST = 1, 63999


def group(universe: int) -> str:
    """The multicast address of a universe (E1.31, 9.3.1)."""
    return f"239.255.{universe >> 8}.{universe & 0xFF}"


def read(data: bytes) -> Levels | None:
    """The levels in a datagram; None for one that is well and not for us. Raises DmxError for all else."""
    if len(data) < 42 or data[:16] != _PREAMBLE:
        raise DmxError("no sACN")
    root = _number(data, 18, 4)
    if root == ROOT_EXTENDED:
        return None  # synchronisation, universe discovery
    if root != ROOT_DATA:
        raise DmxError(f"sACN with a root vector of {root}")
    if not _HEAD <= len(data) <= LONGEST:
        raise DmxError("an sACN data packet of a wrong size")
    for at in (16, 38, 115):
        if data[at] >> 4 != 7 or at + (_number(data, at, 2) & 0x0FFF) > len(data):
            raise DmxError("an sACN layer that is longer than its datagram")
    if _number(data, 40, 4) != _FRAME_DATA or data[117] != _DMP_SET or data[118] != 0xA1:
        raise DmxError("an sACN layer of an unknown kind")
    count, universe, priority = _number(data, 123, 2), _number(data, 113, 2), data[108]
    if not 1 <= count <= 513 or 125 + count > len(data) or _number(data, 119, 2) or _number(data, 121, 2) != 1:
        raise DmxError("sACN properties that are no DMX")
    if not FIRST <= universe <= LAST or priority > 200:
        raise DmxError(f"sACN universe {universe} with priority {priority}")
    options, start_code = data[112], data[125]
    if start_code != 0 or options & _PREVIEW:
        return None  # other than levels (as priorities by channel), or for visualisers only
    ended = bool(options & _TERMINATED)
    return Levels(universe, f"sacn {data[22:38].hex()}", data[126 : 125 + count], data[111], priority, ended)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
