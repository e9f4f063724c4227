"""Touch surfaces from a look: the files read back, and what each control sends tried on the real table."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from perform.cli import main
from perform.content import find_preset, list_presets
from perform.control.osc_words import events_for, target_of
from perform.core.errors import PerformError
from perform.core.params import Param, ParamTable, is_wish
from perform.core.preset import Preset, parse_preset, read_preset
from perform.listing import preset_rows
from perform.surface import open_stage_control, touchosc
from perform.surface.pages import GRIDS, SPANS, sections_of

LOOK = "undertow"  # a model, two decks, long chains: every kind of control but colours and texts
ALL_KINDS = (
    Param("deck/a/source/tint", "colour", (0.1, 0.2, 0.3, 1.0)),
    Param("deck/a/source/where", "point", (0.5, -0.5), -1.0, 1.0),
    Param("deck/a/source/prompt_1", "text", "a <b> & \"c\" of sea"),
    Param("deck/a/source/warm", "bool", True),
)  # fmt: skip


@cache
def look() -> tuple[Preset, tuple[Param, ...]]:
    preset = read_preset(find_preset(LOOK))
    return preset, (*preset_rows(preset), *ALL_KINDS)


@cache
def files(device: str) -> tuple[Xml.Element, dict[str, Any]]:
    """(the TouchOSC layout, the Open Stage Control session), read back."""
    preset, rows = look()
    grid = GRIDS[device]
    sections = sections_of(preset, rows, grid)
    layout = Xml.fromstring(zlib.decompress(touchosc.write(sections, "Undertow", device, grid)))
    session = json.loads(open_stage_control.write(sections, "Undertow", device, grid))
    return layout, session


def table() -> ParamTable:
    preset, rows = look()
    made = ParamTable(rows)
    for path, value in preset.values().items():
        made.set(path, value)
    return made


def prop(node: Xml.Element, key: str) -> str | None:
    found = [p.findtext("value") for p in node.findall("properties/property") if p.findtext("key") == key]
    return found[0] if found else None


def frame(node: Xml.Element) -> tuple[float, float, float, float]:
    place = next(p for p in node.findall("properties/property") if p.findtext("key") == "frame").find("value")
    assert place is not None
    x, y, w, h = (float(place.findtext(k) or "nan") for k in "xywh")
    return x, y, w, h


def sent(message: Xml.Element, at: float) -> tuple[Any, ...]:
    """The arguments that TouchOSC sends while the control's values are `at`, by its manual."""
    made = []
    for partial in message.findall("arguments/partial"):
        text = partial.findtext("value") or ""
        if partial.findtext("type") == "VALUE":
            lo, hi = float(partial.findtext("scaleMin") or 0), float(partial.findtext("scaleMax") or 1)
            value: Any = lo + at * (hi - lo)
        else:
            value = text
        kinds = {"FLOAT": float, "INTEGER": lambda v: round(float(v)), "BOOLEAN": bool, "STRING": str}
        made.append(kinds[partial.findtext("conversion") or ""](value))
    return tuple(made)


def messages(layout: Xml.Element) -> Iterator[tuple[Xml.Element, Xml.Element, str]]:
    for node in layout.iter("node"):
        for message in node.findall("messages/osc"):
            yield node, message, message.findtext("path/partial/value") or ""


def obeyed(known: ParamTable, address: str, arguments: tuple[Any, ...]) -> Any:
    """What the table holds after such a message has come by OSC."""
    target = target_of(address, lambda p: known[p] if p in known else None)
    assert target is not None, f"{address} speaks of no parameter"
    assert not is_wish(target.row), f"{address} loads or saves"
    for event in events_for(target, arguments, 0.0):
        if not event.relative and event.part < 0:
            known.set(event.address, event.value, normalised=event.normalised)
    return known.value(target.path)


@pytest.mark.parametrize("device", GRIDS)
def test_what_touchosc_sends_is_what_the_parameter_understands(device: str) -> None:
    known, tried = table(), 0
    for node, message, address in messages(files(device)[0]):
        if message.findtext("send") != "1":
            continue
        assert message.find("triggers/trigger") is not None, f"{address} would never be sent"
        low, high = (obeyed(known, address, sent(message, at)) for at in (0.0, 1.0))
        path, tried = address.removeprefix("/perform/"), tried + 1
        row = known[path] if path in known else None
        if row is None:
            assert address.endswith(("/norm", "/r", "/g", "/b", "/a"))
        elif node.get("type") == "FADER":
            assert (low, high) == (row.lo, row.hi), f"{address} does not reach from end to end"
        elif row.kind == "bool":
            assert (low, high) == (False, True)
        elif row.kind == "trigger":
            assert high > low, f"{address} pulls nothing"
    assert tried > 200


def test_every_choice_can_be_sent_by_word_or_by_fader() -> None:
    for device in GRIDS:
        known, words = table(), {}
        for _, message, address in messages(files(device)[0]):
            path = address.removeprefix("/perform/").removesuffix("/norm")
            if path in known and known[path].kind == "choice" and message.findtext("send") == "1":
                for step in range(65 if address.endswith("/norm") else 1):
                    words.setdefault(path, set()).add(obeyed(known, address, sent(message, step / 64)))
        assert words
        assert not {p: set(known[p].choices) - w for p, w in words.items() if set(known[p].choices) - w}


def test_what_a_control_shows_is_what_comes_back() -> None:
    """A fader or a toggle that sends a native value takes the same address and scale as feedback; words are told."""
    layout = files("tablet")[0]
    for node, message, address in messages(layout):
        if node.get("type") in ("FADER", "XY") and not address.endswith("/norm"):
            assert message.findtext("receive") == "1", address
        if node.get("type") == "LABEL":
            assert message.findtext("receive") == "1" and message.findtext("send") == "0", address
    told = {a for n, m, a in messages(layout) if n.get("type") in ("LABEL", "TEXT")}
    assert {"/perform/mix/transition", "/perform/deck/a/source/seed", "/perform/macro/1/name"} <= told
    ids = {n.get("ID") for n in layout.iter("node")}
    assert {m.findtext("dstID") for m in layout.iter("local")} <= ids


@pytest.mark.parametrize("device", GRIDS)
def test_touchosc_pages_hold_their_controls_and_nothing_lies_on_anything(device: str) -> None:
    layout = files(device)[0]
    ids = [n.get("ID") for n in layout.iter("node")]
    assert len(ids) == len(set(ids))
    root = layout.find("node")
    assert root is not None and root.get("type") == "GROUP"
    pager = root.find("children/node")
    assert pager is not None and pager.get("type") == "PAGER"
    titles = [prop(page, "tabLabel") for page in pager.findall("children/node")]
    assert titles == ["perform", "macros", "deck a", "deck b", "mix", "audio"]
    for parent in layout.iter("node"):
        _, _, width, height = frame(parent)
        touched = []
        for child in parent.findall("children/node"):
            x, y, w, h = frame(child)
            assert x >= -0.01 and y >= -0.01 and x + w <= width + 0.01 and y + h <= height + 0.01, prop(child, "name")
            if child.get("type") in ("BUTTON", "FADER", "XY"):
                assert min(w, h) >= 16, f"{prop(child, 'name')} is too small for a finger: {w:.0f}x{h:.0f}"
                touched.append((x, y, w, h))
        for n, (x, y, w, h) in enumerate(touched):
            for i, j, v, u in touched[n + 1 :]:
                assert x + w <= i + 0.01 or i + v <= x + 0.01 or y + h <= j + 0.01 or j + u <= y + 0.01


def widgets(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield part
    for below in (*part.get("widgets", ()), *part.get("tabs", ())):
        yield from widgets(below)


def test_what_open_stage_control_sends_is_what_the_parameter_understands() -> None:
    session, known, tried = files("tablet")[1], table(), 0
    assert session["type"] == "session" and session["content"]["type"] == "root"
    every = list(widgets(session["content"]))
    ids = [w["id"] for w in every]
    assert len(ids) == len(set(ids))
    for widget in every:
        if widget["type"] in ("root", "tab", "text"):
            assert widget["bypass"], "it must send nothing"
            continue
        address, kind = widget["address"], widget["type"]
        row, tried = known[address.removeprefix("/perform/")], tried + 1
        if kind == "fader":
            ends = [obeyed(known, address, (widget["range"][end],)) for end in ("min", "max")]
            assert ends == [row.lo, row.hi]
            assert widget["default"] == table().value(row.name)
            assert 10.0 ** -widget["decimals"] <= (row.hi - row.lo) / 900 or row.kind == "int"
        elif kind == "button":
            before = known.value(row.name)
            on, off = (obeyed(known, address, (widget[end],)) for end in ("on", "off"))
            assert (on, off) == (True, False) if row.kind == "bool" else on == off == int(str(before)) + 1
        elif kind in ("switch", "dropdown"):
            words, labels = widget["values"]["values"], widget["values"]["labels"]
            assert tuple(obeyed(known, address, (word,)) for word in words) == row.choices and len(labels) == len(words)
        elif kind in ("xy", "rgb"):
            assert obeyed(known, address, tuple(widget["default"])) == tuple(widget["default"])
        else:
            assert kind == "input"
            obeyed(known, address, (widget["default"],))
    assert tried > 200


def test_open_stage_control_stands_within_its_window() -> None:
    for widget in widgets(files("phone")[1]["content"]):
        if "left" in widget:
            left, top, width, height = (float(widget[k][:-1]) for k in ("left", "top", "width", "height"))
            assert left >= 0 and top >= 0 and left + width <= 100.1 and top + height <= 100.1


def test_both_have_the_same_controls_and_all_kinds() -> None:
    preset, rows = look()
    controls = [p.control for s in sections_of(preset, rows, GRIDS["tablet"]) for page in s.pages for p in page]
    assert {c.kind for c in controls} == set(SPANS)
    layout, session = files("tablet")
    shown = {c.address for c in controls}
    heard = {a.removesuffix("/norm") for _, _, a in messages(layout)}
    assert shown <= {a if a in shown else a.rpartition("/")[0] for a in heard} | heard
    assert shown <= {w.get("address") for w in widgets(session["content"])}


def test_no_control_loads_saves_or_only_tells() -> None:
    known = table()
    wished = {f"/perform/{row.name}" for row in known if is_wish(row)}
    assert "/perform/deck/a/load" in wished and "/perform/preset/recall" in wished
    layout, session = files("tablet")
    assert not wished & {a for _, _, a in messages(layout)}
    assert not wished & {w.get("address") for w in widgets(session["content"])}


def test_what_a_look_sets_or_moves_comes_first_on_its_deck() -> None:
    preset, rows = look()
    section = next(s for s in sections_of(preset, rows, GRIDS["tablet"]) if s.title == "deck a")
    turned = {*preset.values(), *(route.target for route in preset.routes)}
    first = [p.control.row.name for p in section.pages[0]]
    assert {p for p in turned if p.startswith("deck/a/")} & {r.name for r in rows} <= set(first)


def test_every_shipped_look_gets_its_surfaces() -> None:
    for path in list_presets():
        preset = read_preset(path)
        sections = sections_of(preset, preset_rows(preset), GRIDS["tablet"])
        assert [s.title for s in sections if s.title.startswith("deck")] == [f"deck {d}" for d in preset.decks]
        json.loads(open_stage_control.write(sections, preset.title, "tablet", GRIDS["tablet"]))


def test_odd_names_of_macros_make_a_file_all_the_same() -> None:
    names = {"macro/1/name": "tab\there <&>\"'\x01 ]]>", "macro/2/name": "mer 海"}
    preset = Preset("odd", params=names)
    sections = sections_of(preset, look()[1], GRIDS["phone"])
    layout = Xml.fromstring(zlib.decompress(touchosc.write(sections, "a\x02b", "phone", GRIDS["phone"])))
    texts = {v.findtext("default") for v in layout.iter("value")}
    assert {"tab here <&>\"'  ]]>", "mer 海"} <= texts


def test_no_name_becomes_code_in_a_session() -> None:
    evil = "JS{{send('/x')}} @{root} <img src=x onerror=alert(1)> ^bomb"
    rows = (*look()[1], Param("deck/a/source/mode", "choice", "b", choices=(evil, "b", "<i>")))
    preset = Preset("odd", title=evil, params={"macro/1/name": evil, "deck/a/source/prompt_1": evil})
    text = open_stage_control.write(
        sections_of(preset, rows, GRIDS["tablet"]), evil, "tablet", GRIDS["tablet"]
    ).decode()
    session = json.loads(text)
    assert "send('/x')" in text  # it is there, as words
    for widget in widgets(session["content"]):
        for key, value in widget.items():
            if isinstance(value, str):
                own = f"@{{{widget['id'].removesuffix('_caption')}}}" if key == "value" else ""
                assert not set("{}<>^") & set(value.replace(own, "") if own else value), value
    mode = next(w for w in widgets(session["content"]) if w.get("address") == "/perform/deck/a/source/mode")
    assert mode["values"] == {"labels": ["b", "(i)"], "values": ["b", "<i>"]}


def test_the_same_look_is_the_same_file() -> None:
    preset, rows = look()
    made = [
        touchosc.write(sections_of(preset, rows, GRIDS["tablet"]), "x", "tablet", GRIDS["tablet"]) for _ in range(2)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize(("program", "suffix"), [("touchosc", ".tosc"), ("open-stage-control", ".json")])
def test_the_command_writes_a_file_and_never_over_yours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str, suffix: str
) -> None:
    target = tmp_path / f"perform_coral_reef{suffix}"
    assert main(["surface", program, str(tmp_path), "--preset", "coral_reef"]) == 0
    assert "controls" in capsys.readouterr().err and target.is_file()
    target.write_bytes(b"mine")
    assert main(["surface", program, str(target), "--preset", "coral_reef"]) == 64
    assert "--force" in capsys.readouterr().err and target.read_bytes() == b"mine"
    assert main(["surface", program, str(target), "--preset", "coral_reef", "--for", "phone", "--force"]) == 0
    assert target.stat().st_size > 1000
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("out", "preset", "says"),
    [
        ("x.txt", "coral_reef", ".tosc"),
        ("none/x.tosc", "coral_reef", "cannot be written"),
        ("x.tosc", "nope", "nope"),
        ("x.tosc", "sets/club_arc", "a set is no look"),
    ],
)
def test_what_will_not_do_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], out: str, preset: str, says: str
) -> None:
    assert main(["surface", "touchosc", str(tmp_path / out), "--preset", preset]) in (64, 65)
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and says in told and not list(tmp_path.iterdir())


def test_a_look_whose_model_is_not_here_says_so() -> None:
    preset = parse_preset('version = 1\n[deck.a]\nsource = "model:not_here"\n', "lost")
    with pytest.raises(PerformError, match="not_here"):
        preset_rows(preset)
