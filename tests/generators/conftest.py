"""The parts of a tiny diffusion model, and instruments made of them."""

from __future__ import annotations

import pytest

from perform.core.card import read_card
from perform.generators.diffusion.families import open_parts
from perform.generators.diffusion.instrument import Instrument


@pytest.fixture(scope="module")
def parts(tiny_diffusion):
    return open_parts(tiny_diffusion)


@pytest.fixture
def make(parts, tiny_diffusion):
    def made(record=None, **request) -> Instrument:
        instrument = Instrument(load=lambda *_: parts, record=record)
        instrument.open(read_card(tiny_diffusion), "cpu")
        instrument.prepare({"warm": False, **request})
        return instrument

    return made
