"""The names of what there is to play, near to far, as `perform list` has them."""

from __future__ import annotations


def presets() -> list[str]:
    """Names of presets, for `preset=` and `recall`."""
    from perform.content import list_presets

    return [path.stem for path in list_presets()]


def models() -> list[str]:
    """Names of models, for `source="model:NAME"` and `Model`."""
    from perform.content import list_models

    return [path.name for path in list_models()]


def shaders(kind: str = "generators") -> list[str]:
    """Names of shaders. kind: `generators` (for `source="shader:NAME"`), `effects` (for `effect`), `transitions` (for
    `mix/transition`). Raises ShaderError for another kind."""
    from perform.content import shaders as found

    return sorted(found(kind))
