"""Every shader that ships, found by listing the folders and run through the real stage."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from needs import need
from PIL import Image, ImageDraw

from perform.core.errors import DeviceError
from perform.core.types import Features, Frame, Moment, ParamFrame, Value
from perform.gl import GlStage, describe, open_stage
from perform.isf import Document, parse_shader, read_shader

ROOT = Path(__file__).resolve().parent.parent
SHADERS = ROOT / "shaders"
GOLDEN = ROOT / "tests" / "golden" / "shaders"
DIFF = ROOT / "tests" / "golden" / "diff"
GUIDE, SHEET = ROOT / "docs" / "shaders.md", ROOT / "docs" / "shaders.jpg"
SHEET_BYTES = 600_000
REGENERATE = os.environ.get("PERFORM_REGENERATE", "") not in ("", "0")

KINDS = {"generators": "generator", "effects": "filter", "transitions": "transition"}
FILES = sorted(SHADERS.glob("*/*.fs"))
GENERATORS, EFFECTS, TRANSITIONS = ([p for p in FILES if p.parent.name == kind] for kind in KINDS)
MUSIC = ("amount", "punch", "glow")
"""Inputs that are made for music: at their MIN the shader is calm, at their MAX it hits."""

SIZE = (96, 54)
STEP_S = 1.0 / 30.0
START_S = 12.0
MEAN_TOLERANCE, FAR_TOLERANCE = 2.0, 24.0
MAX_FETCHES, MAX_ITERATIONS = 64, 256


def _names(paths: Sequence[Path]) -> list[str]:
    return [path.stem for path in paths]


@pytest.fixture(scope="module")
def stage() -> Iterator[GlStage]:
    try:
        made = open_stage(SIZE, display="offscreen")
    except DeviceError as error:
        need(False, str(error))
        return
    yield made
    made.close()


def picture(frame: int = 0) -> np.ndarray:
    """A seeded test picture [h, w, 3] uint8: dark ground, a lit face, coloured lamps that circle slowly."""
    w, h = SIZE
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    x, y = (x - w / 2) / h, (y - h / 2) / h
    image = np.stack([0.10 + 0.1 * x, 0.08 + 0.05 * y, 0.22 - 0.1 * y], -1)
    face = (x / 0.24) ** 2 + (y / 0.33) ** 2 < 1
    image[face] = np.stack([0.90 - 0.7 * x, 0.62 - 0.5 * x, 0.50 - 0.4 * x], -1)[face]
    turn = frame * STEP_S * 1.5
    for place, colour in enumerate([(0.95, 0.75, 0.2), (0.1, 0.8, 0.7), (0.95, 0.25, 0.5), (0.3, 0.35, 0.95)]):
        angle = turn + place * np.pi / 2
        lamp = (x - 0.62 * np.cos(angle)) ** 2 + (y - 0.32 * np.sin(angle)) ** 2 < 0.11**2
        image[lamp] = colour
    for side in (-1, 1):
        image[(x - side * 0.09) ** 2 + (y + 0.06) ** 2 < 0.03**2] = (0.98, 0.98, 0.98)
    return (np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def sound(frame: int = 0) -> Features:
    """One hop of an invented chord: a falling spectrum with peaks, and three sines."""
    bands = np.linspace(0.0, 1.0, 64, dtype=np.float32)
    spectrum = np.exp(-2.5 * bands) * (0.55 + 0.45 * np.sin(60.0 * bands + 0.2 * frame))
    t = np.linspace(0.0, 1.0, 1024, dtype=np.float32)
    wave = 0.5 * np.sin(2 * np.pi * 6 * t + 0.1 * frame) + 0.25 * np.sin(2 * np.pi * 17 * t)
    return Features(frame * STEP_S, {}, spectrum.astype(np.float32), np.stack([wave, wave], 1).astype(np.float32))


def silence() -> Features:
    """A hop with nothing in it."""
    return Features(0.0, {}, np.zeros(64, np.float32), np.zeros((1024, 2), np.float32))


def music_at(document: Document, share: float) -> dict[str, Value]:
    """The inputs made for music at `share` of their range."""
    return {i.name: i.lo + share * (i.hi - i.lo) for i in document.inputs if i.type == "float" and i.name in MUSIC}


def all_at(document: Document, share: float) -> dict[str, Value]:
    """Every float input at `share` of its range."""
    return {i.name: i.lo + share * (i.hi - i.lo) for i in document.inputs if i.type == "float"}


def play(
    stage: GlStage,
    document: Document,
    values: Mapping[str, Value] | Callable[[int], Mapping[str, Value]],
    frames: int = 4,
    *,
    source: Callable[[int], np.ndarray] = picture,
    heard: Callable[[int], Features] = sound,
    step_s: float = STEP_S,
    start_s: float = START_S,
) -> Iterator[np.ndarray]:
    """Run a generator or an effect from a cold start; yields every frame, [h, w, 3] uint8."""
    generator = document.kind == "generator"
    prefix = "deck/a/source" if generator else "master/fx/shown"
    stage.set_chain("master", [])
    stage.set_source("a", None)
    if generator:
        stage.set_source("a", document)
    else:
        stage.set_chain("master", [("shown", document)])
    for index in range(frames):
        moment = Moment(start_s + index * step_s, step_s if index else 0.0, index)
        now = values(index) if callable(values) else values
        params = ParamFrame({f"{prefix}/{name}": value for name, value in now.items()})
        decks = {} if generator else {"a": Frame(source(index), index, moment)}
        stage.show(decks, params, heard(index), moment)
        yield stage.finish().copy()
    assert stage.counts()["unit_errors"] == 0, list(stage.messages)


def last(frames: Iterator[np.ndarray]) -> np.ndarray:
    """The frame shown last."""
    return list(frames)[-1]


def as_filter(path: Path) -> Document:
    """A transition whose first picture is the chain's: it can then be run behind another effect."""
    return parse_shader(path.read_text("utf-8").replace("startImage", "inputImage"), str(path))


def cross(stage: GlStage, path: Path, progress: float) -> np.ndarray:
    """A transition from the mirrored test picture (the chain's) to the plain one (the deck's own)."""
    stage.set_source("a", None)
    mirror = read_shader(SHADERS / "effects" / "mirror.fs")
    stage.set_chain("master", [("mirror", mirror), ("shown", as_filter(path))])
    moment = Moment(START_S, 0.0, 0)
    params = ParamFrame({"master/fx/shown/progress": progress, "master/fx/mirror/amount": 1.0})
    stage.show({"a": Frame(picture(), 0, moment)}, params, sound(), moment)
    return stage.finish().copy()


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference, in steps of 255."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


# The files themselves


def test_there_is_enough_to_play_with() -> None:
    assert len(GENERATORS) >= 16 and len(EFFECTS) >= 30 and len(TRANSITIONS) >= 15
    assert {p.parent.name for p in FILES} == set(KINDS)
    assert len({p.stem for p in FILES}) == len(FILES), "names are addresses: each may be there once"


@pytest.mark.parametrize("path", FILES, ids=_names(FILES))
def test_header(path: Path) -> None:
    document = read_shader(path)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", path.stem) and document.name == path.stem
    assert document.kind == KINDS[path.parent.name]
    assert not document.warnings
    assert len(document.description) > 30 and document.credit and document.categories
    assert document.licence == "Apache-2.0"
    for item in document.inputs:
        assert item.label, f"{item.name} has no LABEL"
        if item.type == "float":
            assert item.lo < item.hi and item.lo <= item.default <= item.hi
        if item.type == "long":
            assert len(item.labels) == len(item.values) >= 2
    inputs = {item.name: item for item in document.inputs}
    if document.kind != "transition":
        assert (inputs["punch"].default, inputs["punch"].lo, inputs["punch"].hi) == (0.0, 0.0, 1.0)
        main = inputs["amount" if document.kind == "filter" else "glow"]
        assert (main.lo, main.hi) == (0.0, 1.0)


_LOOP = re.compile(r"for\s*\(\s*int\s+(\w+)\s*=\s*(\d+)\s*;\s*\1\s*(<|<=|>|>=)\s*(\d+)\s*;\s*\1(?:\+\+|--)\s*\)\s*")
_FUNCTION = re.compile(r"^\w+\s+(\w+)\s*\([^()]*\)\s*\{", re.M)


def _block(code: str, start: int) -> int:
    """Where the block or statement that begins at `start` ends."""
    if code[start] != "{":
        return code.index(";", start) + 1
    depth = 0
    for place in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[place], 0)
        if depth == 0:
            return place + 1
    raise AssertionError("a brace is never closed")


def _weigh(code: str, known: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """(texture fetches, loop iterations) of a piece of code, all branches counted."""
    fetches = iterations = place = 0
    words = re.compile(_LOOP.pattern + r"|\b(?P<word>\w+)\s*\(")
    while found := words.search(code, place):
        place = found.end()
        word = found["word"]
        if word is None:
            times = abs(int(found[4]) - int(found[2])) + ("=" in found[3])
            end = _block(code, place)
            inner = _weigh(code[place:end], known)
            fetches += times * inner[0]
            iterations += times * max(inner[1], 1)
            place = end
        elif word.startswith("IMG_") and word != "IMG_SIZE":
            fetches += 1
        elif word in known:
            fetches += known[word][0]
            iterations += known[word][1]
    return fetches, iterations


def weight(fragment: str) -> tuple[int, int]:
    """(texture fetches, loop iterations) of a shader's `main`, at most."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", fragment, flags=re.S)
    assert not re.search(r"\b(while|do|goto)\b", code), "loops need a constant bound"
    assert len(re.findall(r"\bfor\b", code)) == len(_LOOP.findall(code)), "a loop without a constant bound"
    known: dict[str, tuple[int, int]] = {}
    for found in _FUNCTION.finditer(code):
        known[found[1]] = _weigh(code[found.end() - 1 : _block(code, found.end() - 1)], known)
    return known["main"]


def test_the_scales_are_right() -> None:
    inner = "vec4 a(vec2 p) { return IMG_NORM_PIXEL(x, p) + IMG_NORM_PIXEL(x, -p); }\n"
    outer = "void main() { for (int i = 0; i < 3; i++) { for (int j = 4; j >= 0; j--) a(p); } IMG_THIS_PIXEL(x); }"
    assert weight(inner + outer) == (31, 15)


@pytest.mark.parametrize("path", FILES, ids=_names(FILES))
def test_weight(path: Path) -> None:
    fetches, iterations = weight(read_shader(path).fragment)
    assert fetches <= MAX_FETCHES
    assert iterations <= MAX_ITERATIONS


def test_nothing_is_drawn_by_unseeded_chance() -> None:
    for path in FILES:
        assert "DATE" not in read_shader(path).fragment, f"{path.stem} depends on the calendar"


# The pictures


@pytest.mark.parametrize("path", GENERATORS, ids=_names(GENERATORS))
def test_generator(stage: GlStage, path: Path) -> None:
    document = read_shader(path)
    rest = last(play(stage, document, music_at(document, 0.0)))
    full = last(play(stage, document, music_at(document, 1.0)))
    assert rest.max() > 25 and rest.std() > 2.0, "blank at rest"
    assert full.mean() > rest.mean() + 4.0, "does not light up"
    assert full.mean() < 215.0, "burns out"
    later = last(play(stage, document, {}, start_s=START_S + 3.0, heard=lambda i: sound(i + 40)))
    first = last(play(stage, document, {}))
    # What grows begins the same at any hour, and moves while it is watched.
    watched = first if apart(later, first) > 1.5 else last(play(stage, document, {}, 40))
    assert max(apart(later, first), apart(watched, first)) > 1.5, "does not move"


@pytest.mark.parametrize("path", EFFECTS, ids=_names(EFFECTS))
def test_effect(stage: GlStage, path: Path) -> None:
    document = read_shader(path)
    untouched = last(play(stage, document, music_at(document, 0.0)))
    assert apart(untouched, picture(3)) < 1.0, "amount 0 should leave the picture alone"
    played = list(play(stage, document, music_at(document, 1.0), 12))
    assert max(apart(shown, picture(i)) for i, shown in enumerate(played)) > 4.0, "does nothing at full"
    assert all(shown.std() > 8.0 for shown in played), "blank at full"


@pytest.mark.parametrize("path", [*GENERATORS, *EFFECTS], ids=_names([*GENERATORS, *EFFECTS]))
def test_no_corner_is_broken(stage: GlStage, path: Path) -> None:
    """All knobs down, all knobs up, in silence: no error, and nothing that is not a number (it would show as black)."""
    document = read_shader(path)
    for share in (0.0, 1.0):
        values = all_at(document, share)
        values.update({k: 1.0 for k in ("amount", "glow") if k in values})
        shown = last(play(stage, document, values, heard=lambda i: silence()))
        assert shown.max() > 20, f"black with all inputs at {share}"


@pytest.mark.parametrize("path", TRANSITIONS, ids=_names(TRANSITIONS))
def test_transition_begins_with_one_picture_and_ends_with_the_other(stage: GlStage, path: Path) -> None:
    first, second = cross(stage, path, 0.0), cross(stage, path, 1.0)
    mirror = last(play(stage, read_shader(SHADERS / "effects" / "mirror.fs"), {"amount": 1.0}, 1))
    assert apart(first, mirror) < 1.0
    assert apart(second, picture()) < 1.0
    halfway = cross(stage, path, 0.5)
    assert apart(halfway, first) > 2.0 and apart(halfway, second) > 2.0


def _golden_picture(stage: GlStage, path: Path) -> np.ndarray:
    document = read_shader(path)
    if document.kind == "transition":
        return cross(stage, path, 0.5)
    values = {"punch": 0.5}
    if path.stem == "strobe":
        values = {"punch": 1.0}
    return last(play(stage, document, values))


@pytest.mark.parametrize("path", FILES, ids=_names(FILES))
def test_golden(stage: GlStage, path: Path) -> None:
    shown = _golden_picture(stage, path)
    assert shown.std() > 2.0, "blank"
    if not describe(stage)["software"]:
        return
    kept = GOLDEN / f"{path.stem}.png"
    if REGENERATE:
        GOLDEN.mkdir(parents=True, exist_ok=True)
        Image.fromarray(shown).save(kept, optimize=True)
    with Image.open(kept) as image:
        wanted = np.asarray(image.convert("RGB"))
    gap = np.abs(shown.astype(np.int16) - wanted.astype(np.int16))
    if gap.mean() > MEAN_TOLERANCE or np.percentile(gap, 99.0) > FAR_TOLERANCE:
        DIFF.mkdir(parents=True, exist_ok=True)
        beside = np.concatenate([wanted, shown, np.clip(gap * 4, 0, 255).astype(np.uint8)], axis=1)
        Image.fromarray(beside).save(DIFF / f"{path.stem}.png")
        pytest.fail(f"{path.stem} differs by {gap.mean():.2f} on average; see tests/golden/diff/{path.stem}.png")


def test_no_golden_picture_without_a_shader() -> None:
    assert {p.stem for p in GOLDEN.glob("*.png")} == {p.stem for p in FILES}


# What a long night must not break


def _shades(shown: np.ndarray) -> tuple[float, float]:
    """(mean brightness, mean colourfulness), 0..1."""
    unit = shown.astype(np.float32) / 255.0
    return float(unit.mean()), float((unit.max(-1) - unit.min(-1)).mean())


@pytest.mark.parametrize("name", ["feedback", "echo", "slit_scan"])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_feedback_neither_burns_out_nor_dies(stage: GlStage, name: str, share: float) -> None:
    document = read_shader(SHADERS / "effects" / f"{name}.fs")
    values = {**all_at(document, share), "amount": 1.0, "punch": share}
    before, colour_before = _shades(picture())
    for index, shown in enumerate(play(stage, document, values, 300)):
        if index % 30 == 29:
            bright, colour = _shades(shown)
            assert 0.5 * before < bright < min(0.85, 3.5 * before)
            assert colour > 0.4 * colour_before, "went grey"


@pytest.mark.parametrize("name", ["feedback", "echo", "slit_scan"])
def test_memory_empties_when_the_picture_goes_dark(stage: GlStage, name: str) -> None:
    document = read_shader(SHADERS / "effects" / f"{name}.fs")

    def source(index: int) -> np.ndarray:
        return picture(index) if index < 30 else np.zeros_like(picture())

    values = {**all_at(document, 0.5), "amount": 1.0, "memory": 1.0}
    shown = last(play(stage, document, values, 180, source=source))
    assert shown.mean() < 3.0


def test_feedback_keeps_its_pace_at_any_frame_rate(stage: GlStage) -> None:
    document = read_shader(SHADERS / "effects" / "feedback.fs")
    still = picture()
    values = {"amount": 1.0, "memory": 0.6, "zoom": 0.8}
    slow = last(play(stage, document, values, 60, source=lambda i: still, step_s=1 / 30))
    fast = last(play(stage, document, values, 240, source=lambda i: still, step_s=1 / 120))
    assert apart(slow, fast) < 0.55 * apart(slow, still)


def _flashes(stage: GlStage, values: Callable[[int], Mapping[str, Value]], seconds: int) -> np.ndarray:
    """Times at which the picture rises through the middle between its darkest and brightest, 60 frames a second."""
    document = read_shader(SHADERS / "effects" / "strobe.fs")
    grey = np.full_like(picture(), 70)
    shown = play(stage, document, values, seconds * 60, source=lambda i: grey, step_s=1 / 60)
    light = np.array([frame.mean() for frame in shown])
    assert light.max() > 100.0, "no flash at all"
    high = light > 0.5 * (light.min() + light.max())
    return np.flatnonzero(high & ~np.concatenate([[False], high[:-1]])) / 60.0


def _most_in_a_second(times: np.ndarray) -> int:
    return max(int(((times >= t) & (times < t + 1.0)).sum()) for t in times)


@pytest.mark.parametrize("softness", [0.0, 0.5, 1.0])
def test_strobe_never_flashes_more_than_three_times_a_second(stage: GlStage, softness: float) -> None:
    def hammered(index: int) -> dict[str, Value]:
        return {"amount": 1.0, "softness": softness, "rate": 3.0, "punch": float(index % 6 < 3)}

    times = _flashes(stage, hammered, 5)
    assert 2 <= _most_in_a_second(times) <= 3
    assert np.diff(times).min() > 0.99 / 3.0


def test_strobe_goes_faster_only_when_a_person_raises_the_limit(stage: GlStage) -> None:
    def hammered(index: int) -> dict[str, Value]:
        return {"amount": 1.0, "softness": 0.0, "limit": 6.0, "punch": float(index % 6 < 3)}

    assert 4 <= _most_in_a_second(_flashes(stage, hammered, 3)) <= 6


def test_strobe_answers_each_hit_once(stage: GlStage) -> None:
    def held(index: int) -> dict[str, Value]:
        return {"amount": 1.0, "punch": float(20 <= index)}

    assert len(_flashes(stage, held, 3)) == 1


# The guide: its table and its contact sheet are made from the shaders themselves


def table() -> str:
    """The part of the guide between its two markers."""
    lines = []
    for folder in KINDS:
        lines += [f"### {folder.capitalize()}", "", "| name | what the eye sees | inputs |", "|---|---|---|"]
        for path in sorted((SHADERS / folder).glob("*.fs")):
            document = read_shader(path)
            inputs = ", ".join(f"`{i.name}`" for i in document.inputs if i.type != "image")
            lines.append(f"| `{document.name}` | {document.description} | {inputs} |")
        lines.append("")
    return "\n".join(lines)


def contact_sheet(columns: int = 6, tile: tuple[int, int] = (160, 90), label_px: int = 15) -> Image.Image:
    """Every shader, the effects and transitions laid over the marbling generator, with its name below."""
    w, h = tile
    sheet = Image.new("RGB", (columns * w, -(-len(FILES) // columns) * (h + label_px)), (12, 12, 14))
    pen = ImageDraw.Draw(sheet)
    stage = open_stage(tile, display="offscreen")
    marbling = read_shader(SHADERS / "generators" / "marbling.fs")
    mirror = read_shader(SHADERS / "effects" / "mirror.fs")
    palettes = ("orchid", "abyss", "ember", "aurora")
    for place, path in enumerate([*GENERATORS, *EFFECTS, *TRANSITIONS]):
        document = read_shader(path)
        values: dict[str, Value] = {"deck/a/source/glow": 0.65, "deck/a/source/punch": 0.3}
        values |= {"master/fx/mirror/amount": 1.0, "master/fx/shown/progress": 0.5, "master/fx/shown/amount": 0.9}
        stage.set_chain("master", [])
        stage.set_source("a", document if document.kind == "generator" else marbling)
        if document.kind == "transition":
            stage.set_chain("master", [("mirror", mirror), ("shown", as_filter(path))])
        elif document.kind == "filter":
            stage.set_chain("master", [("shown", document)])
        if document.kind != "generator":
            values["deck/a/source/palette"] = palettes[place % len(palettes)]
        for index in range(45):
            moment = Moment(START_S + index * STEP_S, STEP_S, index)
            values["master/fx/shown/punch"] = 0.55 if path.stem != "strobe" or index > 41 else 0.0
            stage.show({}, ParamFrame(dict(values)), sound(index), moment)
        x, y = place % columns * w, place // columns * (h + label_px)
        sheet.paste(Image.fromarray(stage.finish()), (x, y))
        pen.text((x + 4, y + h + 2), path.stem, fill=(190, 190, 190))
    stage.close()
    return sheet


def test_the_guide_is_up_to_date() -> None:
    text = GUIDE.read_text("utf-8")
    head, rest = text.split("<!-- table -->\n")
    old, tail = rest.split("<!-- end of table -->")
    if REGENERATE:
        GUIDE.write_text(f"{head}<!-- table -->\n{table()}<!-- end of table -->{tail}", "utf-8")
        contact_sheet().save(SHEET, quality=86, optimize=True)
    else:
        assert old == table(), "run this test with PERFORM_REGENERATE=1"
    assert SHEET.stat().st_size <= SHEET_BYTES
