"""The desk: devices, layers of maps, feedback without echoes, learning through rows, panic."""

from __future__ import annotations

from pathlib import Path

import pytest

from perform.control.learning import PARAMS
from perform.control.midi_bind import Bound
from perform.control.midi_desk import MidiDesk
from perform.control.midi_feedback import MOST_AT_ONCE, QUIET_S, Lamp, messages, shown
from perform.control.midi_map import Binding, Profile, read_map
from perform.core.params import Param, ParamTable
from perform.core.types import ControlEvent

ROWS = (*(Param(f"macro/{n}", "float", 0.0) for n in range(1, 9)), Param("out/blackout", "bool", False),
        Param("out/panic", "trigger", False), Param("preset/recall", "text", ""))  # fmt: skip
BOX = Profile("box", match=("box",), hello=((0xF0, 1, 0xF7),), bye=((0xF0, 2, 0xF7),), bindings=(
    Binding("cc/1/7", "macro/1", takeover="jump"), Binding("note/1/36", "out/blackout", on=5, off=3),
))  # fmt: skip


class Desk:
    """A desk whose events reach a table, as the engine would do it."""

    def __init__(self, tmp_path: Path, **more: object) -> None:
        self.table = ParamTable(ROWS)
        self.table.add(PARAMS, "learn")
        self.now = 100.0
        self.sent: list[tuple[str, list[int]]] = []
        self.events: list[ControlEvent] = []
        self.over: list[Binding] | None = None
        self.desk = MidiDesk(
            lambda path: self.table[path] if path in self.table else None, lambda path: self.table.base().get(path),
            lambda name, message: self.sent.append((name, message)) is None, lambda: self.now,
            profiles=[BOX], keep_in=tmp_path / "midi_map.toml", look=self._look, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        self.desk.post = self.desk.learning.post = self.take

    def _look(self) -> list[Binding] | None:
        over, self.over = self.over, None
        return over

    def take(self, event: ControlEvent) -> None:
        self.events.append(event)
        self.table.set(event.address, event.value)

    def play(self, *data: list[int], device: str = "box 1", gap_s: float = 0.3) -> None:
        for message in data:
            self.now += gap_s
            self.desk.message(device, message, self.now)

    def tick(self, seconds: float = 1.0) -> list[tuple[str, list[int]]]:
        """Let time pass: the engine settles, the feedback goes round. What was sent."""
        self.sent.clear()
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            self.desk.learning.settle(self.table.base())
            self.desk.feedback.between(self.now)
            self.desk.feedback.round(self.now)
        return list(self.sent)


@pytest.fixture
def rig(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.desk.plugged("box 1", True)
    return desk


def test_a_known_device_works_as_it_is_plugged_in_and_is_told_the_state(rig: Desk) -> None:
    assert rig.sent == [("box 1", [0xF0, 1, 0xF7])]
    rig.table.set("macro/1", 1.0)
    assert rig.tick() == [("box 1", [0xB0, 7, 127]), ("box 1", [0x90, 36, 3])]
    rig.play([0xB0, 7, 64], [0x90, 36, 100])
    assert rig.table.value("macro/1") == pytest.approx(64 / 127) and rig.table.value("out/blackout") is True
    assert ("box 1", [0x90, 36, 5]) in rig.tick()
    rig.desk.close()
    assert rig.sent[-1] == ("box 1", [0xF0, 2, 0xF7])


def test_two_devices_are_kept_apart_and_one_that_comes_back_is_told_all(rig: Desk) -> None:
    rig.desk.plugged("box 2", True)
    rig.tick()
    rig.play([0xB0, 7, 100], device="box 2")
    sent = rig.tick()
    assert ("box 1", [0xB0, 7, 100]) in sent  # the other's motor follows
    rig.desk.plugged("box 1", False)
    assert rig.tick() == []
    rig.desk.plugged("box 1", True)
    assert {name for name, _ in rig.tick()} == {"box 1"} and ("box 1", [0xB0, 7, 100]) in rig.sent


def test_no_message_goes_to_a_dial_under_the_hand_and_none_comes_back_as_an_echo(rig: Desk) -> None:
    rig.tick()
    rig.play([0xB0, 7, 90])
    rig.sent.clear()
    rig.now += QUIET_S / 2
    rig.desk.feedback.round(rig.now)
    assert rig.sent == []
    assert rig.tick() == [("box 1", [0xB0, 7, 90])]
    rig.table.set("macro/1", 0.2)  # by another hand: the motor goes there, and says so
    rig.now += 0.05
    rig.desk.feedback.round(rig.now)
    before = len(rig.events)
    rig.play([0xB0, 7, round(0.2 * 127)], gap_s=0.02)
    assert len(rig.events) == before and rig.desk.counted["echoes"] == 1
    assert rig.table.value("macro/1") == pytest.approx(0.2)


def test_a_flood_of_changes_is_spread_over_rounds() -> None:
    desk = Desk(Path())
    many = [Binding(f"cc/{c}/{n}", "macro/1") for c in range(1, 3) for n in range(40)]
    desk.desk.own = many
    desk.desk.plugged("box 1", True)
    desk.sent.clear()
    rounds = [desk.desk.feedback.round(200.0 + n) for n in range(6)]
    assert max(rounds) <= MOST_AT_ONCE and sum(rounds) == 81 and len({tuple(m) for _, m in desk.sent}) == 81


def test_learning_by_rows_is_kept_in_the_file_and_says_what_it_replaced(rig: Desk, tmp_path: Path) -> None:
    rig.tick()
    rig.table.set("learn/target", "macro/3")
    rig.tick(0.1)
    before = rig.table.value("macro/1")
    rig.play(*([0xB0, 7, value] for value in range(10, 60)), gap_s=0.005)
    rig.tick()
    assert rig.table.value("macro/1") == before  # what is moved to be learnt moves nothing
    assert rig.table.value("learn/last") == "cc/1/7 of box 1 steers macro/3" and rig.table.value("learn/target") == ""
    found, problems = read_map(tmp_path / "midi_map.toml")
    assert found == [Binding("cc/1/7", "macro/3", device="box 1")] and not problems
    rig.play([0xB0, 7, 0], [0xB0, 7, 127])
    assert rig.table.value("macro/3") == 1.0 and rig.table.value("macro/1") == before
    rig.table.set("learn/target", "macro/4")
    rig.tick(0.1)
    rig.play(*([0xB0, 7, value] for value in range(10, 60)), gap_s=0.005)
    rig.tick()
    assert rig.table.value("learn/last") == "cc/1/7 of box 1 steers macro/4, and no longer macro/3"
    rig.table.set("learn/forget", "macro/4")
    rig.tick()
    assert read_map(tmp_path / "midi_map.toml")[0] == [] and rig.table.value("learn/forget") == ""
    rig.play([0xB0, 7, 33])
    assert rig.table.value("macro/1") == pytest.approx(33 / 127)  # the profile's again


def test_buttons_and_encoders_are_learnt_as_what_they_are(rig: Desk) -> None:
    for target, data, mode in (
        ("out/blackout", ([0xB0, 41, 127], [0xB0, 41, 0]), "toggle"),
        ("macro/2", [[0xB0, 20, 65]] * 4 + [[0xB0, 20, 63]] * 4, "offset"),
    ):
        rig.table.set("learn/target", target)
        rig.tick(0.1)
        rig.play(*data, gap_s=0.01)
        rig.tick()
        assert rig.desk.own[-1].target == target and rig.desk.own[-1].mode == mode
    rig.play([0xB0, 41, 127], [0xB0, 41, 0])
    assert rig.table.value("out/blackout") is True


def test_learning_can_be_called_off_and_nonsense_is_refused(rig: Desk) -> None:
    rig.table.set("learn/target", "no/such")
    rig.tick()
    assert "no parameter" in str(rig.table.value("learn/last")) and rig.table.value("learn/target") == ""
    rig.table.set("learn/target", "macro/3")
    rig.tick(0.1)
    rig.table.set("learn/cancel", True)
    rig.tick(0.2)
    assert not rig.desk.learning.armed and rig.table.value("learn/last") == "nothing was learnt"
    assert rig.table.value("learn/target") == ""


def test_the_looks_own_map_goes_before_the_users_and_the_profiles(rig: Desk) -> None:
    rig.desk.own = [Binding("note/1/36", "preset/recall", value="day")]
    rig.over = [Binding("cc/1/7", "macro/8", takeover="jump")]
    rig.tick()
    rig.play([0xB0, 7, 127], [0x90, 36, 1])
    assert rig.table.value("macro/8") == 1.0 and rig.table.value("macro/1") == 0.0
    assert rig.table.value("preset/recall") == "day" and rig.table.value("out/blackout") is False
    rig.over = []
    rig.tick()
    rig.play([0xB0, 7, 100])
    assert rig.table.value("macro/1") == pytest.approx(100 / 127)


def test_all_notes_off_is_one_panic_and_never_a_second(tmp_path: Path) -> None:
    calm = [False]
    desk = Desk(tmp_path, calm=lambda: calm[0])
    desk.play(*([0xB0 | channel, 123, 0] for channel in range(16)), gap_s=0.001)
    assert desk.table.value("out/panic") == 1
    calm[0] = True  # the engine has suspended its routes
    desk.play([0xB0, 120, 0], gap_s=5.0)
    assert desk.table.value("out/panic") == 1
    off = Desk(tmp_path, panic=False)
    off.play([0xB0, 123, 0])
    assert off.table.value("out/panic") == 0


def test_controls_are_sources_and_messages_are_remembered(rig: Desk) -> None:
    rig.play([0xB0, 20, 127], [0x90, 60, 127], [0x80, 60, 0], device="keys")
    assert rig.desk.signals()["midi/cc/1/20"] == 1.0 and rig.desk.signals()["midi/note/1/60"] == 0.0
    for _ in range(300):
        rig.play([0xB0, 20, 1], gap_s=0.001)
    assert len(rig.desk.monitor) == 200 and rig.desk.monitor[-1][1:] == ("box 1", "in", (0xB0, 20, 1))


def test_what_a_control_is_shown() -> None:
    def told(binding: Binding, param: Param, value: object) -> int | None:
        return shown(Bound(binding, lambda _: None), param, value)  # type: ignore[arg-type]

    level = Param("x", "float", 0.0)
    assert told(Binding("cc/1/7", "x"), level, 0.5) == 64
    assert told(Binding("cc/1/7", "x", lo=0.5, hi=1.0), level, 0.75) == 64
    assert told(Binding("cc/1/7", "x", scale=13), level, 1.0) == 13
    assert told(Binding("pitch/1", "x"), level, 1.0) == 16383
    assert told(Binding("note/1/7", "x", on=21, off=1), level, 1.0) == 21
    look = Param("x", "choice", "a", choices=("a", "b"))
    assert [told(Binding("note/1/7", "x", value="b", on=5, off=1), look, v) for v in ("a", "b")] == [1, 5]
    assert told(Binding("note/1/7", "x", off=3), Param("x", "trigger", False), 7) == 3
    assert told(Binding("cc/1/7", "x"), Param("x", "text", ""), "t") is None
    assert messages("cc14/2/7", 8193) == [[0xB1, 7, 64], [0xB1, 39, 1]]
    assert messages("nrpn/1/300", 130) == [[0xB0, 99, 2], [0xB0, 98, 44], [0xB0, 6, 1], [0xB0, 38, 2]]
    assert messages("pitch/3", 8192) == [[0xE2, 0, 64]]


def test_a_lamp_with_no_feedback_is_left_alone() -> None:
    desk = Desk(Path())
    desk.desk.feedback.set_lamps([Lamp("box 1", Bound(Binding("cc/1/1", "macro/1", feedback="off"), lambda _: 0.0))])
    assert desk.desk.feedback.round(1.0) == 0
