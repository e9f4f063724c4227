"""One small show for each file here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def rig():
    from perform.app import open_offline
    from perform.options import Options

    made = open_offline(Options(audio="silence", preset="northern", size=(48, 27)), lambda line: None)
    made.engine.tick(0.05)
    yield made
    made.close()
