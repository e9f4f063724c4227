"""The parameters that the stage always has, and those that every effect gets. Read without any OpenGL."""

from __future__ import annotations

from collections.abc import Iterable

from perform.core.params import Param
from perform.core.room import TURNS

DECKS = ("a", "b")
"""The two sides of the crossfader; their rows are always there."""
LAYERS = ("c", "d")
"""Decks that lie over the mix of a and b; their rows are there while something plays on them."""
LETTERS = (*DECKS, *LAYERS)
FINISHED = "out"
"""As a picture to choose: the finished picture, after the master chain."""
OWN = "own"
"""As a picture to choose: that of the deck itself, before its effects."""

FURTHER = tuple(f"{letter}/step_{number}" for letter in LETTERS for number in (1, 2, 3))
"""As pictures to choose: what a deck's generator paints besides its picture; a diffusion model's first steps."""

FITS = ("fill", "fit", "stretch")

DECK_ROWS = (
    Param("level", "float", 1.0, 0.0, 1.0, doc="brightness of the deck"),
    Param("bypass", "bool", False, doc="leave all effects of the deck out"),
    Param("fit", "choice", FITS[0], choices=FITS,
          doc="pictures of another shape: cut to fill, shown whole, or stretched"),
    Param("interpolate", "choice", "off", choices=("off", "fade", "flow"),
          doc="draws pictures between those of a slow source: faded, or moved along; at most one of its frames later"),
    Param("on_beat", "choice", "off", choices=("off", "1/8", "beat", "2 beats", "bar", "2 bars", "4 bars"), live=False,
          doc="a slow source paints for the beat: begun so early that its picture is finished on the next of these and "
              "shown then; between them it holds, or moves there where `interpolate` is on"),
    Param("change_on", "choice", "beat", choices=("now", "beat", "bar"),
          doc="when another model comes in, once it is loaded"),
    Param("change_beats", "float", 2.0, 0.0, 64.0, "beats", "square",
          doc="how long the old model takes to fade into the new one; 0 cuts"),
)  # fmt: skip

BLENDS = (
    "normal", "add", "subtract", "multiply", "screen", "lighten", "darken", "overlay", "soft_light", "hard_light",
    "dodge", "burn", "difference", "exclusion", "hue", "saturation", "colour", "luminosity",
)  # fmt: skip
MASK_CHANNELS = ("luma", "red", "green", "blue", "alpha", "each")

LAYER_ROWS = (
    Param("alpha", "float", 1.0, 0.0, 1.0, doc="how much of the layer covers what lies below"),
    Param("blend", "choice", "normal", choices=BLENDS, doc="how it meets what lies below"),
    Param("x", "float", 0.0, -1.5, 1.5, doc="where its middle is: 0 the middle, 1 a whole width to the right"),
    Param("y", "float", 0.0, -1.5, 1.5, doc="where its middle is: 0 the middle, 1 a whole height up"),
    Param("scale", "float", 1.0, 0.05, 8.0, "x", "log", "its size; 1 fills the picture"),
    Param("turn", "float", 0.0, -180.0, 180.0, "deg", doc="turns it, to the left above 0"),
    Param("mask", "choice", "none", choices=("none", *LETTERS, FINISHED),
          doc="the deck whose picture says where the layer shows; out: the finished picture, a frame late"),
    Param("mask_channel", "choice", "luma", choices=MASK_CHANNELS,
          doc="what of the mask counts; each: red masks red, green masks green, blue masks blue"),
    Param("mask_lo", "float", 0.0, 0.0, 1.0, doc="mask values up to here hide the layer; above mask_hi it is inverted"),
    Param("mask_hi", "float", 1.0, 0.0, 1.0, doc="mask values from here on show all of it"),
)  # fmt: skip
LAYER_AT_REST = {row.name: row.default for row in LAYER_ROWS}

MIX_ROWS = (
    Param("fade", "float", 0.0, 0.0, 1.0, doc="the crossfader: 0 is deck a alone, 1 deck b alone"),
    Param("duration_s", "float", 2.0, 0.0, 120.0, "s", "square", "how long a fade takes that goes by itself"),
    Param("beats", "int", 0, 0, 256, "beats", doc="its length in beats; 0: `duration_s` counts"),
    Param("go", "trigger", False, doc="fade to the other deck by itself", quantised=True),
    Param("to_a", "trigger", False, doc="fade to deck a by itself", quantised=True),
    Param("to_b", "trigger", False, doc="fade to deck b by itself", quantised=True),
    Param("every_beats", "int", 0, 0, 1024, "beats", doc="fade to the other deck on every so many beats; 0: never"),
)
"""Besides these there is `mix/transition`, whose choices are the transitions that are found."""

OUTPUT_ROWS = (
    Param("blackout", "bool", False, doc="fade to black and stay there"),
    Param("freeze", "bool", False, doc="hold the picture"),
    Param("fade_s", "float", 0.2, 0.0, 10.0, unit="s", doc="how long blackout takes"),
    Param("testcard", "bool", False, doc="show the test card"),
    Param("hud", "bool", False, doc="show the figures on the screen"),
    Param("help", "bool", False, doc="show keys and controls on the screen, and what they do now"),
    Param("level", "float", 1.0, 0.0, 1.0, doc="brightness of everything"),
)

WARP_CORNERS = ("bottom_left", "bottom_right", "top_right", "top_left")
EDGES = ("left", "right", "top", "bottom")
ROOM_ROWS = (
    Param("safe", "bool", False, doc="for public places: at most three flashes a second over a quarter of the picture"),
    Param("fit", "choice", "fit", choices=("fit", "fill", "stretch", "pixels"),
          doc="how the picture meets the screen: whole, cut to fill it, stretched, or pixel for pixel"),
    Param("turn", "choice", "0", choices=TURNS, unit="deg", doc="turns the picture on the screen, clockwise"),
    Param("flip_x", "bool", False, doc="mirrors the screen left to right, for projection from behind"),
    Param("flip_y", "bool", False, doc="mirrors the screen top to bottom"),
    *(Param(f"warp/{name}", "point", (0.0, 0.0), -0.5, 0.5,
            doc=f"moves the {name.replace('_', ' ')} corner: fractions of the screen to the right and up")
      for name in WARP_CORNERS),
    *(Param(f"edge/{name}", "float", 0.0, 0.0, 0.5, doc=f"how far in from the {name} the picture fades, for overlap")
      for name in EDGES),
    Param("edge/curve", "float", 2.0, 0.5, 4.0, doc="shape of the fading edge: 1 straight, above it bent like an s"),
    Param("edge/gamma", "float", 2.2, 1.0, 3.0, doc="gamma of the projectors, so that the overlap is even"),
)  # fmt: skip
"""Below `out` too. They belong to the room, and no preset may change them."""

FIXED_ROWS: tuple[tuple[str, tuple[Param, ...]], ...] = (
    *(pair for name in DECKS for pair in ((f"deck/{name}", DECK_ROWS), (f"deck/{name}/layer", LAYER_ROWS))),
    ("out", (*OUTPUT_ROWS, *ROOM_ROWS)),
)
"""(prefix, rows) whatever is played, besides those below `mix`."""

BYPASS = Param("bypass", "bool", False, doc="leave this effect out")
WET = Param("wet", "float", 1.0, 0.0, 1.0, doc="how much of the effect lies over its input")
SOLO = Param("solo", "bool", False, doc="leave all other effects of this chain out")
SLOT_ROWS = (BYPASS, WET, SOLO)
"""Rows of each effect besides its shader's own."""

_GIVEN = ("inputImage", "startImage", "endImage")


def pick_rows(pictures: Iterable[str]) -> tuple[Param, ...]:
    """A choice of picture for each image input of a shader that the chain does not fill by itself."""
    doc = "whose picture goes in a frame late; own: before its effects; out: the finished one; a/step_1: a model's step"
    choices = (OWN, *LETTERS, FINISHED, *FURTHER)
    return tuple(Param(n, "choice", OWN, choices=choices, doc=doc, live=False) for n in pictures if n not in _GIVEN)
