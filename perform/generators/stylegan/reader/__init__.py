"""Reads foreign checkpoints without running anything in them.

A pickle is a program. Here it is read as a list of building instructions: what it would have called becomes an inert
record that holds the name and the arguments, and is never called. Only what a generator is known to be made of leaves
this package, as plain numbers; anything else inside the generator is refused by its name.

Nothing here imports more than a few parts of the standard library, and nothing of perform: `child.py` runs it in a
process of its own, with limits on memory and time, that can open no file, socket or program once it has begun.
"""
