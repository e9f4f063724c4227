#!/usr/bin/env python3
"""Sets `perform` up on the first run, then plays: `python3 start.py`.

    python3 start.py                     play the built-in band
    python3 start.py test [pytest args]  set up what tests need too, then run them all
    python3 start.py ANYTHING ELSE       the same as `perform ANYTHING ELSE`

Only the standard library is used here. What was set up is written down in `.venv`, so that the next run starts at
once; a change of the dependencies, another Python or a moved folder sets up again. An interrupted run is taken up
again by the next one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PYTHON_MIN = (3, 11)
WINDOWS = os.name == "nt"

# Debian and Ubuntu packages. GLFW opens the X11 libraries by name when a window is asked for.
PLAY_PACKAGES = (
    "libportaudio2 libasound2-plugins libegl1 libgl1 libglx-mesa0 libegl-mesa0 libgl1-mesa-dri "
    "libx11-6 libxcursor1 libxrandr2 libxinerama1 libxi6"
).split()
TEST_PACKAGES = (
    "xvfb xauth xdotool x11-apps x11-utils pulseaudio pulseaudio-utils liblo-tools jackd2 iproute2 chromium".split()
)
# Elsewhere: library as the loader names it -> what it is for.
LIBRARIES = {"portaudio": "sound in and out", "EGL": "pictures without a window", "GL": "pictures"}


class SetupError(Exception):
    """Setting up cannot go on. The message is one line: what is wrong and what to do."""


def old_python(version: tuple) -> str:
    """The line for a Python that is too old; empty when it will do."""
    if tuple(version[:2]) >= PYTHON_MIN:
        return ""
    line = f"start.py: this is Python {version[0]}.{version[1]}; perform needs 3.11 or newer"
    for minor in (13, 12, 11, 14):
        if shutil.which(f"python3.{minor}"):
            return f"{line}: run python3.{minor} start.py"
    return line + " (from python.org, or your system's packages)"


def short(version: tuple) -> str:
    """(3, 11, 7, …) as "3.11"."""
    return f"{version[0]}.{version[1]}"


class Home:
    """A checkout and its virtual environment. Everything that touches the machine goes through `call`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.bin = self.venv / ("Scripts" if WINDOWS else "bin")
        self.log = root / "setup.log"
        self.stamp = self.venv / "perform-setup.json"
        self.steps = 4
        self.step = 0

    def program(self, name: str) -> Path:
        """A program of the virtual environment."""
        return self.bin / (name + ".exe" if WINDOWS else name)

    def wanted(self, tests: bool) -> str:
        """What a finished set-up depends on, as one hash."""
        digest = hashlib.sha256()
        for part in ("pyproject.toml", "constraints.txt"):
            digest.update((self.root / part).read_bytes())
        version = short(sys.version_info)
        digest.update(repr((str(self.root), version, PLAY_PACKAGES, TEST_PACKAGES if tests else ())).encode())
        return digest.hexdigest()

    def stamped(self) -> dict:
        """What earlier runs finished: {"play": hash, "test": hash, "play system": hash, …}."""
        try:
            found = json.loads(self.stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_stamp(self, entries: dict) -> None:
        """Add to the stamp, whole or not at all."""
        part = self.stamp.with_suffix(".part")
        part.write_text(json.dumps({**self.stamped(), **entries}), "utf-8")
        os.replace(part, self.stamp)

    def say(self, what: str, step: int = 1) -> None:
        """One line of progress on stderr; on a terminal it overwrites itself. step 0 says more about the same step."""
        self.step += step
        terminal = sys.stderr.isatty()
        if step or terminal:
            line = f"setting up: {self.step}/{self.steps} {what}"
            print(f"\r\x1b[2K{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)

    def call(self, command: list, watch: Callable[[str], None] | None = None) -> subprocess.CompletedProcess:
        """Run a command quietly: no stdin, all it says to the log. Returns the finished process, its text in stdout.

        watch: called with each line as it comes.
        """
        words = [str(word) for word in command]
        settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        lines, code = [], 127
        try:
            with subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **settings},
                cwd=str(self.root),
                encoding="utf-8",
                errors="replace",
            ) as process:
                for line in process.stdout or ():
                    lines.append(line)
                    if watch:
                        watch(line)
            code = process.returncode
        except OSError as error:
            lines.append(f"{error}\n")
        done = subprocess.CompletedProcess(words, code, stdout="".join(lines))
        with contextlib.suppress(OSError), self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}[exit {code}]\n")
        return done


@contextlib.contextmanager
def alone(home: Home):  # type: ignore[no-untyped-def]
    """Hold the set-up for one process; a second one waits here. Raises SetupError where nothing can be written."""
    try:
        file = home.log.open("a", encoding="utf-8")
    except OSError as error:
        line = f"cannot write in {home.root} ({error.strerror}); put perform where you may write"
        raise SetupError(line) from None
    with file:
        if not WINDOWS:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- system packages ------------------------------------------------------------------------------------------


def missing_packages(home: Home, packages: list) -> list:
    """Those Debian packages that are not installed; on another Linux, those libraries that the loader can't find."""
    if not sys.platform.startswith("linux"):
        return []
    if not shutil.which("dpkg-query"):
        return [f"{name} ({why})" for name, why in LIBRARIES.items() if not find_library(name)]
    done = home.call(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages])
    there = {line.split()[0] for line in (done.stdout or "").splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in there]


def apt_prefix(home: Home) -> list | None:
    """How apt-get may be run here without asking anybody: [], ["sudo", "-n"], or None where it may not."""
    if not shutil.which("apt-get"):
        return None
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    if shutil.which("sudo") and home.call(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def install_packages(home: Home, packages: list) -> str:
    """Get these packages. Returns "" when all are there, else the one line that says what to install."""
    missing = missing_packages(home, packages)
    if not missing:
        return ""
    prefix = apt_prefix(home)
    if prefix is not None:
        apt = [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300"]
        install = [*apt, "install", "-y", "--no-install-recommends", *missing]
        if home.call(install).returncode != 0:  # the lists may be old, or never fetched
            home.call([*apt, "update"])
            home.call(install)
        missing = missing_packages(home, packages)
        if not missing:
            return ""
    if shutil.which("apt-get"):
        return "system packages are missing; install them with: sudo apt-get install " + " ".join(missing)
    return "system libraries are missing; install them with your system's package tool: " + ", ".join(missing)


# --- the virtual environment ----------------------------------------------------------------------------------


def make_venv(home: Home) -> None:
    """A working virtual environment of this Python with pip in it. Raises SetupError, saying what to do."""
    python = home.program("python")
    probe = "import sys; print(sys.version_info[:2]); import pip"
    if python.exists():
        done = home.call([python, "-c", probe])
        if done.returncode == 0 and done.stdout.startswith(str(sys.version_info[:2])):
            return
    elif home.venv.is_dir() and any(home.venv.iterdir()) and not (home.venv / "pyvenv.cfg").exists():
        raise SetupError(f"{home.venv} is there but is no virtual environment; move it away and start again")
    elif home.venv.exists() and not home.venv.is_dir():
        raise SetupError(f"{home.venv} is a file; move it away and start again")
    command = [base_python(), "-m", "venv", "--clear", home.venv]
    done = home.call(command)
    if done.returncode != 0 and "ensurepip" in done.stdout:  # Debian keeps a part of Python in another package
        package = f"python{short(sys.version_info)}-venv"
        line = install_packages(home, [package])
        if line:
            raise SetupError("this Python cannot make virtual environments; run: sudo apt-get install " + package)
        done = home.call(command)
    if done.returncode != 0:
        raise SetupError(f"no virtual environment could be made in {home.venv}: {last_line(done.stdout)}")


def base_python() -> str:
    """This Python itself, not the virtual environment that it may be running in (it may be about to be cleared)."""
    return getattr(sys, "_base_executable", "") or sys.executable


def last_line(text: str) -> str:
    """The line of a tool's output that says most: its last error, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "[notice]" not in line]
    errors = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return (errors or lines or ["no reason given"])[-1]


def install_python_packages(home: Home, tests: bool) -> None:
    """The pinned dependencies and `perform` itself, editable. Raises SetupError."""
    target = f"{home.root}[test]" if tests else str(home.root)
    command = [home.program("python"), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]

    def watch(line: str) -> None:
        words = line.split()
        if words[:1] == ["Collecting"] and len(words) > 1:
            home.say(f"Python packages: {words[1].split('=')[0]}", step=0)
        elif words[:1] == ["Installing"]:
            home.say("Python packages: installing", step=0)

    done = home.call([*command, "-c", home.root / "constraints.txt", "-e", target], watch)
    if done.returncode != 0:
        reason = last_line(done.stdout)
        raise SetupError(f"pip could not install what is needed: {reason} (the whole of it: {home.log})")
    if not home.program("perform").exists():
        raise SetupError(f"pip finished without making {home.program('perform')} (see {home.log})")


# --- all of it ------------------------------------------------------------------------------------------------


def set_up(home: Home, tests: bool = False) -> None:
    """Bring the checkout to where `perform` runs (and its tests). At once when nothing changed.

    Missing system packages do not stop a show, they are named in one line; PERFORM_STRICT=1 makes them an error.
    """
    profile = "test" if tests else "play"
    wanted = home.wanted(tests)
    ready = home.program("perform").exists() and home.program("python").exists()
    stamped = home.stamped()
    if ready and stamped.get(profile) == wanted and stamped.get(profile + " system") == wanted:
        return
    with alone(home):
        stamped = home.stamped()
        ready = home.program("perform").exists() and home.program("python").exists()
        home.log.write_text("", "utf-8")
        home.say("system packages")
        line = install_packages(home, PLAY_PACKAGES + (TEST_PACKAGES if tests else []))
        if not (ready and stamped.get(profile) == wanted):
            home.say("virtual environment")
            make_venv(home)
            home.say("Python packages (some minutes the first time)")
            install_python_packages(home, tests)
            # The test set-up holds all that playing needs.
            home.write_stamp({profile: wanted, "play": home.wanted(False)})
        if not line:
            home.write_stamp({profile + " system": wanted, "play system": home.wanted(False)})
        home.steps = home.step + 1
        home.say("ready")
        if sys.stderr.isatty():
            print(file=sys.stderr)
        if not line or not os.environ.get("PERFORM_STRICT"):
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                home.log.unlink()
    if line:
        if os.environ.get("PERFORM_STRICT"):
            raise SetupError(line)
        print("start.py: " + line, file=sys.stderr)


def run(home: Home, program: str, arguments: list) -> int:
    """Become a program of the virtual environment; on Windows, run it and return its exit code."""
    command = [str(home.program(program)), *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if WINDOWS:  # it has no exec that keeps the console
        try:
            return subprocess.call(command)
        except KeyboardInterrupt:
            return 130
    os.execv(command[0], command)
    return 0


def run_tests(home: Home, arguments: list) -> int:
    """Style first, because it is quick; then the suite, whose own summary is the last line."""
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run([str(home.program("ruff")), *check, "--quiet", "."], cwd=str(home.root), check=False)
        if done.returncode != 0:
            print(f"start.py: ruff {shlex.join(check)} found something; see above", file=sys.stderr)
            return done.returncode
    os.chdir(str(home.root))
    # The whole suite runs on two cores at once; tests/conftest.py says which tests take turns.
    side_by_side = [] if arguments or (os.cpu_count() or 1) < 2 else ["-n", "2"]
    return run(home, "python", ["-m", "pytest", *side_by_side, *arguments])


def main(arguments: list, home: Home | None = None) -> int:
    """Set up, then play, test, or hand the arguments to `perform`."""
    line = old_python(sys.version_info)
    if line:
        print(line, file=sys.stderr)
        return 1
    home = home or Home()
    tests = arguments[:1] == ["test"]
    try:
        set_up(home, tests)
        if tests:
            return run_tests(home, arguments[1:])
        return run(home, "perform", arguments or ["play"])
    except SetupError as error:
        print(f"start.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"start.py: cannot set up in {home.root}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstart.py: stopped; the next run takes it up again", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
