"""Cards written as TOML read back as they were."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perform.core.card_text import card_text

PLAIN = st.one_of(st.text(), st.integers(-(2**62), 2**62), st.booleans(), st.floats(allow_nan=False))
TABLE = st.dictionaries(st.text(min_size=1), PLAIN, max_size=4)


def whole(text: Any) -> Any:
    """Lone surrogates cannot be written in any encoding: they become question marks."""
    if isinstance(text, str):
        return text.encode("utf-8", "replace").decode()
    if isinstance(text, dict):
        return {whole(k): whole(v) for k, v in text.items()}
    return [whole(v) for v in text] if isinstance(text, list) else text


@given(st.text(), st.dictionaries(st.sampled_from("abcdefg"), st.one_of(PLAIN, st.lists(TABLE), TABLE)))
def test_round_trip(name: str, architecture: dict[str, Any]) -> None:
    written = card_text({"name": name, "architecture": architecture, "author": None})
    wanted: dict[str, Any] = {"version": 1, "name": whole(name)}
    if architecture:
        wanted["architecture"] = whole(architecture)
    assert tomllib.loads(written) == wanted
