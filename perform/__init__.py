"""perform: an instrument that plays pictures from sound.

The commands are in `perform.cli`. As a library it is what `__all__` names, explained in docs/python.md:

    import perform

    with perform.Show.offline(preset="night_drive", seconds=4) as show:
        for frame in show:
            frame.picture  # [h, w, 3] uint8

Importing this package loads nothing; a name is looked up when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from perform.api.frames import ShowFrame, grid, save_png
    from perform.api.models import Model
    from perform.api.names import models, presets, shaders
    from perform.api.show import Show
    from perform.api.sounds import Analysis, analyse, listen
    from perform.api.units import Feature, Painting, ShaderText, Source, feature, generator, series, shader, source
    from perform.core.errors import (
        DeviceError,
        MediaError,
        ModelError,
        ParamError,
        PerformError,
        PresetError,
        ShaderError,
        UsageError,
    )
    from perform.core.params import Param
    from perform.core.preset import Preset, parse_preset
    from perform.core.routes import Route
    from perform.core.types import Features, Frame, Moment
    from perform.features.frame import Hop

__all__ = [
    "Analysis",
    "DeviceError",
    "Feature",
    "Features",
    "Frame",
    "Hop",
    "MediaError",
    "Model",
    "ModelError",
    "Moment",
    "Painting",
    "Param",
    "ParamError",
    "PerformError",
    "Preset",
    "PresetError",
    "Route",
    "ShaderError",
    "ShaderText",
    "Show",
    "ShowFrame",
    "Source",
    "UsageError",
    "analyse",
    "feature",
    "generator",
    "grid",
    "listen",
    "models",
    "parse_preset",
    "presets",
    "save_png",
    "series",
    "shader",
    "shaders",
    "source",
]

_HOMES = {
    "api.frames": "ShowFrame grid save_png",
    "api.models": "Model",
    "api.names": "models presets shaders",
    "api.show": "Show",
    "api.sounds": "Analysis analyse listen",
    "api.units": "Feature Painting ShaderText Source feature generator series shader source",
    "core.errors": "DeviceError MediaError ModelError ParamError PerformError PresetError ShaderError UsageError",
    "core.params": "Param",
    "core.preset": "Preset parse_preset",
    "core.routes": "Route",
    "core.types": "Features Frame Moment",
    "features.frame": "Hop",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # so that a checker knows the names above, and no others

    def __getattr__(name: str) -> Any:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module 'perform' has no attribute {name!r}")
        value = getattr(import_module(f"perform.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
