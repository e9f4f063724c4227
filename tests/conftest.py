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

_REAL = re.compile(
    r"^(?:from|import) (?:running|pulse|jack_dummy|netns|xvfb|panel_browser|link_session|link_peer|osc_ear)\b"
    r"|\bjackd\b",
    re.MULTILINE,
)


@cache
def _taking_turns(name: str) -> str:
    """Which tests stay together in one worker, where the suite runs side by side (`-n 2`): those of a file; and all
    that start shows, servers, windows, browsers or devices, which live in real time and share the machine's."""
    path = Path(__file__).parent.parent / name
    return "real" if path.parent.name == "bench" or _REAL.search(path.read_text("utf-8")) else name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _taking_turns(nodeid.partition("::")[0])

    return ByPlace(config, log)


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
