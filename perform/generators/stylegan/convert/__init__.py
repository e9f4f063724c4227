"""From a foreign checkpoint to a model folder: read in a process of its own, translated by names, written anew."""

from __future__ import annotations

from .foreign import Foreign, read_foreign
from .write import Stated, convert_file, translate

__all__ = ["Foreign", "Stated", "convert_file", "read_foreign", "translate"]
