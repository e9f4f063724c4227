"""perform as a library. What is public is named in `perform.__all__` and explained in docs/python.md."""
