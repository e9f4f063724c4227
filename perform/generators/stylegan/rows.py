"""The knobs of the latent instrument, and the cables that it suggests. Needs no torch."""

from __future__ import annotations

from typing import Any

from perform.core.params import Param

from .jumps import CHOICES

WALKS = ("hold", "drift", "orbit", "loop", "jump")
LAYERS = ("coarse", "middle", "fine")
ALL_LAYERS = 32  # `cutoff` at its end: every layer, however many the model has

_WHAT = {
    "coarse": "the large form: layout, masses, pose",
    "middle": "the middle form: shapes and how they join",
    "fine": "the fine form: texture, edges, colour",
}


def _walk_rows() -> list[Param]:
    return [
        Param(
            "seed",
            "int",
            1,
            0,
            9_999_999,
            doc="the picture that the walk starts from; numbered as in other tools",
            quantised=True,
        ),
        Param(
            "walk",
            "choice",
            "drift",
            choices=WALKS,
            doc=(
                "hold: stands still where it is. drift: wanders from seed to seed for ever. orbit: circles around one "
                "seed. loop: runs through keyframes and closes after loop_beats. jump: stands, and moves on with a jump"
            ),
        ),
        Param("speed", "float", 1.0, 0.05, 8.0, "x", "log", "pace of drift and orbit; 1 is calm: a new seed in 8 s"),
        Param("push", "float", 0.0, 0.0, 1.0, doc="throws the walk forward and speeds it up; made for hits"),
        Param("reach", "float", 1.0, 0.0, 1.0, doc="how far drift and orbit go from their seed; 0 stays on it"),
        Param("loop_beats", "int", 32, 1, 256, "beats", doc="length of the loop, locked to the beat"),
        Param("keyframes", "int", 4, 1, 16, doc="how many seeds the loop passes through, counted up from `seed`"),
        Param("jump", "trigger", 0, doc="move on to the next seed now", quantised=True),
        Param(
            "jump_on",
            "choice",
            "off",
            choices=CHOICES,
            doc=("jump by itself, on the beat or the bar, or (onset) each time `push` rises over one half"),
        ),
        Param("glide_s", "float", 0.35, 0.0, 8.0, "s", "square", "how long a jump or a new seed takes to settle"),
        Param(
            "psi",
            "float",
            0.85,
            -1.0,
            1.5,
            doc=(
                "truncation: 0 is the model's average picture, 1 all it knows, above is wild, below zero its opposite"
            ),
        ),
        Param(
            "cutoff",
            "int",
            ALL_LAYERS,
            0,
            ALL_LAYERS,
            "layers",
            doc=("how many layers, from the coarsest, psi acts on; at the end of its range on all of them"),
        ),
    ]


def _layer_rows() -> list[Param]:
    rows = [Param("mix_seed", "int", 1000, 0, 9_999_999, doc="a second picture, whose style can be mixed in below")]
    for name in LAYERS:
        doc = f"how far {_WHAT[name]} comes from the second picture"
        rows.append(Param(name, "float", 0.0, 0.0, 1.0, doc=doc))
    for name in LAYERS:
        doc = f"swings {_WHAT[name]}; made for a band of the music"
        rows.append(Param(f"{name}_move", "float", 0.0, 0.0, 1.0, doc=doc))
    for name in LAYERS:
        doc = f"amount of the model's own grain in its {name} layers; 1 as trained, 0 smooth"
        rows.append(Param(f"noise_{name}", "float", 1.0, 0.0, 2.0, "x", doc=doc))
    doc = "how fast the grain flows through itself; 0 stands still"
    rows.append(Param("noise_drift", "float", 0.0, 0.0, 2.0, "hz", "square", doc))
    for number in range(1, 5):
        doc = f"bends the picture along the model's own strongest change number {number}; 0 leaves it as it is"
        rows.append(Param(f"direction_{number}", "float", 0.0, -1.0, 1.0, doc=doc))
    return rows


PARAMS: tuple[Param, ...] = (*_walk_rows(), *_layer_rows())


def _route(source: str, target: str, depth: float, attack_s: float, release_s: float, **more: Any) -> dict[str, Any]:
    full = {"curve": "linear", "lo": 0.0, "hi": 1.0} | more
    return {"source": source, "target": target, "depth": depth, "attack_s": attack_s, "release_s": release_s} | full


# Bass is slow and heavy, treble quick and light: the time constants say so. In dance music the level of the bass
# hardly falls between kicks, so the hits carry half of the swing.
ROUTES: tuple[dict[str, Any], ...] = (
    _route("audio/bass/level", "coarse_move", 0.55, 0.03, 0.22, curve="square"),
    _route("audio/bass/hit", "coarse_move", 0.55, 0.0, 0.16),
    _route("audio/lowmid/level", "middle_move", 0.45, 0.02, 0.20),
    _route("audio/highmid/level", "middle_move", 0.45, 0.02, 0.20),
    _route("audio/treble/level", "fine_move", 0.8, 0.01, 0.12),
    _route("audio/treble/level", "noise_fine", 0.4, 0.01, 0.12),
    _route("audio/bass/hit", "push", 1.0, 0.0, 0.15),
)
