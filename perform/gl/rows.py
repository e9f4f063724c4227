"""The parameters that the stage always has, and those that every effect gets. Read without any OpenGL."""

from __future__ import annotations

from perform.core.params import Param

DECKS = ("a",)

DECK_ROWS = (
    Param("level", "float", 1.0, 0.0, 1.0, doc="brightness of the deck"),
    Param("bypass", "bool", False, doc="leave all effects of the deck out"),
)

OUTPUT_ROWS = (
    Param("blackout", "bool", False, doc="fade to black and stay there"),
    Param("freeze", "bool", False, doc="hold the picture"),
    Param("fade_s", "float", 0.2, 0.0, 10.0, unit="s", doc="how long blackout takes"),
    Param("testcard", "bool", False, doc="show the test card"),
    Param("hud", "bool", False, doc="show the figures on the screen"),
    Param("level", "float", 1.0, 0.0, 1.0, doc="brightness of everything"),
)

FIXED_ROWS: tuple[tuple[str, tuple[Param, ...]], ...] = (
    *((f"deck/{name}", DECK_ROWS) for name in DECKS),
    ("out", OUTPUT_ROWS),
)
"""(prefix, rows) whatever is played."""

BYPASS = Param("bypass", "bool", False, doc="leave this effect out")
WET = Param("wet", "float", 1.0, 0.0, 1.0, doc="how much of the effect lies over its input")
SLOT_ROWS = (BYPASS, WET)
"""Rows of each effect besides its shader's own."""
