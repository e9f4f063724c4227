"""A model that is being taught plays: chosen again, a show takes the newest preview. And terms that nobody stated."""

from pathlib import Path

import pytest
import torch

from perform.app import open_offline
from perform.core.card import Card, read_card
from perform.core.types import ControlEvent
from perform.generators.stylegan.network import Architecture, Generator
from perform.listing import listed
from perform.options import Options
from perform.train.adversarial.leave import write_model

ARCH = Architecture(z_dim=8, w_dim=8, num_mapping_layers=2, resolution=16, channel_base=64, channel_max=8)


def preview(folder, seed, licence="CC0-1.0"):
    """What a training leaves every few minutes."""
    torch.manual_seed(seed)
    return write_model(Generator(ARCH), folder, {"pictures_seen": seed, "data": "a set"}, licence, "me")


def test_a_running_show_takes_the_newest_preview_when_it_is_chosen_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    preview(tmp_path / "models" / "mine", 1)
    rig = open_offline(Options(audio="silence", source="model:mine", size=(32, 32)), lambda _: None)
    try:

        def run(ticks):
            for _ in range(ticks):
                rig.engine.tick(rig.engine.moment.seconds + 0.1)
                rig.show.after_tick()
            return rig.show.stage.finish().astype(int)

        def choose():
            rig.engine.queue.post(ControlEvent("deck/a/load", "model:mine", 0.0, "osc"))
            return run(30)  # it comes in when its first picture is there and the old one has faded

        first, same = run(3), rig.engine.painters["a"]
        choose()
        assert rig.engine.painters["a"] is same  # nothing new was written: nothing is loaded
        preview(tmp_path / "models" / "mine", 2)
        later = choose()
        assert rig.engine.painters["a"] is not same
        assert rig.show.decks.card("a").training["pictures_seen"] == 2
        assert abs(later - first).mean() > 2
    finally:
        rig.close()


@pytest.mark.parametrize(("licence", "terms"), [
    ("", "not stated"), ("unknown", "not stated"), ("no stated licence: ask its authors", "not stated"),
    ("CC BY 4.0", "CC BY 4.0"),
])  # fmt: skip
def test_terms_that_nobody_stated_are_told_apart(licence, terms):
    assert Card("m", "stylegan2", Path("."), "w", "", licence=licence).terms == terms


def test_the_panels_list_marks_an_imported_model_without_a_licence(tmp_path, monkeypatch):
    """What `models import` and `train gan` write down as unknown is what the panel's page looks for."""
    monkeypatch.chdir(tmp_path)
    preview(tmp_path / "models" / "mine", 1, licence="unknown")
    assert read_card(tmp_path / "models" / "mine").licence == "unknown"
    row = next(row for row in listed("models") if row["name"] == "mine")
    assert row["licence"] == "not stated"
    page = Path(__file__).parents[1] / "perform" / "control" / "web" / "static" / "pages" / "models.js"
    assert f'model.licence !== "{row["licence"]}"' in page.read_text("utf-8")
