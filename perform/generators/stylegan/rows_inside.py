"""The knobs that reach into the network: where the input lies, how wide it is, bending, taps, a second model."""

from __future__ import annotations

from perform.core.params import Param

LAYERS = ("coarse", "middle", "fine")
SLOTS = 3  # of bending
OPERATIONS = (
    "off", "translate", "rotate", "scale", "shear", "flip", "threshold", "invert", "blur", "erode", "dilate", "ablate",
    "gain",
)  # fmt: skip
LAST_LAYER = 31  # past a model's end its last layer is meant
_SLOT_STARTS = (("rotate", 3), ("scale", 5), ("blur", 7))


def _input_rows() -> list[Param]:
    return [
        Param("input_x", "float", 0.0, -1.0, 1.0, "sides", doc=(
            "shifts the picture where it grows, to the right; what comes in from beyond the rim is painted, too"
        )),
        Param("input_y", "float", 0.0, -1.0, 1.0, "sides", doc="the same, downwards"),
        Param("input_turn", "float", 0.0, -180.0, 180.0, "deg", doc="turns the picture where it grows, clockwise"),
        Param("input_zoom", "float", 1.0, 0.25, 4.0, "x", "log", doc=(
            "enlarges the picture where it grows: its detail is painted anew, never magnified"
        )),
        Param("width", "int", 4, 4, 16, "quarters", live=False, doc=(
            "width of the picture in quarters of what the model was trained on: 4 is square, 7 about 16:9"
        )),
        Param("height", "int", 4, 4, 16, "quarters", live=False, doc="height of the picture, in the same quarters"),
        Param("fill", "choice", "mirror", choices=("mirror", "repeat", "stretch"), doc=(
            "what a wide picture grows from: its square seed mirrored, repeated, or stretched"
        )),
    ]  # fmt: skip


def _colour_rows() -> list[Param]:
    what = {"coarse": "large", "middle": "middle", "fine": "smallest"}
    return [
        Param(f"rgb_{name}", "float", 1.0, 0.0, 2.0, "x", doc=(
            f"strength of the colours that the model adds at its {what[name]} sizes; 1 as trained, 0 leaves them out"
        )) for name in LAYERS
    ]  # fmt: skip


def _tap_rows() -> list[Param]:
    return [
        Param("tap", "choice", "off", choices=("off", "rgb", "maps", "pca"), doc=(
            "shows a layer in place of the picture. rgb: the picture as far as it has come there, the coarse form "
            "alone. maps: three of its maps as red, green, blue. pca: all its maps, by the three ways in which they "
            "differ most"
        )),
        Param("tap_layer", "int", 3, 0, LAST_LAYER, doc="the layer that is shown; 0 is the coarsest"),
        Param("tap_channel", "int", 0, 0, 1023, doc="tap = maps: the first of the three maps"),
        Param("tap_mix", "float", 1.0, 0.0, 1.0, doc="from the picture (0) to the layer (1)"),
    ]  # fmt: skip


def _bend_rows(slot: int) -> list[Param]:
    operation, layer = _SLOT_STARTS[slot - 1]
    name = f"bend_{slot}"
    return [
        Param(name, "choice", operation, choices=OPERATIONS, doc=(
            f"bending, slot {slot}: what is done to the maps of a layer before the network paints on with them"
        )),
        Param(f"{name}_amount", "float", 0.0, -1.0, 1.0, doc=(
            "how far: 0 not at all, 1 all the way (half a side, half a turn, 4 times as large …), below 0 the other way"
        )),
        Param(f"{name}_layer", "int", layer, 0, LAST_LAYER, doc="the layer that is bent; 0 is the coarsest"),
        Param(f"{name}_angle", "float", 0.0, -180.0, 180.0, "deg", doc=(
            "the way of translate, shear and flip; 0 to the right, 90 down"
        )),
        Param(f"{name}_on", "choice", "all", choices=("all", "random", "cluster"), doc=(
            "which maps are bent: all, a random part of them, or a cluster of maps that draw alike"
        )),
        Param(f"{name}_part", "float", 0.5, 0.0, 1.0, doc="on = random: how many of the maps"),
        Param(f"{name}_pick", "int", 0, 0, 15, doc="which random part, or which cluster"),
    ]  # fmt: skip


def _blend_rows() -> list[Param]:
    rows = [
        Param("blend_model", "text", "", live=False, doc=(
            "a second model of the same architecture, by name, whose weights can be mixed in below; empty: none"
        ))
    ]  # fmt: skip
    for name in LAYERS:
        doc = f"from this model (0) to the second (1), in the {name} layers"
        rows.append(Param(f"blend_{name}", "float", 0.0, 0.0, 1.0, doc=doc))
    doc = "from the places of this model (0) to those that the second has for the same seeds (1)"
    rows.append(Param("blend_mapping", "float", 0.0, 0.0, 1.0, doc=doc))
    return rows


PARAMS: tuple[Param, ...] = (
    *_input_rows(), *_colour_rows(), *_tap_rows(), *(row for slot in range(1, SLOTS + 1) for row in _bend_rows(slot)),
    *_blend_rows(),
)  # fmt: skip
