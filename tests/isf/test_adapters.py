"""Shadertoy's and gl-transitions' dialects: told by content, read as documents of the same kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from perform.core.errors import ShaderError
from perform.isf import parse_shader, read_shader

DIALECTS = Path(__file__).parent / "fixtures" / "dialects"
TOY = "void mainImage(out vec4 c, in vec2 f) {{ c = {0}; }}"


def _toy(value: str, comment: str = "", folder: str = "effects"):
    return parse_shader(comment + TOY.format(value), f"{folder}/toy.glsl")


def _inputs(document) -> dict[str, str]:
    return {item.name: item.type for item in document.inputs}


@pytest.mark.parametrize(
    ("name", "dialect", "kind"),
    [
        ("toy_rings", "shadertoy", "generator"),
        ("toy_sound", "shadertoy", "generator"),
        ("toy_picture", "shadertoy", "filter"),
        ("toy_memory", "shadertoy", "generator"),
        ("slide", "gl-transition", "transition"),
    ],
)
def test_told_by_what_is_in_them(name: str, dialect: str, kind: str) -> None:
    document = read_shader(DIALECTS / f"{name}.glsl")
    assert (document.dialect, document.kind, document.name) == (dialect, kind, name)
    for version in (410, 330):
        assert document.glsl(version)[1].count("void isf_main(") == 1


def test_isf_stays_isf_whatever_it_mentions() -> None:
    text = '/*{"ISFVSN": "2"}*/ // void mainImage(\nvec4 transition(vec2 uv) { return vec4(1.0); }\nvoid main() {}'
    assert parse_shader(text, "x.fs").dialect == "isf"
    with pytest.raises(ShaderError, match="no ISF header"):
        parse_shader("// void mainImage(out vec4 c, in vec2 f)\nvoid main() {}", "x.glsl")


def test_only_what_is_used_is_asked_for() -> None:
    assert _inputs(_toy("vec4(iTime)")) == {}
    assert _inputs(_toy("vec4(iMouse)")) == {"mouse": "point2D", "mouse_down": "bool"}


def test_channels_by_hint_by_use_and_by_folder() -> None:
    fetch = "texture(iChannel0, f)"
    assert _inputs(_toy(fetch)) == {"inputImage": "image"}
    assert _toy(fetch, folder="generators").imported[0].made == "noise"
    assert _inputs(_toy(fetch, "// iChannel0: music\n")) == {"iChannel0": "soundRows"}
    assert _inputs(_toy("texture(iChannel0, vec2(f.x, 0.0))")) == {"iChannel0": "soundRows"}
    assert _inputs(_toy("texture(iChannel0, vec2(f.x, f.y))")) == {"inputImage": "image"}
    own = _toy(fetch, "/* iChannel0 = self */\n")
    assert own.passes[0].target == "iChannel0" and own.passes[0].persistent and own.kind == "generator"
    two = _toy("texture(iChannel0, f) + texture(iChannel2, f)")
    assert _inputs(two) == {"inputImage": "image", "iChannel2": "image"} and two.kind == "filter"
    assert any("iChannel0 is taken for picture" in w for w in two.warnings) and not own.warnings


def test_a_file_that_brings_its_own_main_keeps_it() -> None:
    text = (
        "uniform float iTime;\n"
        + TOY.format("vec4(iTime)")
        + "\nvoid main() { mainImage(gl_FragColor, gl_FragCoord.xy); }"
    )
    fragment = parse_shader(text, "x.frag").glsl()[1]
    assert fragment.count("void isf_main(") == 1


def test_uniforms_of_a_transition_become_parameters() -> None:
    document = read_shader(DIALECTS / "slide.glsl")
    rows = {row.name: row for row in document.params()}
    assert {name: row.default for name, row in rows.items()} == {
        "progress": 0.0,
        "direction": (1.0, 0.0),
        "softness": 0.25,
        "steps": 8,
        "lit": True,
        "rim": (0.9, 0.4, 0.2, 1.0),
        "cells": (4.0, 4.0),
    }
    assert rows["direction"].lo < 0.0 and rows["steps"].hi >= 16
    assert (document.credit, document.licence) == ("perform", "Apache-2.0")
    assert document.pictures() == ("startImage", "endImage")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("uniform float a; // = .5", 0.5),
        ("uniform float a; //= 3 ; // the rest is talk", 3.0),
        ("uniform float a = 0.25;", 0.25),
        ("uniform float a; // how much", 0.0),
        ("// uniform float b; // = 2.0\nuniform float a; // = -1.5", -1.5),
    ],
)
def test_defaults_as_people_write_them(line: str, wanted: float) -> None:
    document = parse_shader(f"{line}\nvec4 transition(vec2 uv) {{ return getToColor(uv) * a; }}", "t.glsl")
    values = {item.name: item.default for item in document.inputs if item.type == "float"}
    assert values == {"progress": 0.0, "a": wanted}


def test_a_matrix_cannot_be_set() -> None:
    with pytest.raises(ShaderError, match=r"t\.glsl:2: uniform m: a mat3"):
        parse_shader("\nuniform mat3 m;\nvec4 transition(vec2 uv) { return getToColor(uv); }", "t.glsl")
