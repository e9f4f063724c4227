"""A lighting desk: Art-Net and sACN from peers that are not ours, what is wrong with a datagram, who counts, and what
happens when the desk is gone."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from needs import need

from perform.control import artnet, sacn
from perform.control.dmx import ARTNET_LOST_S, FADE_S, SACN_LOST_S, DmxError, Levels, Universe
from perform.control.hand_desk import HandDesk
from perform.control.hand_map import HandMap, shifted
from perform.control.learning import Learning
from perform.control.lights import Lights
from perform.control.midi_map import Binding
from perform.core.errors import DeviceError
from perform.core.params import Param, ParamTable
from perform.core.types import ControlEvent

ROWS = (Param("out/level", "float", 1.0), Param("mix/fade", "float", 0.0), Param("out/blackout", "bool", False),
        Param("tempo/tap", "trigger", False), Param("macro/1", "float", 0.0))  # fmt: skip
MAP = HandMap((
    Binding("dmx/1/1", "out/level", takeover="jump"), Binding("dmx/1/2", "out/blackout", takeover="jump"),
    Binding("dmx16/1/3", "mix/fade", takeover="jump"), Binding("dmx/1/5", "tempo/tap", takeover="jump"),
))  # fmt: skip


class Rig:
    """Lights whose events reach a table."""

    def __init__(self, **more: object) -> None:
        self.table = ParamTable(ROWS)
        self.now = 100.0

        def row(path: str) -> Param | None:
            return self.table[path] if path in self.table else None

        self.learning = Learning(row, lambda: self.now)
        self.desk = HandDesk(row, lambda path: self.table.base().get(path), self.learning, maps=(MAP,))
        self.desk.post = self.learning.post = self.take
        self.lights = Lights(self.desk, lambda: self.now, ports=(0, 0), **more)  # type: ignore[arg-type]

    def take(self, event: ControlEvent) -> None:
        if event.address in self.table:
            self.table.set(event.address, event.value)

    def send(self, data: bytes, kind: str = "sacn", sender: str = "127.0.0.1") -> None:
        """One datagram, as the listening thread takes it."""
        take = self.lights._take_sacn if kind == "sacn" else self.lights._take_artnet
        take(_Nowhere(), data, (sender, 5000))  # type: ignore[arg-type]

    def tick(self, seconds: float = 0.02) -> dict[str, float]:
        self.now += seconds
        return dict(self.lights.signals(self.now))

    def until(self, look: Callable[[], bool]) -> None:
        ends = time.monotonic() + 10.0
        while not look():
            assert time.monotonic() < ends, (self.lights.counts(), self.lights.last_error)
            time.sleep(0.01)
            self.tick(0.001)


class _Nowhere:
    def sendto(self, data: bytes, to: tuple[str, int]) -> None: ...


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.lights.close()


def dmx(*levels: int) -> bytes:
    return bytes(levels)


def sacn_packet(data: bytes, universe: int = 1, sequence: int = 0, **more: object) -> bytes:
    """As the `sacn` package writes it."""
    message = pytest.importorskip("sacn.messages.data_packet")
    packet = message.DataPacket(
        tuple(more.get("cid", range(16))), "desk", universe, tuple(data.ljust(512, b"\0")), more.get("priority", 100),
        sequence, streamTerminated=more.get("ended", False), previewData=more.get("preview", False),
    )  # fmt: skip
    return bytes(packet.getBytes())


def art_dmx(data: bytes, address: int = 0, sequence: int = 0) -> bytes:
    head = artnet.ID + b"\x00\x50\x00\x0e" + bytes((sequence, 0, address & 0xFF, address >> 8))
    return head + len(data).to_bytes(2, "big") + data


def test_a_desk_of_another_make_moves_the_picture_by_artnet(rig: Rig) -> None:
    stupid = pytest.importorskip("stupidArtnet")
    rig.lights.open(rig.take)
    desk = stupid.StupidArtnet("127.0.0.1", 0, 6, 30, True, False, port=rig.lights.ports[0])
    for level in (255, 0, 128):
        desk.set_single_value(1, level)
        desk.show()
        rig.until(lambda level=level: rig.table.value("out/level") == pytest.approx(level / 255))  # type: ignore[misc]
    desk.set_16bit(3, 40000, high_first=True)
    desk.show()
    rig.until(lambda: rig.table.value("mix/fade") == pytest.approx(40000 / 65535))
    assert rig.tick()["dmx/1/1"] == pytest.approx(128 / 255)
    desk.close()


@pytest.mark.parametrize("multicast", [False, True])
def test_a_desk_of_another_make_moves_the_picture_by_sacn(rig: Rig, multicast: bool, monkeypatch) -> None:
    peer = pytest.importorskip("sacn")
    rig.lights.open(rig.take)
    need(not multicast or not rig.lights.last_error, f"no multicast here: {rig.lights.last_error}")
    monkeypatch.setattr("sacn.sending.sender_socket_udp.DEFAULT_PORT", rig.lights.ports[1])
    sender = peer.sACNsender(bind_address="127.0.0.1", bind_port=0, fps=40)
    sender.start()
    try:
        sender.activate_output(1)
        sender[1].multicast = multicast
        if not multicast:
            sender[1].destination = "127.0.0.1"
        sender[1].dmx_data = (64, 255, 128, 0)
        rig.until(lambda: rig.table.value("out/level") == pytest.approx(64 / 255))
        assert rig.table.value("out/blackout") is True
        rig.until(lambda: rig.table.value("mix/fade") == pytest.approx(0x8000 / 65535))
        sender.deactivate_output(1)
    finally:
        sender.stop()
    rig.until(lambda: not rig.lights._heard[1].fresh)  # it said goodbye
    assert rig.table.value("out/level") == pytest.approx(64 / 255)


def test_desks_that_ask_are_answered(rig: Rig) -> None:
    lights = Lights(rig.desk, lambda: rig.now, universes=(1, 2, 3, 4, 5, 17, 300), ports=(0, 0))
    lights.open(rig.take)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as desk:
        desk.bind(("127.0.0.1", 0))
        desk.settimeout(5.0)
        desk.sendto(artnet.ID + b"\x00\x20\x00\x0e\x02\x00", ("127.0.0.1", lights.ports[0]))
        replies = [desk.recv(600) for _ in range(4)]
        desk.sendto(artnet.ID + b"\x00\x20\x00\x0e\x02\x00", ("127.0.0.1", lights.ports[0]))
        desk.settimeout(0.3)
        with pytest.raises(TimeoutError):  # not so soon again: nobody is flooded by way of us
            desk.recv(600)
    lights.close()
    found = []
    for reply in replies:
        assert len(reply) == 239 and reply[:10] == artnet.ID + b"\x00\x21" and reply[10:14] == bytes((127, 0, 0, 1))
        assert reply[14:16] == b"\x36\x19" and reply[26:33] == b"perform" and reply[200] == 0
        ports = reply[173]
        assert reply[174 : 174 + ports] == b"\x80" * ports and reply[207:211] == bytes((127, 0, 0, 1))
        found += [(reply[18] << 8 | reply[19] << 4 | reply[190 + n]) + 1 for n in range(ports)]
    assert found == [1, 2, 3, 4, 5, 17, 300] and [reply[211] for reply in replies] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "data",
    [b"", b"Art-Net\0", art_dmx(b"")[:18], art_dmx(b"\1\2")[:19], art_dmx(b"\1" * 513),
     b"Art-Nex\0" + art_dmx(b"\1")[8:],
     art_dmx(b"\1\2")[:10] + b"\0\x0d" + art_dmx(b"\1\2")[12:], artnet.ID + b"\x00\x21" + bytes(230),
     art_dmx(b"\1\2") + bytes(600), artnet.ID + b"\x00\x20\x00", art_dmx(b"ab").replace(b"\0\2ab", b"\2\0ab")],
)  # fmt: skip
def test_art_net_that_is_none(data: bytes) -> None:
    with pytest.raises(DmxError):
        artnet.read(data, "10.0.0.1")


def test_sacn_that_is_none() -> None:
    good = sacn_packet(dmx(1, 2))
    assert sacn.read(good) is not None
    wrong = [b"", good[:41], good[:125], good + b"\0", b"\1" + good[1:], bytes(638)]
    for at, value in ((16, 0x80), (17, 0xFF), (39, 0xFF), (43, 9), (108, 201), (113, 0xFF), (115, 0x10), (117, 3),
                      (118, 0), (120, 5), (122, 2), (123, 9), (21, 5)):  # fmt: skip
        wrong.append(good[:at] + bytes((value,)) + good[at + 1 :])
    universe_0 = good[:113] + b"\0\0" + good[115:]
    for data in (*wrong, universe_0):
        with pytest.raises(DmxError):
            sacn.read(data)
    preview = sacn_packet(dmx(1), preview=True)
    per_channel = good[:125] + b"\xdd" + good[126:]
    extended = good[:18] + b"\0\0\0\x08" + good[22:60]
    assert [sacn.read(data) for data in (preview, per_channel, extended)] == [None] * 3


def test_noise_only_counts(rig: Rig) -> None:
    chance = random.Random(5)
    seeds = [sacn_packet(dmx(9, 9, 9)), art_dmx(b"\7" * 64), artnet.ID + b"\x00\x20\x00\x0e\x02\x00"]
    rig.send(seeds[0])
    rig.tick()
    for n in range(3000):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        rig.send(bytes(data[: chance.randrange(len(data) + 1)]) if n % 3 else chance.randbytes(n % 700),
                 "sacn" if n % 2 else "artnet")  # fmt: skip
    rig.tick()
    counts = rig.lights.counts()
    assert counts["lights refused"] > 1000 and counts["lights errors"] == 0
    assert len(rig.lights._heard) <= 64
    assert rig.lights.last_error


def test_only_those_who_may_send_are_heard() -> None:
    rig = Rig(allow=("10.1.0.0/16",))
    rig.send(art_dmx(b"\x10\0"), "artnet", "10.2.0.1")
    rig.tick()
    assert rig.table.value("out/level") == 1.0 and "10.2.0.1" in rig.lights.last_error
    rig.send(art_dmx(b"\x10\0"), "artnet", "10.1.200.3")
    rig.tick()
    assert rig.table.value("out/level") == pytest.approx(16 / 255)
    with pytest.raises(DeviceError, match="addresses"):
        Rig(allow=("the desk",))


def test_a_port_that_is_taken_is_said() -> None:
    first, second = Rig(), Rig()
    first.lights.open(first.take)
    second.lights.ports[:] = [first.lights.ports[0], 0]
    second.lights.open(second.take)
    assert len(second.lights.problems) == 1 and "Art-Net cannot listen" in second.lights.problems[0]
    for rig in (first, second):
        rig.lights.close()
        rig.lights.close()


def test_the_highest_priority_counts_and_the_highest_level_among_equals() -> None:
    universe = Universe()

    def say(source: str, level: int, sequence: int, priority: int = 100, ended: bool = False) -> bool:
        return universe.take(Levels(1, source, dmx(level), sequence, priority, ended), now)

    now = 10.0
    assert say("a", 100, 5) and say("b", 60, 5)
    assert universe.look(now) and universe.channels[0] == 100
    assert say("c", 20, 200, priority=150)
    assert universe.look(now) and universe.channels[0] == 20
    assert not say("c", 99, 199, priority=150) and not say("c", 99, 200, priority=150)  # late, and said twice
    assert say("c", 30, 255, priority=150) and say("c", 40, 3, priority=150)  # round the end
    assert say("c", 0, 0, priority=150, ended=True)
    assert universe.look(now) and universe.channels[0] == 100
    now += SACN_LOST_S / 2
    assert say("b", 61, 6)
    now += SACN_LOST_S / 2 + 0.1
    assert universe.look(now) and universe.channels[0] == 61 and universe.trust(now) == 1.0
    assert all(say(f"more {n}", 1, 0) for n in range(7)) and not say("one too many", 1, 0)
    now += 60.0
    assert not universe.look(now) and not universe.fresh
    assert universe.trust(now) == 1.0 and universe.trust(now + FADE_S) == 0.0
    assert say("b", 7, 6)  # after so long even the same number is news


def test_where_a_desk_stands_as_it_comes_is_taken_and_nothing_is_pressed(rig: Rig) -> None:
    rig.send(sacn_packet(dmx(128, 0, 0, 0, 255)))
    rig.tick()
    assert rig.table.value("out/level") == pytest.approx(128 / 255) and rig.table.value("tempo/tap") == 0
    for n, level in enumerate((0, 255, 255, 0, 200)):
        rig.send(sacn_packet(dmx(128, 0, 0, 0, level), sequence=n + 1))
        rig.tick()
    assert rig.table.value("tempo/tap") == 2
    rig.table.set("out/level", 0.9)  # by another hand: it has it until the desk moves
    rig.send(sacn_packet(dmx(128), sequence=9))
    rig.tick()
    assert rig.table.value("out/level") == 0.9


@pytest.mark.parametrize("lost", ["hold", "rest"])
def test_a_desk_that_is_gone(lost: str) -> None:
    rig = Rig(lost=lost)
    rig.send(art_dmx(dmx(51, 255, 0, 0, 0, 255)), "artnet")
    assert rig.tick()["dmx/1/6"] == 1.0
    assert rig.table.value("out/level") == pytest.approx(0.2) and rig.table.value("out/blackout") is True
    rig.tick(ARTNET_LOST_S + 0.1)
    assert 0.0 <= rig.tick(FADE_S / 2)["dmx/1/6"] < 0.6
    assert rig.tick(FADE_S)["dmx/1/6"] == 0.0
    if lost == "hold":
        assert rig.table.value("out/level") == pytest.approx(0.2) and rig.table.value("out/blackout") is True
    else:
        assert rig.table.value("out/level") == 1.0 and rig.table.value("out/blackout") is False
    rig.table.set("out/level", 0.7)
    rig.send(art_dmx(dmx(51, 0, 0, 0, 0, 255)), "artnet")
    rig.tick()
    assert rig.table.value("out/level") == pytest.approx(0.2)  # it is back, and says where it stands


def test_a_fader_is_learnt(rig: Rig) -> None:
    rig.send(sacn_packet(dmx(0, 0, 0, 0, 0, 0, 0)))
    rig.tick()
    rig.table.add((Param("learn/target", "text", "macro/1"),))
    rig.learning.settle(rig.table.base())
    for n in range(1, 20):
        rig.send(sacn_packet(dmx(n % 2, 0, 0, 0, 0, 0, 12 * n), sequence=n))
        rig.tick()
    rig.now += 1.0
    rig.learning.decide(rig.now)
    assert rig.table.value("out/level") == 0.0  # it stood at 0 as it came; what is moved to learn moves nothing
    rig.send(sacn_packet(dmx(0, 0, 0, 0, 0, 0, 102), sequence=40))
    rig.tick()
    assert rig.table.value("macro/1") == pytest.approx(0.4)


def test_the_fixture_is_put_at_its_place() -> None:
    placed = shifted(MAP, 3, 510)
    assert [b.control for b in placed.bindings] == ["dmx/3/510", "dmx/3/511"]
    assert [b.control for b in shifted(MAP, 1, 1).bindings] == [b.control for b in MAP.bindings]


def test_a_flood_of_channels_stays_cheap_to_look_at(rig: Rig) -> None:
    everything = np.arange(512) % 255 + 1
    for universe in range(1, 65):
        rig.send(sacn_packet(bytes(everything.astype(np.uint8)), universe=universe))
    rig.send(sacn_packet(dmx(1), universe=65))
    assert len(rig.tick()) <= 2048 + 512 and "more than 64" in rig.lights.last_error
