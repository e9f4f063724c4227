"""Reading ISF files: what they say, what is mended, what is refused, and where."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perform.core.errors import ShaderError
from perform.isf import parse_shader, read_shader
from perform.isf.read import snake_name

FIXTURES = Path(__file__).parent / "fixtures"
BODY = "\nvoid main() { gl_FragColor = vec4(1.0); }\n"


def _document(**header: object):
    return parse_shader("/*" + json.dumps({"ISFVSN": "2", **header}) + "*/" + BODY, "folder/a shader.fs")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.fs")), ids=lambda p: p.stem)
def test_every_fixture_reads(path: Path) -> None:
    document = read_shader(path)
    assert document.name == path.stem
    assert document.kind in ("generator", "filter", "transition")
    assert len({row.name for row in document.params()}) == len(document.params())


def test_what_the_header_says() -> None:
    document = read_shader(FIXTURES / "passthrough.fs")
    assert (document.kind, document.credit, document.licence) == ("filter", "perform", "Apache-2.0")
    assert document.categories == ("Utility",)
    assert document.description == "gives back what it gets"
    assert document.warnings == ()
    assert document.pictures() == ("inputImage",)


def test_kinds() -> None:
    assert read_shader(FIXTURES / "paint.fs").kind == "generator"
    assert read_shader(FIXTURES / "transition.fs").kind == "transition"


def test_rows_of_every_input_type() -> None:
    rows = {row.name: row for row in read_shader(FIXTURES / "all_inputs.fs").params()}
    assert {name: row.kind for name, row in rows.items()} == {
        "bang": "trigger",
        "on": "bool",
        "mode": "choice",
        "steps": "int",
        "amount": "float",
        "centre": "point",
        "tint": "colour",
    }
    assert rows["mode"].choices == ("soft", "hard", "wild") and rows["mode"].default == "hard"
    assert (rows["steps"].lo, rows["steps"].hi, rows["steps"].default) == (1, 8, 3)
    assert (rows["amount"].lo, rows["amount"].hi, rows["amount"].doc) == (-1.0, 3.0, "how much")
    assert rows["centre"].default == (0.25, 0.75)
    for row in rows.values():
        assert row.kind == "trigger" or row.checked(row.default) == row.default


def test_words_become_numbers() -> None:
    mode = next(i for i in read_shader(FIXTURES / "all_inputs.fs").inputs if i.name == "mode")
    assert [mode.native(word) for word in ("soft", "hard", "wild", "unknown")] == [0, 2, 5, 2]


def test_passes() -> None:
    passes = read_shader(FIXTURES / "sized_passes.fs").passes
    assert [p.target for p in passes] == ["half_size", "tiny", ""]
    sizes = {"WIDTH": 640.0, "HEIGHT": 360.0, "quality": 0.5}
    assert passes[0].width.size_px(sizes) == 320 and passes[0].height.size_px(sizes) == 90
    big = read_shader(FIXTURES / "float_buffer.fs").passes[0]
    assert big.float32 and big.width.size_px({}) == big.height.size_px({}) == 4
    assert not big.persistent


def test_version_one() -> None:
    document = read_shader(FIXTURES / "version_one.fs")
    assert document.passes[0].persistent and document.passes[0].width is not None
    assert any("ISFVSN" in warning for warning in document.warnings)
    assert document.vertex_path.endswith("version_one.vs")


def test_sloppy_files_are_mended_and_said() -> None:
    document = read_shader(FIXTURES / "sloppy.fs")
    rows = {row.name: row for row in document.params()}
    assert rows["flag"].default is False
    assert (rows["upside"].lo, rows["upside"].hi, rows["upside"].default) == (1.0, 2.0, 2.0)
    assert rows["odd"].choices == ("one", "2") and rows["odd"].default == "one"
    assert document.passes[0].persistent
    said = " | ".join(document.warnings)
    for word in ("strict JSON", "before the header", "bare has no DEFAULT", "MIN is above", "LABELS", "capitals"):
        assert word in said


def test_author_lines_are_kept() -> None:
    text = (FIXTURES / "broken_fragment.fs").read_text()
    document = read_shader(FIXTURES / "broken_fragment.fs")
    line = document.fragment_line + document.fragment[: document.fragment.index("undeclared")].count("\n")
    assert "undeclared" in text.splitlines()[line - 1]
    for version in (410, 330):
        fragment = document.glsl(version)[1]
        assert fragment.startswith(f"#version {version} core\n")
        mark = fragment.index(f"#line {document.fragment_line}\n")
        after = fragment[mark:].splitlines()[1:]
        assert "undeclared" in after[line - document.fragment_line]


def test_windows_line_ends_and_mark() -> None:
    text = '\ufeff/*{ "ISFVSN": "2",\r\n"INPUTS": [] }*/\r\nvoid main() {\r\n gl_FragColor = vec4(1.0); }\r\n'
    assert parse_shader(text, "w.fs").fragment_line == 2


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("void main() {}", "no ISF header", 1),
        ("", "no ISF header", 1),
        ("\n\n/* { ", "never closed", 3),
        ('/*{\n"INPUTS": [\n}*/', "not valid JSON", 3),
        ("/*[]*/" + BODY, "no ISF header", 1),
        ('/*{"a": NaN}*/' + BODY, "NaN is not a number", 1),
        ('/*{"a": ' + "[" * 20000 + "]" * 20000 + "}*/" + BODY, "nested too deeply", 1),
        ('/*{"a": "' + "x" * 70000 + '"}*/' + BODY, "larger than 64 KB", 1),
        ('/*{"a": ' + "1" * 5000 + "}*/" + BODY, "cannot be read", 1),
        ('/*{"ISFVSN":"2"}*/\nfloat f() { return 1.0; }', "no void main", 1),
        ('/*{"INPUTS": {}}*/' + BODY, "INPUTS should be a list", 1),
        ('/*{"INPUTS": [7]}*/' + BODY, "should be an object", 1),
        ('/*{\n\n"INPUTS": [{"NAME": "a b", "TYPE": "float"}]}*/' + BODY, "cannot be a name", 3),
        ('/*{"INPUTS": [{"NAME": "x; void f(){}", "TYPE": "float"}]}*/' + BODY, "cannot be a name", 1),
        ('/*{"INPUTS": [{"NAME": "TIME", "TYPE": "float"}]}*/' + BODY, "cannot be a name", 1),
        ('/*{"INPUTS": [{"NAME": "gl_x", "TYPE": "float"}]}*/' + BODY, "cannot be a name", 1),
        ('/*{"INPUTS": [{"TYPE": "float"}]}*/' + BODY, "cannot be a name", 1),
        ('/*{"INPUTS": [\n{"NAME": "x", "TYPE": "matrix"}]}*/' + BODY, "is not one of", 2),
        ('/*{"PASSES": {}}*/' + BODY, "PASSES should be a list", 1),
        ('/*{"PASSES": [3]}*/' + BODY, "should be an object", 1),
        ('/*{"PASSES": [{"TARGET": "a-b"}]}*/' + BODY, "cannot be a name", 1),
        ('/*{"PASSES": [{"TARGET": "t", "WIDTH": "$WIDTH +"}]}*/' + BODY, "size expression", 1),
        ('/*{"PASSES": [{"TARGET": "t", "WIDTH": "$nothing"}]}*/' + BODY, "no numeric input", 1),
        ('/*{"PASSES": [{"TARGET": "t", "WIDTH": []}]}*/' + BODY, "number or an expression", 1),
        ('/*{"INPUTS":[{"NAME":"t","TYPE":"float"}],"PASSES":[{"TARGET":"t"}]}*/' + BODY, "both an input", 1),
        ('/*{"IMPORTED": {"p": {"PATH": "../../secret.png"}}}*/' + BODY, "outside the shader's folder", 1),
        ('/*{"IMPORTED": {"p": {"PATH": "/etc/passwd"}}}*/' + BODY, "outside the shader's folder", 1),
        ('/*{"IMPORTED": {"p": {"PATH": [1, 2]}}}*/' + BODY, "PATH should be a file", 1),
        ('/*{"IMPORTED": {"p": {"PATH": ["a", "../b"]}}}*/' + BODY, "outside the shader's folder", 1),
        ('/*{"PERSISTENT_BUFFERS": 4}*/' + BODY, "PERSISTENT_BUFFERS", 1),
    ],
)
def test_refused_with_line(text: str, message: str, line: int) -> None:
    with pytest.raises(ShaderError, match=message) as caught:
        parse_shader(text, "shaders/bad.fs")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"shaders/bad.fs:{line}: ")
    assert "\n" not in str(caught.value)


def test_too_many() -> None:
    with pytest.raises(ShaderError, match="more than 256 inputs"):
        _document(INPUTS=[{"NAME": f"i{k}", "TYPE": "float"} for k in range(257)])
    with pytest.raises(ShaderError, match="more than 32 passes"):
        _document(PASSES=[{}] * 33)


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(ShaderError, match="cannot be read"):
        read_shader(tmp_path / "absent.fs")
    (tmp_path / "big.fs").write_bytes(b"/*{}*/" + b" " * (1 << 20))
    with pytest.raises(ShaderError, match="too large"):
        read_shader(tmp_path / "big.fs")


def test_an_import_without_a_file_is_left_out() -> None:
    document = _document(IMPORTED={"held": {"PASSINDEX": 0}}, PASSES=[{"TARGET": "held"}, {}])
    assert document.imported == () and any("held has no PATH" in warning for warning in document.warnings)


def test_twice_the_same_name_warns() -> None:
    document = _document(INPUTS=[{"NAME": "x", "TYPE": "float"}, {"NAME": "x", "TYPE": "bool"}])
    assert [item.type for item in document.inputs] == ["float"]
    assert any("twice" in warning for warning in document.warnings)


def test_names() -> None:
    assert snake_name("Radial Blur-2.fs") == "radial_blur_2"
    assert snake_name("x/RGBSplit.fs") == "rgbsplit"
    assert snake_name("ColorShift.fs") == "color_shift"
    assert snake_name("...") == "shader"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ENTRY = st.fixed_dictionaries(
    {
        "NAME": st.sampled_from(["a", "b", "c1"]),
        "TYPE": st.sampled_from(["event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT"]),
    },
    optional={key: JSON for key in ("DEFAULT", "MIN", "MAX", "VALUES", "LABELS", "LABEL", "IDENTITY")},
)


@settings(max_examples=150)
@given(st.lists(ENTRY, max_size=3), JSON, JSON)
def test_whatever_the_values_the_rows_make_sense(inputs: list, passes: object, imported: object) -> None:
    text = "/*" + json.dumps({"INPUTS": inputs, "PASSES": passes, "IMPORTED": imported}).replace("*/", "* /") + "*/"
    try:
        document = parse_shader(text + BODY, "x.fs")
    except ShaderError:
        return
    for row in document.params():
        assert row.kind == "trigger" or row.checked(row.default) == pytest.approx(row.default)


def test_no_warnings_raised() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in FIXTURES.glob("*.fs"):
            read_shader(path)
