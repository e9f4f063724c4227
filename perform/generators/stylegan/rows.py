"""The knobs of the latent instrument, and the cables that it suggests. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perform.core.params import Param

from . import picture_noise, rows_inside
from .jumps import CHOICES
from .rows_inside import LAYERS, SLOTS

__all__ = ["ALL_LAYERS", "CENTRES", "GROUPS_OF_LAYERS", "LAYERS", "PARAMS", "ROUTES", "SLIDERS", "SLOTS", "for_card"]

WALKS = ("hold", "drift", "orbit", "loop", "jump", "plane", "noise_loop")
ALL_LAYERS = 32  # `cutoff` at its end: every layer, however many the model has
GROUPS_OF_LAYERS = ("all", *LAYERS)
CENTRES = ("mean", "nearest", *(f"centre_{n}" for n in range(1, 9)))
SLIDERS = 8  # directions
TONES = 12
MOST_CLASSES, MOST_NOISES = 100_000, 20

_WHAT = {
    "coarse": "the large form: layout, masses, pose",
    "middle": "the middle form: shapes and how they join",
    "fine": "the fine form: texture, edges, colour",
}


def _walk_rows() -> list[Param]:
    return [
        Param("seed", "int", 1, 0, 9_999_999, doc="the picture that the walk starts from; numbered as in other tools",
              quantised=True, arc=("seed_to", "seed_at")),
        Param("seed_to", "int", 2, 0, 9_999_999, doc="another picture to start from, which `seed_at` leads to"),
        Param("seed_at", "float", 0.0, 0.0, 1.0, doc=(
            "how far, on arcs, the whole walk of `seed` has become that of `seed_to`"
        )),
        Param("walk", "choice", "drift", choices=WALKS, doc=(
            "hold: stands still where it is. drift: wanders from seed to seed for ever. orbit: circles around one "
            "seed. loop: runs through keyframes and closes after loop_beats. jump: stands, and moves on with a jump. "
            "plane: stands at plane_x, plane_y. noise_loop: wanders about one seed and closes after loop_beats"
        )),
        Param("space", "choice", "w", choices=("w", "z"), doc=(
            "where paths are drawn: w is smooth and direct, z passes only through pictures that the model was trained "
            "to make"
        )),
        Param("speed", "float", 1.0, 0.05, 8.0, "x", "log", "pace of drift and orbit; 1 is calm: a new seed in 8 s"),
        Param("even", "float", 0.0, 0.0, 1.0, doc=(
            "evens out the walk for the eye: at 1 the picture changes by the same amount each second, whatever lies "
            "on the way, so that speed is what is seen; 0 walks evenly through numbers"
        )),
        Param("push", "float", 0.0, 0.0, 1.0, doc="throws the walk forward and speeds it up; made for hits"),
        Param("reach", "float", 1.0, 0.0, 1.0, doc=(
            "how far drift, orbit and noise_loop go from their seed; 0 stays on it"
        )),
        Param("plane_x", "float", 0.0, -8.0, 8.0, "seeds", doc="walk = plane: so many seeds to the right of `seed`"),
        Param("plane_y", "float", 0.0, -8.0, 8.0, "rows", doc="walk = plane: so many rows of 100 seeds below `seed`"),
        Param("loop_beats", "int", 32, 1, 256, "beats", doc="length of both loops, locked to the beat"),
        Param("keyframes", "int", 4, 1, 16, doc="how many seeds the loop passes through, counted up from `seed`"),
        Param("keys", "text", "", live=False, doc=(
            "keyframes of the loop by name, in place of `keyframes`: seeds and saved latents, as in `12 40 fish 7`"
        )),
        Param("ease", "float", 0.0, -1.0, 1.0, doc=(
            "how the loop goes from keyframe to keyframe: 0 flows, 1 rests and lands on the next in time, -1 leaps at "
            "once and settles"
        )),
        Param("jump", "trigger", 0, doc="move on to the next seed now", quantised=True),
        Param("jump_on", "choice", "off", choices=CHOICES, doc=(
            "jump by itself, on the beat or the bar, or (onset) each time `push` rises over one half"
        )),
        Param("glide_s", "float", 0.35, 0.0, 8.0, "s", "square", "how long a jump or a new seed takes to settle"),
    ]  # fmt: skip


def _place_rows() -> list[Param]:
    return [
        Param("psi", "float", 0.85, -1.0, 1.5, doc=(
            "truncation: 0 is the model's average picture, 1 all it knows, above is wild, below zero its opposite"
        )),
        Param("cutoff", "int", ALL_LAYERS, 0, ALL_LAYERS, "layers", doc=(
            "how many layers, from the coarsest, psi acts on; at the end of its range on all of them"
        )),
        Param("centre", "choice", "mean", choices=CENTRES, doc=(
            "what psi draws to: the average picture, the nearest of eight kinds of picture that the model makes, or "
            "one of them; seen where psi is not 1"
        )),
        Param("class_1", "int", 0, 0, MOST_CLASSES - 1, doc="the class, in a model that has classes"),
        Param("class_2", "int", 0, 0, MOST_CLASSES - 1, doc="a second class"),
        Param("class_mix", "float", 0.0, 0.0, 1.0, doc="from the first class (0) to the second (1)"),
        Param("latent", "text", "", live=False, doc="a saved latent that stands in for the walk, by name; empty: none"),
        Param("latent_mix", "float", 1.0, 0.0, 1.0, doc="from the walk (0) to the saved latent (1)"),
        Param("latent_at", "float", 1.0, 0.0, 1.0, doc=(
            "where on the way to the saved latent, if its way was kept: 0 its beginning, 1 the latent itself"
        )),
    ]  # fmt: skip


def _style_rows() -> list[Param]:
    rows = [Param("mix_seed", "int", 1000, 0, 9_999_999, doc="a second picture, whose style can be mixed in below")]
    for name in LAYERS:
        doc = f"how far {_WHAT[name]} comes from the second picture"
        rows.append(Param(name, "float", 0.0, 0.0, 1.0, doc=doc))
    for name in LAYERS:
        doc = f"swings {_WHAT[name]}; made for a band of the music"
        rows.append(Param(f"{name}_move", "float", 0.0, 0.0, 1.0, doc=doc))
    rows += [
        Param("directions", "choice", "sefa", choices=("sefa", "pca"), live=False, doc=(
            "where the direction sliders come from: sefa, the changes that move the layers' styles most, or pca, the "
            "ways in which pictures of this model differ most"
        )),
        Param("direction_layers", "choice", "all", choices=GROUPS_OF_LAYERS, doc="the layers that they bend"),
    ]  # fmt: skip
    for number in range(1, SLIDERS + 1):
        doc = f"bends the picture along the model's own strongest change number {number}; 0 leaves it as it is"
        rows.append(Param(f"direction_{number}", "float", 0.0, -1.0, 1.0, doc=doc))
    rows += [
        Param("chroma_mix", "float", 0.0, 0.0, 1.0, doc=(
            "how far the picture is the mix of twelve seeds, one for each tone of the scale, by how loud the tones are"
        )),
        Param("chroma_seed", "int", 2000, 0, 9_999_999, doc="the seed of the tone c; the others count up from it"),
        Param("chroma_layers", "choice", "all", choices=GROUPS_OF_LAYERS, doc="the layers that the tones paint"),
    ]  # fmt: skip
    tones = ("c", "c sharp", "d", "d sharp", "e", "f", "f sharp", "g", "g sharp", "a", "a sharp", "b")
    for number, tone in enumerate(tones):
        doc = f"how much of the seed of the tone {tone}; made for audio/chroma/{number}"
        rows.append(Param(f"chroma_{number}", "float", 0.0, 0.0, 1.0, doc=doc))
    return rows


def _noise_rows() -> list[Param]:
    rows = []
    for name in LAYERS:
        doc = f"amount of the model's own grain in its {name} layers; 1 as trained, 0 smooth"
        rows.append(Param(f"noise_{name}", "float", 1.0, 0.0, 2.0, "x", doc=doc))
    doc = "how fast the grain flows through itself; 0 stands still"
    rows.append(Param("noise_drift", "float", 0.0, 0.0, 2.0, "hz", "square", doc))
    doc = "the grain flows in a closed loop of so many beats; 0 leaves it to noise_drift"
    rows.append(Param("noise_beats", "int", 0, 0, 64, "beats", doc=doc))
    for number in range(MOST_NOISES):
        side = 4 << ((number + 1) // 2)
        doc = f"amount of grain in layer {number} ({side} px), on top of that of its group"
        rows.append(Param(f"noise_layer_{number}", "float", 1.0, 0.0, 2.0, "x", doc=doc))
    return rows


PARAMS: tuple[Param, ...] = (
    *_walk_rows(), *_place_rows(), *_style_rows(), *_noise_rows(), *picture_noise.PARAMS, *rows_inside.PARAMS
)  # fmt: skip
"""Every row that any model may have. Their defaults leave the picture as the walk gives it, bit for bit."""


def for_card(kind: str, architecture: Mapping[str, Any]) -> tuple[Param, ...]:
    """The rows that a model has: classes where it has some, grain for each layer that takes some."""
    classes = _number(architecture, "c_dim", 0)
    noises = 2 * (max(_number(architecture, "resolution", 256), 4).bit_length() - 3) + 1 if kind == "stylegan2" else 0
    found = []
    for row in PARAMS:
        if row.name.startswith("class_"):
            if classes < 2:
                continue
            if row.kind == "int":
                row = Param(row.name, "int", row.default, 0, classes - 1, doc=row.doc)
        if row.name.startswith("noise_layer_") and int(row.name.rsplit("_", 1)[1]) >= noises:
            continue
        if kind != "stylegan2" and row.name.startswith(("noise_", "rgb_")):
            continue
        found.append(row)
    return tuple(found)


def _number(table: Mapping[str, Any], key: str, default: int) -> int:
    value = table.get(key, default)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _route(source: str, target: str, depth: float, attack_s: float, release_s: float, **more: Any) -> dict[str, Any]:
    full = {"curve": "linear", "lo": 0.0, "hi": 1.0} | more
    return {"source": source, "target": target, "depth": depth, "attack_s": attack_s, "release_s": release_s} | full


# Bass is slow and heavy, treble quick and light: the time constants say so. In dance music the level of the bass
# hardly falls between kicks, so the hits carry half of the swing. The tones do nothing until chroma_mix is raised.
ROUTES: tuple[dict[str, Any], ...] = (
    _route("audio/bass/level", "coarse_move", 0.55, 0.03, 0.22, curve="square"),
    _route("audio/bass/hit", "coarse_move", 0.55, 0.0, 0.16),
    _route("audio/lowmid/level", "middle_move", 0.45, 0.02, 0.20),
    _route("audio/highmid/level", "middle_move", 0.45, 0.02, 0.20),
    _route("audio/treble/level", "fine_move", 0.8, 0.01, 0.12),
    _route("audio/treble/level", "noise_fine", 0.4, 0.01, 0.12),
    _route("audio/bass/hit", "push", 1.0, 0.0, 0.15),
    *(_route(f"audio/chroma/{n}", f"chroma_{n}", 1.0, 0.08, 0.5, curve="square") for n in range(TONES)),
)
