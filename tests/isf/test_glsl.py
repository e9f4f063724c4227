"""Translation to GLSL core, and reading compilers' complaints."""

from __future__ import annotations

from pathlib import Path

import pytest

from perform.isf import parse_shader, read_shader
from perform.isf.glsl import Source, complaint, translate

FIXTURES = Path(__file__).parent / "fixtures"


def test_old_words_are_replaced() -> None:
    text = (
        "#version 120\nprecision mediump float;\nvarying vec2 v;\n"
        "void main() { gl_FragColor = texture2D(t, vv_FragNormCoord); gl_FragData[0] = vec4(1.0); }"
    )
    vertex = "varying vec2 v;\nvoid main() { vv_vertShaderInit(); }"
    vertex, fragment = translate(410, (), ("t",), Source(text, 9, vertex))
    for word in ("gl_FragColor", "gl_FragData", "texture2D", "varying", "vv_FragNormCoord", "precision", "120"):
        assert word not in fragment
    assert "out vec2 v;" in vertex and "in vec2 v;" in fragment
    assert fragment.count("#version") == 1
    assert "void isf_main(" in fragment


def test_declared_once_and_in_order() -> None:
    fragment = read_shader(FIXTURES / "all_inputs.fs").glsl()[1]
    for line in ("uniform bool bang;", "uniform int mode;", "uniform vec2 centre;", "uniform vec4 tint;"):
        assert fragment.count(line) == 1
    assert "uniform sampler2D wave;" in fragment


def test_old_extras_only_where_read() -> None:
    head = '/*{"INPUTS": [{"NAME": "inputImage", "TYPE": "image"}]}*/'
    used = parse_shader(head + "void main() { gl_FragColor = vec4(_inputImage_imgSize, 0.0, 1.0); }", "a.fs")
    assert "uniform vec2 _inputImage_imgSize;" in used.glsl()[1]
    assert "_imgRect" not in used.glsl()[1]


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        ("fragment_shader\n======\n0:57(12): error: `x' undeclared\n", ("`x' undeclared", 57, True)),
        ('0(12) : error C1503: undefined variable "y"', ('undefined variable "y"', 12, True)),
        ("ERROR: 0:8: Use of undeclared identifier 'z'", ("Use of undeclared identifier 'z'", 8, True)),
        ("0:1000003(2): error: syntax error", ("syntax error", 0, False)),
        ("0:2(1): warning: unused\n0:9(1): error: real", ("real", 9, True)),
        ("something went wrong", ("something went wrong", 0, False)),
        ("", ("the driver gave no reason", 0, False)),
    ],
)
def test_complaints(log: str, wanted: tuple[str, int, bool]) -> None:
    assert complaint(log) == wanted
