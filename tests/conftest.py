"""Puts this folder on the import path, for `from needs import need`."""

import os
import re
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the commands do, before anything imports torch
sys.path.insert(0, str(Path(__file__).parent))

# What shows remember of shaders (trials, marks) must neither come from the person at this machine nor go to them.
_STATE = tempfile.TemporaryDirectory(prefix="perform_state_")
os.environ["XDG_STATE_HOME"] = _STATE.name

# Where the suite runs side by side, what starts shows, servers, windows, browsers or devices takes turns in one worker:
# such tests live in real time, and share ports, displays and sound servers. All others stay together by file.
_REAL = re.compile(
    r"^(?:from|import) (?:running|pulse|jack_dummy|netns|xvfb|panel_browser|link_session|link_peer|osc_ear)\b",
    re.MULTILINE,
)


@cache
def _is_real(path: Path) -> bool:
    return path.parent.name == "bench" or _REAL.search(path.read_text("utf-8")) is not None


def pytest_collection_modifyitems(items):
    for item in items:
        group = "real" if _is_real(item.path) else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


# No test is judged by the clock of a machine that others share.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def tiny_diffusion(tmp_path_factory):
    """The folder of a whole diffusion model with random weights; nobody writes into it."""
    from perform.generators.diffusion.tiny import write_tiny

    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def one_thread():
    """Small networks are quickest on one thread, and count the same on any machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
