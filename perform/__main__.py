"""`python -m perform`: the same as the command `perform`."""

from perform.cli import entry

entry()
