"""Two decks in a show: presets with both, fades that go by themselves, panic, and decks that cannot be had."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from perform.app import Rig, open_offline
from perform.core.params import ParamTable
from perform.core.preset import parse_preset
from perform.core.types import ControlEvent, Moment
from perform.mix import AutoFade, find_transition, mix_rows
from perform.options import Options

SIZE = (48, 27)
TWO = """
[deck.a]
source = "shader:marbling"
[deck.b]
source = "shader:silk"
level = 0.9
[deck.b.params]
glow = 0.6
[[deck.b.fx]]
shader = "mirror"
[mix]
fade = 0.25
transition = "luma_melt"
duration_s = 1.0
[mix.with]
softness = 0.4
"""
ONE = '[deck.a]\nsource = "shader:silk"\n'


@pytest.fixture
def show() -> object:
    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), said.append)
    yield SimpleNamespace(
        rig=rig, said=said, table=rig.engine.table, play=lambda t: rig.show.play(parse_preset(t, "t"))
    )
    rig.close()


def run(rig: Rig, ticks: int, dt_s: float = 0.1) -> np.ndarray:
    """The picture after some ticks."""
    for _ in range(ticks):
        rig.engine.tick(rig.engine.moment.seconds + dt_s)
        rig.show.after_tick()
    return rig.show.stage.finish()


def test_a_preset_with_two_decks(show) -> None:
    show.play(TWO)
    run(show.rig, 2)
    table = show.table
    assert not show.said
    assert [table.value(p) for p in ("mix/fade", "mix/transition", "mix/with/softness", "deck/b/level")] == [
        0.25, "luma_melt", 0.4, 0.9]  # fmt: skip
    assert table.value("deck/b/source/glow") == 0.6 and "deck/b/fx/mirror/wet" in table
    assert show.rig.show.stage.seen == {"a", "b"}


def test_a_preset_with_one_deck_takes_the_other_off_and_leaves_the_mixer(show) -> None:
    show.play(TWO)
    run(show.rig, 1)
    show.play(ONE)
    run(show.rig, 2)
    assert show.table.value("mix/fade") == 0.0 and show.table.value("mix/transition") == "luma_melt"
    assert show.table.value("mix/duration_s") == 1.0
    assert show.rig.show.stage.seen == {"a"} and "deck/b/source/glow" not in show.table
    assert "deck/b/level" in show.table
    show.play(ONE + '[deck.b]\nsource = "testcard"\n')
    assert show.table.value("mix/transition") == "fade" and show.table.value("mix/duration_s") == 1.0
    assert "mix/with/softness" not in show.table


def test_a_deck_that_cannot_be_had_is_said_and_left_out(show) -> None:
    show.play(ONE + '[deck.b]\nsource = "shader:nothing_like_it"\n[deck.z]\nsource = "testcard"\n')
    assert len(show.said) == 2 and "deck b is left out" in show.said[0] and "deck z" in show.said[1]
    run(show.rig, 1)
    assert show.rig.show.stage.seen == {"a"}


def test_go_fades_over_the_seconds_it_is_told(show) -> None:
    show.play(TWO.replace("fade = 0.25", "fade = 0.0"))
    run(show.rig, 1)
    show.rig.engine.queue.post(ControlEvent("mix/go", True, 0.0, "osc"))
    run(show.rig, 1)  # pulled: it begins
    steps = []
    for _ in range(11):
        run(show.rig, 1)
        steps.append(float(show.table.value("mix/fade")))
    assert steps[:3] == pytest.approx([0.1, 0.2, 0.3]) and steps[9:] == pytest.approx([1.0, 1.0])
    run(show.rig, 1)
    assert show.rig.show.stage.seen == {"b"}


def test_a_transition_is_changed_by_hand_and_a_missing_one_is_said(show, tmp_path: Path, monkeypatch) -> None:
    show.play(TWO)
    run(show.rig, 1)
    before = run(show.rig, 1)
    show.table.set("mix/transition", "ink_bleed")
    after = run(show.rig, 1)
    assert "mix/with/edge" in show.table and "mix/with/softness" not in show.table
    assert np.abs(before.astype(int) - after.astype(int)).mean() > 0.5

    def gone(name: str) -> object:
        from perform.core.errors import ShaderError

        raise ShaderError("it has gone", name)

    monkeypatch.setattr("perform.looks.bring_in.find_transition", gone)
    show.table.set("mix/transition", "fly_through")
    run(show.rig, 1)
    assert show.table.value("mix/transition") == "ink_bleed" and "it has gone" in show.said[-1]


def test_panic_covers_both_decks(show) -> None:
    show.play(TWO)
    run(show.rig, 1)
    for letter in "ab":
        show.table.set(f"deck/{letter}/bypass", True)
        show.table.set(f"deck/{letter}/level", 0.0)
    show.rig.engine.queue.post(ControlEvent("out/panic", True, 0.0, "osc"))
    picture = run(show.rig, 1)
    assert [show.table.value(f"deck/{x}/{n}") for x in "ab" for n in ("bypass", "level")] == [False, 1.0] * 2
    assert picture.max() > 20


def fader(**values: object) -> tuple[AutoFade, ParamTable]:
    table = ParamTable()
    table.add(mix_rows(), "mix")
    for name, value in values.items():
        table.set(f"mix/{name}", value)
    fade = AutoFade(table, table.value)  # nothing routed: what is shown is what is set
    fade.step(Moment(0.0, 0.0, 0))
    return fade, table


@pytest.mark.parametrize("rate_hz", [10, 30, 144])
def test_a_fade_in_beats_takes_its_beats_at_any_frame_rate(rate_hz: int) -> None:
    fade, table = fader(beats=4, duration_s=99.0)
    fade.begin(1.0, Moment(0.0, 0.0, 0, beats=7.0))
    for n in range(1, 3 * rate_hz):
        seconds = n / rate_hz
        fade.step(Moment(seconds, 1 / rate_hz, n, beats=7.0 + 2.0 * seconds))
        assert table.value("mix/fade") == pytest.approx(min(seconds / 2.0, 1.0))
    assert not fade.running


def test_a_hand_on_the_fader_stops_a_fade_and_go_turns_it_round() -> None:
    fade, table = fader(duration_s=2.0)
    table.set("mix/go", True)
    fade.step(Moment(0.0, 0.0, 0))
    fade.step(Moment(1.0, 1.0, 1))
    assert table.value("mix/fade") == pytest.approx(0.5) and fade.running
    table.set("mix/go", True)
    fade.step(Moment(1.0, 0.0, 2))
    fade.step(Moment(2.0, 1.0, 3))
    assert table.value("mix/fade") == pytest.approx(0.25)
    table.set("mix/fade", 0.9)
    fade.step(Moment(2.5, 0.5, 4))
    assert table.value("mix/fade") == 0.9 and not fade.running
    table.set("mix/to_a", True)
    fade.step(Moment(3.0, 0.5, 5))
    fade.step(Moment(6.0, 3.0, 6))
    assert table.value("mix/fade") == 0.0


def test_every_so_many_beats_it_goes_by_itself() -> None:
    fade, table = fader(every_beats=8, duration_s=0.0)
    seen = []
    for beat in range(33):
        fade.step(Moment(beat / 2.0, 0.5, beat, beats=float(beat)))
        seen.append(float(table.value("mix/fade")))
    assert seen == [0.0] * 8 + [1.0] * 8 + [0.0] * 8 + [1.0] * 8 + [0.0]


def test_what_the_page_shows_can_be_played(tmp_path: Path) -> None:
    from perform.options import with_venue

    page = (Path(__file__).parents[1] / "docs" / "mixer.md").read_text("utf-8")
    preset, venue = (block.split("```")[0] for block in page.split("```toml\n")[1:])
    (tmp_path / "venue.toml").write_text(venue)
    options, problems = with_venue(Options(audio="silence", size=SIZE), tmp_path / "venue.toml")
    assert not problems and options.room.slices and dict(options.room.values)["out/safe"] is True
    said: list[str] = []
    rig = open_offline(options, said.append)
    rig.show.play(parse_preset(preset, "page"))
    run(rig, 3)
    rig.close()
    assert not said


def test_the_transitions_are_listed_and_the_plain_one_is_none() -> None:
    choices = next(row for row in mix_rows() if row.name == "transition").choices
    assert choices[0] == "fade" and {"fly_through", "ink_bleed", "luma_melt"} <= set(choices)
    assert find_transition("fade") is None and find_transition("luma_melt").kind == "transition"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[mix]\nfade = [1, 2, 3]", "fade"),
        ("[mix]\nnonsense = 1", "mix/nonsense"),
        ('[mix]\ntransition = "../../x"', "transition"),
        ("[mix]\nwith = 3", "with"),
        ("mix = 3", "mix"),
        ('[deck]\nb = "silk"', "deck.b"),
        ('[deck.b]\nsource = "testcard"\nlayer = 5', "layer"),
        ('[deck.b]\nsource = "testcard"\n[deck.b.layer]\nblend = "sparkle"', "sparkle"),
        ('[deck.b]\nsource = "testcard"\n[deck.b.inputs]\npicture = "a"', "inputs/picture"),
        ('[deck.b]\nsource = "deck:zz"', "deck:zz"),
        ('[deck.b]\nsource = "video:/no/such.mp4"', "such.mp4"),
    ],
)
def test_what_makes_no_sense_in_a_preset_is_said_and_the_rest_plays(show, text: str, word: str) -> None:
    show.play(text + '\n[deck.a]\nsource = "shader:marbling"\n' if text.startswith("mix") else ONE + text)
    assert any(word in line for line in show.said), show.said
    assert run(show.rig, 2).max() > 20 and "a" in show.rig.show.stage.seen
