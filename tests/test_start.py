"""start.py with a machine of paper: what it runs, what it remembers, what it says. No network, no apt, no pip."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def start():
    """start.py as a fresh module."""
    spec = importlib.util.spec_from_file_location("start_under_test", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Machine:
    """Answers commands as a Debian machine would. installed: packages; fails: words that make a command fail."""

    def __init__(self, start, home):
        self.start, self.home = start, home
        self.installed = set(start.PLAY_PACKAGES) | set(start.TEST_PACKAGES)
        self.commands = []
        self.fails = {}
        self.became = []

    def call(self, command, watch=None):
        words = [str(word) for word in command]
        self.commands.append(words)
        line = " ".join(words)
        for part, text in self.fails.items():
            if part in line:
                return subprocess.CompletedProcess(words, 1, stdout=text)
        text = ""
        if words[0] == "dpkg-query":
            text = "".join(f"{name} installed\n" for name in words[4:] if name in self.installed)
        elif "install" in words and "apt-get" in words:
            self.installed |= set(words[words.index("--no-install-recommends") + 1 :])
        elif words[1:3] == ["-m", "venv"]:
            self.touch("python")
        elif "pip" in words:
            self.touch("perform")
            self.touch("ruff")
        elif words[1] == "-c":
            text = f"{sys.version_info[:2]}\n"
        if watch:
            watch("Collecting torch==2.13.0\n")
        return subprocess.CompletedProcess(words, 0, stdout=text)

    def touch(self, name):
        path = self.home.program(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        (self.home.venv / "pyvenv.cfg").write_text("")

    def ran(self, part):
        return [c for c in self.commands if part in " ".join(c)]


@pytest.fixture
def machine(start, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("a")
    (tmp_path / "constraints.txt").write_text("b")
    home = start.Home(tmp_path)
    paper = Machine(start, home)
    home.call = paper.call
    monkeypatch.setattr(start.sys, "platform", "linux")
    monkeypatch.setattr(start, "WINDOWS", False)
    monkeypatch.setattr(start.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(start.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(start.os, "execv", lambda program, words: paper.became.append(words[1:]))
    monkeypatch.setattr(start.subprocess, "run", lambda words, **k: paper.call(words))
    monkeypatch.setattr(start.os, "chdir", lambda path: None)
    monkeypatch.delenv("PERFORM_STRICT", raising=False)
    return paper


def test_it_is_written_so_that_an_old_python_gets_as_far_as_the_message():
    source = (ROOT / "start.py").read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    names = {alias.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names
    assert "tomllib" not in names, "new in 3.11"


def test_an_old_python_is_told_so_in_one_line(start, monkeypatch, capsys):
    monkeypatch.setattr(start.shutil, "which", lambda name: None)
    line = start.old_python((3, 9, 2))
    assert "3.9" in line
    assert "needs 3.11 or newer" in line
    assert "\n" not in line
    monkeypatch.setattr(start.shutil, "which", lambda name: name == "python3.12")
    assert "python3.12 start.py" in start.old_python((3, 8, 0))
    assert start.old_python((3, 11, 0)) == start.old_python((3, 14, 1)) == ""
    monkeypatch.setattr(start, "PYTHON_MIN", (9, 0))
    assert start.main([]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_first_run_sets_up_and_the_second_starts_at_once(start, machine, capsys):
    start.main([], machine.home)
    assert machine.became == [["play"]]
    (pip,) = machine.ran("pip install")
    assert pip[-4:] == ["-c", str(machine.home.root / "constraints.txt"), "-e", str(machine.home.root)]
    assert len(machine.ran("-m venv")) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == "setting up: 4/4 ready"
    assert not machine.home.log.exists()
    machine.commands.clear()
    start.main([], machine.home)
    assert machine.commands == []
    assert capsys.readouterr().err == ""
    assert machine.became == [["play"]] * 2


@pytest.mark.parametrize("words", [["list"], ["render", "song.ogg", "out.mp4"], ["--help"], ["play", "--seconds", "5"]])
def test_other_arguments_go_to_perform(start, machine, words):
    start.main(words, machine.home)
    assert machine.became == [words]


def test_the_whole_suite_runs_side_by_side_where_there_are_two_cores(start, machine, monkeypatch):
    for cores, more in ((2, ["-n", "2"]), (1, []), (None, [])):
        monkeypatch.setattr(start.os, "cpu_count", lambda cores=cores: cores)
        start.main(["test"], machine.home)
        assert machine.became[-1] == ["-m", "pytest", *more]


def test_test_adds_what_tests_need_checks_style_and_becomes_pytest(start, machine):
    start.main(["test", "-k", "osc"], machine.home)
    assert machine.became == [["-m", "pytest", "-k", "osc"]]
    assert machine.ran("pip install")[0][-1] == f"{machine.home.root}[test]"
    assert "xvfb" in machine.ran("dpkg-query")[0]
    assert [c[1:3] for c in machine.ran("ruff")] == [["check", "--quiet"], ["format", "--check"]]
    machine.commands.clear()
    start.main([], machine.home)
    assert machine.commands == [], "who has set up for tests has set up for playing"


def test_a_style_fault_ends_the_test_run(start, machine, capsys):
    machine.fails["ruff"] = "E501"
    assert start.main(["test"], machine.home) == 1
    assert machine.became == []
    assert "ruff check found something" in capsys.readouterr().err


def test_playing_first_and_testing_later_installs_the_rest(start, machine):
    start.main([], machine.home)
    machine.commands.clear()
    start.main(["test"], machine.home)
    assert machine.ran("pip install")
    assert not machine.ran("-m venv")


@pytest.mark.parametrize("change", ["pyproject.toml", "constraints.txt"])
def test_changed_dependencies_are_installed_again(start, machine, change):
    start.main([], machine.home)
    machine.commands.clear()
    (machine.home.root / change).write_text("changed")
    start.main([], machine.home)
    assert machine.ran("pip install")


def test_a_moved_checkout_another_python_and_a_torn_stamp_set_up_again(start, machine, tmp_path, monkeypatch):
    start.main([], machine.home)
    before = machine.home.wanted(False)
    assert start.Home(tmp_path).wanted(False) == before != machine.home.wanted(True)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    assert start.Home(other).wanted(False) != before
    for torn in ("", "{", "[]", '{"play": "old"}'):
        machine.home.stamp.write_text(torn)
        machine.commands.clear()
        start.main([], machine.home)
        assert machine.ran("pip install"), torn
        assert json.loads(machine.home.stamp.read_text())["play"] == before


def test_an_interrupted_set_up_is_taken_up_again(start, machine, capsys):
    real = machine.home.call

    def interrupted(command, watch=None):
        if "pip" in [str(c) for c in command]:
            raise KeyboardInterrupt
        return real(command, watch)

    machine.home.call = interrupted
    assert start.main([], machine.home) == 130
    assert "next run takes it up again" in capsys.readouterr().err
    machine.home.call = real
    machine.fails["import pip"] = "No module named pip"  # a venv torn in the middle
    machine.commands.clear()
    start.main([], machine.home)
    assert "--clear" in machine.ran("-m venv")[0]
    assert machine.became == [["play"]]


def test_pips_last_error_is_the_one_line_and_the_log_is_kept(start, machine, capsys):
    machine.fails["pip install"] = "Collecting x\nERROR: No matching distribution found for x\n[notice] new pip\n"
    assert start.main([], machine.home) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "No matching distribution found for x" in line
    assert "setup.log" in line
    assert machine.home.log.exists()
    assert not machine.home.stamp.exists()
    assert machine.became == []


def test_missing_system_packages_are_fetched_by_apt_where_it_may(start, machine):
    machine.installed.discard("libportaudio2")
    start.main([], machine.home)
    (apt,) = machine.ran("apt-get")
    assert apt[0] == "apt-get"
    assert apt[-1] == "libportaudio2"
    assert machine.became == [["play"]]


def test_old_package_lists_are_fetched_once(start, machine):
    machine.installed.discard("libegl1")
    tries = []
    real = machine.call

    def stale(command, watch=None):
        words = [str(c) for c in command]
        if "apt-get" in words:
            tries.append("update" if "update" in words else "install")
            if tries == ["install"]:
                return subprocess.CompletedProcess(words, 100, stdout="E: Unable to locate package libegl1")
        return real(command, watch)

    machine.home.call = stale
    start.main([], machine.home)
    assert tries == ["install", "update", "install"]


def test_sudo_is_used_only_without_a_password(start, machine, monkeypatch, capsys):
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000, raising=False)
    machine.installed -= {"libportaudio2", "libegl1"}
    start.main([], machine.home)
    assert machine.ran("apt-get")[0][:3] == ["sudo", "-n", "apt-get"]
    machine.installed -= {"libportaudio2", "libegl1"}
    machine.home.stamp.unlink()
    machine.fails["sudo -n true"] = "a password is required"
    start.main([], machine.home)
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.endswith("sudo apt-get install libportaudio2 libegl1")
    assert machine.became == [["play"]] * 2, "what is missing is named, and the show goes on"
    machine.commands.clear()
    start.main([], machine.home)
    assert not machine.ran("pip install"), "only the packages are looked at again"
    assert capsys.readouterr().err.splitlines()[-1] == line
    machine.fails.clear()
    start.main([], machine.home)
    machine.commands.clear()
    start.main([], machine.home)
    assert machine.commands == []


def test_strict_runs_do_not_start_with_anything_missing(start, machine, monkeypatch, capsys):
    monkeypatch.setenv("PERFORM_STRICT", "1")
    machine.installed.discard("xvfb")
    machine.fails["apt-get"] = "E: no"
    assert start.main(["test"], machine.home) == 1
    assert "xvfb" in capsys.readouterr().err.splitlines()[-1]
    assert machine.became == []


def test_debians_missing_venv_package_is_fetched_or_named(start, machine, monkeypatch, capsys):
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    real = machine.call

    def bare(command, watch=None):
        words = [str(c) for c in command]
        if words[1:3] == ["-m", "venv"] and package not in machine.installed:
            machine.commands.append(words)
            return subprocess.CompletedProcess(words, 1, stdout="... because ensurepip is not\navailable.")
        return real(command, watch)

    machine.home.call = bare
    machine.fails["apt-get"] = "E: no"
    assert start.main([], machine.home) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"sudo apt-get install {package}")
    machine.fails.clear()
    start.main([], machine.home)
    assert machine.became == [["play"]]


def test_another_linux_and_other_systems(start, machine, monkeypatch, capsys):
    monkeypatch.setattr(start.shutil, "which", lambda name: None)
    monkeypatch.setattr(start, "find_library", lambda name: None if name == "portaudio" else name)
    start.main([], machine.home)
    assert "portaudio (sound in and out)" in capsys.readouterr().err.splitlines()[-1]
    monkeypatch.setattr(start.sys, "platform", "darwin")
    assert start.missing_packages(machine.home, start.PLAY_PACKAGES) == []
    assert not machine.ran("dpkg-query")


def test_a_venv_that_is_something_else_is_left_alone(start, machine, capsys):
    machine.home.venv.mkdir()
    (machine.home.venv / "letters.txt").write_text("keep me")
    assert start.main([], machine.home) == 1
    assert "move it away" in capsys.readouterr().err
    assert (machine.home.venv / "letters.txt").read_text() == "keep me"
    (machine.home.venv / "letters.txt").unlink()
    machine.home.venv.rmdir()
    machine.home.venv.write_text("a file")
    assert start.main([], machine.home) == 1
    assert "is a file" in capsys.readouterr().err


def test_a_folder_where_nothing_may_be_written_is_named(start, machine, monkeypatch, capsys):
    real = type(machine.home.log).open

    def refuse(self, *args, **kwargs):
        if self == machine.home.log:
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(machine.home.log), "open", refuse)
    assert start.main([], machine.home) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "cannot write in" in line
    assert str(machine.home.root) in line


def test_on_windows_it_runs_perform_and_passes_its_exit_code_on(start, machine, monkeypatch):
    monkeypatch.setattr(start, "WINDOWS", True)
    calls = []
    monkeypatch.setattr(start.subprocess, "call", lambda words: calls.append(words) or 64)
    home = machine.home
    assert start.Home(home.root).bin == home.venv / "Scripts"
    assert start.run(home, "perform", ["list"]) == 64
    assert calls == [[str(home.program("perform")), "list"]]
    assert home.program("perform").name == "perform.exe"


def test_a_real_command_is_quiet_logged_and_watched(start, tmp_path, capfd):
    home = start.Home(tmp_path)
    seen = []
    done = home.call([sys.executable, "-c", "import sys; print('one'); print('two', file=sys.stderr)"], seen.append)
    assert done.returncode == 0
    assert sorted(seen) == ["one\n", "two\n"]
    assert "[exit 0]" in home.log.read_text()
    assert home.call([tmp_path / "no such program"]).returncode == 127
    assert capfd.readouterr() == ("", "")


def test_two_first_runs_do_not_cross(start, tmp_path):
    if os.name == "nt":
        pytest.skip("file locks of POSIX")
    import fcntl

    home = start.Home(tmp_path)
    with start.alone(home), home.log.open("a") as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with start.alone(home):
        pass
