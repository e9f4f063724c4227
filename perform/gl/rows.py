"""The parameters that the stage always has, and those that every effect gets. Read without any OpenGL."""

from __future__ import annotations

from perform.core.params import Param

DECKS = ("a", "b")
"""The two sides of the crossfader; their rows are always there."""

DECK_ROWS = (
    Param("level", "float", 1.0, 0.0, 1.0, doc="brightness of the deck"),
    Param("bypass", "bool", False, doc="leave all effects of the deck out"),
)

MIX_ROWS = (
    Param("fade", "float", 0.0, 0.0, 1.0, doc="the crossfader: 0 is deck a alone, 1 deck b alone"),
    Param("duration_s", "float", 2.0, 0.0, 120.0, "s", "square", "how long a fade takes that goes by itself"),
    Param("beats", "int", 0, 0, 256, "beats", doc="its length in beats; 0: `duration_s` counts"),
    Param("go", "trigger", False, doc="fade to the other deck by itself"),
    Param("to_a", "trigger", False, doc="fade to deck a by itself"),
    Param("to_b", "trigger", False, doc="fade to deck b by itself"),
    Param("every_beats", "int", 0, 0, 1024, "beats", doc="fade to the other deck on every so many beats; 0: never"),
)
"""Besides these there is `mix/transition`, whose choices are the transitions that are found."""

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
"""(prefix, rows) whatever is played, besides those below `mix`."""

BYPASS = Param("bypass", "bool", False, doc="leave this effect out")
WET = Param("wet", "float", 1.0, 0.0, 1.0, doc="how much of the effect lies over its input")
SLOT_ROWS = (BYPASS, WET)
"""Rows of each effect besides its shader's own."""
