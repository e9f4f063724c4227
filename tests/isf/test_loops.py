"""Loops that can be seen to be absurd are refused at their line; loops of real files are not."""

from __future__ import annotations

import time

import pytest

from perform.core.errors import ShaderError
from perform.isf import parse_shader
from perform.isf.glsl import redeclared, without_comments
from perform.isf.loops import MAX_ITERATIONS, check_loops


def _refused(body: str) -> str | None:
    try:
        parse_shader('/*{"ISFVSN": "2"}*/\n' + body + "\nvoid main() { gl_FragColor = vec4(1.0); }", "x.fs")
    except ShaderError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "body",
    [
        "void f() { for (int i = 0; i < 256; i++) for (int j = 0; j < 64; ++j) { g(); } }",
        "#define STEPS 100\nvoid f() { for (float i = 0.0; i < STEPS; i += 0.5) { g(); } }",
        "void f() { while (true) { if (x) break; } }",
        "void f() { for (;;) { if (x) return; } }",
        "void f() { do { x(); } while (i < 3); }",
        "// for (int i = 0; i < 99999999; i++) {}\n/* while (true) { } */",
        "void f() { for (int i = 0; i < unknown; i++) { g(); } }",
        "void f() { for (int i = 0; i < 3; i++) ",
        "for (while ( for (((( {",
    ],
)
def test_not_refused(body: str) -> None:
    assert _refused(body) is None


@pytest.mark.parametrize(
    ("body", "word", "line"),
    [
        ("\nvoid f() { while (true) { x++; } }", "never ends", 3),
        ("void f() { for (;;) { } }", "never ends", 2),
        ("void f() { for (int i = 0; ; i++) x(); }", "never ends", 2),
        ("void f() {\n do { x(); } while (1); }", "never ends", 3),
        ("void f() { for (int i = 0; i < 100000000; i++) x(); }", "1e+08 times", 2),
        (
            "const int N = 4000;\nvoid f() { for (int i = 0; i < N; i++)\n for (int j = N; j > 0; j--) { x(); } }",
            "1.6e+07",
            4,
        ),
        ("#define N 1e7\nvoid f() { for (float i = 0.; i < N; i += 1.) x(); }", "1e+07", 3),
        ("void f() { for (float i = 0.; i < 1.; i += 0.0) x(); }", "inf times", 2),
        ("for(int i=0;i<1;i++)" * 70 + ";", "nested deeper", 2),
    ],
)
def test_refused_at_its_line(body: str, word: str, line: int) -> None:
    said = _refused(body)
    assert said is not None and word in said and said.startswith(f"x.fs:{line}: ")


def test_the_vertex_shader_is_weighed_too() -> None:
    with pytest.raises(ShaderError, match=r"x\.vs:1: .*never ends"):
        text = '/*{"ISFVSN": "2"}*/ void main() { gl_FragColor = vec4(1.0); }'
        parse_shader(text, "x.fs", vertex="void main() { while (true) { } }", vertex_path="x.vs")


def test_the_limit_is_far_above_what_can_be_drawn() -> None:
    check_loops(f"void f() {{ for (int i = 0; i < {MAX_ITERATIONS}; i++) x(); }}", "x.fs")


HOSTILE = (
    "for (",
    "while(true){",
    "do {",
    "uniform a b ",
    "layout(",
    "/*",
    "out vec4 ",
    "for(int i=0;i<9;i++)",
    "((",
    "iChannel0, vec2(",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_the_reader_long(piece: str) -> None:
    """Twice the text, at most about three times the work: nothing that grows with the square."""

    def cost_s(size: int) -> float:
        text = "void mainImage(out vec4 c, in vec2 f) {" + piece * (size // len(piece))
        best = 1e9
        for _ in range(3):
            began_s = time.process_time()
            try:
                parse_shader(text, "x.glsl")
            except ShaderError:
                pass
            redeclared(text, frozenset())
            best = min(best, time.process_time() - began_s)
        return best

    small, large = cost_s(40_000), cost_s(80_000)
    assert large < 3.2 * small + 0.05


def test_comments_leave_everything_in_its_place() -> None:
    text = "a /* b\n c */ d // e\nf"
    plain = without_comments(text)
    assert len(plain) == len(text) and plain.index("d") == text.index("d") and plain.split() == ["a", "d", "f"]
    assert plain.count("\n") == 2
