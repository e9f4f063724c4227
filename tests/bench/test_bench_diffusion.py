"""The diffusion benches: the shapes are the real ones, the recording is checked before it is timed."""

import torch

from perform.bench import diffusion, drift
from perform.bench._diffusion_shapes import MODELS, SMALL, counted, networks, stages
from perform.generators.diffusion.tiny import write_tiny


def test_the_shapes_count_the_weights_that_the_models_have():
    for model in MODELS:
        unet, _ = networks(model, "meta", torch.float32)
        assert sum(p.numel() for p in unet.parameters()) == model.params


def test_the_card_rows_run_the_same_code_here():
    model = SMALL[0]
    gmac = {k: counted(c)["gmac"] for k, c in stages(model, *networks(model, "meta", torch.float32), "meta",
                                                      torch.float32).items()}  # fmt: skip
    assert gmac["denoise"] > 0 and gmac["decode"] > 0
    rows = diffusion.card_rows(model, *networks(model, "cpu", torch.float32), gmac, "cpu", torch.float32, 1)
    assert [row["right"] for row in rows if "right" in row] == ["yes", "yes"]
    assert sum("fps" in row for row in rows) == 4


def test_drift_looks_at_each_corner(tmp_path):
    folder = write_tiny(tmp_path / "tiny")
    rows = drift.taken(folder, dict(list(drift.CORNERS.items())[:1]), 6)
    assert rows[0]["what"] == "no loop" and rows[1]["within_bounds"] in ("yes", "no")
    assert {"mean", "contrast", "saturation", "change"} <= set(rows[1])
