"""What hands ask of decks and chains in a running show: granted live, refused in one line, none lost in a tick."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from perform.app import open_offline
from perform.core.preset import parse_preset
from perform.core.types import ControlEvent
from perform.options import Options

LOOK = '[deck.a]\nsource = "shader:marbling"\n[[deck.a.fx]]\nshader = "mirror"\n[[deck.a.fx]]\nshader = "bloom"\n'


@pytest.fixture
def show(tmp_path: Path, monkeypatch) -> object:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=(48, 27)), said.append)
    rig.show.play(parse_preset(LOOK, "look"))

    def ask(*wishes: tuple[str, str]) -> np.ndarray:
        for address, text in wishes:
            rig.engine.queue.post(ControlEvent(address, text, 0.0, "osc"))
        for _ in range(2):
            rig.engine.tick(rig.engine.moment.seconds + 0.05)
            rig.show.after_tick()
        return rig.show.stage.finish()

    def chain(place: str = "deck/a") -> list[str]:
        slots = [name for name, _ in rig.show.decks.chains.get(place, [])]
        assert rig.engine.table.value(f"{place}/chain/order") == ", ".join(slots)
        return slots

    ask()
    yield SimpleNamespace(rig=rig, said=said, table=rig.engine.table, ask=ask, chain=chain, folder=tmp_path)
    rig.close()


def test_effects_are_added_moved_ordered_and_taken_out(show) -> None:
    show.table.set("deck/a/fx/bloom/amount", 0.77)
    show.ask(("deck/a/chain/add", "echo"), ("deck/a/chain/add", "bloom 1"))
    assert show.chain() == ["bloom_2", "mirror", "bloom", "echo"]
    show.ask(("deck/a/chain/move", "echo 1"), ("deck/a/chain/remove", "mirror"))
    assert show.chain() == ["echo", "bloom_2", "bloom"]
    show.ask(("deck/a/chain/order", "bloom, echo"))
    assert show.chain() == ["bloom", "echo", "bloom_2"]
    assert show.table.value("deck/a/fx/bloom/amount") == 0.77, "moving changes no value and no address"
    assert "deck/a/fx/mirror/wet" not in show.table and "deck/a/fx/echo/amount" in show.table
    show.ask(("master/chain/add", "posterise"))
    assert show.chain("master") == ["posterise"] and not show.said


def test_it_shows(show) -> None:
    before = show.ask()
    after = show.ask(("deck/a/chain/add", "posterise"))
    assert np.abs(before.astype(int) - after.astype(int)).mean() > 1.0
    back = show.ask(("deck/a/chain/remove", "posterise"))
    assert np.abs(before.astype(int) - back.astype(int)).mean() < 3.0


@pytest.mark.parametrize(
    ("address", "text", "word"),
    [
        ("deck/a/chain/add", "no_such_effect", "no_such_effect"),
        ("deck/a/chain/add", "bloom zero", "no place"),
        ("deck/a/chain/add", "../../secret", "secret"),
        ("deck/a/chain/add", "luma_melt", "luma_melt"),
        ("deck/a/chain/remove", "echo", "no effect"),
        ("deck/a/chain/move", "bloom", "its place"),
        ("deck/a/chain/order", "bloom, echo", "no effect"),
        ("deck/b/load", "shader:nothing", "nothing"),
        ("deck/b/load", "image:/etc/passwd", "never paths"),
        ("deck/b/load", "image:../x.png", "never paths"),
        ("deck/b/load", "rubbish", "rubbish"),
        ("deck/a/unload", "now", "deck a"),
        ("deck/a/load", "camera:nobody has it", "no camera"),
    ],
)
def test_what_cannot_be_granted_is_said_and_changes_nothing(show, address, text, word) -> None:
    before = show.chain()
    show.ask((address, text))
    assert len(show.said) == 1 and word in show.said[0] and "\n" not in show.said[0]
    assert show.chain() == before and show.rig.show.stage.seen == {"a"}


def test_a_chain_does_not_grow_without_end(show) -> None:
    show.ask(*(("deck/a/chain/add", "mirror") for _ in range(40)))
    assert len(show.chain()) == 32 and all("32 effects" in line for line in show.said)


def test_a_source_is_loaded_on_a_deck_and_taken_off(show) -> None:
    show.ask(("deck/b/load", "shader:silk"))
    assert "deck/b/source/glow" in show.table and show.table.value("deck/b/load") == ""
    show.table.set("mix/fade", 1.0)
    silk = show.ask()
    assert show.rig.show.stage.seen == {"b"}
    show.ask(("deck/b/chain/add", "mirror"), ("deck/b/load", "shader:tunnel"))
    tunnel = show.ask()
    assert np.abs(silk.astype(int) - tunnel.astype(int)).mean() > 3.0 and show.chain("deck/b") == ["mirror"]
    show.ask(("deck/b/unload", "1"))
    assert show.rig.show.stage.seen == {"a"} and "deck/b/source/speed" not in show.table
    assert "deck/b/level" in show.table and not show.said
    show.rig.show.play(parse_preset(LOOK, "look"))
    assert show.ask().max() > 20


def test_a_picture_is_loaded_by_its_bare_name(show) -> None:
    (show.folder / "media").mkdir()
    Image.new("RGBA", (48, 27), (255, 0, 0, 255)).save(show.folder / "media" / "logo.png")
    show.ask(("deck/c/load", "image:logo.png"))
    show.table.set("deck/c/layer/scale", 0.5)
    picture = show.ask()
    assert not show.said and picture[13, 24, 0] > 240 and picture[13, 24, 1] < 12
    show.ask(("deck/c/unload", "1"))
    assert "deck/c/layer/scale" not in show.table and "deck/c/load" in show.table
