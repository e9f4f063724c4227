"""The words: colours, families of forms, and how they are made; captions with them, and back."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet", "ruby"),
    "orange": ("orange", "amber", "tangerine"),
    "gold": ("gold", "yellow", "golden", "honey"),
    "green": ("green", "emerald", "moss", "forest"),
    "turquoise": ("turquoise", "teal", "cyan", "aqua"),
    "blue": ("blue", "azure", "cobalt", "ocean"),
    "violet": ("violet", "purple", "indigo"),
    "magenta": ("magenta", "fuchsia"),
    "rose": ("rose", "pink", "salmon"),
    "copper": ("copper", "brown", "bronze", "rust"),
    "white": ("white", "silver", "grey", "gray", "ivory"),
}
"""Colour -> the words for it, the plain one first."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "marble": ("marble", "ink", "liquid", "oil"),
    "rings": ("rings", "ripples", "contours", "circles"),
    "zebra": ("zebra", "stripes", "labyrinth", "maze"),
    "cells": ("cells", "pebbles", "scales", "honeycomb"),
    "dots": ("dots", "pearls", "spots", "beads"),
    "jelly": ("jelly", "jellyfish", "creature", "creatures", "amoeba"),
    "silk": ("silk", "cloth", "dunes", "satin", "folds"),
    "lightning": ("lightning", "veins", "neon", "electricity"),
    "nebula": ("nebula", "stars", "galaxy", "cosmos", "space"),
    "crystal": ("crystal", "crystals", "glass", "ice", "diamond"),
    "aurora": ("aurora", "curtains", "flames", "fire"),
    "mosaic": ("mosaic", "tiles", "checker", "pixels"),
}
"""Family -> the words for it, the plain one first."""

LIGHT = {"dark": -1, "night": -1, "deep": -1, "bright": 1, "glowing": 1, "luminous": 1}
DENSITY = {"sparse": -1, "few": -1, "large": -1, "dense": 1, "many": 1, "fine": 1}
MOTION = {"calm": -1, "still": -1, "slow": -1, "swirling": 1, "wild": 1, "turbulent": 1}
EDGE = {"soft": -1, "misty": -1, "blurred": -1, "sharp": 1, "crisp": 1, "etched": 1}
FILLERS = ("a", "an", "the", "of", "in", "with", "on", "picture", "and", "light", "into", "like", "field", "pattern")
ORDER = (LIGHT, DENSITY, MOTION, EDGE)

VOCABULARY: tuple[str, ...] = tuple(
    dict.fromkeys(
        [word for group in (COLOURS, FAMILIES) for words in group.values() for word in words]
        + [word for group in ORDER for word in group]
        + list(FILLERS)
    )
)
_COLOUR_OF = {word: name for name, words in COLOURS.items() for word in words}
_FAMILY_OF = {word: name for name, words in FAMILIES.items() for word in words}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a caption asks for. colour "": every hue; family "": fog. The rest -1, 0 or 1."""

    family: str = ""
    colour: str = ""
    second: str = ""
    light: int = 0
    density: int = 0
    motion: int = 0
    edge: int = 0


def read(text: str) -> Scene:
    """The scene of a caption: the first family, the first two colours, the last of each kind of adjective."""
    words = text.lower().replace(",", " ").split()
    families = [_FAMILY_OF[w] for w in words if w in _FAMILY_OF]
    colours = list(dict.fromkeys(_COLOUR_OF[w] for w in words if w in _COLOUR_OF))[:2]
    told = [next((group[w] for w in reversed(words) if w in group), 0) for group in ORDER]
    family = families[0] if families else ("marble" if colours else "")
    return Scene(family, *[*colours, "", ""][:2], *told)


def some(chance: random.Random, often: Mapping[str, float] | None = None) -> Scene:
    """A scene by chance: nearly all have a family, most one or two colours and an adjective or two.

    often: how many times as often as others a family comes, 1 where it is not named.
    """
    if chance.random() < 0.03:
        return Scene()
    colours = chance.sample(list(COLOURS), 2)
    pick = chance.random()
    first, second = (colours[0], colours[1]) if pick < 0.35 else (colours[0], "") if pick < 0.92 else ("", "")
    names = list(FAMILIES)
    family = chance.choices(names, [often.get(n, 1.0) for n in names])[0] if often else chance.choice(names)
    told = [chance.choice((-1, 1)) if chance.random() < 0.25 else 0 for _ in ORDER]
    return Scene(family, first, second, *told)


def caption(scene: Scene, chance: random.Random) -> str:
    """Words for a scene: synonyms, orders and fillers by chance. `read(caption(s))` is `s`."""
    told = (scene.light, scene.density, scene.motion, scene.edge)
    adjectives = [
        chance.choice([w for w, v in group.items() if v == value])
        for group, value in zip(ORDER, told, strict=True)
        if value
    ]
    chance.shuffle(adjectives)
    first, second = (chance.choice(COLOURS[c]) if c else "" for c in (scene.colour, scene.second))
    family = "" if not scene.family else chance.choice(FAMILIES[scene.family])
    if not scene.family:
        return ""
    if chance.random() < 0.2 and first and scene.family == "marble":
        family = ""
    hues = [w for w in (first, "and" if second and chance.random() < 0.7 else "", second) if w]
    shapes = [
        [*adjectives, *hues, family],
        [family, "in", *hues, *adjectives] if hues else [family, *adjectives],
        [chance.choice(("a", "the")), *adjectives, family, "of", *hues] if hues else ["a", *adjectives, family],
        [*hues, *adjectives, family, *chance.sample(("light", "pattern", "field", "picture"), 1)],
    ]
    return " ".join(w for w in chance.choice(shapes) if w)
