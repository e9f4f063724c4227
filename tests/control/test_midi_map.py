"""Map files and profiles: what is written is read again, what is wrong is said and left out, what ships is sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perform.content import find_preset_midi, list_controllers, midi_map_file
from perform.control.midi_decode import ENCODINGS
from perform.control.midi_map import MODES, TAKEOVERS, Binding, read_map, read_profile, write_map
from perform.core.errors import PresetError
from perform.listing import listed

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
bindings = st.builds(
    Binding, st.sampled_from(["cc/1/7", "note/16/127", "pitch/2", "nrpn/3/300", "cc14/1/31"]), texts, texts,
    st.sampled_from(MODES), st.sampled_from(TAKEOVERS), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1),
    st.floats(1e-6, 1), st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-1e6, 1e6), texts),
    st.integers(-1, 3), st.sampled_from(["same", "off", "cc/9/9"]), st.integers(0, 127), st.integers(0, 127),
    st.integers(0, 127), texts,
)  # fmt: skip


@given(found=st.lists(bindings, max_size=6))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, found: list[Binding]) -> None:
    path = tmp_path_factory.mktemp("map") / "deep" / "midi_map.toml"
    write_map(path, found)
    again, problems = read_map(path)
    assert again == found and not problems


def test_wrong_entries_are_said_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        '[[control]]\ncontrol = "cc/1/7"\ntarget = "macro/1"\n'
        '[[control]]\ncontrol = "cc/99/7"\ntarget = "macro/1"\n'
        '[[control]]\ncontrol = "cc/1/8"\ntarget = "macro/1"\nmode = "magic"\n'
        '[[control]]\ncontrol = "cc/1/8"\ntarget = "macro/1"\nlo = "low"\n'
        '[[control]]\ncontrol = "cc/1/8"\ntarget = "macro/1"\ncolour = 3\n'
        '[[control]]\ncontrol = "cc/1/120"\ntarget = "macro/1"\ncount = 20\n'
        '[[control]]\ncontrol = "cc/1/8"\n'
        '[[control]]\ncontrol = "note/1/0"\ntarget = "macro/{n}"\ncount = 3\nstride = 8\nfeedback = "note/7/0"\n'
    )
    found, problems = read_map(path)
    assert [b.target for b in found] == ["macro/1", "macro/1", "macro/2", "macro/3"]
    assert [b.control for b in found[1:]] == ["note/1/0", "note/1/8", "note/1/16"]
    assert [b.feedback for b in found[1:]] == ["note/7/0", "note/7/8", "note/7/16"]
    assert len(problems) == 6 and all("map.toml: control " in line for line in problems)


@pytest.mark.parametrize("text", ["not toml [", "\x00", '[[control]]\ncontrol = "cc/1/7'])
def test_files_that_are_no_maps(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(PresetError, match=r"map\.toml"):
        read_map(tmp_path / "map.toml")
    with pytest.raises(PresetError):
        read_map(tmp_path / "none.toml")
    (tmp_path / "p.toml").write_text('match = []\nhello = ["F0 zz"]')
    with pytest.raises(PresetError):
        read_profile(tmp_path / "p.toml")


def test_every_profile_that_ships_is_whole_and_steers_what_is_there() -> None:
    paths = list_controllers()
    assert {path.stem for path in paths} >= {
        "apc40", "apc40_mk2", "apc_mini", "apc_mini_mk2", "launchpad", "launchpad_x", "nanokontrol2",
        "midi_fighter_twister", "x_touch_mini",
    }  # fmt: skip
    known = {row["name"] for row in listed("params")} | {"deck/a/source/jump"}
    for path in paths:
        profile, problems = read_profile(path)
        assert not problems and profile.bindings and profile.title, path
        for binding in profile.bindings:
            assert binding.target in known, f"{path.name}: {binding.target}"
        for message in (*profile.hello, *profile.bye):
            assert message[0] == 0xF0 and message[-1] == 0xF7 and all(byte < 128 for byte in message[1:-1])
        controls = [binding.control for binding in profile.bindings]
        assert len(controls) == len(set(controls)), path
        assert {"out/panic", "tempo/tap"} <= {binding.target for binding in profile.bindings}, path


@pytest.mark.parametrize(
    ("device", "name"),
    [("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL", "nanokontrol2"), ("APC MINI MIDI 1", "apc_mini"),
     ("APC mini mk2:APC mini mk2 Control", "apc_mini_mk2"), ("Akai APC40", "apc40"), ("APC40 mkII", "apc40_mk2"),
     ("Launchpad Mini MK3:Launchpad Mini MK3 LPMiniMK3 MI", "launchpad"), ("Launchpad X LPX MIDI In", "launchpad_x"),
     ("Midi Fighter Twister", "midi_fighter_twister"), ("X-TOUCH MINI", "x_touch_mini"), ("Some Keyboard", None)],
)  # fmt: skip
def test_devices_are_known_by_their_names(device: str, name: str | None) -> None:
    fitting = [path.stem for path in list_controllers() if read_profile(path)[0].fits(device)]
    assert fitting == ([] if name is None else [name])


def test_where_the_maps_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert midi_map_file().name == "midi_map.toml" and midi_map_file().parent != tmp_path
    (tmp_path / "midi_map.toml").write_text("")
    assert midi_map_file() == tmp_path / "midi_map.toml"
    assert find_preset_midi("night") is None and find_preset_midi("../midi_map") is None
    (tmp_path / "presets" / "midi").mkdir(parents=True)
    (tmp_path / "presets" / "midi" / "night.toml").write_text("")
    assert find_preset_midi("night") == tmp_path / "presets" / "midi" / "night.toml"
    assert set(ENCODINGS) < set(MODES)
