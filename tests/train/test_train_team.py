"""`torchrun -m perform.cli train gan`: two processes learn as one, and stop after the same step."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import torch

from perform.core.card import check_hash, read_card
from perform.train.dataset.rules import Wish, from_rules

TELL = """
import sys, torch, perform.train.adversarial.run as run
from perform.cli import main
kept = []
init = run.Training.__init__
def noted(self, *a, **k):
    init(self, *a, **k); kept.append(self)
run.Training.__init__ = noted
assert main(sys.argv[2:]) == 0
duel = kept[0].duel
whole = sum(float(p.double().abs().sum()) for n in (duel.painter, duel.critic) for p in n.parameters())
open(f"{sys.argv[1]}/{duel.team.rank}", "w").write(f"{duel.steps} {whole!r} {duel.team.size}")
"""


TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ACCELERATE = ["accelerate.commands.accelerate_cli", "launch", "--multi_gpu", "--num_processes", "2",
              "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
              "--main_process_port", "0"]  # fmt: skip


@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_two_processes_end_with_the_same_weights_after_the_same_step(tmp_path, launcher):
    from_rules(tmp_path / "set", Wish(count=24, size=16, held=0.4), lambda *_: None)
    (tmp_path / "tell.py").write_text(TELL)
    words = ["train", "gan", str(tmp_path / "set"), "--out", str(tmp_path / "out"), "--size", "16", "--width", "16",
             "--batch", "8", "--minutes", "0.03", "--device", "cpu", "--name", "both"]  # fmt: skip
    command = [sys.executable, "-m", *launcher, str(tmp_path / "tell.py"), str(tmp_path), *words]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    first, second = ((tmp_path / str(rank)).read_text().split() for rank in (0, 1))
    assert first == second and first[2] == "2" and int(first[0]) > 3
    check_hash(read_card(tmp_path / "out" / "both"))
    state = torch.load(tmp_path / "out" / "work" / "gan.pt", weights_only=True)
    assert state["pictures"] == 8 * int(first[0]) == 8 * state["steps"]


@pytest.mark.parametrize("whom", ["all", "the command alone", "a worker alone"])
def test_ctrl_c_keeps_what_a_team_has_learned_and_does_not_say_done(tmp_path, whom):
    stage = "[[stage]]\nside = 16\nuntil = 1\nbatch = 4\n"
    (tmp_path / "r.toml").write_text(f'kind = "rules"\nname = "quick"\nminutes = 5\n{stage}', "utf-8")
    words = ["train", "gan", "--recipe", str(tmp_path / "r.toml"), "--out", str(tmp_path / "out"), "--workers", "2"]
    command = [sys.executable, "-m", "perform", *words]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a suite in the background has it ignored
    given = {"stderr": subprocess.PIPE, "text": True, "start_new_session": True, "preexec_fn": heard}
    with subprocess.Popen(command, **given) as process:
        try:
            told = iter(process.stderr.readline, "")
            assert any("pictures" in line for line in told)
            if whom == "all":  # as a terminal does
                os.killpg(process.pid, signal.SIGINT)
            else:
                os.kill(process.pid if whom == "the command alone" else _workers(process.pid)[1], signal.SIGINT)
            rest = process.stderr.read()
            assert process.wait(60) == 130, rest
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert "stopped after" in rest and "done" not in rest and "broke" not in rest
    state = torch.load(tmp_path / "out" / "work" / "checkpoint.pt", weights_only=True)
    assert state["pictures"] > 0
    assert f"stopped after {state['pictures']} pictures" in rest


def _workers(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-wwo", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "spawn_main" in line]
