"""The gate: what ships goes through, the rest is tried once, and what hung or killed a show stays out."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from trial_files import ENDLESS, GOOD, HEAD

from perform.cli import main
from perform.content import shipped
from perform.core.errors import DeviceError, ShaderError
from perform.trial import gate as gates
from perform.trial.gate import FRAMES_TO_PROVE, Gate, OnTrialError, admit, current, install
from perform.trial.runner import Outcome
from perform.trial.verdicts import LEFT_BEHIND, Verdict, Verdicts, digest_of

BLOOM = shipped() / "shaders" / "effects" / "bloom.fs"


class Pretend:
    """A runner that answers as it is told, and counts. `broken` stands for a machine without a second context."""

    def __init__(self, outcome: str = "ok", message: str = "", ms: float = 1.0) -> None:
        self.answer = (outcome, "filter", message, ms)
        self.asked: list[Path] = []
        self.broken = False

    def run(self, path: Path, frames: int, *, timeout_s: float, look: bool) -> Outcome:
        self.asked.append(path)
        if self.broken:
            raise DeviceError("no context")
        return Outcome(str(path), *self.answer)

    def close(self) -> None:
        pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.fs"
    path.write_text(GOOD)
    return path


def a_gate(folder: Path, runner: Pretend, **options: object) -> Gate:
    return Gate(verdicts=Verdicts(folder / "kept"), make_runner=lambda: runner, renderer="soft", **options)  # type: ignore[arg-type, return-value]


def marks(folder: Path) -> list[Path]:
    return list((folder / "kept" / "shaders" / "trying").glob("*"))


def until(true: object, seconds: float = 60.0) -> None:
    ends_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends_s, "it never came about"
        time.sleep(0.01)


def test_what_ships_is_not_tried_until_it_is_changed_under_the_show(tmp_path: Path) -> None:
    runner = Pretend()
    gate = a_gate(tmp_path, runner)
    assert gate.admit(BLOOM).name == "bloom" and not runner.asked and not marks(tmp_path)
    gate.request(BLOOM, saved=True)
    until(lambda: gate.finished())
    assert gate.admit(BLOOM) and runner.asked == [BLOOM]
    gate.close()


def test_tried_once_marked_until_it_was_shown_then_trusted(tmp_path: Path, file: Path) -> None:
    runner = Pretend()
    gate = a_gate(tmp_path, runner)
    assert gate.admit(file).name == "mine" and len(marks(tmp_path)) == 1
    gate.admit(file)
    for _ in range(FRAMES_TO_PROVE):
        assert len(marks(tmp_path)) == 1
        gate.shown()
    assert not marks(tmp_path) and len(runner.asked) == 1
    again = a_gate(tmp_path, runner)
    again.admit(file)
    assert len(runner.asked) == 1 and not marks(tmp_path)
    other = Gate(verdicts=Verdicts(tmp_path / "kept"), make_runner=lambda: runner, renderer="another card")  # type: ignore[arg-type, return-value]
    other.admit(file)
    assert len(runner.asked) == 2, "another renderer has to try for itself"
    other.close()
    assert not marks(tmp_path), "a clean end takes its marks along"


@pytest.mark.parametrize(
    ("outcome", "kept"), [("timeout", True), ("crash", True), ("compile", False), ("render", False)]
)
def test_refused_and_how_long_it_is_remembered(tmp_path: Path, file: Path, outcome: str, kept: bool) -> None:
    runner = Pretend(outcome, "is bad")
    for _ in range(2):
        gate = a_gate(tmp_path, runner)
        for _ in range(2):
            with pytest.raises(ShaderError, match=r"mine\.fs: is bad") as caught:
                gate.admit(file)
            assert "\n" not in str(caught.value) and ("perform shaders retry mine" in str(caught.value)) == kept
        assert not marks(tmp_path)
    assert len(runner.asked) == (1 if kept else 2)
    file.write_text(GOOD + "// changed")
    runner.answer = ("ok", "filter", "", 1.0)
    assert a_gate(tmp_path, runner).admit(file)


def test_one_that_would_take_seconds_is_refused_by_size(tmp_path: Path, file: Path) -> None:
    runner = Pretend(ms=100.0)
    with pytest.raises(ShaderError, match=r"about 14 s for each frame"):
        a_gate(tmp_path, runner, size=(1920, 1080)).admit(file)
    assert a_gate(tmp_path, runner, size=(320, 180)).admit(file)


def test_without_a_second_context_the_mark_alone_has_to_do(tmp_path: Path, file: Path) -> None:
    runner = Pretend()
    runner.broken = True
    assert a_gate(tmp_path, runner).admit(file) and len(marks(tmp_path)) == 1


def test_while_the_show_plays_nothing_waits(tmp_path: Path, file: Path) -> None:
    runner = Pretend()
    gate = a_gate(tmp_path, runner)
    gate.live = True
    with pytest.raises(OnTrialError, match="tried first"):
        gate.admit(file)
    until(lambda: not gate.busy)
    assert gate.admit(file) and gate.finished() == []
    bad = tmp_path / "bad.fs"
    bad.write_text(HEAD + "void main() { }")
    runner.answer = ("compile", "filter", f"{bad}:2: what is this", 0.0)
    with pytest.raises(OnTrialError):
        gate.admit(bad)
    until(lambda: not gate.busy)
    with pytest.raises(ShaderError, match=r"bad\.fs:2: what") as caught:
        gate.admit(bad)
    assert not isinstance(caught.value, OnTrialError)
    gate.request(bad, saved=True)
    until(lambda: not gate.busy)
    assert [f.message for f in gate.finished()] == [f"{bad}:2: what is this"]
    gate.close()
    gate.close()


def test_a_real_endless_shader_is_refused_and_a_good_one_is_not(tmp_path: Path, file: Path) -> None:
    endless = tmp_path / "endless.fs"
    endless.write_text(ENDLESS)
    gate = Gate((64, 36), "soft", limit_s=3.0)
    try:
        assert gate.admit(file)
        with pytest.raises(ShaderError, match=r"endless\.fs: took longer than 3 s.*retry endless"):
            gate.admit(endless)
    finally:
        gate.close()
    assert [Path(v.path).name for v in Verdicts().set_aside()] == ["endless.fs"]


KILLED = """
import sys
from pathlib import Path
from perform.trial.gate import Gate
gate = Gate((64, 36), "soft")
if sys.argv[2] == "shown":
    from perform.trial.runner import Runner
    gate._make_runner = lambda: None
    class Good:
        def run(self, path, frames, **_):
            from perform.trial.runner import Outcome
            return Outcome(str(path), "ok")
        def close(self): pass
    gate._make_runner = Good
print("trying", flush=True)
gate.admit(Path(sys.argv[1]))
print("let in", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["tried", "shown"])
def test_killed_in_mid_trial_the_next_start_leaves_it_out_in_one_line(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "endless.fs"
    path.write_text(ENDLESS)
    show = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), moment], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert show.stdout is not None and show.stdin is not None
    assert show.stdout.readline() == "trying\n"
    if moment == "shown":
        assert show.stdout.readline() == "let in\n"
    trying = lambda: list((tmp_path / "state" / "perform" / "shaders" / "trying").glob("*"))  # noqa: E731
    until(trying)
    alive = Verdicts()
    assert alive.set_aside() == [] and trying(), "its process lives: that is no reason to leave it out"
    show.kill()
    show.communicate()
    until(lambda: Verdicts().set_aside())  # a child that was just being made may hold the mark for a moment
    runner = Pretend()
    gate = Gate((64, 36), "soft", make_runner=lambda: runner)  # type: ignore[arg-type, return-value]
    with pytest.raises(ShaderError) as caught:
        gate.admit(path)
    line = str(caught.value)
    assert LEFT_BEHIND in line and "perform shaders retry endless" in line and "\n" not in line
    assert not runner.asked and not trying()


def test_asked_for_again(tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Verdicts()
    other = tmp_path / "other.fs"
    other.write_text(GOOD + "// other")
    for path in (file, other):
        kept.put(Verdict(digest_of(path), str(path), False, "hung"))
    assert main(["shaders", "retry"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"{file}: hung", f"{other}: hung"] and "2 set aside" in err
    assert main(["shaders", "retry", "nothing"]) == 64
    assert main(["shaders", "retry", "mine"]) == 0
    assert [v.path for v in kept.set_aside()] == [str(other)]
    assert main(["shaders", "retry", "--all"]) == 0 and kept.set_aside() == []
    runner = Pretend()
    assert Gate(make_runner=lambda: runner).admit(file)  # type: ignore[arg-type, return-value]


def test_a_state_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, file: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be")
    runner = Pretend()
    gate = a_gate(tmp_path, runner)
    assert gate.admit(file)
    for _ in range(FRAMES_TO_PROVE):
        gate.shown()
    gate.close()


def test_rubbish_in_the_state_folder_is_no_verdict(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "kept" / "shaders"
    (folder / "trying").mkdir(parents=True)
    (folder / f"{digest_of(file)}.json").write_text("[1, 2")
    (folder / "trying" / "no.such.thing").write_bytes(b"\xff\xfe")
    assert a_gate(tmp_path, Pretend()).admit(file)


def test_old_verdicts_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perform.trial.verdicts.MAX_KEPT", 5)
    kept = Verdicts(tmp_path)
    for number in range(9):
        kept.put(Verdict(f"{number:064d}", f"{number}.fs", number != 0, "hung", "soft"))
    Verdicts(tmp_path)
    assert len(list((tmp_path / "shaders").glob("*.json"))) <= 6
    assert len(kept.set_aside()) == 1, "a bad one was forgotten"


def test_the_installed_gate_is_asked(tmp_path: Path, file: Path) -> None:
    assert current() is None and admit(file).name == "mine"
    gate = a_gate(tmp_path, Pretend("timeout", "hangs"))
    install(gate)
    try:
        with pytest.raises(ShaderError, match="hangs"):
            admit(file)
    finally:
        install(None)
    assert gates.current() is None
