"""Art-Net 4 (Artistic Licence, "Art-Net 4 Protocol Release V1.4"): ArtDmx in, and an answer to ArtPoll, by which desks
find us. Datagrams are read by their table and nothing else; what is longer, shorter or other is refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import groupby

from perform.control.dmx import ARTNET_LOST_S, DmxError, Levels

PORT = 6454
ID = b"Art-Net\0"
OP_POLL, OP_POLL_REPLY, OP_DMX, OP_SYNC = 0x2000, 0x2100, 0x5000, 0x5200
VERSION = 14
LONGEST = 18 + 512
MOST_PORTS = 4  # in one answer
_OEM_UNKNOWN = 0x00FF


def read(data: bytes, sender: str) -> Levels | None:
    """The levels in a datagram; None for an ArtPoll, which wants an answer. Raises DmxError for all else."""
    if len(data) < 12 or data[:8] != ID:
        raise DmxError("no Art-Net")
    operation, version = data[8] | data[9] << 8, data[10] << 8 | data[11]
    if operation == OP_POLL:
        if len(data) < 14:
            raise DmxError("an ArtPoll that is too short")
        return None
    if operation != OP_DMX:
        raise DmxError(f"Art-Net operation {operation:#06x} is not for us")
    if version < VERSION:
        raise DmxError(f"Art-Net of version {version}")
    if len(data) < 20 or len(data) > LONGEST:
        raise DmxError("an ArtDmx of a wrong size")
    length = data[16] << 8 | data[17]
    if not 1 <= length <= 512 or len(data) < 18 + length:
        raise DmxError("an ArtDmx that promises more than it holds")
    address = (data[15] & 0x7F) << 8 | data[14]
    sequence = data[12] if data[12] else -1
    return Levels(address + 1, f"artnet {sender}", data[18 : 18 + length], sequence, lost_s=ARTNET_LOST_S)


def poll_replies(host: str, universes: Iterable[int], hearing: Iterable[int] = ()) -> list[bytes]:
    """What we are, for a desk that asks: one answer for each four universes of one net and sub-net.

    host: our address. universes: those that we listen to, from 1. hearing: those with a desk at the moment.
    """
    addresses = sorted({number - 1 for number in universes if 1 <= number <= 32768})
    out: list[bytes] = []
    alive = {number - 1 for number in hearing}
    for switch, group in groupby(addresses, key=lambda address: address >> 4):
        of_one = list(group)
        for start in range(0, len(of_one), MOST_PORTS):
            out.append(_reply(host, switch, of_one[start : start + MOST_PORTS], alive, len(out) + 1))
    return out


def _reply(host: str, switch: int, addresses: list[int], alive: set[int], index: int) -> bytes:
    """One ArtPollReply, 239 bytes. switch: net and sub-net."""
    ip = ipaddress.IPv4Address(host).packed
    count = len(addresses)
    spare = MOST_PORTS - count
    out = bytearray(ID)
    out += OP_POLL_REPLY.to_bytes(2, "little") + ip + PORT.to_bytes(2, "little")
    out += bytes((0, 1, switch >> 4 & 0x7F, switch & 0x0F, _OEM_UNKNOWN >> 8, _OEM_UNKNOWN & 0xFF, 0, 0b11010000, 0, 0))
    out += _text("perform", 18) + _text("perform: a live picture, as a fixture", 64) + _text("#0001 [0000] ready", 64)
    out += bytes((0, count)) + bytes([0x80] * count + [0] * spare)  # outputs DMX that comes over Art-Net
    out += bytes(4) + bytes([0x80 if address in alive else 0 for address in addresses] + [0] * spare)
    out += bytes(4) + bytes([address & 0x0F for address in addresses] + [0] * spare)
    out += bytes((100, 0, 0)) + bytes(3) + bytes(1) + bytes(6)  # sACN's priority, style: node, MAC: not told
    out += ip + bytes((min(index, 255), 0b00001000))  # bound to ourselves; 15-bit addresses
    out += bytes(239 - len(out))
    return bytes(out)


def _text(text: str, length: int) -> bytes:
    return text.encode("ascii")[: length - 1].ljust(length, b"\0")
