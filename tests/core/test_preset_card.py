from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.core.card import check_hash, read_card
from perform.core.errors import ModelError, PresetError
from perform.core.preset import DECK_OWN, Deck, Preset, Slot, parse_preset, read_preset
from perform.core.preset_text import write_preset
from perform.core.routes import Route
from perform.core.sources import LFO_SHAPES, Lfo, Random

NAMES = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-999, 999),
    st.booleans(),
    TEXTS,
    st.lists(st.floats(0, 1), min_size=2, max_size=4).map(tuple),
)
PARAMS = st.dictionaries(st.one_of(NAMES, TEXTS), VALUES, max_size=3)
SLOTS = st.lists(st.builds(Slot, NAMES, NAMES, PARAMS), max_size=3, unique_by=lambda s: s.name).map(tuple)
ROUTES = st.builds(
    Route,
    NAMES,
    NAMES,
    st.floats(-2, 2),
    st.sampled_from(["linear", "square"]),
    st.floats(0, 3),
    st.floats(0, 3),
    st.floats(-1, 0),
    st.floats(0.5, 2),
)
FREE = st.one_of(
    st.builds(Lfo, NAMES, st.sampled_from(sorted(LFO_SHAPES)), st.floats(0, 16), st.floats(0.1, 60), st.floats(0, 1)),
    st.builds(Random, NAMES, st.floats(0, 8), st.floats(0.1, 9), st.integers(0, 99)),
)
OWN = st.dictionaries(
    st.one_of(st.sampled_from(DECK_OWN), NAMES.map("layer/{}".format), NAMES.map("inputs/{}".format)),
    VALUES,
    max_size=4,
)
MIX = st.dictionaries(st.one_of(NAMES.filter(lambda n: n != "with"), NAMES.map("with/{}".format)), VALUES, max_size=4)
PRESETS = st.builds(
    Preset, NAMES, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple),
    st.dictionaries(st.sampled_from("ab"), st.builds(Deck, NAMES, PARAMS, SLOTS, OWN), max_size=2), SLOTS, PARAMS,
    st.lists(ROUTES, max_size=3).map(tuple), st.just(()), st.just(()), MIX,
)  # fmt: skip


@given(PRESETS, st.lists(FREE, max_size=3, unique_by=lambda u: u.source))
def test_presets_round_trip(preset: Preset, free: list) -> None:
    free.sort(key=lambda unit: isinstance(unit, Random))
    whole = Preset(**{f: getattr(preset, f) for f in preset.__slots__ if f != "free"}, free=tuple(free))
    assert parse_preset(write_preset(whole)) == whole


def test_unknown_and_broken_parts_are_listed_and_the_rest_loads() -> None:
    preset = parse_preset(
        """
        version = 1
        colour_of_cat = "black"
        [deck.a]
        source = "testcard"
        sauce = 1
        [deck.a.params]
        psi = 0.7
        when = 2020-01-01
        [[deck.a.fx]]
        shader = "bloom"
        [[deck.a.fx]]
        shader = "bloom"
        [[deck.a.fx]]
        params = {}
        [[route]]
        source = "audio/level"
        target = "deck/a/source/psi"
        [[route]]
        source = "audio/level"
        [lfo.slow]
        shape = "zigzag"
    """,
        "x",
    )
    assert [s.name for s in preset.decks["a"].fx] == ["bloom", "bloom_2"]
    assert preset.values() == {"deck/a/source/psi": 0.7}
    assert len(preset.routes) == 1 and not preset.free
    text = "\n".join(preset.problems)
    for word in ("colour_of_cat", "sauce", "when", "shader name", "route 2", "lfo.slow"):
        assert word in text


@pytest.mark.parametrize(("text", "word"), [
    ('[deck.a]\nfx = "no"', "deck.a.fx"), ("[master]\nfx = 3", "master.fx"), ("route = 3", "route"),
])  # fmt: skip
def test_what_should_be_a_list_and_is_none_is_said(text: str, word: str) -> None:
    assert any(word in line for line in parse_preset(text, "x").problems)


def test_presets_from_the_future_and_no_toml(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match="newer"):
        parse_preset("version = 2")
    (tmp_path / "x.toml").write_text("= = =")
    with pytest.raises(PresetError, match=r"x\.toml"):
        read_preset(tmp_path / "x.toml")
    with pytest.raises(PresetError, match="cannot be read"):
        read_preset(tmp_path / "y.toml")
    (tmp_path / "z.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PresetError, match="cannot be read"):
        read_preset(tmp_path / "z.toml")


def card(tmp_path: Path, **changes: str) -> Path:
    words = {"name": '"m"', "kind": '"stylegan2"', "weights": '"w.safetensors"', "sha256": '"00"'} | changes
    (tmp_path / "model.toml").write_text("\n".join(f"{k} = {v}" for k, v in words.items() if v))
    (tmp_path / "w.safetensors").write_bytes(b"weights")
    return tmp_path


def test_cards(tmp_path: Path) -> None:
    got = read_card(card(tmp_path))
    assert (got.name, got.kind, got.weights_path) == ("m", "stylegan2", tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="not those of the card"):
        check_hash(got)
    import hashlib

    digest = hashlib.sha256(b"weights").hexdigest()
    check_hash(read_card(card(tmp_path, sha256=f'"{digest.upper()}"')))


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": '"../w.safetensors"'},
        {"weights": '"w.pkl"'},
        {"sha256": ""},
        {"name": "3"},
        {"version": "7"},
        {"kind": "= ="},
        {"trim_px": "99"},
    ],
)
def test_cards_that_are_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(ModelError, match=r"model\.toml"):
        read_card(card(tmp_path, **changes))


def test_no_card(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.toml"):
        read_card(tmp_path)
