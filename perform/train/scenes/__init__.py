"""Captioned pictures drawn by rule: what the embedded diffusion model learns words and pictures from.

A picture is a function of a caption and of the smooth part of a noise, so that a network can learn it directly, in one
step: the same noise under other words keeps its layout, and a walk through noise moves the picture without a jump.
"""

from __future__ import annotations

from .draw import draw, fields
from .words import COLOURS, FAMILIES, VOCABULARY, Scene, caption, read, some

__all__ = ["COLOURS", "FAMILIES", "VOCABULARY", "Scene", "caption", "draw", "fields", "read", "some"]
