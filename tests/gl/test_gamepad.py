"""Gamepads at GLFW's boundary: a pad that is not there, comes, moves, goes, and is no pad at all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from perform.gl.gamepad import LOOK_S, MAPPINGS, Gamepads


class FakeGlfw:
    """What of GLFW speaks of pads. pads: joystick number -> [buttons, axes]."""

    def __init__(self) -> None:
        self.pads: dict[int, tuple[list[int], list[float]]] = {}
        self.mappings: list[str] = []
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def plug(self, joystick: int) -> tuple[list[int], list[float]]:
        self.pads[joystick] = ([0] * 15, [0.0, 0.0, 0.0, 0.0, -1.0, -1.0])
        return self.pads[joystick]

    def joystick_is_gamepad(self, joystick: int) -> bool:
        return joystick in self.pads

    def get_gamepad_name(self, joystick: int) -> bytes:
        return b"Pad \xff " + str(joystick).encode()

    def get_gamepad_state(self, joystick: int) -> object:
        found = self.pads.get(joystick)
        return None if found is None else SimpleNamespace(buttons=list(found[0]), axes=list(found[1]))

    def update_gamepad_mappings(self, text: str) -> None:
        self.mappings.append(text)


@pytest.fixture
def glfw() -> FakeGlfw:
    return FakeGlfw()


def soon(pads: Gamepads) -> list[tuple[str, object]]:
    """What there is once they have looked for new ones."""
    pads._glfw.now += LOOK_S
    return pads.events()


def test_a_pad_comes_moves_and_goes(glfw: FakeGlfw) -> None:
    pads = Gamepads(glfw, glfw.clock)
    assert soon(pads) == []
    buttons, axes = glfw.plug(3)
    axes[4] = 0.0  # nonsense until it is touched
    assert soon(pads) == [("pad_here/1", "Pad \ufffd 3")]
    buttons[0], axes[0], axes[1], axes[5] = 1, 0.5, -1.0, 1.0
    assert dict(pads.events()) == {"pad/a": 1.0, "pad/left_x": 0.5, "pad/left_y": 1.0, "pad/right_trigger": 1.0}
    axes[0] = 0.502
    assert pads.events() == []  # trembling
    axes[0], axes[1], axes[2] = 0.0, float("nan"), 9.0
    assert dict(pads.events()) == {"pad/left_x": 0.0, "pad/left_y": 0.0, "pad/right_x": 1.0}
    del glfw.pads[3]
    assert pads.events() == [("pad_here/1", "")]
    assert soon(pads) == []


def test_two_pads_keep_their_numbers(glfw: FakeGlfw) -> None:
    pads = Gamepads(glfw, glfw.clock)
    glfw.plug(0)
    glfw.plug(7)
    assert [event[0] for event in soon(pads)] == ["pad_here/1", "pad_here/2"]
    glfw.pads[7][0][1] = 1
    assert pads.events() == [("pad/2/b", 1.0)]
    del glfw.pads[0]
    assert pads.events() == [("pad_here/1", "")]
    glfw.plug(4)
    assert [event[0] for event in soon(pads)] == ["pad_here/1"]  # the number that is free
    for joystick in range(16):
        glfw.plug(joystick) if joystick not in glfw.pads else None
    assert [event[0] for event in soon(pads)] == ["pad_here/3", "pad_here/4"]  # and no more than four


def test_layouts_from_the_environment_are_handed_on(glfw: FakeGlfw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MAPPINGS, "03000000,My Pad,a:b0")
    Gamepads(glfw, glfw.clock)
    assert glfw.mappings == ["03000000,My Pad,a:b0"]


def test_a_short_state_is_no_trouble(glfw: FakeGlfw) -> None:
    pads = Gamepads(glfw, glfw.clock)
    glfw.pads[0] = ([0, 0], [0.0])
    soon(pads)
    glfw.pads[0] = ([1, 0], [1.0])
    assert dict(pads.events()) == {"pad/a": 1.0, "pad/left_x": 1.0}
