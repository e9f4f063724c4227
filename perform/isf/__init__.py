"""ISF text -> document -> GLSL. No OpenGL here: `gl` compiles what this package writes."""

from __future__ import annotations

from perform.isf.document import Document, Imported, Input, Pass
from perform.isf.read import parse_shader, read_shader

__all__ = ["Document", "Imported", "Input", "Pass", "parse_shader", "read_shader"]
