"""Draws what each control of the latent instrument does to a picture, and writes the page that shows it.

    python -m perform.train.control_strips [--model NAME] [--docs docs]

Every row of the instrument is in exactly one strip or in NOT_SHOWN with the reason, which a test looks after.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from perform.core.params import Param
from perform.core.types import Moment, ParamFrame

TILE_PX, TILES, GAP_PX = 104, 7, 2
QUALITY = 76
SEED = 34
BASE: Mapping[str, Any] = {"seed": SEED, "walk": "hold", "psi": 0.95, "glide_s": 0.0}
"""What every strip starts from; a strip changes one thing in it."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One strip: `rows` are what it stands for, the first of them is swept through `values` (or time runs, where it
    has none: seconds from tile to tile, at 120 beats a minute). more: what else is set."""

    group: str
    rows: tuple[str, ...]
    values: tuple[Any, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 1.0
    note: str = ""

    @property
    def name(self) -> str:
        """Of its picture file."""
        return self.rows[0]


def _even(lo: float, hi: float) -> tuple[float, ...]:
    return tuple(round(float(x), 3) for x in np.linspace(lo, hi, TILES))


UP, BOTH = _even(0.0, 1.0), _even(-1.0, 1.0)
_LOOP = {"walk": "loop", "loop_beats": 14, "keyframes": 7}
_TONES = tuple(f"chroma_{n}" for n in range(12))

STRIPS: tuple[Strip, ...] = (
    Strip("The walk", ("seed",), (34, 35, 36, 37, 38, 39, 40)),
    Strip("The walk", ("seed_at", "seed_to"), UP, {"walk": "hold", "seed": 34, "seed_to": 99},
          note="from seed 34 to seed 99, on an arc; snapshots are morphed this way"),
    Strip("The walk", ("walk", "speed", "glide_s"), (), {"walk": "drift", "speed": 4.0}, 1.0,
          "walk = drift at speed 4, a picture each second"),
    Strip("The walk", ("reach",), (), {"walk": "orbit", "speed": 8.0, "reach": 1.0}, 0.5,
          "walk = orbit at reach 1, a picture each half second: back where it was after three seconds"),
    Strip("The walk", ("space",), (), {"walk": "drift", "speed": 4.0, "space": "z"}, 1.0,
          "the walk above, drawn in z: compare it with the one in w"),
    Strip("The walk", ("even",), (), {"walk": "drift", "speed": 4.0, "even": 1.0}, 1.0,
          "the walk above, evened out for the eye"),
    Strip("The walk", ("push",), UP, {"walk": "drift"}, note="each after a tenth of a second of push"),
    Strip("The walk", ("plane_x",), _even(0.0, 2.0), {"walk": "plane"}),
    Strip("The walk", ("plane_y",), _even(0.0, 2.0), {"walk": "plane"}),
    Strip("The walk", ("loop_beats", "keyframes"), (), _LOOP, 1.0, "a loop of 14 beats through 7 seeds, every 2 beats"),
    Strip("The walk", ("keys",), (), {"walk": "loop", "loop_beats": 14, "keys": "34 7 99"}, 1.0,
          "keys = 34 7 99, every 2 beats of 14"),
    Strip("The walk", ("ease",), (), _LOOP | {"ease": 1.0, "keyframes": 2}, 1.0,
          "two keyframes in 14 beats at ease 1: it rests, and lands in time"),
    Strip("The walk", ("jump_on", "jump"), (), {"walk": "jump", "jump_on": "two_beats"}, 1.0,
          "jump_on = two_beats, every 2 beats"),
    Strip("Where it stands", ("psi",), _even(-0.5, 1.5)),
    Strip("Where it stands", ("cutoff",), (0, 2, 4, 6, 8, 10, 12), {"psi": 0.0}, note="at psi 0"),
    Strip("Where it stands", ("centre",), ("mean", "nearest", *(f"centre_{n}" for n in range(1, 6))), {"psi": 0.25},
          note="at psi 0.25"),
    Strip("A second style", ("coarse", "mix_seed"), UP, {"mix_seed": 3}, note="mix_seed = 3"),
    Strip("A second style", ("middle",), UP, {"mix_seed": 3}),
    Strip("A second style", ("fine",), UP, {"mix_seed": 3}),
    Strip("Swings for bands of the music", ("coarse_move",), UP),
    Strip("Swings for bands of the music", ("middle_move",), UP),
    Strip("Swings for bands of the music", ("fine_move",), UP),
    *(Strip("Directions", (f"direction_{n}",), BOTH) for n in range(1, 9)),
    Strip("Directions", ("directions",), BOTH, {"directions": "pca"}, note="directions = pca: direction_1 swept"),
    Strip("Directions", ("direction_layers",), ("all", "coarse", "middle", "fine"), {"direction_1": 0.8},
          note="direction_1 at 0.8"),
    Strip("Tones", ("chroma_mix", *_TONES), UP, {"chroma_0": 1.0, "chroma_4": 0.7, "chroma_7": 0.8},
          note="with a chord of c major: chroma_0, chroma_4 and chroma_7 sound"),
    Strip("Tones", ("chroma_seed",), (2000, 2100, 2200, 2300, 2400, 2500, 2600), {"chroma_mix": 1.0, "chroma_0": 1.0}),
    Strip("Tones", ("chroma_layers",), ("all", "coarse", "middle", "fine"), {"chroma_mix": 1.0, "chroma_0": 1.0}),
    Strip("Grain", ("noise_coarse",), _even(0.0, 2.0)),
    Strip("Grain", ("noise_middle",), _even(0.0, 2.0)),
    Strip("Grain", ("noise_fine",), _even(0.0, 2.0)),
    Strip("Grain", ("noise_drift",), (), {"noise_drift": 0.5, "noise_fine": 2.0, "noise_middle": 2.0}, 0.33),
    Strip("Grain", ("noise_beats",), (), {"noise_beats": 4, "noise_fine": 2.0, "noise_middle": 2.0}, 1 / 3,
          "a loop of four beats, shown over two seconds"),
    Strip("Where it grows", ("input_x",), _even(-0.5, 0.5)),
    Strip("Where it grows", ("input_y",), _even(-0.5, 0.5)),
    Strip("Where it grows", ("input_turn",), _even(-90.0, 90.0)),
    Strip("Where it grows", ("input_zoom",), (0.4, 0.55, 0.75, 1.0, 1.5, 2.2, 3.2)),
    Strip("Where it grows", ("width",), (4, 5, 7, 9)),
    Strip("Where it grows", ("height",), (4, 5, 6, 7, 8, 9)),
    Strip("Where it grows", ("fill",), ("mirror", "repeat", "stretch"), {"width": 8}, note="width = 8"),
    Strip("Colours by size", ("rgb_coarse",), _even(0.0, 2.0)),
    Strip("Colours by size", ("rgb_middle",), _even(0.0, 2.0)),
    Strip("Colours by size", ("rgb_fine",), _even(0.0, 2.0)),
    Strip("Layers shown", ("tap", "tap_layer"), (0, 1, 3, 5, 7, 9, 10), {"tap": "rgb"},
          note="tap = rgb, tap_layer swept"),
    Strip("Layers shown", ("tap_channel",), (0, 3, 6, 9, 12, 15, 18), {"tap": "maps", "tap_layer": 6},
          note="tap = maps at layer 6"),
    Strip("Layers shown", ("tap_mix",), UP, {"tap": "pca", "tap_layer": 5}, note="tap = pca at layer 5"),
)  # fmt: skip

BENDS: tuple[tuple[str, int, tuple[float, ...], str], ...] = (
    ("translate", 4, BOTH, "at layer 4"),
    ("rotate", 4, BOTH, "at layer 4"),
    ("scale", 5, BOTH, "at layer 5"),
    ("shear", 5, BOTH, "at layer 5"),
    ("flip", 5, UP, "at layer 5"),
    ("threshold", 6, BOTH, "at layer 6"),
    ("invert", 6, UP, "at layer 6"),
    ("blur", 6, BOTH, "at layer 6; below 0 it sharpens"),
    ("erode", 7, UP, "at layer 7"),
    ("dilate", 7, UP, "at layer 7"),
    ("ablate", 6, UP, "at layer 6, on half of the maps"),
    ("gain", 6, BOTH, "at layer 6"),
)
"""Operation, layer, amounts, what is said of it."""

NOT_SHOWN: Mapping[str, str] = {
    "class_1": "for models with classes; the one that ships has none",
    "class_2": "as class_1",
    "class_mix": "as class_1",
    "latent": "shows the latent that was saved",
    "latent_mix": "as `coarse` does, in all layers, towards the saved latent",
    "latent_at": "runs along the way to the saved latent",
    "blend_model": "needs a second model; see `Two models` above",
    "blend_coarse": "as blend_model",
    "blend_middle": "as blend_model",
    "blend_fine": "as blend_model",
    "blend_mapping": "as blend_model",
    "noise_picture": "takes in another deck's picture; shown in docs/mixer.md",
    "picture_style": "as noise_picture",
}
"""Row -> why it has no strip."""


def all_strips() -> tuple[Strip, ...]:
    """STRIPS, those of the bending operations, and those of a slot's further rows."""
    found = []
    for operation, layer, values, note in BENDS:
        more = {"bend_1": operation, "bend_1_layer": layer}
        if operation == "ablate":
            more |= {"bend_1_on": "random"}
        found.append(Strip("Bending", ("bend_1_amount", operation), values, more, note=f"{operation}, {note}"))
    more = {"bend_1": "translate", "bend_1_amount": 0.4, "bend_1_layer": 4}
    found += [
        Strip("Bending", ("bend_1_layer",), (0, 1, 2, 4, 6, 8, 10), more | {"bend_1": "rotate"}, note="rotate at 0.4"),
        Strip("Bending", ("bend_1_angle",), _even(-180.0, 180.0), more, note="translate at 0.4"),
        Strip("Bending", ("bend_1_on",), ("all", "random", "cluster"), more, note="translate at 0.4"),
        Strip("Bending", ("bend_1_part",), UP, more | {"bend_1_on": "random"}, note="translate at 0.4"),
        Strip("Bending", ("bend_1_pick",), (0, 1, 2, 3, 4), more | {"bend_1_on": "cluster"}, note="on = cluster"),
    ]
    return (*STRIPS, *found)


def file_name(strip: Strip) -> str:
    """Of a strip's picture."""
    return f"{strip.rows[1] if strip.group == 'Bending' and len(strip.rows) > 1 else strip.name}.jpg"


def pictures(make: Any, strip: Strip) -> Iterator[np.ndarray]:
    """The tiles of a strip. make: () -> an instrument, prepared."""
    instrument = make()
    values = dict(BASE) | dict(strip.more)
    swept = "tap_layer" if strip.name == "tap" else "direction_1" if strip.name == "directions" else strip.name
    if not strip.values:
        fps, frame = 30, 0
        for tile in range(TILES):
            while frame <= round(tile * strip.seconds * fps):
                moment = Moment(frame / fps, 1.0 / fps if frame else 0.0, frame, frame / fps * 2.0, frame / fps / 2 % 1)
                picture = instrument.render(ParamFrame(values), {}, moment).image
                frame += 1
            yield picture
        return
    for value in strip.values:
        if strip.name == "push":  # it has to act for a while
            instrument = make()
            instrument.render(ParamFrame(values), {}, Moment(0.0, 0.0, 0))
            yield instrument.render(ParamFrame(values | {swept: value}), {}, Moment(0.1, 0.1, 1)).image
        else:
            yield instrument.render(ParamFrame(values | {swept: value}), {}, Moment(0.0, 0.0, 0)).image


def joined(tiles: Sequence[np.ndarray]) -> Any:
    """Tiles side by side, each TILE_PX high."""
    from PIL import Image

    small = []
    for tile in tiles:
        picture = Image.fromarray(tile)
        height = TILE_PX if tile.shape[0] <= tile.shape[1] else round(TILE_PX * tile.shape[0] / tile.shape[1])
        small.append(picture.resize((round(height * tile.shape[1] / tile.shape[0]), height), Image.Resampling.LANCZOS))
    whole = Image.new("RGB", (sum(p.width + GAP_PX for p in small) - GAP_PX, max(p.height for p in small)))
    x = 0
    for picture in small:
        whole.paste(picture, (x, 0))
        x += picture.width + GAP_PX
    return whole


def page(rows: Mapping[str, Param], folder: str) -> str:
    """The table of all strips, in Markdown."""
    lines: list[str] = []
    before = ""
    for strip in all_strips():
        if strip.group != before:
            lines += [f"\n## {strip.group}\n"]
            before = strip.group
        shown = [name for name in strip.rows if name in rows]
        tones = len(shown) > 5
        head = f"`{shown[0]}`, `{shown[1]}` … `{shown[-1]}`" if tones else ", ".join(f"`{name}`" for name in shown)
        lines.append(f"**{head}** {_range(rows[shown[0]])}: {rows[shown[0]].doc}.")
        lines += [f"`{name}` {_range(rows[name])}: {rows[name].doc}." for name in ([] if tones else shown[1:])]
        swept = f"{_values(strip.values)}" if strip.values else ""
        note = "; ".join(part for part in (strip.note, swept) if part)
        lines += ["", f"![{strip.name}]({folder}/{file_name(strip)})", f"<br><sub>{note}</sub>\n" if note else ""]
    lines += [
        "\n## Without a picture here\n",
        "| control | range | what it does | why not shown |",
        "|---|---|---|---|",
    ]
    for name, why in NOT_SHOWN.items():
        lines.append(f"| `{name}` | {_range(rows[name])} | {rows[name].doc} | {why} |")
    return "\n".join(lines)


def _range(row: Param) -> str:
    if row.kind in ("float", "int"):
        unit = f" {row.unit}" if row.unit else ""
        return f"({row.lo:g} to {row.hi:g}{unit}, at rest {row.default:g})"
    return f"({', '.join(row.choices)})" if row.choices else f"({row.kind})"


def _values(values: Sequence[Any]) -> str:
    return ", ".join(f"{v:g}" if isinstance(v, int | float) else str(v) for v in values)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all strips and write the page between its marks."""
    from perform.content import find_model
    from perform.core.card import read_card
    from perform.generators.stylegan.instrument import ROWS, Instrument

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="noctiluca")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    args = parser.parse_args(arguments)
    card = read_card(find_model(args.model))

    def make() -> Any:
        made = Instrument()  # with a network of its own, as grain is written into it
        made.open(card, "cpu")
        made.prepare({"warm": False})
        return made

    folder = args.docs / "stylegan"
    folder.mkdir(parents=True, exist_ok=True)
    for strip in all_strips():
        joined(list(pictures(make, strip))).save(folder / file_name(strip), quality=QUALITY, optimize=True)
    target = args.docs / "stylegan_controls.md"
    begin, end = "<!-- strips -->", "<!-- end of strips -->"
    before, _, rest = target.read_text("utf-8").partition(begin)
    after = rest.partition(end)[2]
    target.write_text(before + begin + "\n" + page(ROWS, "stylegan") + "\n" + end + after, "utf-8")


if __name__ == "__main__":
    main()
