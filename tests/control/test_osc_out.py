"""What is told by OSC: to whom, in which form, how often, and not back into the hand that moves it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from osc_ear import ROWS, Settled

from perform.control.osc_gate import Limits, read_packet
from perform.control.osc_out import AGAIN_S, HAND_RESTS_S, OscOut
from perform.core.errors import DeviceError, UsageError
from perform.core.params import ParamTable
from perform.core.types import ControlEvent
from perform.osc_targets import GROUPS, PLAIN, check_also, out_targets, parse_out

RATE_HZ = 20.0
ALSO = {"/composition/layers/1/video/opacity": "audio/level", "/composition/master": "deck/a/source/seed",
        "/composition/none": "no/such"}  # fmt: skip


class Room:
    """One listener, a table and a clock that stands until it is moved."""

    def __init__(self, *groups: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.table, self.now_s = ParamTable(ROWS), 0.0
        self.signals = {"audio/level": 0.5, "beat/phase": 0.0}
        place = self.socket.getsockname()
        self.out = OscOut([(*place, frozenset(groups))], RATE_HZ, self.table, signals=lambda: self.signals,
                          health=lambda: {"fps": 60.0}, clock=lambda: self.now_s, also=ALSO)  # fmt: skip

    def step(self, seconds: float = 1.0 / RATE_HZ) -> dict[str, tuple]:
        self.now_s += seconds
        self.out.step(self.now_s)
        return self.got()

    def got(self) -> dict[str, tuple]:
        found = {}
        while True:
            try:
                data = self.socket.recv(4096)
            except BlockingIOError:
                return found
            found.update((m.address.removeprefix("/perform/"), m.arguments) for m in read_packet(data, Limits()))

    def close(self) -> None:
        self.out.close()
        self.socket.close()


@pytest.fixture
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    opened = Room(*request.param)
    yield opened
    opened.close()


@pytest.mark.parametrize("room", [["values"]], indirect=True)
def test_values_go_out_when_they_change_in_their_own_kind(room: Room) -> None:
    first = room.step()
    assert first["deck/a/source/walk"] == ("hold",) and first["out/blackout"] == (False,)
    assert first["deck/a/fx/bloom/tint"] == (1.0,) * 4 and first["deck/a/source/prompt_1"] == ("",)
    assert "out/panic" not in first, "a count would pull the trigger of whoever reads it"
    room.table.set("deck/a/source/psi", 0.25)
    assert room.step()["deck/a/source/psi"] == (0.25,)
    told = [len(room.step()) for _ in range(int(AGAIN_S * RATE_HZ))]
    assert max(told) <= 1 and sum(told) >= len(ROWS) - 2, "all is told again, by turns"


@pytest.mark.parametrize("room", [["floats"]], indirect=True)
def test_floats_are_what_a_chop_can_take(room: Room) -> None:
    first = room.step()
    assert all(len(said) == 1 and type(said[0]) is float for said in first.values())
    assert {"deck/a/fx/bloom/tint/r", "deck/a/fx/bloom/tint/a", "deck/a/fx/mirror/centre/y", "out/blackout"} <= set(
        first
    )
    assert "deck/a/source/prompt_1" not in first
    room.table.set("deck/a/source/walk", "orbit")
    assert room.step()["deck/a/source/walk"] == (2.0,)


@pytest.mark.parametrize("room", [["features", "health"]], indirect=True)
def test_features_at_their_rate_and_health_once_a_second(room: Room) -> None:
    assert room.step() == {"signal/audio/level": (0.5,), "signal/beat/phase": (0.0,), "health/fps": (60.0,)}
    assert room.step() == {}
    room.signals = {"audio/level": 0.5, "beat/phase": 0.25, "midi/cc/1": float("nan")}
    assert room.step() == {"signal/beat/phase": (0.25,)}
    assert room.out.counts()["osc out refused"] == 1
    assert "health/fps" in room.step(1.0)


@pytest.mark.parametrize("room", [["also"]], indirect=True)
def test_other_programs_are_told_at_their_own_addresses(room: Room) -> None:
    assert room.step() == {"/composition/layers/1/video/opacity": (0.5,), "/composition/master": (0.0,)}
    room.table.set("deck/a/source/seed", 500)
    assert room.step() == {"/composition/master": (0.5,)}
    assert check_also(ALSO) == ALSO
    for wrong in ({"composition": "a"}, {"/a b": "a"}, {"/a*": "a"}, {"/a": 3}, ["/a"], {"/ü": "a"}):
        with pytest.raises(UsageError, match="also"):
            check_also(wrong)


@pytest.mark.parametrize("room", [["values"]], indirect=True)
def test_a_hand_is_not_pulled_at_and_then_told_where_it_stands(room: Room) -> None:
    room.step()
    for n in range(10):
        room.table.set("deck/a/source/psi", n / 10)
        room.out.heard(ControlEvent("deck/a/source/psi", n / 10, room.now_s, "osc"), ("127.0.0.1", 50_000))
        assert "deck/a/source/psi" not in room.step()
    room.table.set("out/freeze", True)
    assert "out/freeze" in room.step()
    said = room.step(2.0 * HAND_RESTS_S)
    assert said["deck/a/source/psi"] == (pytest.approx(0.9),)
    room.out.heard(ControlEvent("deck/a/source/psi", 0.0, room.now_s, "osc"), ("10.0.0.7", 50_000))
    room.table.set("deck/a/source/psi", 0.0)
    assert "deck/a/source/psi" in room.step(), "another's hand"


@pytest.mark.parametrize("room", [["features"]], indirect=True)
def test_what_came_and_went_is_forgotten(room: Room) -> None:
    for night in range(50):
        room.signals = {f"osc/{night}/{n}": 0.5 for n in range(20)}
        assert len(room.step()) == 20
    assert len(room.out._sources._told) <= 3 * 20 + 100


@pytest.mark.parametrize("room", [["values", "features"]], indirect=True)
def test_it_tells_by_itself_and_stops(room: Room) -> None:
    room.out.open(lambda *events: None)
    ends_s = time.monotonic() + 10.0
    seen: dict[str, tuple] = {}
    while "deck/a/source/psi" not in seen or "signal/audio/level" not in seen:
        assert time.monotonic() < ends_s
        seen.update(room.got())
        room.table.set("out/freeze", not room.table.value("out/freeze"))
        time.sleep(0.01)
    room.out.close()
    room.out.close()
    room.got()
    time.sleep(2.0 / RATE_HZ)
    assert not room.got()


def test_two_shows_that_tell_each_other_come_to_rest() -> None:
    now, shows = [0.0], [Settled(), Settled()]
    outs = []
    for show in shows:
        show.server.open(show.post)
    for show, other in (shows, shows[::-1]):
        outs.append(OscOut([("127.0.0.1", other.server.port, frozenset({"floats"}))], RATE_HZ, show.table, signals=dict,
                           health=dict, clock=lambda: now[0]))  # fmt: skip
        show.server.said = outs[-1].heard
    try:
        shows[0].table.set("deck/a/source/psi", 0.1)
        shows[1].table.set("deck/a/fx/mirror/centre", (0.3, 0.7))
        sent = []
        for _ in range(120):
            now[0] += 1.0 / RATE_HZ
            before = sum(out.counts()["osc out sent"] for out in outs)
            for out in outs:  # both at once, so that each takes what the other had
                out.step(now[0])
            time.sleep(0.005)
            for show in shows:
                show.settle()
            sent.append(sum(out.counts()["osc out sent"] for out in outs) - before)
        for path in ("deck/a/source/psi", "deck/a/fx/mirror/centre", "deck/a/source/walk"):
            assert shows[0].table.value(path) == pytest.approx(shows[1].table.value(path))
        assert max(sent[-10:]) <= 6, sent  # what is told again by turns
    finally:
        for part in (*outs, *(show.server for show in shows)):
            part.close()


def test_targets_name_their_groups() -> None:
    assert parse_out("127.0.0.1:9001") == ("127.0.0.1", 9001, PLAIN)
    assert parse_out("[::1]:9001=floats, beat").groups == {"floats", "beat"}
    assert parse_out("desk:9001=all").groups == set(GROUPS) - {"floats"}
    assert parse_out("desk:9001=all,floats").groups == set(GROUPS) - {"floats"}
    assert "values" not in PLAIN, "two shows that tell each other must not steer each other unasked"
    for wrong in ("9001", "desk:9001=", "desk:9001=sun", "=beat", "desk:0=beat"):
        with pytest.raises(UsageError, match="OSC target"):
            parse_out(wrong)
    both = out_targets(["a:1=beat", "b:2"], ["a:1", "c:3"])
    assert {(t.host, *sorted(t.groups)) for t in both} == {
        ("a", "beat", "notices"), ("b", *sorted(PLAIN)), ("c", "notices"),
    }  # fmt: skip
    with pytest.raises(DeviceError):
        OscOut([("no.such.host.", 1, PLAIN)], 30.0, ParamTable(), signals=dict, health=dict, clock=lambda: 0.0)
