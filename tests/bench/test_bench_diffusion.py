"""The diffusion benches: the shapes are the real ones, the recording is checked before it is timed."""

import numpy as np
import torch

from perform.bench import diffusion, drift
from perform.bench._diffusion_plain import pipelines
from perform.bench._diffusion_shapes import MODELS, SMALL, counted, networks, stages
from perform.generators.diffusion.tiny import write_tiny


def test_the_shapes_count_the_weights_that_the_models_have():
    for model in MODELS:
        unet, _ = networks(model, "meta", torch.float32)
        assert sum(p.numel() for p in unet.parameters()) == model.params


def test_operations_are_counted_as_a_card_has_them():
    model = MODELS[0]
    calls = stages(model, *networks(model, "meta", torch.float32), "meta", torch.float32)
    assert counted(calls["denoise"]) == {"gmac": 402.13, "kernels": 773}  # 776 and 0.804 TFLOP by another's count
    assert counted(calls["decode"])["kernels"] == 84


def test_the_card_rows_run_the_same_code_here():
    model = SMALL[0]
    gmac = {k: counted(c)["gmac"] for k, c in stages(model, *networks(model, "meta", torch.float32), "meta",
                                                      torch.float32).items()}  # fmt: skip
    assert gmac["denoise"] > 0 and gmac["decode"] > 0
    rows = diffusion.card_rows(model, *networks(model, "cpu", torch.float32), gmac, "cpu", torch.float32, 1)
    assert [row["right"] for row in rows if "right" in row] == ["yes", "yes"]
    assert sum("fps" in row for row in rows) == 10  # four networks, and both ways in three forms
    assert sum("times_plain" in row for row in rows) == 2


def test_the_plain_pipelines_paint_a_picture_of_the_same_size():
    model = SMALL[0]
    for call in pipelines(model, *networks(model, "cpu", torch.float32), "cpu", torch.float32).values():
        assert call().shape == (1, model.side, model.side, 3)


def test_a_loop_that_breaks_a_bound_is_told_which():
    usual = {key: np.full(8, v) for key, v in {"mean": 0.5, "contrast": 0.2, "full": 0.0, "saturation": 0.3,
                                               "change": 0.02}.items()}  # fmt: skip
    assert drift.beyond(usual, usual) == []
    for key, value, told in (("contrast", 0.01, "contrast"), ("mean", 0.9, "mean"), ("full", 0.6, "ends of the scale"),
                             ("saturation", 0.0, "little colour"), ("saturation", 0.9, "much colour"),
                             ("change", 0.5, "change"), ("change", 0.0, "standstill")):  # fmt: skip
        assert drift.beyond({**usual, key: np.full(8, value)}, usual) == [told]


def test_drift_looks_at_each_corner(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    rows = drift.taken(folder, dict(list(drift.CORNERS.items())[:1]), 6)
    assert rows[0]["what"] == "no loop" and rows[1]["within_bounds"].startswith(("yes", "no"))
    assert {"mean", "contrast", "saturation", "change"} <= set(rows[1])
