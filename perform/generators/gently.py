"""Loading beside a show: whatever plays comes first."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

NICENESS = 5  # that the threads which load have more than the show; more, and a lock that one holds is let go too late
LOWEST = 19
T = TypeVar("T")


def low_priority() -> None:
    """This thread comes after all others, and calculates on one core. Where the system has no such thing: as it is."""
    torch.set_num_threads(1)
    try:
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, min(os.getpriority(os.PRIO_PROCESS, mine) + NICENESS, LOWEST))
    except (OSError, AttributeError):
        pass


def gently(work: Callable[[], T]) -> Callable[[], T]:
    """The same work, done in a thread of low priority while the caller waits. (A thread may lower its own priority, but
    not raise it again, so it is one that ends with the work.)"""

    def run() -> T:
        with ThreadPoolExecutor(1, "loading", initializer=low_priority) as pool:
            return pool.submit(work).result()

    return run
