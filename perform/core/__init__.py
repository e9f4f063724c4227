"""The pure floor: standard library and numpy only. No thread, file handle kept open, socket, clock, GL or torch."""
