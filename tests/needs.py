"""What a test needs of the machine it runs on."""

from __future__ import annotations

import os

import pytest

STRICT = os.environ.get("PERFORM_STRICT", "") not in ("", "0")


def need(condition: object, why: str) -> None:
    """Skip the test when `condition` is not met, saying why; under PERFORM_STRICT=1 (continuous integration) fail."""
    if condition:
        return
    if STRICT:
        pytest.fail(f"needed here, and missing: {why}")
    pytest.skip(why)
