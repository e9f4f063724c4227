"""`perform shaders check`: one class for each file, and no file that ends the sweep."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from trial_files import ENDLESS, GOOD, HEAD

from perform.cli import main
from perform.core.errors import ShaderError, UsageError
from perform.isf import read_shader
from perform.trial.check import files_of, read_baseline, worse
from perform.trial.runner import CLASSES, Outcome, Runner

DIALECTS = Path(__file__).parents[1] / "isf" / "fixtures" / "dialects"
FILES = {
    "good.fs": GOOD,
    "endless.fs": ENDLESS,
    "black.fs": HEAD + "void main() { gl_FragColor = vec4(0.0, 0.0, 0.0, 1.0); }",
    "waits.fs": GOOD.replace('"image"}', '"image"}, {"NAME": "go", "TYPE": "event"}').replace(
        "IMG_THIS_PIXEL(inputImage)", "vec4(go ? 1.0 : 0.0)"
    ),
    "header.fs": "/*{ nothing }*/ void main() {}",
    "loop.fs": HEAD + "void main() { while (true) { } }",
    "words.fs": HEAD + "void main() {\n    gl_FragColor = nonsense;\n}",
    "large.fs": HEAD.replace("]}*/", '], "PASSES": [{"TARGET": "x", "WIDTH": "$WIDTH * 400", "HEIGHT": "8192", '
                                     '"FLOAT": true, "PERSISTENT": true}]}*/')
    + "void main() { gl_FragColor = vec4(1.0); }",
    "toy.glsl": (DIALECTS / "toy_rings.glsl").read_text(),
    "slide.frag": (DIALECTS / "slide.glsl").read_text(),
}  # fmt: skip
WANTED = {
    "good.fs": ("ok", "filter", ""),
    "endless.fs": ("timeout", "", "took longer than 3 s"),
    "black.fs": ("blank", "filter", "black whatever its inputs are"),
    "waits.fs": ("blank", "filter", "black until go is fired"),
    "header.fs": ("parse", "", "header.fs:1: "),
    "loop.fs": ("parse", "", "loop.fs:2: this loop never ends"),
    "words.fs": ("compile", "filter", "words.fs:3: "),
    "large.fs": ("render", "filter", "more than the 1024 MB"),
    "toy.glsl": ("ok", "generator", ""),
    "slide.frag": ("ok", "transition", ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shaders"
    (made / "deep").mkdir(parents=True)
    for name, text in FILES.items():
        (made / ("deep" if name == "good.fs" else ".") / name).write_text(text)
    (made / "notes.txt").write_text("not a shader")
    return made


def test_the_whole_sweep(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["shaders", "check", str(folder), "--timeout", "3", "--frames", "2", "--size", "64x36", "--json"]
    code = main(command)
    out, err = capsys.readouterr()
    rows = json.loads(out)
    found = {Path(row["path"]).name: row for row in rows}
    assert found.keys() == WANTED.keys()
    for name, (outcome, kind, word) in WANTED.items():
        row = found[name]
        assert list(row) == ["path", "class", "kind", "message", "ms"]
        assert (row["class"], row["kind"]) == (outcome, kind), row
        assert word in row["message"] and "\n" not in row["message"], row
        assert (row["ms"] > 0.0) == (outcome in ("ok", "blank"))
    assert code == ShaderError.exit_code and "10 shaders: 3 ok, 2 blank, 2 parse" in err and "7 worse" in err
    baseline = folder / "known.json"
    baseline.write_text(out)
    few = [str(folder / name) for name in ("words.fs", "black.fs", "toy.glsl")]
    assert main(["shaders", "check", *few, "--size", "64x36", "--baseline", str(baseline)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and said[0].startswith("compile") and "words.fs:3: " in said[0]


def test_a_process_that_dies_is_one_files_fault(tmp_path: Path) -> None:
    (tmp_path / "good.fs").write_text(GOOD)
    (tmp_path / "endless.fs").write_text(ENDLESS)
    runner = Runner((32, 18))

    def kill() -> None:
        time.sleep(1.0)
        os.kill(runner._process.pid, signal.SIGKILL)

    try:
        assert runner.run(tmp_path / "good.fs").outcome == "ok" and runner.renderer
        threading.Thread(target=kill).start()
        dead = runner.run(tmp_path / "endless.fs")
        assert dead.outcome == "crash" and "signal 9" in dead.message and not dead.plays
        after = runner.run(tmp_path / "good.fs")
        assert after.plays and after.kind == "filter" and after.first_ms > 0.0
    finally:
        runner.close()
    runner.close()


def test_the_trial_dies_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "endless.fs").write_text(ENDLESS)
    runner = Runner((32, 18))
    runner.start()
    child = runner._process
    waiting = threading.Thread(target=runner.run, args=(tmp_path / "endless.fs",), kwargs={"timeout_s": 60.0})
    waiting.start()
    time.sleep(0.5)
    child.stdin.close()  # what the system does when the parent is killed
    child.wait(timeout=30)
    waiting.join(timeout=30)
    runner.close()


def _outcome(path: str, outcome: str) -> Outcome:
    return Outcome(path, outcome)


def test_worse_than_the_baseline() -> None:
    known = {"a/x.fs": "compile", "b/y.fs": "blank", "c/twice.fs": "crash", "d/twice.fs": "crash"}
    seen = [
        _outcome("a/x.fs", "compile"), _outcome("elsewhere/y.fs", "blank"), _outcome("a/x.fs", "parse"),
        _outcome("a/x.fs", "timeout"), _outcome("elsewhere/y.fs", "compile"), _outcome("new.fs", "blank"),
        _outcome("elsewhere/twice.fs", "render"), _outcome("new.fs", "ok"),
    ]  # fmt: skip
    assert worse(seen, known) == seen[3:7]
    assert CLASSES[0] == "ok" and {"blank", "parse", "compile", "render", "timeout", "crash"} == set(CLASSES[1:])


@pytest.mark.parametrize("text", ["[", "{}", "[3]", '[{"path": "x"}]', '[{"path": "x", "class": "lovely"}]'])
def test_a_baseline_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    if text == "{}":
        assert read_baseline(tmp_path / "b.json") == {}
        return
    with pytest.raises(UsageError, match=r"b\.json"):
        read_baseline(tmp_path / "b.json")


def test_names_files_and_folders(folder: Path, tmp_path: Path) -> None:
    assert [p.name for p in files_of([str(folder / "deep"), "bloom"])] == ["good.fs", "bloom.fs"]
    assert len(files_of([])) >= 29
    (tmp_path / "empty").mkdir()
    for wrong in (str(tmp_path / "empty"), str(tmp_path / "absent.fs"), "absent.fs"):
        with pytest.raises(UsageError):
            files_of([wrong])
    with pytest.raises(ShaderError, match="no shader"):
        files_of(["no_such_shader"])


def test_a_public_collection(capsys: pytest.CaptureFixture[str]) -> None:
    """Any collection named by PERFORM_ISF_CORPUS; without one, the files of other dialects kept here."""
    main(["shaders", "check", os.environ.get("PERFORM_ISF_CORPUS") or str(DIALECTS), "--json"])
    rows = json.loads(capsys.readouterr().out)
    playing = [row for row in rows if row["class"] in ("ok", "blank")]
    assert len(playing) >= 0.99 * len(rows) > 0
    assert all(row["message"] for row in rows if row["class"] == "blank")


def test_the_fixtures_read(tmp_path: Path) -> None:
    for name in ("good.fs", "endless.fs", "waits.fs"):
        (tmp_path / name).write_text(FILES[name])
        assert not read_shader(tmp_path / name).warnings
