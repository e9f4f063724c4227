"""Asking the system for OpenGL: what is there, and one clear line where it is not."""

from __future__ import annotations

import os
import sys
from typing import Any

import moderngl

from perform.core.errors import DeviceError

SOFTWARE_NAMES = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic")

_EGL_ADVICE = "install EGL (Debian/Ubuntu: sudo apt install libegl1 libgl1-mesa-dri)"


def offscreen_context() -> moderngl.Context:
    """A context with no window: EGL on Linux, the system's own way elsewhere. Raises DeviceError."""
    backend = {"backend": "egl"} if sys.platform.startswith("linux") else {}
    try:
        return moderngl.create_context(standalone=True, require=330, **backend)
    except Exception as error:  # noqa: BLE001 - moderngl and glcontext raise bare Exception
        advice = _EGL_ADVICE if backend else "update the graphics driver; OpenGL 3.3 is needed"
        raise DeviceError(f"no offscreen OpenGL ({_one_line(error)}): {advice}") from None


def window_context() -> moderngl.Context:
    """Wrap the context that is current (made by the window). Raises DeviceError."""
    try:
        return moderngl.create_context(require=330)
    except Exception as error:  # noqa: BLE001 - moderngl and glcontext raise bare Exception
        raise DeviceError(f"the window has no usable OpenGL ({_one_line(error)}): update the graphics driver") from None


def context_facts(ctx: moderngl.Context) -> dict[str, Any]:
    """vendor, renderer, version (strings), glsl (410 or 330) and whether it is a software renderer."""
    renderer = str(ctx.info["GL_RENDERER"])
    return {
        "vendor": str(ctx.info["GL_VENDOR"]),
        "renderer": renderer,
        "version": str(ctx.info["GL_VERSION"]),
        "glsl": 410 if ctx.version_code >= 410 else 330,
        "software": any(name in renderer.lower() for name in SOFTWARE_NAMES),
    }


def display_available() -> bool:
    """True where a window could be opened: a display server answers and has a monitor."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    from perform.gl.window import glfw_ready

    return glfw_ready() is None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
