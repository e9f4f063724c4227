"""One JACK server for all tests that need real MIDI ports."""

from __future__ import annotations

from collections.abc import Iterator

import jack_dummy
import pytest
from needs import need


@pytest.fixture(scope="session")
def jack() -> Iterator[jack_dummy.JackServer]:
    need(jack_dummy.missing() is None, f"a JACK server: {jack_dummy.missing()}")
    with jack_dummy.JackServer() as server:
        yield server


@pytest.fixture
def server(jack: jack_dummy.JackServer) -> None:
    """MIDI ports of this process and its children meet in this server."""
    jack.alive()
