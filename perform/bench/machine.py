"""Which machine a figure was taken on. Nothing heavy is imported for it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

GIB = float(1 << 30)


def describe(gl: str | None = None) -> dict[str, Any]:
    """The machine in words and numbers.

    gl: the OpenGL renderer as the context that was measured names it; asking for one here would load a driver.
    Keys: cpu, cores (that this process may use), memory_gib, os, python, torch (version or None), gl.
    """
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "memory_gib": _memory_gib(),
        "os": _system(),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "gl": gl,
    }


def _cpu() -> str:
    try:
        if sys.platform.startswith("linux"):
            for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
                if line.lower().startswith(("model name", "hardware")):
                    return line.split(":", 1)[1].strip()
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    return platform.processor() or platform.machine() or "unknown"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        if sys.platform == "win32":
            return _memory_windows_gib()
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1)
    except (OSError, ValueError, AttributeError):
        return None


def _memory_windows_gib() -> float:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined]
    return round(kilobytes.value * 1024 / GIB, 1)


def _system() -> str:
    if sys.platform.startswith("linux"):
        try:
            return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}"
        except (OSError, KeyError):
            pass
    return f"{platform.system()} {platform.release()}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
