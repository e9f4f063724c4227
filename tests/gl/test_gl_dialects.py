"""Shadertoy's and gl-transitions' files on the real stage, and what sloppy ISF files get away with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perform.core.errors import ShaderError
from perform.core.types import Features, Moment
from perform.gl.program import Program
from perform.isf import Document, parse_shader, read_shader

SIZE = (32, 24)
DIALECTS = Path(__file__).parents[1] / "isf" / "fixtures" / "dialects"


def dialect(name: str) -> Document:
    return read_shader(DIALECTS / f"{name}.glsl")


def columns(picture: np.ndarray, count: int) -> list[list[float]]:
    """The colour in the middle of each of `count` equal columns, 0..1."""
    width = picture.shape[1]
    return [(picture[12, int((k + 0.5) * width / count)] / 255.0).tolist() for k in range(count)]


def near(found: list[float], *wanted: float) -> bool:
    return bool(np.allclose(found, np.clip(wanted, 0.0, 1.0), atol=1.5 / 255.0))


def filtered(body: str, inputs: str = "", before: str = "") -> Document:
    head = f'/*{{"ISFVSN": "2", "INPUTS": [{{"NAME": "inputImage", "TYPE": "image"}}{inputs}]}}*/\n'
    return parse_shader(head + before + "\nvoid main() { " + body + " }", "effects/sloppy.fs")


def test_shadertoy_uniforms(gl_player) -> None:
    gl_player.stage.set_source("a", dialect("toy_uniforms"))
    values = {"deck__a__source__mouse": (0.25, 0.75), "deck__a__source__mouse_down": True}
    gl_player.show(moment=Moment(0.0, 0.0, 0))
    picture = gl_player.show(moment=Moment(3.0, 0.02, 1, date=(2024, 7, 9, 43_200.0)), **values)
    time, date, mouse, size = columns(picture, 4)
    assert near(time, 0.3, 0.02, 0.5)
    assert near(date, 6 / 12, 9 / 31, 0.5), "months count from 0 there"
    assert near(mouse, 0.25, 0.75, 1.0) and near(size, 0.32, 0.24, 0.5)


def test_shadertoy_picture_is_opaque_and_counts_frames(gl_player) -> None:
    gl_player.stage.set_source("a", dialect("toy_rings"))
    for _ in range(11):
        picture = gl_player.show()
    assert picture[0, 0].tolist() == [0, 51, 10] and picture[..., 0].max() > 200


def test_shadertoy_sound(gl_player) -> None:
    gl_player.stage.set_source("a", dialect("toy_sound"))
    spectrum = np.zeros(512, np.float32)
    spectrum[256:] = 0.8
    wave = np.full((1024, 2), 0.5, np.float32)
    left, right = columns(gl_player.show(features=Features(0.0, {}, spectrum, wave)), 2)
    assert near(left, 0.0, 0.75, 0.2) and near(right, 0.8, 0.75, 0.2)


def test_shadertoy_picture_channel_is_an_effect(gl_player, gl_noise) -> None:
    gl_player.stage.set_chain("master", [("toy", dialect("toy_picture"))])
    assert np.array_equal(gl_player.show(gl_noise), 255 - gl_noise)


def test_shadertoy_noise_and_its_own_last_frame(gl_player) -> None:
    gl_player.stage.set_source("a", dialect("toy_memory"))
    shown = [gl_player.show() for _ in range(5)]
    assert [round(float(s[5, 5, 0]) / 255.0, 1) for s in shown] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert shown[-1][..., 1].std() > 1.0, "the noise is flat"


def test_a_gl_transition_draws(gl_surface) -> None:
    from perform.gl.shared import Shared
    from perform.gl.targets import Target
    from perform.gl.unit import Unit

    gl_surface.use()
    shared = Shared(gl_surface.ctx, SIZE, "f4")
    unit = Unit(shared, "t", "t", dialect("slide"))
    ends, out = [Target(gl_surface.ctx, SIZE, "f4") for _ in range(2)], Target(gl_surface.ctx, SIZE, "f4")
    for target, level in zip(ends, (0.25, 0.75), strict=True):
        target.framebuffer.clear(level, level, level, 1.0)
    pictures = {"startImage": ends[0].texture, "endImage": ends[1].texture}
    seen = []
    for progress in (0.0, 0.5, 1.0):
        shared.begin({"t/progress": progress, "t/softness": 0.0}, None, Moment(0.0, 0.0, 0))
        texture = unit.render(out, pictures, 1.0)
        row = np.frombuffer(texture.read(), np.float32).reshape(24, 32, 4)[10, :, 0]
        seen.append((float(row[2]), float(row[-2])))
    assert np.allclose(seen, [(0.25, 0.25), (0.25, 0.75), (0.75, 0.75)], atol=1e-3)
    for part in (unit, *ends, out, shared):
        part.release()


@pytest.mark.parametrize("path", sorted(DIALECTS.glob("*.glsl")), ids=lambda p: p.stem)
@pytest.mark.parametrize("version", [410, 330])
def test_every_dialect_compiles_in_both_versions(gl_surface, path, version) -> None:
    gl_surface.use()
    Program(gl_surface.ctx, *read_shader(path).glsl(version)).release()


def test_complaints_about_other_dialects_name_the_authors_line(gl_player) -> None:
    text = "// one\n// two\nvoid mainImage(out vec4 c, in vec2 f) {\n    c = nonsense;\n}\n"
    with pytest.raises(ShaderError, match=r"bad\.glsl:4: .*nonsense"):
        gl_player.stage.set_source("a", parse_shader(text, "bad.glsl"))


HERE = "gl_FragColor = IMG_THIS_PIXEL(inputImage)"
OLD = "inputImage, _inputImage_imgRect, _inputImage_imgSize, _inputImage_flip"
NEW_WORDS = "vec4 sample = IMG_THIS_PIXEL(inputImage); float patch = 1.0; vec4 texture = sample; "
MIDWAY = "float f() { return 1.0; }\n#extension GL_OES_standard_derivatives : enable\n#extension GL_NO_SUCH : require"
SLOPPY = {
    "redeclared uniforms": (f"{HERE} * much;", "uniform float much; uniform float TIME;"),
    "one of two unknown": (f"{HERE} * (much + nobody);", "uniform float much, nobody;\nuniform vec2 RENDERSIZE;"),
    "names that are words of newer GLSL": (NEW_WORDS + "gl_FragColor = texture * patch;", ""),
    "extensions in the middle": (f"{HERE};", MIDWAY),
    "an output of its own": (
        "colour = IMG_THIS_PIXEL(inputImage);",
        "#version 330\nlayout(location = 0) out vec4 colour;",
    ),
    "a whole number where a float is wanted": (f"{HERE} * f(1);", "float f(int i) { return i; }"),
    "a bias": ("gl_FragColor = IMG_NORM_PIXEL(inputImage, isf_FragNormCoord, 0.0);", ""),
    "functions of old hosts": (f"gl_FragColor = VVSAMPLER_2DBYNORM({OLD}, vv_FragNormCoord);", ""),
    "coordinates of OpenGL 2": ("gl_FragColor = texture2D(inputImage, gl_TexCoord[0].xy);", "varying vec2 unused;"),
    "WebGL's names": (
        "gl_FragColor = texture2DLodEXT(inputImage, isf_FragNormCoord, 0.0);",
        "precision mediump float;",
    ),
    "a macro defined twice": (
        f"{HERE} * ONE;",
        "#define ONE 0.5 * \\\n    0.5\n#define TWO 2.0\n#define ONE 1.0\n#line 5",
    ),
    "an output that one host declares": ("fragColor = IMG_THIS_PIXEL(inputImage);", ""),
    "another host's functions": ("gl_FragColor = MM_SHADER_NORM_PIXEL(inputImage, isf_FragNormCoord);", ""),
    "its own coordinate": (f"{HERE};", "varying vec2 isf_FragNormCoord;\nin vec2 vv_FragNormCoord;"),
    "words kept for later": (
        "float filter = 0.5, input = 0.25, case = 0.25, common = 0.0; gl_FragColor = IMG_THIS_PIXEL(inputImage)"
        " * (filter + input + case + common);",
        "",
    ),
    "a main that was tried before": (
        f"{HERE};",
        "// void main() { gl_FragColor = vec4(0.0); }\n/* uniform float much;\n void main() { } */",
    ),
}


@pytest.mark.parametrize("what", SLOPPY)
def test_sloppy_files_draw_all_the_same(gl_player, gl_noise, what) -> None:
    body, before = SLOPPY[what]
    document = filtered(body, ', {"NAME": "much", "TYPE": "Float", "DEFAULT": 1.0, "MIN": 0, "MAX": 1}', before)
    gl_player.stage.set_chain("master", [("sloppy", document)])
    assert np.array_equal(gl_player.show(gl_noise), gl_noise)


def test_inputs_named_like_words_of_newer_glsl(gl_player, gl_noise) -> None:
    names = ("smooth", "mix", "sample", "buffer", "round")
    inputs = "".join(f', {{"NAME": "{n}", "TYPE": "float", "DEFAULT": 0.2, "MIN": 0, "MAX": 1}}' for n in names)
    inputs += ', {"NAME": "texture", "TYPE": "image"}'
    body = f"gl_FragColor = mix(IMG_THIS_PIXEL(texture), IMG_THIS_PIXEL(inputImage), {' + '.join(names)});"
    gl_player.stage.set_chain("master", [("s", filtered(body, inputs))])
    assert np.array_equal(gl_player.show(gl_noise), gl_noise)
    off = gl_player.show(gl_noise, master__fx__s__smooth=0.0, master__fx__s__mix=0.0)
    assert np.abs(off.astype(int) - gl_noise).max() <= 1


def test_a_switch_keeps_its_words(gl_player, gl_noise) -> None:
    body = f"switch (PASSINDEX) {{ case 0: {HERE}; break; default: gl_FragColor = vec4(0.0); }}"
    gl_player.stage.set_chain("master", [("s", filtered(body))])
    assert np.array_equal(gl_player.show(gl_noise), gl_noise)


def test_an_include_is_refused_at_its_line() -> None:
    with pytest.raises(ShaderError, match=r"sloppy\.fs:3: includes 'MadNoise\.glsl'"):
        filtered("", before='// #include "nothing"\n#include "MadNoise.glsl"')


def test_lines_stay_right_after_what_was_taken_out(gl_player) -> None:
    before = "uniform float much,\n  TIME;\nuniform int FRAMEINDEX;\n#extension GL_x : enable\nout vec4 colour;"
    before += "\n#define A 1\n#define A 2\n#define A 3"
    with pytest.raises(ShaderError, match=r"sloppy\.fs:10: .*nonsense"):
        gl_player.stage.set_chain("master", [("s", filtered("colour = nonsense;", "", before))])


def test_all_buffers_together_have_a_limit(gl_player) -> None:
    passes = ", ".join(f'{{"TARGET": "b{n}", "WIDTH": "8192", "HEIGHT": "8192", "FLOAT": true}}' for n in range(2))
    head = f'/*{{"ISFVSN": "2", "PASSES": [{{"TARGET": "x", "WIDTH": "4", "HEIGHT": "4"}}, {passes}]}}*/'
    text = head + "void main() { gl_FragColor = vec4(1.0); }"
    with pytest.raises(ShaderError, match="more than the 1024 MB"):
        gl_player.stage.set_source("a", parse_shader(text.replace('"8192"', '"8000"'), "big.fs"))


def test_time_of_a_shader_that_comes_later_begins_with_it(gl_player, gl_shader) -> None:
    def show(n: int) -> list[float]:
        return columns(gl_player.show(moment=Moment(n / 10, 0.1, n)), 4)[0]

    show(0)
    gl_player.stage.set_source("a", gl_shader("auto_uniforms"))
    assert near(show(50), 0.0, 0.0, 0.0) and near(show(70), 0.2, 0.1, 0.01)


def test_a_sound_input_asks_for_no_more_than_there_is(gl_player) -> None:
    head = '/*{"INPUTS": [{"NAME": "w", "TYPE": "audio", "MAX": 100000}]}*/'
    text = "void main() { gl_FragColor = IMG_PIXEL(w, vec2(9.0)); }"
    gl_player.stage.set_source("a", parse_shader(head + text, "w.fs"))
    assert near(columns(gl_player.show(), 1)[0], 0.5, 0.5, 0.5)
