"""Two calls of OpenGL that may take long, made without holding Python's lock.

A software renderer draws inside the call, and moderngl holds the interpreter's lock meanwhile: the sound thread and
the painter would stand still for most of a frame. Calls through ctypes let go of it. Both functions are of OpenGL 1,
so every platform's library exports them, and they act on the context that is current in the calling thread.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable
from functools import cache

TRIANGLE_STRIP = 0x0005


def _library() -> ctypes.CDLL | None:
    if sys.platform == "win32":
        names: tuple[str | None, ...] = ("opengl32",)
    elif sys.platform == "darwin":
        names = ("/System/Library/Frameworks/OpenGL.framework/OpenGL",)
    else:
        names = ("libGL.so.1", "libOpenGL.so.0", ctypes.util.find_library("GL"))
    for name in names:
        try:
            if name:
                return ctypes.WinDLL(name) if sys.platform == "win32" else ctypes.CDLL(name)
        except OSError:
            continue
    return None


@cache
def draw_arrays() -> Callable[[int, int, int], None] | None:
    """glDrawArrays(mode, first, count) with the program and vertex array that are bound; None where it is not found."""
    library = _library()
    if library is None:
        return None
    call = library.glDrawArrays
    call.argtypes, call.restype = (ctypes.c_uint, ctypes.c_int, ctypes.c_int), None
    return call


@cache
def finish() -> Callable[[], None]:
    """glFinish(): wait until all is drawn. Does nothing where it is not found: the read that follows waits as well."""
    library = _library()
    if library is None:
        return lambda: None
    call = library.glFinish
    call.argtypes, call.restype = (), None
    return call
