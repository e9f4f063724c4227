"""Keys, pads and their maps: what a press does, in layers, learnt live and kept; what is wrong is said and left out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.content import HAND_MAPS, shipped
from perform.control.controls import check_control, is_button, nth_control
from perform.control.hand_desk import REPEAT_AFTER_S, HandDesk
from perform.control.hand_map import Axis, HandMap, read_hand_map
from perform.control.keyboard import Hands
from perform.control.learning import PARAMS, Learning
from perform.control.midi_map import Binding, read_map
from perform.core.curves import NAMES
from perform.core.params import Param, ParamTable
from perform.core.types import ControlEvent, Value
from perform.listing import listed

ROWS = (
    *(Param(f"macro/{n}", "float", 0.0) for n in range(1, 9)), Param("out/blackout", "bool", False),
    Param("out/freeze", "bool", False), Param("out/level", "float", 1.0), Param("tempo/tap", "trigger", False),
    Param("deck/a/source/prompt_1", "text", ""), Param("deck/a/source/order", "int", 3, 0, 9),
    Param("mix/transition", "choice", "fade", choices=("fade", "over", "wipe")),
)  # fmt: skip


class Player:
    """Hands whose events reach a table, as the engine would do it."""

    def __init__(self, *bindings: Binding, maps: tuple[HandMap, ...] = (), keep_in: Path | None = None) -> None:
        self.table = ParamTable(ROWS)
        self.table.add(PARAMS, "learn")
        self.now, self.asked = 10.0, []

        def row(path: str) -> Param | None:
            return self.table[path] if path in self.table else None

        self.row, self.value = row, self.table.value
        self.learning = Learning(row, lambda: self.now)
        self.desk = HandDesk(
            row, lambda path: self.table.base().get(path), self.learning, maps=(HandMap(bindings), *maps),
            keep_in=keep_in,
        )  # fmt: skip
        self.hands = Hands(self.desk, {})
        self.desk.post = self.learning.post = self.take

    def take(self, event: ControlEvent) -> None:
        self.asked.append((event.address, event.value, event.origin))
        if event.address in self.table:
            self.table.set(event.address, event.value)

    def say(self, address: str, value: Value) -> bool:
        return self.hands.event(ControlEvent(address, value, self.now, "keyboard"))

    def press(self, name: str, held_s: float = 0.0) -> None:
        self.say(name, True)
        self.tick(held_s)
        self.say(name, False)
        self.tick(0.3)

    def tick(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.hands.signals(self.now)
            self.learning.settle(self.table.base())
            self.learning.decide(self.now)

    def learn(self, target: str) -> None:
        self.table.set("learn/target", target)
        self.tick(0.1)


def test_a_press_toggles_fires_sets_and_writes() -> None:
    player = Player(
        Binding("key/b", "out/blackout", mode="toggle"), Binding("key/t", "tempo/tap"),
        Binding("key/5", "macro/1", value=0.5), Binding("key/shift+b", "out/freeze", mode="toggle"),
        Binding("key/1", "deck/a/source/prompt_1", value="a red lamp"), Binding("key/q", "quit"),
        Binding("char/?", "mix/transition", value="wipe"),
    )  # fmt: skip
    for key in ("key/b", "key/t", "key/t", "key/5", "key/1", "key/q", "char/?", "key/unknown"):
        player.press(key)
    value = player.value
    assert (value("out/blackout"), value("tempo/tap"), value("macro/1")) == (True, 2, 0.5)
    assert value("deck/a/source/prompt_1") == "a red lamp" and value("mix/transition") == "wipe"
    assert ("quit", True, "keyboard") in player.asked and value("out/freeze") is False
    player.press("key/b")
    player.press("key/shift+b")
    assert value("out/blackout") is False and value("out/freeze") is True
    assert not player.say("midi/x", 1) and player.say("key/anything", True)


def test_what_is_held_holds_repeats_and_runs_on() -> None:
    player = Player(
        Binding("key/g", "out/freeze", mode="gate"), Binding("key/v", "out/level", mode="gate", value=0.25),
        Binding("key/up", "macro/1", mode="step", step=0.1), Binding("key/down", "macro/1", mode="step", step=-0.1),
        Binding("key/w", "mix/transition", mode="step", step=0.1), Binding("key/e", "deck/a/source/order", mode="step"),
        Binding("key/right", "macro/2", mode="rate", step=0.5), Binding("key/d", "deck/a/source/order", mode="rate",
                                                                        step=-0.2),
    )  # fmt: skip
    player.say("key/g", True)
    player.say("key/v", True)
    assert player.value("out/freeze") is True and player.value("out/level") == 0.25
    player.say("key/g", False)
    player.tick(0.5)
    player.say("key/v", False)
    assert player.value("out/freeze") is False and player.value("out/level") == 1.0
    for _ in range(3):
        player.press("key/up")
    player.press("key/down")
    assert player.value("macro/1") == pytest.approx(0.2)
    player.press("key/w")
    assert player.value("mix/transition") == "over"
    for _ in range(4):
        player.press("key/e")
    assert player.value("deck/a/source/order") == 4  # a quarter of one each: fine steps add up
    before = player.value("macro/1")
    player.press("key/up", held_s=REPEAT_AFTER_S + 0.2)
    assert player.value("macro/1") >= before + 0.25
    player.press("key/right", held_s=1.0)
    assert player.value("macro/2") == pytest.approx(0.5, abs=0.03)
    player.press("key/d", held_s=1.0)
    assert player.value("deck/a/source/order") in (2, 3)
    still = player.table.base().copy()
    player.tick(1.0)
    assert player.table.base() == still  # nothing is held any more


def test_the_nearest_map_has_the_whole_of_a_control_and_can_free_it() -> None:
    far = HandMap((Binding("key/b", "out/blackout", mode="toggle"), Binding("key/f", "out/freeze", mode="toggle"),
                   Binding("pad/a", "tempo/tap")))  # fmt: skip
    player = Player(Binding("key/b", "none"), maps=(far,))
    player.press("key/b")
    player.press("key/f")
    assert player.value("out/blackout") is False and player.value("out/freeze") is True
    clean = HandMap((Binding("key/t", "tempo/tap"),), clean=True)
    player = Player(maps=(clean, far))
    for key in ("key/b", "key/f", "key/t"):
        player.press(key)
    player.say("pad/a", 1.0)
    assert player.value("out/freeze") is False and player.value("tempo/tap") == 2


def test_a_parameter_that_is_gone_while_held_leaves_nothing_stuck() -> None:
    player = Player(Binding("key/v", "deck/a/source/order", mode="gate", value=7))
    player.say("key/v", True)
    assert player.value("deck/a/source/order") == 7
    row = player.table["deck/a/source/order"]
    player.table.remove("deck/a/source")
    player.say("key/v", False)
    player.table.add((row,))
    player.tick(0.5)
    player.say("key/v", True)
    assert player.value("deck/a/source/order") == 7
    player.say("key/v", False)
    assert player.value("deck/a/source/order") == 3


def test_other_maps_in_mid_press_let_go_of_what_is_held() -> None:
    player = Player(Binding("key/g", "out/freeze", mode="gate"), Binding("key/b", "out/blackout", mode="gate"))
    player.say("key/g", True)
    player.say("key/b", True)
    player.desk.set_maps([HandMap((Binding("key/b", "out/blackout", mode="gate"), Binding("key/t", "tempo/tap")))])
    assert player.value("out/freeze") is False and player.value("out/blackout") is True
    player.say("key/b", False)
    player.press("key/t")
    assert player.value("out/blackout") is False and player.value("tempo/tap") == 1


def test_a_map_without_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text('[[control]]\ncontrol = "dmx/1/1"\ntarget = "macro/1"\ncount = 128\n' * 200)
    found, problems = read_hand_map(path)
    assert len(found.bindings) == 4096 and len(problems) == 1 and "at most" in problems[0]


def test_learning_by_a_press_is_live_and_kept(tmp_path: Path) -> None:
    keep = tmp_path / "deep" / "hand_map.toml"
    player = Player(Binding("key/b", "out/blackout", mode="toggle"), keep_in=keep)
    player.learn("out/freeze")
    player.say("key/left_shift", True)  # on the way to the key that is meant
    player.press("key/shift+y")
    player.tick(1.0)
    assert player.value("learn/last") == "key/shift+y steers out/freeze" and player.value("learn/target") == ""
    player.press("key/shift+y")
    assert player.value("out/freeze") is True
    player.learn("macro/4")
    player.press("key/b")
    player.tick(1.0)
    assert player.value("out/blackout") is False  # what is pressed to be learnt does nothing else
    assert player.value("learn/last") == "key/b steers macro/4, and no longer out/blackout"
    player.desk.close()
    assert [(b.control, b.target, b.mode) for b in read_map(keep)[0]] == [
        ("key/shift+y", "out/freeze", "toggle"), ("key/b", "macro/4", "auto"),
    ]  # fmt: skip
    player.table.set("learn/forget", "macro/4")
    player.tick(0.1)
    player.press("key/b")
    assert player.value("out/blackout") is True
    player.learn("macro/1")
    player.press("key/escape")
    assert not player.learning.armed and player.value("learn/last") == "nothing was learnt"
    player.desk.close()


def test_a_map_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    player = Player(keep_in=tmp_path / "file" / "hand_map.toml")
    player.learn("macro/1")
    player.press("key/k")
    player.tick(1.0)
    player.desk.close()
    assert "cannot be written" in player.desk.last_error
    player.press("key/k")
    assert ("macro/1", 1.0, "keyboard") in player.asked  # it works all the same


def test_a_stick_is_felt_is_a_source_and_pushes_a_value_along() -> None:
    player = Player(Binding("pad/left_x", "macro/1", mode="rate", step=1.0),
                    Binding("pad/right_trigger", "macro/3", takeover="jump"),
                    Binding("pad/right_x", "macro/2", takeover="jump"),
                    Binding("pad/2/a", "out/freeze", mode="gate"))  # fmt: skip
    assert player.hands.signals(player.now) == {}  # no pad, no sources
    player.say("pad_here/1", "A Pad")
    player.say("pad_here/2", "Another")
    assert player.hands.signals(player.now)["pad/2/left_trigger"] == 0.0
    player.say("pad/left_x", 0.1)
    player.tick(0.5)
    assert player.value("macro/1") == 0.0 and player.hands.signals(player.now)["pad/left_x"] == 0.0
    player.say("pad/left_x", 1.0)
    player.tick(0.5)
    assert player.value("macro/1") == pytest.approx(0.5, abs=0.05)
    player.say("pad/left_x", -0.56)
    assert player.hands.signals(player.now)["pad/left_x"] == pytest.approx(-0.25)  # square, beyond the dead zone
    player.tick(0.4)
    assert player.value("macro/1") == pytest.approx(0.4, abs=0.05)
    player.say("pad/right_trigger", 1.0)
    player.say("pad/right_x", -1.0)
    player.say("pad/2/a", 1.0)
    assert (player.value("macro/3"), player.value("macro/2"), player.value("out/freeze")) == (1.0, 0.0, True)
    player.say("pad_here/2", "")
    player.say("pad_here/1", "")
    before = player.value("macro/1")
    player.tick(1.0)
    assert player.value("out/freeze") is False and player.value("macro/1") == before
    assert not any(player.hands.signals(player.now).values())


def test_a_stick_is_learnt_and_beats_a_trembling_one() -> None:
    player = Player()
    player.say("pad_here/1", "A Pad")
    player.learn("macro/5")
    for n in range(20):
        player.say("pad/right_x", n / 20)
        player.say("pad/left_y", 0.15 + 0.01 * (n % 2))
    player.tick(1.0)
    assert player.value("learn/last") == "pad/right_x steers macro/5"
    player.say("pad/right_x", 1.0)
    assert player.value("macro/5") == 1.0


@given(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2), st.builds(Axis, st.floats(0.0, 0.9), st.sampled_from(NAMES)))
def test_an_axis_is_odd_monotone_and_full_at_its_end(a: float, b: float, axis: Axis) -> None:
    low, high = sorted((a, b))
    assert -1.0 <= axis.felt(low) <= axis.felt(high) <= 1.0
    assert axis.felt(-a) == pytest.approx(-axis.felt(a))
    assert axis.felt(1.0) == pytest.approx(1.0) and axis.felt(axis.dead_zone) == 0.0
    assert axis.felt(math.nan) == 0.0


def test_the_help_tells_what_things_do_and_how_they_stand() -> None:
    player = Player(Binding("key/b", "out/blackout", mode="toggle", name="blackout"), Binding("key/5", "macro/1"),
                    Binding("key/n", "none"), Binding("key/9", "deck/b/source/glow", name="glow"),
                    Binding("pad/a", "tempo/tap", name="tap"))  # fmt: skip
    player.press("key/b")
    sheet = dict(player.hands.sheet(player.row, player.value))
    assert sheet == {"Keys": (("key/b", "blackout", "on"), ("key/5", "macro/1", "0.00"))}
    player.say("pad_here/1", "A Pad")
    assert dict(player.hands.sheet(player.row, player.value))["A Pad"] == (("pad/a", "tap", ""),)


def test_wrong_entries_are_said_and_the_rest_holds(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        'colour = 1\n[[control]]\ncontrol = "key/b"\ntarget = "out/blackout"\nmode = "toggle"\n'
        '[[control]]\ncontrol = "key/B b"\ntarget = "x"\n'
        '[[control]]\ncontrol = "key/c"\ntarget = "x"\nmode = "magic"\n'
        '[[control]]\ncontrol = "pad/wheel"\ntarget = "x"\n'
        '[[control]]\ncontrol = "key/d"\ntarget = "x"\nstep = -0.5\n'
        '[[control]]\ncontrol = "key/d"\n'
        '[[control]]\ncontrol = "key/1"\ntarget = "macro/{n}"\ncount = 3\n'
        '[[axis]]\naxis = "left_x"\ndead_zone = 2\n[[axis]]\naxis = "left_y"\ncurve = "eval"\n'
        '[[axis]]\naxis = "right_x"\ninvert = true\n[[axis]]\naxis = "wheel"\n'
    )
    found, problems = read_hand_map(path)
    assert [b.control for b in found.bindings] == ["key/b", "key/1", "key/2", "key/3"]
    assert found.axes == {"right_x": Axis(invert=True)}
    assert len(problems) == 9 and all("keys.toml" in line for line in problems)


@pytest.mark.parametrize(
    "name",
    ["key/", "key/shift+ctrl+b", "key/ctrl+", "char/ab", "char/", "pad/5/a", "pad/0/a", "pad/left", "osc/x", "osc//0",
     "osc/a/b", "osc/../x y/0", "dmx/1", "dmx/1/0", "dmx/1/513", "dmx16/1/512", "dmx/64000/1", "key/" + "a" * 200,
     "knob/1/2", "", "/"],
)  # fmt: skip
def test_names_that_are_no_controls(name: str) -> None:
    with pytest.raises(ValueError, match=r"control|say|pad has|channels|characters"):
        check_control(name)


def test_controls_count_on() -> None:
    assert [nth_control(n, 2) for n in ("key/f1", "dmx/1/7", "osc/accxyz/0", "cc/1/7", "pitch/1")] == [
        "key/f3", "dmx/1/9", "osc/accxyz/2", "cc/1/9", "pitch/3",
    ]  # fmt: skip
    assert is_button("pad/2/a") and not is_button("pad/left_x") and is_button("key/b")


def test_what_ships_is_whole_and_steers_what_is_there() -> None:
    known = {row["name"] for row in listed("params")} | {"quit", "out/fullscreen"}
    for name in HAND_MAPS:
        path = shipped() / "controllers" / f"{name}.toml"
        found, problems = read_hand_map(path)
        assert found.bindings and not problems, problems
        for binding in found.bindings:
            assert binding.name and binding.target in known, (path, binding)
    keys = dict((b.control, b.target) for b in read_hand_map(shipped() / "controllers" / "keyboard.toml")[0].bindings)
    readme = {"h": "out/hud", "n": "preset/next", "m": "preset/previous", "b": "out/blackout", "space": "out/freeze",
              "p": "out/panic", "t": "tempo/tap", "o": "tempo/one", "x": "mix/go", "j": "deck/a/source/jump",
              "c": "out/testcard", "f": "out/fullscreen", "s": "out/screenshot", "escape": "quit",
              "r": "tempo/resync"}  # fmt: skip
    assert {f"key/{key}": target for key, target in readme.items()}.items() <= keys.items()


def test_a_key_where_tables_belong_is_said(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text('control = 1\naxis = "left_x"\n', "utf-8")
    found, problems = read_hand_map(path)
    assert found.bindings == () and not found.axes
    assert len(problems) == 2 and all("they are tables" in line for line in problems)
