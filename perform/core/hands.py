"""What hands hold on to: the modifiers of keys, and the buttons and axes of pads, in the order in which GLFW counts
them (as SDL's game controllers do)."""

from __future__ import annotations

MODIFIERS = ("ctrl", "alt", "shift", "super")
"""In this order in a key's name: `ctrl+shift+b`."""

PAD_BUTTONS = (
    "a", "b", "x", "y", "left_bumper", "right_bumper", "back", "start", "guide", "left_thumb", "right_thumb",
    "dpad_up", "dpad_right", "dpad_down", "dpad_left",
)  # fmt: skip
PAD_STICKS = ("left_x", "left_y", "right_x", "right_y")
"""-1..1, right and up are above 0."""
PAD_TRIGGERS = ("left_trigger", "right_trigger")
"""0..1"""
PAD_AXES = (*PAD_STICKS, *PAD_TRIGGERS)
MOST_PADS = 4

HelpRow = tuple[str, str, str]
"""(control, what it does, how that stands now)"""
HelpSheet = tuple[tuple[str, tuple[HelpRow, ...]], ...]
"""(title, rows) of each kind of hand"""
