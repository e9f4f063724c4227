"""Tempo, beat and bar, causally: an onset front, a bar-pointer filter, a judge of levels, a bar
filter, a steady output clock."""

from perform.features.beat.core import TRUSTED
from perform.features.beat.tracker import (
    Announcer,
    BeatState,
    BeatTracker,
    announce,
    beat_in_bar,
    track_file_samples,
    upcoming,
)

__all__ = [
    "TRUSTED",
    "Announcer",
    "BeatState",
    "BeatTracker",
    "announce",
    "beat_in_bar",
    "track_file_samples",
    "upcoming",
]
