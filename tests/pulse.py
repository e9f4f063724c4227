"""A PulseAudio server of our own with a null sink: the one that the bench uses, under the name that tests know."""

from perform.bench._pulse import PulseServer, missing

__all__ = ["PulseServer", "missing"]
