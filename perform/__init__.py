"""perform: an instrument that plays pictures from sound.

Importing this package loads nothing heavy; see `perform.cli` for the commands.
"""

__version__ = "0.1.0"
