"""ISF features through the real compiler: inputs, passes, buffers, sound, errors with file and line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perform.core.errors import ShaderError
from perform.core.types import Features, Moment

SIZE = (32, 24)


def _features(waveform: np.ndarray, spectrum: np.ndarray) -> Features:
    return Features(0.0, {}, spectrum.astype(np.float32), waveform.astype(np.float32))


def _columns(picture: np.ndarray, count: int) -> list[tuple[int, ...]]:
    """The colour in the middle of each of `count` equal columns."""
    width = picture.shape[1]
    return [tuple(int(v) for v in picture[picture.shape[0] // 2, int((k + 0.5) * width / count)]) for k in range(count)]


def _byte(value: float) -> int:
    return round(min(max(value, 0.0), 1.0) * 255)


def _near(found: tuple[int, ...], *wanted: float, atol: int = 1) -> bool:
    return all(abs(int(f) - _byte(w)) <= atol for f, w in zip(found, wanted, strict=True))


def test_defaults_reach_the_shader(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("all_inputs"))
    bang, on, mode, steps, amount, centre, tint, sound = _columns(gl_player.show(), 8)
    assert bang == (0, 0, 0) and on == (255, 255, 255)
    assert _near(mode, 0.2, 0.2, 0.2) and _near(steps, 0.3, 0.3, 0.3) and _near(amount, 0.25, 0.25, 0.25)
    assert _near(centre, 0.25, 0.75, 0.0) and _near(tint, 0.2, 0.4, 0.6)
    assert _near(sound, 0.5, 0.0, 0.4)


def test_values_reach_the_shader(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("all_inputs"))
    values = {"on": False, "mode": "wild", "steps": 7, "amount": 0.75, "centre": (0.5, 0.25), "tint": (1, 0, 0.4, 1)}
    picture = gl_player.show(**{f"deck__a__source__{name}": value for name, value in values.items()})
    _, on, mode, steps, amount, centre, tint, _ = _columns(picture, 8)
    assert on == (0, 0, 0)
    assert _near(mode, 0.5, 0.5, 0.5) and _near(steps, 0.7, 0.7, 0.7) and _near(amount, 0.75, 0.75, 0.75)
    assert _near(centre, 0.5, 0.25, 0.0) and _near(tint, 1.0, 0.0, 0.4)


def test_an_event_is_true_for_one_frame(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("all_inputs"))
    seen = [_columns(gl_player.show(deck__a__source__bang=n), 8)[0][0] for n in (4, 4, 5, 5, 7, 7)]
    assert seen == [0, 0, 255, 0, 255, 0]


def test_sound_textures(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("all_inputs"))
    loud = _features(np.full((256, 2), 0.5), np.repeat([0.8, 0.1, 0.2, 0.3], 16))
    assert _near(_columns(gl_player.show(features=loud), 8)[7], 0.75, 0.8, 0.4)
    assert _near(_columns(gl_player.show(features=None), 8)[7], 0.5, 0.0, 0.4)


def test_automatic_uniforms(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("auto_uniforms"))
    when = Moment(100.0, 0.25, 7, date=(2000, 6, 15, 43200.0))
    assert _near(_columns(gl_player.show(moment=when), 4)[0], 0.0, 0.0, 0.0), "not the shader's own first frame"
    for _ in range(42):
        picture = gl_player.show(moment=replace(when, seconds=103.0, frame=8))
    first, second, third, fourth = _columns(picture, 4)
    assert _near(first, 0.3, 0.25, 0.42) and _near(second, 0.5, 0.5, 15 / 31)
    assert _near(third, 0.5, SIZE[0] / 1000, SIZE[1] / 1000)
    assert _near(fourth, 28.5 / 32, 0.5, 0.0, atol=6)


def test_coordinates_start_at_the_bottom_left(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("master", [("v", gl_shader("vertex_shader"))])
    picture = gl_player.show(np.zeros((24, 32, 3), np.uint8), master__fx__v__shift=1.0)
    assert picture[-1, 0].max() < 10 and picture[0, -1, 0] > 245 and picture[0, 0, 1] > 245
    assert picture[-1, -1, 1] < 10


def test_vertex_shader_file(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("master", [("v", gl_shader("vertex_shader"))])
    assert _near(tuple(gl_player.show()[0, -1]), 0.5 * 31.5 / 32, 0.5 * 23.5 / 24, 0.0)


def test_feedback_remembers(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("f", gl_shader("feedback"))])
    levels = [int(gl_player.show(deck__a__fx__f__step_size=0.1)[3, 3, 0]) for _ in range(5)]
    assert levels == pytest.approx([_byte(0.1 * n) for n in range(1, 6)], abs=1)


def test_float_buffers_hold_more_than_a_byte(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("float_buffer"))
    assert _near(tuple(gl_player.show()[5, 5]), 0.5, 0.5, 0.5)


def test_sizes_from_expressions(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("master", [("s", gl_shader("sized_passes"))])
    assert _near(tuple(gl_player.show()[5, 5]), 0.16, 0.06, 0.2)
    assert _near(tuple(gl_player.show(master__fx__s__quality=1.0)[5, 5]), 0.32, 0.06, 0.2)


def test_a_last_pass_with_a_target_is_the_picture(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("master", [("t", gl_shader("target_last"))])
    left, right = np.zeros((2, 24, 32, 3), np.uint8)
    left[:, :16], right[:, 16:] = 200, 100
    gl_player.show(left)
    assert [int(v) for v in gl_player.show(right)[5, (4, 28), 0]] == [200, 100]
    assert [int(v) for v in gl_player.show(right, master__fx__t__wet=0.5)[5, (4, 28), 0]] == [100, 100]


def test_version_one_buffers(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("master", [("one", gl_shader("version_one"))])
    levels = [int(gl_player.show()[5, 5, 0]) for _ in range(3)]
    assert levels == pytest.approx([_byte(0.2), _byte(0.4), _byte(0.6)], abs=1)


def test_all_ways_to_fetch_agree(gl_player, gl_shader, gl_noise) -> None:
    gl_player.stage.set_chain("master", [("x", gl_shader("all_fetches"))])
    assert np.array_equal(gl_player.show(gl_noise), gl_noise)


def test_other_pictures_see_the_deck_before_effects(gl_player, gl_shader) -> None:
    gl_player.stage.set_chain("deck/a", [("i", gl_shader("invert")), ("m", gl_shader("second_picture"))])
    picture = gl_player.show(np.full((24, 32, 3), 200, np.uint8))
    assert tuple(picture[5, 5]) == (55, 200, 0)


def test_imported_picture_stands_upright(gl_player, gl_shader) -> None:
    gl_player.stage.set_source("a", gl_shader("imported"))
    picture = gl_player.show()
    corners = [tuple(int(v) for v in picture[y, x]) for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1))]
    assert corners == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def test_imported_picture_missing_or_broken(gl_player, tmp_path) -> None:
    from perform.isf import parse_shader

    text = '/*{"IMPORTED": {"p": {"PATH": "absent.png"}}}*/void main() { gl_FragColor = IMG_THIS_PIXEL(p); }'
    document = parse_shader(text, str(tmp_path / "p.fs"))
    assert any("absent.png missing; noise stands in" in warning for warning in document.warnings)
    gl_player.stage.set_source("a", document)
    assert gl_player.show().std() > 3.0
    (tmp_path / "absent.png").write_text("no picture")
    with pytest.raises(ShaderError, match=r"absent\.png cannot be read"):
        gl_player.stage.set_source("a", parse_shader(text, str(tmp_path / "p.fs")))


def test_imported_cube_map(gl_player, tmp_path) -> None:
    from PIL import Image

    from perform.isf import parse_shader

    names = [f"{n}.png" for n in range(6)]
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (40 * number, 10, 20)).save(tmp_path / name)
    head = '/*{"IMPORTED": [{"NAME": "sky", "TYPE": "cube", "PATH": ["' + '", "'.join(names) + '"]}]}*/'
    body = """void main() {
        int n = int(isf_FragNormCoord.x * 6.0);
        vec3 to = vec3(0.0);
        to[n / 2] = n % 2 == 0 ? 1.0 : -1.0;
        gl_FragColor = textureCube(sky, to);
    }"""
    gl_player.stage.set_source("a", parse_shader(head + body, str(tmp_path / "sky.fs")))
    assert [c[0] for c in _columns(gl_player.show(), 6)] == [0, 40, 80, 120, 160, 200]
    (tmp_path / "3.png").unlink()
    document = parse_shader(head + body, str(tmp_path / "sky.fs"))
    assert any("3.png missing" in warning for warning in document.warnings)
    gl_player.stage.set_source("a", document)
    assert gl_player.show().std() > 10.0


@pytest.mark.parametrize(
    ("name", "file", "line", "word"),
    [
        ("broken_fragment", "broken_fragment.fs", 8, "undeclared_thing"),
        ("broken_vertex", "broken_vertex.vs", 3, "nonsense"),
    ],
)
def test_compile_errors_name_the_authors_line(gl_player, gl_shader, name, file, line, word) -> None:
    with pytest.raises(ShaderError, match=word) as caught:
        gl_player.stage.set_chain("master", [("b", gl_shader(name))])
    assert caught.value.path.endswith(file) and caught.value.line == line
    assert f"{file}:{line}: " in str(caught.value) and "\n" not in str(caught.value)


def test_a_persistent_buffer_keeps_its_picture_when_resized(gl_surface, gl_shader) -> None:
    from perform.gl.buffers import Buffers
    from perform.gl.shared import Shared

    gl_surface.use()
    shared = Shared(gl_surface.ctx, SIZE)
    buffers = Buffers(shared)
    item = gl_shader("feedback").passes[0]
    first = buffers.get(item, {})
    first.front.framebuffer.clear(0.25, 0.5, 0.75, 1.0)
    shared.size = (50, 10)
    second = buffers.get(item, {})
    assert second.front.size == (50, 10)
    held = np.frombuffer(second.front.texture.read(), np.float32).reshape(10, 50, 4)
    assert np.allclose(held, [0.25, 0.5, 0.75, 1.0], atol=1e-3)
    buffers.release()
    shared.release()


def test_the_330_translation_compiles_too(gl_surface, gl_shader) -> None:
    from perform.gl.program import Program

    gl_surface.use()
    for name in ("all_inputs", "version_one", "feedback", "all_fetches"):
        Program(gl_surface.ctx, *gl_shader(name).glsl(330)).release()
