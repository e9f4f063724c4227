"""What there is: models, presets, shaders, features, parameters, devices, as lists of plain objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perform.core.errors import PerformError
from perform.core.params import Param

if TYPE_CHECKING:
    from perform.core.preset import Preset

WHAT = ("models", "presets", "sets", "shaders", "features", "params", "devices", "controls")
Row = dict[str, Any]


def listed(what: str) -> list[Row]:
    """One object with `name`, `doc` and what is known, for each thing of a kind. Broken ones are listed, and say so."""
    return _LISTS[what]()


def _models() -> list[Row]:
    from perform.content import list_models
    from perform.core.card import read_card

    rows: list[Row] = []
    for folder in list_models():
        try:
            card = read_card(folder)
        except PerformError as error:
            rows.append({"name": folder.name, "doc": f"broken: {error}"})
            continue
        rows.append({
            "name": folder.name, "doc": _unless_gone(card) or card.description or card.title, "kind": card.kind,
            "author": card.author,
            "licence": card.terms, "resolution": card.architecture.get("resolution"),
            "trained_on": card.training.get("data", "not stated"), "sha256": card.sha256,
        })  # fmt: skip
    return rows


def _unless_gone(card: Any) -> str:
    return "" if card.weights_path.is_file() else f"broken: {card.weights_path} is missing"


def _presets() -> list[Row]:
    from perform.content import list_presets
    from perform.core.preset import read_preset

    rows: list[Row] = []
    for path in list_presets():
        try:
            preset = read_preset(path)
        except PerformError as error:
            rows.append({"name": path.stem, "doc": f"broken: {error}"})
            continue
        sources = {letter: deck.source for letter, deck in preset.decks.items()}
        rows.append({"name": path.stem, "doc": preset.doc or preset.title, "tags": list(preset.tags), "source": sources,
                     "routes": len(preset.routes), "problems": list(preset.problems)})  # fmt: skip
    return rows


def _sets() -> list[Row]:
    from perform.content import list_sets
    from perform.core.cues import read_set

    rows: list[Row] = []
    for path in list_sets():
        try:
            read = read_set(path)
        except PerformError as error:
            rows.append({"name": path.stem, "doc": f"broken: {error}"})
            continue
        rows.append({"name": path.stem, "doc": read.doc or read.title, "tags": list(read.tags), "loop": read.loop,
                     "cues": [cue.name for cue in read.cues], "problems": list(read.problems)})  # fmt: skip
    return rows


def _shaders() -> list[Row]:
    from perform.content import SHADER_KINDS, shaders
    from perform.isf import read_shader

    rows: list[Row] = []
    for kind in SHADER_KINDS:
        for name, path in sorted(shaders(kind).items()):
            rows.append(_shader(kind, name, path, read_shader))
    return rows


def _shader(kind: str, name: str, path: Path, read: Any) -> Row:
    try:
        document = read(path)
    except PerformError as error:
        return {"name": name, "doc": f"broken: {error}", "kind": kind}
    return {"name": name, "doc": document.description, "kind": kind, "credit": document.credit,
            "params": [row.name for row in document.params()]}  # fmt: skip


def _features() -> list[Row]:
    from perform.core.cues import SOURCES
    from perform.core.sources import BEAT_SOURCES
    from perform.features import OUTPUTS

    rows = [
        {"name": name, "doc": out.doc, "lo": out.lo, "hi": out.hi, "unit": out.unit} for name, out in OUTPUTS.items()
    ]
    return [*rows, *({"name": name, "doc": doc} for name, doc in {**BEAT_SOURCES, **SOURCES}.items())]


def param_row(row: Param) -> Row:
    """A parameter as an object."""
    known: Row = {"name": row.name, "doc": row.doc, "address": f"/perform/{row.name}", "kind": row.kind,
                  "default": row.default}  # fmt: skip
    if row.kind in ("float", "int", "point", "colour"):
        known |= {"lo": row.lo, "hi": row.hi, "unit": row.unit}
    if row.choices:
        known["choices"] = list(row.choices)
    return known


def effect_rows(shader: str) -> tuple[Param, ...]:
    """The rows of an effect in a chain."""
    from perform.content import find_shader
    from perform.gl.rows import SLOT_ROWS, pick_rows
    from perform.isf import read_shader

    document = read_shader(find_shader(shader, "effects"))
    return (*document.params(), *pick_rows(document.pictures()), *SLOT_ROWS)


def _params() -> list[Row]:
    return [param_row(row) for row in shown_params()]


def shown_params() -> list[Param]:
    """The parameters of the default preset."""
    from perform.content import find_preset
    from perform.core.preset import read_preset
    from perform.options import DEFAULT_PRESET

    return preset_rows(read_preset(find_preset(DEFAULT_PRESET)))


def preset_rows(preset: Preset) -> list[Param]:
    """Every row of a show that plays this preset, named by its whole path: fixed ones, those of its sources and those
    of its chains. Raises PerformError for a source or an effect that is not there."""
    from perform import look_fade
    from perform.autopilot import autopilot_rows
    from perform.control import learning
    from perform.core import clock, quantise
    from perform.core.routes import route_rows
    from perform.cue_desk import ROWS as CUE_ROWS
    from perform.deck_source import plan_source
    from perform.deck_wishes import wish_rows
    from perform.decks import input_rows
    from perform.features import PARAMS
    from perform.gl import FIXED_ROWS
    from perform.gl.rows import DECK_ROWS, DECKS, LAYER_ROWS
    from perform.looks.looks import ROWS as LOOK_ROWS
    from perform.looks.snapshots import ROWS as SNAPSHOT_ROWS
    from perform.mix import mix_rows
    from perform.panel import ROWS as PROMPT_ROWS
    from perform.route_desk import ROWS as ROUTE_DESK_ROWS
    from perform.schedule_desk import ROWS as SCHEDULE_ROWS
    from perform.shader_desk import MESSAGE_ROW
    from perform.show import ROWS
    from perform.surprise import ROWS as SURPRISE_ROWS

    tempo = (*clock.PARAMS, *quantise.PARAMS)
    groups: list[tuple[str, Sequence[Param]]] = [("audio", PARAMS), ("tempo", tempo), ("", (*ROWS, *look_fade.ROWS)),
                                                ("learn", learning.PARAMS), ("surprise", SURPRISE_ROWS), *FIXED_ROWS,
                                                 ("mix", mix_rows()), *wish_rows()]  # fmt: skip
    for letter, deck in preset.decks.items():
        if letter not in DECKS:
            groups += [(f"deck/{letter}", DECK_ROWS), (f"deck/{letter}/layer", LAYER_ROWS)]
        plan = plan_source(deck.source)
        groups += [(f"deck/{letter}/source", plan.rows), (f"deck/{letter}/inputs", input_rows(plan.pictures))]
        for slot in deck.fx:
            groups.append((f"deck/{letter}/fx/{slot.name}", effect_rows(slot.shader)))
    for slot in preset.master:
        groups.append((f"master/fx/{slot.name}", effect_rows(slot.shader)))
    groups.append(("", (*ROUTE_DESK_ROWS, *route_rows(preset.routes))))
    groups += [("cue", CUE_ROWS), ("autopilot", autopilot_rows()), ("schedule", SCHEDULE_ROWS),
               ("", (*LOOK_ROWS, MESSAGE_ROW)), ("snapshot", SNAPSHOT_ROWS), ("prompt", PROMPT_ROWS)]  # fmt: skip
    return [placed(prefix, row) for prefix, rows in groups for row in rows]


def placed(prefix: str, row: Param) -> Param:
    """A row by its whole path."""
    return replace(row, name=f"{prefix}/{row.name}") if prefix else row


def _devices() -> list[Row]:
    from perform.inputs import list_devices
    from perform.inputs.camera import list_cameras

    cameras: list[Row] = [{"name": name, "doc": f"camera, {place}"} for place, name in list_cameras()]
    try:
        sound = [{"doc": f"{d['inputs']} in, {d['outputs']} out, {d['host_api']}", **d} for d in list_devices()]
    except PerformError:
        sound = []
    return [*sound, *cameras]


def _controls() -> list[Row]:
    """Keys, pads, a lighting desk's channels and what was taught, the nearest map first: what a press does."""
    from perform.hand_files import HandFiles
    from perform.lights_room import LOOPBACK, LightsRoom

    files = HandFiles("", LightsRoom(LOOPBACK), lambda line: None)
    found: dict[str, str] = {}
    for bindings in (files.learnt()[0], *(one.bindings for one in files.read())):
        here = [b for b in bindings if b.control not in found]
        for b in here:
            what = b.target if b.value is None else f"{b.target} = {b.value}"
            found[b.control] = ", ".join(filter(None, [found.get(b.control), f"{b.name}: {what}" if b.name else what]))
    return [{"name": control, "doc": doc} for control, doc in found.items()]


_LISTS = {
    "models": _models,
    "presets": _presets,
    "sets": _sets,
    "shaders": _shaders,
    "features": _features,
    "params": _params,
    "devices": _devices,
    "controls": _controls,
}


def table(rows: Sequence[Row]) -> str:
    """Name and doc in two columns, with the range where there is one."""
    if not rows:
        return "  none"
    width = min(max(len(str(r["name"])) for r in rows), 44)
    return "\n".join(f"  {r['name']!s:<{width}}  {_range(r)}{r['doc']}" for r in rows)


def _range(row: Row) -> str:
    if row.get("choices"):
        return f"[{' '.join(row['choices'])}] "
    if "lo" in row and row["lo"] is not None:
        return f"[{row['lo']:g}..{row['hi']:g}{' ' + row['unit'] if row.get('unit') else ''}] "
    return ""


def bench_table(result: Mapping[str, Any]) -> str:
    """A bench's rows, as text."""
    lines = [f"{result['bench']}:"]
    for row in result["rows"]:
        figures = ", ".join(
            f"{k} {v:g}" if isinstance(v, int | float) else f"{k} {v}" for k, v in row.items() if k != "what"
        )
        lines.append(f"  {row['what']}: {figures}")
    return "\n".join(lines)
