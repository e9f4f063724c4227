"""Trials of shaders: a state folder for each test, and OpenGL or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from needs import need

from perform.core.errors import DeviceError


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session", autouse=True)
def _some_opengl() -> None:
    from perform.gl.trial import Trial

    try:
        Trial((16, 16)).close()
    except DeviceError as error:
        need(False, f"no offscreen OpenGL here: {error}")
