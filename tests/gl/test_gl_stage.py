"""The stage: upload, chains, blackout and freeze, read-back, hot reload, and going on when something breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from needs import need

from perform.core.contracts import Stage
from perform.core.errors import DeviceError, ShaderError, UsageError
from perform.core.types import Frame, Moment, ParamFrame
from perform.gl import describe, open_stage
from perform.gl.rows import ROOM_ROWS

SIZE = (32, 24)
GREY = np.full((24, 32, 3), 128, np.uint8)


def test_is_a_stage(gl_player) -> None:
    assert isinstance(gl_player.stage, Stage)
    facts = describe(gl_player.stage)
    assert facts["renderer"] and isinstance(facts["software"], bool) and facts["glsl"] in (330, 410)


def test_never_black_before_the_first_picture(gl_player) -> None:
    first = gl_player.show()
    assert gl_player.stage.standing_in
    later = gl_player.show(moment=Moment(5.0, 0.02, 300))
    assert first.max() > 20 and later.max() > 20 and not np.array_equal(first, later)
    gl_player.show(GREY)
    assert not gl_player.stage.standing_in


def test_top_row_first_and_byte_exact(gl_player, gl_noise) -> None:
    assert np.array_equal(gl_player.show(gl_noise), gl_noise)


def test_byte_exact_through_a_chain(gl_player, gl_shader, gl_noise) -> None:
    through = gl_shader("passthrough")
    gl_player.stage.set_chain("deck/a", [("one", through), ("two", through)])
    gl_player.stage.set_chain("master", [("three", through)])
    for _ in range(3):
        assert np.array_equal(gl_player.show(gl_noise), gl_noise)


def test_rgba_and_dlpack(gl_player, gl_noise) -> None:
    rgba = np.dstack([gl_noise, np.full(gl_noise.shape[:2], 77, np.uint8)])
    assert np.array_equal(gl_player.show(rgba), gl_noise)

    class Foreign:
        shape = gl_noise.shape

        def __dlpack__(self, **asked):
            return gl_noise.copy().__dlpack__(**asked)

        def __dlpack_device__(self):
            return gl_noise.__dlpack_device__()

    assert np.array_equal(gl_player.show(Foreign()), gl_noise)


def test_uploaded_only_when_the_sequence_changes(gl_player) -> None:
    assert gl_player.show(GREY, sequence=5)[0, 0, 0] == 128
    assert gl_player.show(GREY // 2, sequence=5)[0, 0, 0] == 128
    assert gl_player.show(GREY // 2, sequence=4)[0, 0, 0] == 64


def test_a_wide_picture_fills_the_stage(gl_player) -> None:
    wide = np.zeros((24, 96, 3), np.uint8)
    wide[:, 32:64] = 255
    picture = gl_player.show(wide)
    assert picture[:, 1:-1].min() == 255


def test_a_tall_picture_fills_the_stage(gl_player) -> None:
    tall = np.zeros((72, 32, 3), np.uint8)
    tall[24:48] = 255
    assert gl_player.show(tall)[1:-1].min() == 255


def test_a_picture_shown_whole_or_stretched(gl_player) -> None:
    white = np.full((24, 96, 3), 255, np.uint8)
    whole = gl_player.show(white, sequence=1, deck__a__fit="fit")[..., 0]
    assert whole[8:16].min() == 255 and whole[:8].max() == whole[16:].max() == 0
    assert gl_player.show(white, sequence=1, deck__a__fit="stretch").min() == 255
    tall = gl_player.show(np.full((24, 8, 3), 255, np.uint8), sequence=2, deck__a__fit="fit")[..., 0]
    assert tall[:, 12:20].min() == 255 and tall[:, :12].max() == tall[:, 20:].max() == 0
    assert gl_player.show(white, sequence=2).min() == 255


def test_magnified_and_shrunken_pictures_keep_their_place(gl_player) -> None:
    for height, width in ((3, 4), (240, 320)):
        quarters = np.zeros((height, width, 3), np.uint8)
        quarters[: height // 3, : width // 2, 0] = 255
        picture = gl_player.show(quarters)
        assert picture[1, 2, 0] > 230 and picture[1, -2, 0] < 25 and picture[-2, 2, 0] < 25


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), "text"]
)
def test_a_bad_picture_is_counted_and_the_last_one_stays(gl_player, image) -> None:
    gl_player.show(GREY)
    assert gl_player.show(image)[0, 0, 0] == 128
    assert gl_player.stage.counts()["upload_errors"] == 1
    assert "deck/a" in gl_player.stage.messages[-1]


def test_chain_order(gl_player, gl_shader) -> None:
    invert, halve = gl_shader("invert"), gl_shader("halve")
    gl_player.stage.set_chain("deck/a", [("invert", invert), ("halve", halve)])
    assert gl_player.show(GREY)[0, 0, 0] == pytest.approx((255 - 128) / 2, abs=1)
    gl_player.stage.set_chain("deck/a", [("halve", halve), ("invert", invert)])
    assert gl_player.show(GREY)[0, 0, 0] == pytest.approx(255 - 64, abs=1)
    gl_player.stage.set_chain("master", [("invert", invert)])
    assert gl_player.show(GREY)[0, 0, 0] == pytest.approx(64, abs=1)


def test_wet_and_bypass(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert"))])
    black = np.zeros((24, 32, 3), np.uint8)
    levels = [gl_player.show(black, deck__a__fx__invert__wet=wet)[0, 0, 0] for wet in (0.0, 0.25, 0.5, 1.0)]
    assert levels == pytest.approx([0, 64, 128, 255], abs=1)
    assert gl_player.show(black, deck__a__fx__invert__bypass=True)[0, 0, 0] == 0
    assert gl_player.show(black, deck__a__bypass=True)[0, 0, 0] == 0


@pytest.mark.parametrize("effects", [(), ("passthrough",), ("passthrough", "target_last")])
def test_levels(gl_player, gl_shader, effects) -> None:
    gl_player.stage.set_chain("deck/a", [(name, gl_shader(name)) for name in effects])
    assert gl_player.show(GREY, deck__a__level=0.5)[0, 0, 0] == pytest.approx(64, abs=1)
    assert gl_player.show(GREY, deck__a__level=0.5, out__level=0.5)[0, 0, 0] == pytest.approx(32, abs=1)


def test_level_with_a_half_wet_last_effect(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert"))])
    values = {"deck__a__fx__invert__wet": 0.5, "deck__a__level": 0.5}
    assert gl_player.show(GREY, **values)[0, 0, 0] == pytest.approx(64, abs=1)


def test_rows(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("paint"))
    gl_player.stage.set_chain("deck/a", [("soft", gl_shader("halve"))])
    gl_player.stage.set_chain("master", [("halve", gl_shader("halve")), ("halve_2", gl_shader("halve"))])
    rows = {prefix: [row.name for row in params] for prefix, params in gl_player.stage.rows()}
    layer = "alpha blend x y scale turn mask mask_channel mask_lo mask_hi".split()
    assert rows == {
        "deck/a": ["level", "bypass", "fit", "interpolate", "on_beat", "change_on", "change_beats"],
        "deck/a/source": ["tint"],
        "deck/a/fx/soft": ["factor", "bypass", "wet", "solo"],
        "deck/a/layer": layer,
        "deck/b": ["level", "bypass", "fit", "interpolate", "on_beat", "change_on", "change_beats"],
        "deck/b/layer": layer,
        "master/fx/halve": ["factor", "bypass", "wet", "solo"],
        "master/fx/halve_2": ["factor", "bypass", "wet", "solo"],
        "out": ["blackout", "freeze", "fade_s", "testcard", "hud", "help", "level", *(row.name for row in ROOM_ROWS)],
    }


def test_a_bad_chain_leaves_the_old_one(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("invert", gl_shader("invert"))])
    bad = [
        ([("x", gl_shader("passthrough")), ("b", gl_shader("broken_fragment"))], "undeclared_thing"),
        ([("x", gl_shader("paint"))], "not an effect"),
        ([("x", gl_shader("invert")), ("x", gl_shader("invert"))], "twice"),
    ]
    for slots, word in bad:
        with pytest.raises(ShaderError, match=word):
            gl_player.stage.set_chain("deck/a", slots)
    assert gl_player.show(GREY)[0, 0, 0] == 127
    with pytest.raises(ShaderError, match="not a generator"):
        gl_player.stage.set_source("a", gl_shader("invert"))
    with pytest.raises(UsageError, match="no deck"):
        gl_player.stage.set_chain("deck/z", [])


def test_unchanged_effects_keep_their_memory(gl_player, gl_shader) -> None:
    feedback = gl_shader("feedback")
    gl_player.stage.set_chain("deck/a", [("f", feedback)])
    gl_player.show()
    gl_player.stage.set_chain("deck/a", [("p", gl_shader("passthrough")), ("f", gl_shader("feedback"))])
    assert gl_player.show()[0, 0, 0] == pytest.approx(51, abs=1)
    gl_player.stage.set_chain("deck/a", [("g", feedback)])
    assert gl_player.show()[0, 0, 0] == pytest.approx(26, abs=1)


def test_source_shader_and_back_to_frames(gl_player, gl_shader) -> None:
    gl_player.show(GREY)
    gl_player.stage.set_source("a", gl_shader("paint"))
    assert tuple(gl_player.show()[0, 0]) == (51, 153, 255)
    assert tuple(gl_player.show(deck__a__source__tint=(1.0, 0.0, 0.0, 1.0))[0, 0]) == (255, 0, 0)
    gl_player.stage.set_source("a", None)
    assert gl_player.show()[0, 0, 0] == 128


def test_blackout_fades_and_comes_back(gl_player) -> None:
    white = np.full((24, 32, 3), 255, np.uint8)
    gl_player.show(white)
    fade = {"out__blackout": True, "out__fade_s": 0.1}
    levels = [int(gl_player.show(white, **fade)[0, 0, 0]) for _ in range(8)]
    assert levels[:3] == pytest.approx([255 * (1 - n / 6) for n in (1, 2, 3)], abs=2)
    assert levels[6:] == [0, 0]
    assert gl_player.show(white, out__fade_s=0.0)[0, 0, 0] == 255
    assert gl_player.show(white, out__blackout=True, out__fade_s=0.0).max() == 0


def test_fade_is_the_same_at_any_rate(gl_make_player) -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    ends = []
    for rate_hz in (30, 144):
        player = gl_make_player((4, 4))
        count = round(0.5 * rate_hz)
        for n in range(count + 1):
            picture = player.show(
                white,
                moment=Moment(n / rate_hz, 1 / rate_hz if n else 0.0, n),
                out__blackout=n > 0,
                out__fade_s=1.0,
            )
        ends.append(int(picture[0, 0, 0]))
    assert ends == pytest.approx([128, 128], abs=2)


def test_blackout_works_whatever_else_breaks(gl_player, monkeypatch) -> None:
    gl_player.show(GREY)

    def broken(*_: object) -> None:
        raise RuntimeError("driver\nlost")

    monkeypatch.setattr(gl_player.stage._scene.decks["a"], "render", broken)
    assert gl_player.show(GREY, out__blackout=True, out__fade_s=0.0).max() == 0
    assert gl_player.stage.counts()["stage_errors"] == 1
    assert gl_player.stage.messages[-1] == "driver lost"


def test_the_last_picture_stays_when_everything_breaks(gl_player, monkeypatch) -> None:
    gl_player.show(GREY)
    monkeypatch.setattr(gl_player.stage._scene.master, "render", lambda *_: (_ for _ in ()).throw(RuntimeError("gone")))
    assert gl_player.show(GREY)[0, 0, 0] == 128
    assert gl_player.show(GREY)[0, 0, 0] == 128
    assert gl_player.stage.counts()["stage_errors"] == 2 and len(gl_player.stage.messages) == 1


def test_freeze_holds_and_lets_go(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("f", gl_shader("feedback"))])
    gl_player.show()
    held = gl_player.show(out__freeze=True)
    for _ in range(3):
        assert np.array_equal(gl_player.show(out__freeze=True), held)
    gl_player.stage.set_chain("deck/a", [])
    assert np.array_equal(gl_player.show(GREY, out__freeze=True), held)
    assert gl_player.show(GREY, out__freeze=True, out__blackout=True, out__fade_s=0.0).max() == 0
    assert gl_player.show(GREY)[0, 0, 0] == 128 or gl_player.show(GREY, out__fade_s=0.0)[0, 0, 0] == 128


def test_testcard_lies_over_everything(gl_make_player) -> None:
    player = gl_make_player((320, 180))
    card = player.show(out__testcard=True, out__blackout=True, out__fade_s=0.0)
    assert card[0, 100].min() == 255 and card[-1, 100].min() == 255
    middle = card[90 - 15, 100:220].reshape(-1, 3)
    assert len({tuple(int(v) for v in pixel) for pixel in middle}) >= 7


def test_read_back_is_one_frame_late(gl_player) -> None:
    pictures = [np.full((24, 32, 3), 20 * n, np.uint8) for n in range(1, 7)]
    got = []
    for picture in pictures:
        gl_player.stage.show(
            {"a": Frame(picture, gl_player.frame, Moment(0.0, 0.0, 0))},
            ParamFrame({}),
            None,
            Moment(gl_player.frame / 60, 1 / 60, gl_player.frame),
        )
        gl_player.frame += 1
        got.append(gl_player.stage.read_back())
    assert got[0] is None
    for n in range(1, 6):
        assert np.array_equal(got[n], pictures[n - 1])
    assert got[1].shape == (24, 32, 3) and got[1].dtype == np.uint8 and got[1] is not got[2]
    assert np.array_equal(gl_player.stage.read_back(), pictures[4])


def test_read_back_before_anything(gl_player) -> None:
    assert gl_player.stage.read_back() is None


def test_a_unit_that_raises_is_left_out(gl_player, gl_shader, monkeypatch) -> None:
    gl_player.stage.set_chain("deck/a", [("bad", gl_shader("invert")), ("good", gl_shader("halve"))])
    unit = gl_player.stage._scene.decks["a"].chain.units[0]

    def broken(*_: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(unit, "render", broken)
    for _ in range(3):
        assert gl_player.show(GREY)[0, 0, 0] == 64
    assert gl_player.stage.counts()["unit_errors"] == 1
    assert "deck/a/fx/bad" in gl_player.stage.messages[-1] and "no memory" in gl_player.stage.messages[-1]
    monkeypatch.undo()
    for _ in range(60):
        picture = gl_player.show(GREY)
    assert picture[0, 0, 0] == pytest.approx(64, abs=1)
    assert unit.rest == 0


def test_a_source_that_raises_gives_way_to_the_stand_in(gl_player, gl_shader, monkeypatch) -> None:
    gl_player.stage.set_source("a", gl_shader("paint"))
    source = gl_player.stage._scene.decks["a"].source
    monkeypatch.setattr(source, "render", lambda *_: (_ for _ in ()).throw(RuntimeError("gone")))
    assert gl_player.show().max() > 10
    assert gl_player.stage.standing_in and gl_player.stage.counts()["unit_errors"] == 1


def _write(path: Path, inputs: str, colour: str) -> None:
    head = '{"ISFVSN": "2", "INPUTS": [{"NAME": "inputImage", "TYPE": "image"}' + inputs + "]}"
    path.write_text(f"/*{head}*/\nvoid main() {{\n    gl_FragColor = {colour};\n}}\n")


def test_hot_reload(gl_player, tmp_path) -> None:
    from perform.isf import read_shader

    file = tmp_path / "live.fs"
    _write(file, "", "vec4(0.2, 0.0, 0.0, 1.0)")
    gl_player.stage.set_chain("master", [("live", read_shader(file))])
    assert gl_player.show()[0, 0, 0] == 51
    _write(file, ', {"NAME": "much", "TYPE": "float", "DEFAULT": 0.4}', "vec4(much, 0.0, 0.0, 1.0)")
    assert gl_player.stage.reload(file) is None
    assert gl_player.show()[0, 0, 0] == 102
    assert "much" in [row.name for row in dict(gl_player.stage.rows())["master/fx/live"]]
    _write(file, "", "vec4(oops)")
    complaint = gl_player.stage.reload(str(file))
    assert complaint is not None and "live.fs:3: " in complaint and "\n" not in complaint
    assert gl_player.show()[0, 0, 0] == 102
    assert gl_player.stage.counts()["reload_errors"] == 1
    file.write_text("no header")
    assert "no ISF header" in (gl_player.stage.reload(file) or "")
    file.unlink()
    assert "cannot be read" in (gl_player.stage.reload(file) or "")
    assert gl_player.show()[0, 0, 0] == 102
    assert gl_player.stage.reload(tmp_path / "unrelated.fs") is None


def test_reload_keeps_the_memory(gl_player, tmp_path, gl_shader) -> None:
    from perform.isf import read_shader

    file = tmp_path / "memory.fs"
    text = Path(gl_shader("feedback").path).read_text()
    file.write_text(text)
    gl_player.stage.set_chain("master", [("m", read_shader(file))])
    gl_player.show()
    file.write_text(text.replace("+ step_size", "+ 2.0 * step_size"))
    assert gl_player.stage.reload(file) is None
    assert gl_player.show()[0, 0, 0] == pytest.approx(255 * 0.3, abs=1)


def test_same_frames_from_the_same_start(gl_make_player, gl_shader) -> None:
    runs = []
    for _ in range(2):
        player = gl_make_player((48, 27))
        player.stage.set_source("a", gl_shader("auto_uniforms"))
        player.stage.set_chain("deck/a", [("f", gl_shader("feedback"))])
        runs.append([player.show(out__level=0.9) for _ in range(4)])
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


def test_dither_breaks_up_bands(gl_make_player) -> None:
    player = gl_make_player((64, 64))
    dim = player.show(np.full((64, 64, 3), 101, np.uint8), out__level=0.5)
    assert dim.mean() == pytest.approx(50.5, abs=0.1) and set(np.unique(dim)) == {50, 51}


def test_hud_only_on_request(gl_make_player) -> None:
    player = gl_make_player((200, 120))
    image = np.full((120, 200, 3), 200, np.uint8)
    player.stage.set_hud(["60 fps", "latency 20 ms"], {"bass": 0.5})
    assert np.array_equal(player.show(image, out__hud=True), image)
    player.stage.hud_in_output = True
    shown = player.show(image, out__hud=True)
    assert shown[5:60, 5:60].min() < 90
    assert np.array_equal(shown[100:], image[100:])
    assert np.array_equal(player.show(image), image)


def test_timings_and_counts(gl_player) -> None:
    gl_player.show(GREY)
    assert {"upload", "deck/a", "master", "output", "present", "show"} <= set(gl_player.stage.timings())
    assert gl_player.stage.counts()["shown"] == 1


def test_snapshot(gl_player, gl_noise, tmp_path) -> None:
    from PIL import Image

    gl_player.show(gl_noise)
    gl_player.stage.snapshot(tmp_path / "shot.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "shot.png")), gl_noise)


def test_two_stages_side_by_side() -> None:
    try:
        first, second = open_stage((8, 8)), open_stage((16, 4))
    except DeviceError as error:
        need(False, f"no offscreen OpenGL here: {error}")
    moment = Moment(0.0, 0.0, 0)
    for n in range(3):
        for stage, value in ((first, 40), (second, 90)):
            frame = Frame(np.full((4, 4, 3), value + n, np.uint8), n, moment)
            stage.show({"a": frame}, ParamFrame({}), None, moment)
            assert stage.finish().shape == (stage.size[1], stage.size[0], 3)
            assert int(stage.finish()[1, 1, 0]) == value + n
    for stage in (first, second):
        stage.close()
        stage.close()


def test_impossible_stages() -> None:
    with pytest.raises(UsageError, match="0x4"):
        open_stage((0, 4))
    with pytest.raises(UsageError, match="unknown display"):
        open_stage((4, 4), "hologram")
