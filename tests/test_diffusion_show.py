"""A diffusion model in a whole show: the same film twice, and beside it what it was made with."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from perform.app import open_offline
from perform.cli import main
from perform.core.types import ControlEvent, Moment
from perform.generators.diffusion.rows import ROUTES
from perform.generators.diffusion.tiny import write_card
from perform.manifest import Manifest, manifest_path
from perform.options import Options

SMALL = ("--size", "64x36", "--fps", "10", "--seconds", "1.2")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_diffusion: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny").symlink_to(tiny_diffusion)
    lines = ['version = 1\nname = "dream"\n[deck.a]\nsource = "model:tiny"\n[deck.a.inputs]\nimage = "b"\n']
    lines.append('[deck.a.params]\nprompt_1 = "a red fish"\nprompt_2 = "moon"\nprompt_2_weight = 0.4\nsteps = 2\n')
    lines.append('feedback = 0.4\nfeedback_zoom = 1.5\n[deck.b]\nsource = "shader:silk"\n')
    for route in ROUTES:
        target = f"deck/a/source/{route['target']}"
        lines.append(f'[[route]]\nsource = "{route["source"]}"\ntarget = "{target}"\ndepth = {route["depth"]}\n')
    (tmp_path / "presets").mkdir()
    text = "".join(lines)
    tomllib.loads(text)
    (tmp_path / "presets" / "dream.toml").write_text(text)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["render", "synth", *arguments, *SMALL, "--json"]) == 0, capsys.readouterr().err
    out = capsys.readouterr()
    assert "left out" not in out.err
    return json.loads(out.out)


def test_the_same_performance_gives_the_same_film_and_says_what_it_was_made_with(here, capsys, tiny_diffusion):
    first = run(capsys, "film.mp4", "--preset", "dream")
    again = run(capsys, "--frames", "pictures", "--preset", "dream")
    assert first["sha256"] == again["sha256"] and first["frames"] == 12
    other = run(capsys, "--frames", "other", "--preset", "dream", "--seed", "77")
    assert other["sha256"] != first["sha256"]
    told = json.loads(manifest_path("film.mp4").read_text())
    (model,) = [entry for entry in told["sources"] if entry["deck"] == "a"]
    card = tomllib.loads((tiny_diffusion / "model.toml").read_text())
    assert model["source"] == "model:tiny" and model["model"]["licence"] == "Apache-2.0"
    assert model["model"]["files"] == card["files"] and len(model["model"]["sha256"]) == 64
    assert {w["row"]: w["text"] for w in told["words"]}["deck/a/source/prompt_1"] == "a red fish"
    assert [p["name"] for p in told["presets"]] == ["dream"]
    assert (here / "pictures" / "manifest.json").is_file()
    with av.open("film.mp4") as film:
        inside = json.loads(film.metadata["comment"])
    assert inside["sources"][0]["model"] == {k: model["model"][k] for k in ("name", "licence", "sha256")}
    assert any(w["text"] == "a red fish" for w in inside["words"])


def test_a_look_may_route_the_meters_of_its_own_painter(here, capsys):
    text = (here / "presets" / "dream.toml").read_text()
    route = '[[route]]\nsource = "deck/{}/{}"\ntarget = "deck/a/level"\ndepth = -0.5\n'
    (here / "presets" / "metered.toml").write_text(text + route.format("a", "drift") + route.format("a", "flicker"))
    plain = run(capsys, "--frames", "plain", "--preset", "dream")
    assert main(["render", "synth", "--frames", "metered", *SMALL, "--preset", "metered", "--json"]) == 0
    out = capsys.readouterr()
    assert "no source" not in out.err and json.loads(out.out)["sha256"] != plain["sha256"]
    (here / "presets" / "metered.toml").write_text(text + route.format("b", "drift"))  # a shader has no meters
    assert main(["render", "synth", "--frames", "other", *SMALL, "--preset", "metered", "--json"]) == 0
    assert "no source 'deck/b/drift'" in capsys.readouterr().err


def test_a_stylegan_is_in_the_manifest_too(here, capsys):
    run(capsys, "--frames", "pictures", "--preset", "first_light")
    (source,) = json.loads((here / "pictures" / "manifest.json").read_text())["sources"]
    assert source["model"]["name"] == "noctiluca" and len(source["model"]["sha256"]) == 64
    assert source["model"]["trained_on"].startswith("Pictures drawn by this project's own rules")


def test_a_manifest_that_cannot_be_written_is_said_and_nothing_else(tmp_path):
    from types import SimpleNamespace

    from perform.core.params import ParamTable

    engine = SimpleNamespace(painters={}, coming={}, table=ParamTable())
    decks = SimpleNamespace(source=lambda _: "", card=lambda _: None)
    show = SimpleNamespace(engine=engine, decks=decks, preset=SimpleNamespace(name="x"))
    said: list[str] = []
    manifest = Manifest(show, tmp_path / "gone" / "a.manifest.json", said.append)
    manifest.send(np.zeros((2, 2, 3), np.uint8), Moment(0.0, 0.0, 0))
    manifest.close()
    assert len(said) == 2 and all("cannot be written" in line and "\n" not in line for line in said)
    assert isinstance(manifest.tags()["comment"], str)


@pytest.mark.parametrize(("how", "said"), [
    ("nan", "holds NaN or infinity"), ("lacks a folder", "vae"), ("hash", "not those of the card"),
    ("family", "no family"), ("shape", "unet"),
])  # fmt: skip
def test_a_broken_model_is_one_line_and_the_show_goes_on(here, tiny_diffusion, how, said):
    folder = shutil.copytree(tiny_diffusion, here / "models" / "broken")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    state = load_file(weights)
    if how == "nan":
        state["conv_in.weight"][0] = float("nan")
    elif how in ("shape", "hash"):
        state["conv_in.weight"] = state["conv_in.weight"][:, :3].contiguous()
    save_file(state, weights)
    if how == "lacks a folder":
        shutil.rmtree(folder / "vae")
    elif how == "family":
        (folder / "model_index.json").write_text('{"_class_name": "Unheard"}')
    if how != "hash":
        write_card(folder, "broken", "")
    lines: list[str] = []
    rig = open_offline(Options(audio="silence", source="testcard", size=(64, 36)), lines.append)
    try:
        for n in range(4):
            if n == 1:
                rig.engine.queue.post(ControlEvent("deck/a/load", "model:broken", 0.1, "test"))
            rig.engine.tick(0.1 * (n + 1))
            rig.show.after_tick()
        assert np.asarray(rig.show.stage.finish()).std() > 10 and rig.show.source == "testcard"
    finally:
        rig.close()
    (line,) = [line for line in lines if said in line]
    assert "\n" not in line and len(line) < 320


def test_pictures_guide_and_a_lora_swaps_while_it_plays(here, capsys, tiny_diffusion):
    """A ControlNet sees the outlines of deck b, an image prompt the deck as such; two LoRAs, one after the other."""
    import sys

    sys.path.insert(0, str(Path(__file__).parent / "generators"))
    import tiny_families
    from test_diffusion_families import lora_file

    from perform.generators.diffusion.families import open_parts

    folder = Path(shutil.copytree(tiny_diffusion, here / "models" / "guided"))
    tiny_families.controlnet(folder)
    tiny_families.image_prompt(folder)
    for n, name in enumerate(("ink", "chalk")):
        lora_file(here / "models" / f"{name}.safetensors", open_parts(folder).denoiser, "kohya", alpha=2.0 + n)
    rig = open_offline(Options(audio="silence", source="model:guided", size=(64, 36)), lambda _: None)
    posts = {
        1: [("deck/b/load", "shader:wave_rings"), ("deck/a/inputs/control", "b"), ("deck/a/inputs/style", "b")],
        4: [("deck/a/source/control", 0.0)], 6: [("deck/a/source/style_scale", 0.0)],
        8: [("deck/a/source/lora_1", "ink")], 10: [("deck/a/source/lora_1", "chalk")],
        12: [("deck/a/source/lora_1", "gone"), ("deck/a/source/lora_2", "away")],
    }  # fmt: skip
    shots, used, line = [], [], ""
    try:
        for n in range(15):
            for path, value in posts.get(n, ()):
                rig.engine.queue.post(ControlEvent(path, value, 0.1 * n, "test"))
            rig.engine.tick(0.1 * (n + 1))
            rig.show.after_tick()
            shots.append(np.asarray(rig.show.stage.finish()).astype(int))
            used.append(rig.engine.painters["a"].used)
            line = rig.engine.painters["a"].last_error
    finally:
        rig.close()
    assert [next(iter(one)) for one in used[3]] == ["control", "image_prompt"]
    assert [one["lora"] for one in used[9] if "lora" in one] == ["ink"]
    assert [one["lora"] for one in used[14] if "lora" in one] == ["chalk"], "the one before plays on"

    def apart(a, b):
        return float(np.abs(shots[a] - shots[b]).mean())

    assert apart(3, 5) > 0.2 and apart(5, 7) > 0.2 and apart(7, 9) > 0.2 and apart(9, 11) > 0.2
    assert "'gone' is not there" in line and "'away' is not there" in line and "\n" not in line
