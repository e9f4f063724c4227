"""Several single-threaded workers that learn as one: each takes a part of the batch, and gradients are averaged.

On a machine shared with other work this is much faster than one worker with many threads, which has to wait for its
slowest thread after every single operation; a team waits once a batch.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import ProcessExitedException

INTERRUPTED = 130
"""Exit code of a worker that Ctrl-C ended, as shells have it."""
GRACE_S = 60.0
"""For the others to end when one has: the first of them may be writing the checkpoint."""


class Team:
    """One worker's view of the team. A team of one does nothing."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self.interrupted = False
        """By Ctrl-C, where a team has workers: each then ends after a step that all have taken."""

    def average(self, parameters: Iterable[Tensor], clock_s: float) -> float:
        """Replace every gradient by the team's mean. Returns the mean clock, so that all agree on the stage."""
        if self.size == 1:
            return clock_s
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in grads] + [torch.tensor([clock_s], device=grads[0].device)])
        dist.all_reduce(flat)
        flat /= self.size
        place = 0
        for grad in grads:
            grad.copy_(flat[place : place + grad.numel()].view_as(grad))
            place += grad.numel()
        return float(flat[-1])

    def begin_alike(self, tensors: Iterable[Tensor]) -> None:
        """Give all the first one's numbers: weights are drawn by each for itself."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.detach(), 0)

    def agree(self, *values: float, device: torch.device | None = None) -> tuple[float, ...]:
        """The largest of each value in the team, so that all stop, and go back, after the same step."""
        if self.size == 1:
            return values
        told = torch.tensor(values, dtype=torch.float64, device=device)
        dist.all_reduce(told, op=dist.ReduceOp.MAX)
        return tuple(told.tolist())


def _worker(rank: int, size: int, store: str, work: Callable[[Team], None]) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=size)
    team = Team(rank, size)
    signal.signal(signal.SIGINT, lambda *_: setattr(team, "interrupted", True))
    try:
        work(team)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    finally:
        dist.destroy_process_group()


def run_team(size: int, work: Callable[[Team], None]) -> None:
    """Run `work` (a picklable call) in `size` processes, or right here when one is enough.

    Raises KeyboardInterrupt when one of the team was interrupted, whether this process was or not.
    """
    if size == 1:
        work(Team())
        return
    with tempfile.TemporaryDirectory() as folder:
        told = (size, str(Path(folder) / "store"), work)
        workers = torch.multiprocessing.spawn(_worker, told, nprocs=size, join=False)
        try:
            while not workers.join(grace_period=GRACE_S):
                continue
        except KeyboardInterrupt:  # of this process alone, perhaps: the workers are to know, and to save
            for process in workers.processes:
                if process.is_alive():
                    os.kill(process.pid, signal.SIGINT)
            for process in workers.processes:
                process.join()
            raise
        except ProcessExitedException as error:
            if error.exit_code == INTERRUPTED:
                raise KeyboardInterrupt from None
            raise
