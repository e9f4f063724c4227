"""The laws of the house, read off the source: floors, homes of libraries, sizes, words, what must be there."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import perform

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "perform").rglob("*.py"))
OWN = [*CODE, ROOT / "start.py", *sorted((ROOT / "bench").glob("*.py"))]

FLOOR_1 = ("features", "isf", "generators", "inputs", "control")
MAY_IMPORT = {
    "core": set(),
    **{name: {"core"} for name in FLOOR_1},
    "gl": {"core", "isf"},
    "outputs": {"core", "gl"},
    "engine": {"core"},
}
"""Package -> other parts of perform that it may import. Parts that are not named here (floor 4) may import all."""

HOMES = {
    "torch": {"generators", "train", "bench"},
    "triton": {"generators"},  # where torch brings it
    "diffusers": {"generators", "train", "bench"},
    "safetensors": {"generators", "train", "bench"},
    "filelock": {"train"},
    "platformdirs": {"generators"},  # where a foreign checkpoint's conversion is kept; upstairs anywhere
    "moderngl": {"gl"},
    "glfw": {"gl"},
    "sounddevice": {"inputs", "outputs"},
    "soundfile": {"inputs", "bench"},
    "soxr": {"inputs"},
    "av": {"inputs", "outputs"},
    "librosa": {"features", "bench"},
    "scipy": {"features", "bench", "train"},
    "pythonosc": {"control"},
    "rtmidi": {"control"},
    "link": {"inputs"},
    "transformers": {"studio", "generators", "train", "bench"},
    "tokenizers": {"generators", "train"},  # transformers brings it
    "peft": {"train"},  # an extra
    "accelerate": {"train"},  # an extra
    "huggingface_hub": {"hub"},
    "starlette": {"control"},
    "uvicorn": {"control"},
    "websockets": {"control"},
    "zeroconf": {"control"},
    "segno": {"control"},
    "PIL": {"gl", "generators", "outputs", "train", "bench"},
}
"""Library -> its home. The rooms of floor 4 may also import it, inside a function."""
ANYWHERE = {"numpy", "perform"}
FLOOR_4_ONLY = {"platformdirs", "rich", "watchfiles", "tomlkit"}
ONLY_TESTS = {"playwright", "httpx", "mido", "aalink", "sacn", "stupidArtnet", "pytest", "hypothesis", "mir_eval",
              "matplotlib", "ruff", "mypy"}  # fmt: skip

HEAVY = ("torch", "librosa", "sounddevice", "soundfile", "glfw", "moderngl", "av", "scipy", "numba", "PIL")
BANNED_FILES = {"utils", "helpers", "helper", "misc", "common", "manager", "handler", "info"}
BANNED_WORDS = {"manager", "handler", "utils", "util", "helper", "helpers", "misc"}
MODEL_MAX_BYTES = {"stylegan2": 16 << 20, "diffusion": 40 << 20}
REQUIRED = """README.md LICENSE CHANGELOG.md pyproject.toml constraints.txt start.py .ci/run presets/README.md
bench/RESULTS.md shaders/effects shaders/generators models presets docs""".split()


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def part_of(path: Path) -> str:
    """`core`, `gl`, … or the module's own name for the rooms of floor 4 (`app`, `cli`, …)."""
    inside = path.relative_to(ROOT / "perform").parts
    return inside[0].removesuffix(".py")


@cache
def functions(path: Path):
    return [n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


@cache
def imports(path: Path):
    """(full module name, line, is it inside a function) of every import in a file."""
    inside = {id(n) for f in functions(path) for n in ast.walk(f)}
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            above = path.relative_to(ROOT).parent.parts
            base = [*above[: len(above) - node.level + 1], *(node.module or "").split(".")]
            names = [".".join(x for x in base if x)]
        elif isinstance(node, ast.ImportFrom) and node.module == "perform":
            names = [f"perform.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        else:
            names = []
        found += [(name, node.lineno, id(node) in inside) for name in names]
    return found


def test_floors_hold():
    wrong = []
    for path in CODE:
        part = part_of(path)
        if part not in MAY_IMPORT:
            continue
        for name, line, _ in imports(path):
            words = name.split(".")
            if words[0] != "perform" or len(words) < 2 or words[1] in {part, *MAY_IMPORT[part]}:
                continue
            if words[1] != "__version__":
                wrong.append(f"{where(path)}:{line}: {part} may not import {name}")
    assert not wrong, "\n".join(wrong)


def test_core_needs_nothing_but_numpy():
    wrong = [
        f"{where(path)}:{line}: {name}"
        for path in CODE
        if part_of(path) == "core"
        for name, line, _ in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names | ANYWHERE
    ]
    assert not wrong, "\n".join(wrong)


def test_training_stays_out_of_the_live_path():
    wrong = [
        f"{where(path)}:{line}: {name}"
        for path in CODE
        if part_of(path) not in ("train", "bench", "cli", "commands", "studio")
        for name, line, _ in imports(path)
        if name.startswith("perform.train")
    ]
    assert not wrong, "\n".join(wrong)


def test_every_library_stays_at_home():
    wrong = []
    for path in CODE:
        part = part_of(path)
        upstairs = part not in MAY_IMPORT
        for name, line, in_function in imports(path):
            library = name.split(".")[0]
            if library in sys.stdlib_module_names | ANYWHERE:
                continue
            allowed = part in HOMES.get(library, ()) or (upstairs and (in_function or library in FLOOR_4_ONLY))
            if library in ONLY_TESTS or library not in HOMES.keys() | FLOOR_4_ONLY or not allowed:
                wrong.append(f"{where(path)}:{line}: {library} does not live in {part}")
    assert not wrong, "\n".join(wrong)


def test_what_is_imported_is_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = {Requirement(line).name.replace("-", "_").lower() for line in project["dependencies"]}
    names = {"PIL": "pillow", "pythonosc": "python_osc", "rtmidi": "python_rtmidi"}
    optional = {
        "link",
        "peft",
        "diffusers",
        "transformers",
        "scipy",
        "triton",
        "tokenizers",
    }  # extras; librosa brings scipy, torch triton
    used = {name.split(".")[0] for path in CODE for name, _, _ in imports(path)} - set(sys.stdlib_module_names)
    assert {names.get(n, n).lower() for n in used - ANYWHERE - optional} <= required


@pytest.mark.parametrize("path", OWN, ids=where)
def test_files_and_functions_stay_short(path):
    lines = path.read_text("utf-8").count("\n")
    assert lines <= 400, f"{where(path)} has {lines} lines, at most 400"
    long = [f"{f.name} has {f.end_lineno - f.lineno + 1}" for f in functions(path) if f.end_lineno - f.lineno >= 60]
    assert not long, f"{where(path)}: functions of more than 60 lines: {', '.join(long)}"


def test_every_module_says_what_it_is_for_and_every_function_its_types():
    wrong = []
    for path in CODE:
        if path.name != "__init__.py" and not ast.get_docstring(tree(path)):
            wrong.append(f"{where(path)}: no docstring")
        for f in functions(path):
            given = [*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs]
            bare = [a.arg for a in given if a.annotation is None and a.arg not in ("self", "cls")]
            if f.returns is None or bare:
                wrong.append(f"{where(path)}:{f.lineno}: {f.name} lacks types{': ' if bare else ''}{', '.join(bare)}")
    assert not wrong, "\n".join(wrong)


def test_words_that_say_nothing_are_not_used():
    wrong = [where(path) for path in OWN if path.stem in BANNED_FILES]
    for path in OWN:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", node.name).lower())
                wrong += [f"{where(path)}:{node.lineno}: {node.name}" for w in words if w in BANNED_WORDS]
    assert not wrong, "\n".join(wrong)


def test_nothing_prints_evaluates_or_swallows():
    wrong = []
    for path in CODE:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in ("eval", "exec") or (name == "print" and part_of(path) not in ("cli", "commands")):
                    wrong.append(f"{where(path)}:{node.lineno}: {name}")
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{where(path)}:{node.lineno}: bare except")
        if any(name.split(".")[0] in ("pickle", "shelve", "marshal", "dill") for name, _, _ in imports(path)):
            wrong.append(f"{where(path)}: nothing here reads pickles")
    assert not wrong, "\n".join(wrong)


def test_no_machine_is_written_down():
    place = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|opt/wheels)/")
    folders = [ROOT / name for name in ("perform", "tests", "docs", "presets", "shaders", "bench", ".ci")]
    kinds = (".py", ".md", ".toml", ".fs", ".json", ".txt", "")
    texts = [
        p
        for p in [*(p for p in ROOT.iterdir() if p.name != ".git"), *(p for f in folders for p in f.rglob("*"))]
        if p.suffix in kinds
    ]
    wrong = [where(p) for p in texts if p.is_file() and place.search(p.read_text("utf-8", errors="replace"))]
    assert not wrong, "paths of one machine in: " + ", ".join(wrong)


@pytest.mark.parametrize("module", ["perform", "perform.cli"])
def test_importing_is_light(module):
    code = f"import {module}, sys, json; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    loaded = {name.split(".")[0] for name in json.loads(out)}
    assert not loaded & set(HEAVY)


def test_what_a_newcomer_looks_for_is_there():
    missing = [name for name in REQUIRED if not (ROOT / name).exists()]
    assert not missing, f"missing: {', '.join(missing)}"
    assert (ROOT / "README.md").read_text("utf-8").count("\n") <= 150
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100, ".ci/run cannot be run"


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[?v?(\d+\.\d+\.\d+\w*)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions, "CHANGELOG.md has no line like `## 1.2.3`"
    assert versions[0] == perform.__version__


def test_every_dependency_is_pinned_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, version = line.split("==")
            pins[name.lower().replace("_", "-")] = version
    assert pins["torch"] == "2.13.0"
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    for requirement in map(Requirement, wanted):
        version = pins[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(version), f"{requirement} does not admit the pinned {version}"


def test_models_ship_small_and_as_safetensors():
    files = [p for p in (ROOT / "models").rglob("*") if p.is_file()]
    assert any(p.suffix == ".safetensors" for p in files)
    for path in files:
        assert path.suffix in (".safetensors", ".json", ".toml", ".md", ".png", ".jpg"), f"{where(path)}: what is this?"
    for card in (ROOT / "models").glob("*/model.toml"):
        most = MODEL_MAX_BYTES[tomllib.loads(card.read_text("utf-8"))["kind"]]
        size = sum(p.stat().st_size for p in card.parent.rglob("*") if p.is_file())
        assert size <= most, f"{where(card.parent)} is larger than {most >> 20} MiB"
    cards = list((ROOT / "models").glob("*/model.toml"))
    assert len(cards) == len([p for p in (ROOT / "models").iterdir() if p.is_dir()])


def test_there_is_enough_to_play_with():
    assert len(list((ROOT / "shaders" / "effects").glob("*.fs"))) >= 10
    assert len(list((ROOT / "shaders" / "generators").glob("*.fs"))) >= 2
    assert len(list((ROOT / "presets").glob("*.toml"))) >= 4
    named = [p for folder in ("shaders", "presets", "models") for p in (ROOT / folder).rglob("*")]
    odd = [where(p) for p in named if p.is_file() and not re.fullmatch(r"[a-z0-9_]+\.\w+|README\.md", p.name)]
    assert not odd, f"content is named in snake_case: {', '.join(odd)}"


def test_test_files_have_names_of_their_own():
    names = [p.name for p in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
    assert not list((ROOT / "tests").rglob("__init__.py"))
