"""A window through GLFW: keys as control events, letterboxing left to the painter, never an exception per frame."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

import moderngl

from perform.core.errors import DeviceError
from perform.core.hands import MODIFIERS
from perform.core.types import ControlEvent, Value
from perform.gl import unlocked
from perform.gl.context import window_context
from perform.gl.gamepad import Gamepads
from perform.gl.surface import claim, forget

_last_error: list[str] = []
_ready: list[bool] = []


def _remember(code: int, message: bytes) -> None:
    _last_error[:] = [message.decode(errors="replace") if isinstance(message, bytes) else str(message)]


def _glfw() -> Any:
    import glfw

    return glfw


def glfw_ready() -> str | None:
    """Start GLFW once. None when a window can be opened, else the reason."""
    try:
        glfw = _glfw()
    except ImportError as error:
        return f"the glfw library cannot be loaded ({error})"
    if not _ready:
        glfw.set_error_callback(_remember)
        if not glfw.init():
            return _last_error[0] if _last_error else "GLFW does not start"
        _ready.append(True)
    return None if glfw.get_primary_monitor() else "no monitor is connected"


class WindowSurface:
    """A window with a GL context.

    size: of the window in screen units. monitor: number of the screen, from 0. Raises DeviceError.
    """

    visible = True

    def __init__(self, size: tuple[int, int], *, title: str, monitor: int, fullscreen: bool, vsync: bool) -> None:
        reason = glfw_ready()
        if reason is not None:
            raise DeviceError(f"no window can be opened: {reason}; use --display offscreen or connect a display")
        self._glfw = _glfw()
        self._events: list[tuple[str, Value]] = []
        self._down: dict[int, str] = {}
        self._pads: Gamepads | None = None
        self._open = True
        self.window = self._create(size, title, monitor, fullscreen)
        self._glfw.make_context_current(self.window)
        try:
            self.ctx = window_context()
        except DeviceError:
            self._glfw.destroy_window(self.window)
            raise
        claim(self)
        self._glfw.swap_interval(1 if vsync else 0)
        self._vsync = vsync
        self.waited_s = 0.0
        self._glfw.set_key_callback(self.window, self._on_key)
        self._glfw.set_char_callback(self.window, self._on_char)
        self._monitor = monitor
        self._restore = (60, 60, *size)
        self._hide_cursor(fullscreen)

    def _hide_cursor(self, hidden: bool) -> None:
        glfw = self._glfw
        glfw.set_input_mode(self.window, glfw.CURSOR, glfw.CURSOR_HIDDEN if hidden else glfw.CURSOR_NORMAL)

    def toggle_fullscreen(self) -> None:
        """Fill the monitor, or go back to the window as it was. A monitor that is gone: the first one."""
        glfw = self._glfw
        if glfw.get_window_monitor(self.window):
            glfw.set_window_monitor(self.window, None, *self._restore, 0)
            self._hide_cursor(False)
            return
        monitors = glfw.get_monitors()
        if not monitors:
            return
        self._restore = (*glfw.get_window_pos(self.window), *glfw.get_window_size(self.window))
        monitor = monitors[self._monitor if self._monitor < len(monitors) else 0]
        mode = glfw.get_video_mode(monitor)
        glfw.set_window_monitor(self.window, monitor, 0, 0, mode.size.width, mode.size.height, mode.refresh_rate)
        self._hide_cursor(True)

    def _create(self, size: tuple[int, int], title: str, number: int, fullscreen: bool) -> Any:
        glfw = self._glfw
        monitors = glfw.get_monitors()
        if not 0 <= number < len(monitors):
            raise DeviceError(f"there is no monitor {number}; {len(monitors)} found, counted from 0")
        monitor = monitors[number]
        if fullscreen:
            mode = glfw.get_video_mode(monitor)
            size = (mode.size.width, mode.size.height)
        for version in ((4, 1), (3, 3)):
            glfw.default_window_hints()
            glfw.window_hint(glfw.CONTEXT_VERSION_MAJOR, version[0])
            glfw.window_hint(glfw.CONTEXT_VERSION_MINOR, version[1])
            glfw.window_hint(glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE)
            glfw.window_hint(glfw.OPENGL_FORWARD_COMPAT, True)
            glfw.window_hint(glfw.AUTO_ICONIFY, False)
            glfw.window_hint(glfw.DEPTH_BITS, 0)
            glfw.window_hint(glfw.STENCIL_BITS, 0)
            window = glfw.create_window(*size, title, monitor if fullscreen else None, None)
            if window:
                if not fullscreen and number and os.environ.get("XDG_SESSION_TYPE") != "wayland":
                    x, y = glfw.get_monitor_pos(monitor)
                    glfw.set_window_pos(window, x + 40, y + 60)
                return window
        reason = _last_error[0] if _last_error else "no reason given"
        raise DeviceError(f"no window with OpenGL 3.3 or newer: {reason}; update the graphics driver")

    def _on_key(self, window: Any, key: int, scancode: int, action: int, mods: int) -> None:
        glfw = self._glfw
        if action == glfw.PRESS:
            self._down[key] = name = f"key/{_modified(glfw, key_name(glfw, key), mods)}"
            self._events.append((name, True))
        elif action == glfw.RELEASE and key in self._down:  # by the name it had: a modifier may have gone before it
            self._events.append((self._down.pop(key), False))

    def _on_char(self, window: Any, code: int) -> None:
        self._events.append((f"char/{chr(code)}", True))

    def key_label(self, name: str) -> str:
        """What is printed on a key of this keyboard; "" where nobody knows. name: as in `key/NAME`."""
        glfw = self._glfw
        number = next((number for number, known in _names(glfw).items() if known == name), None)
        printed = None if number is None else glfw.get_key_name(number, 0)
        return (printed.decode(errors="replace") if isinstance(printed, bytes) else str(printed or "")).upper()

    def use(self) -> None:
        """Make the context current in this thread."""
        if claim(self):
            self._glfw.make_context_current(self.window)

    def present(self, draw: Callable[[moderngl.Framebuffer, tuple[int, int]], None]) -> None:
        """Paint and swap; nothing where the window has no area (iconified)."""
        size = self._glfw.get_framebuffer_size(self.window)
        if min(size) <= 0:
            return
        draw(self.ctx.screen, (int(size[0]), int(size[1])))
        if not self._vsync:
            self._glfw.swap_buffers(self.window)
            return
        # Drivers queue frames ahead, each a frame of delay. To wait for the card on both sides of the swap keeps the
        # queue empty, and tells what of the time was spent on waiting for the display.
        unlocked.finish()()
        drawn_s = perf_counter()
        self._glfw.swap_buffers(self.window)
        unlocked.finish()()
        self.waited_s = perf_counter() - drawn_s

    def poll(self, time_s: float) -> list[ControlEvent]:
        """Keys as `key/NAME`, True as they are pressed and False as they are let go, what is typed as `char/X`, pads
        as `Gamepads` tells them, and `quit` when the window should close."""
        if not self._open:
            return []
        self._glfw.poll_events()
        if self._glfw.window_should_close(self.window):
            self._glfw.set_window_should_close(self.window, False)
            self._events.append(("quit", True))
        events = [ControlEvent(address, value, time_s, "keyboard") for address, value in self._events]
        self._events.clear()
        if self._pads is None:
            self._pads = Gamepads(self._glfw)
        events += [ControlEvent(address, value, time_s, "gamepad") for address, value in self._pads.events()]
        return events

    def close(self) -> None:
        """Free the context and the window."""
        if self._open:
            self._open = False
            self.use()
            self.ctx.release()
            self._glfw.destroy_window(self.window)
            forget(self)


def _modified(glfw: Any, name: str, mods: int) -> str:
    """A key with what is held beside it: `ctrl+shift+b`. A modifier is itself alone."""
    if name.endswith(("_shift", "_control", "_alt", "_super")):
        return name
    bits = (glfw.MOD_CONTROL, glfw.MOD_ALT, glfw.MOD_SHIFT, glfw.MOD_SUPER)
    return "".join(f"{word}+" for word, bit in zip(MODIFIERS, bits, strict=True) if mods & bit) + name


def key_name(glfw: Any, key: int) -> str:
    """A short lower-case name: a, 1, space, escape, f1, left, kp_add; `unknown` where GLFW has none."""
    return _names(glfw).get(key, "unknown")


_name_cache: dict[int, str] = {}


def _names(glfw: Any) -> dict[int, str]:
    if not _name_cache:
        for name in dir(glfw):
            if name.startswith("KEY_") and name not in ("KEY_LAST", "KEY_UNKNOWN"):
                _name_cache[getattr(glfw, name)] = name.removeprefix("KEY_").lower()
    return _name_cache
