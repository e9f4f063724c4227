"""Every example runs, shows something, and is told of in the guide; every public name is explained there."""

from __future__ import annotations

import importlib.util
import inspect
import re
import runpy
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from running import film

import perform

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SMALL = {"size": (96, 54), "seconds": 0.3, "columns": 2, "options": {"display": "offscreen", "device": "cpu"}}
GUIDE = ROOT / "docs" / "python.md"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_and_there_is_something_to_see(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = load(path)
    rows = inspect.signature(module.main).parameters
    given = {name: value for name, value in SMALL.items() if name in rows and name != "options"}
    module.main(tmp_path / "out", **given, **(SMALL["options"] if "options" in rows else {}))  # type: ignore[dict-item]
    pictures = [np.asarray(Image.open(p).convert("RGB"), float) for p in (tmp_path / "out").glob("*.png")]
    films = [film(p) for p in (tmp_path / "out").glob("*.mp4")]
    assert pictures or films
    assert all(picture.std() > 2.0 and picture.max() > 40.0 for picture in pictures)
    assert all(len(times) > 3 and light.max() > 0.01 for times, light in films)
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "an example writes into the folder that it is given"


def test_they_are_numbered_short_and_told_of() -> None:
    assert len(EXAMPLES) >= 8 and [p.name[:2] for p in EXAMPLES] == [f"{n:02d}" for n in range(1, len(EXAMPLES) + 1)]
    guide = GUIDE.read_text("utf-8")
    for path in EXAMPLES:
        text = path.read_text("utf-8")
        assert text.startswith('"""') and text.count("\n") <= 40, path.name
        assert path.name in guide, path.name


def public(kind: type) -> list[str]:
    """What a class shows: methods and properties, without what begins with a stroke."""
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]


def test_every_public_name_is_documented() -> None:
    guide = GUIDE.read_text("utf-8")
    told = set(re.findall(r"`([^`\n]+)`", guide))
    words = {word for text in told for word in re.findall(r"[A-Za-z_]+", text)}
    missing = [name for name in perform.__all__ if name not in words]
    missing += [f"Show.{name}" for name in public(perform.Show) if name not in words]
    missing += [f"{kind.__name__}.{name}" for kind in (perform.ShowFrame, perform.Model) for name in public(kind)
                if name not in words]  # fmt: skip
    assert not missing, f"docs/python.md says nothing of {', '.join(missing)}"
    for name in perform.__all__:
        thing = getattr(perform, name)
        assert inspect.getdoc(thing) and "\n".join(inspect.getdoc(thing) or "").strip(), name
        for inner in public(thing) if thing in (perform.Show, perform.ShowFrame, perform.Model) else ():
            member = inspect.getattr_static(thing, inner)
            assert inspect.getdoc(member), f"{name}.{inner}"


def test_no_public_name_is_that_of_a_module_and_the_lazy_list_is_whole() -> None:
    modules = {p.stem for p in (ROOT / "perform").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert not modules & set(perform.__all__)
    assert sorted(perform.__all__, key=str) == sorted(perform._HOME_OF) and set(perform.__all__) <= set(dir(perform))
    with pytest.raises(AttributeError):
        _ = perform.no_such_name  # type: ignore[attr-defined]


def code_of_guide() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.S)


@pytest.mark.parametrize("number", range(len(code_of_guide()) if GUIDE.is_file() else 0))
def test_the_code_in_the_guide_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block on its own, made small: fewer pixels, less time."""
    monkeypatch.chdir(tmp_path)
    code = code_of_guide()[number]
    if "# not run here" in code:
        pytest.skip("it says itself that it needs a microphone or a person")
    code = re.sub(r"seconds=\d+", "seconds=0.2", code)
    code = re.sub(r"size=\(\d+, \d+\)", "size=(64, 36)", code)
    block = tmp_path / f"guide_block_{number + 1}.py"
    block.write_text(code, "utf-8")
    runpy.run_path(str(block), run_name="guide")
