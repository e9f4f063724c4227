"""Small picture sets by rule, and small models taught by the command itself."""

from __future__ import annotations

from perform.cli import main
from perform.train.dataset.rules import Wish, from_rules


def drawn(folder, count, size, held):
    from_rules(folder, Wish(count=count, size=size, held=held), lambda *_: None)
    return folder


def trained(data, out, minutes):
    """The folder of a model of 16 px that has had so long."""
    assert main(["train", "gan", str(data), "--out", str(out), "--size", "16", "--width", "16", "--batch", "4",
                 "--minutes", str(minutes), "--name", "small"]) == 0  # fmt: skip
    return out / "small"
