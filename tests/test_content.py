"""The search path: nearer wins, names only, near names are offered; and the wheel carries what ships."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from perform import content
from perform.core.errors import ModelError, PresetError, ShaderError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Three empty places: where you stand, the user's own, the shipped one."""
    found = {name: tmp_path / name for name in ("here", "user", "shipped")}
    for folder in found.values():
        for kind in ("models", "presets/sets", "shaders/effects", "shaders/generators", "shaders/transitions"):
            (folder / kind).mkdir(parents=True)
    monkeypatch.chdir(found["here"])
    monkeypatch.setattr(content.platformdirs, "user_data_path", lambda *a, **k: found["user"])
    monkeypatch.setattr(content, "shipped", lambda: found["shipped"])
    return found


def put(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", "utf-8")
    return path


def test_the_nearer_wins_by_name(places):
    far = put(places["shipped"], "presets/night.toml")
    assert content.find_preset("night") == far
    middle = put(places["user"], "presets/night.toml")
    assert content.find_preset("night") == middle
    near = put(places["here"], "presets/night.toml")
    assert content.find_preset("night") == near
    assert content.list_presets() == [near]


def test_lists_join_all_places_by_name(places):
    b = put(places["here"], "models/b/model.toml").parent
    a = put(places["shipped"], "models/a/model.toml").parent
    (places["user"] / "models" / "no_card").mkdir()
    assert content.list_models() == [a, b]
    effect, generator = put(places["shipped"], "shaders/effects/a.fs"), put(places["user"], "shaders/generators/z.fs")
    put(places["shipped"], "shaders/effects/a.vs")
    assert content.list_shaders() == [generator, effect]
    assert content.list_shaders("effects") == [effect]
    assert content.list_shaders("transitions") == []


def test_latents_are_found_by_their_card(places):
    kept = put(places["user"], "latents/fish/latent.toml").parent
    assert content.find_latent("fish") == kept
    for name in ("fis", "../fish", "fish/latent.toml", ""):
        with pytest.raises(ModelError):
            content.find_latent(name)


def test_shaders_are_found_by_name_kind_and_by_a_path_from_the_keyboard(places, tmp_path):
    effect = put(places["shipped"], "shaders/effects/glow.fs")
    assert content.find_shader("glow") == content.find_shader("glow.fs") == content.find_shader("glow", "effects")
    with pytest.raises(ShaderError, match="generator shader 'glow'"):
        content.find_shader("glow", "generators")
    with pytest.raises(ShaderError, match="kind"):
        content.find_shader("glow", "vertex")
    mine = put(tmp_path, "mine.fs")
    assert content.find_shader(str(mine), trusted=True) == mine
    with pytest.raises(ShaderError):
        content.find_shader(str(mine))
    with pytest.raises(ShaderError):
        content.find_shader(str(tmp_path / "none.fs"), trusted=True)
    assert content.find_shader("glow", trusted=True) == effect


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc/passwd", "..", ".", "", "x\0y", "C:\\x", "~", "x" * 5000, "*"])
@pytest.mark.parametrize(
    ("find", "error"),
    [(content.find_model, ModelError), (content.find_preset, PresetError), (content.find_shader, ShaderError)],
)
def test_a_name_never_becomes_a_path(places, name, find, error):
    put(places["here"], "x.toml"), put(places["here"], "presets/a/b.toml"), put(places["here"], "model.toml")
    with pytest.raises(error) as caught:
        find(name)
    assert len(str(caught.value)) < 300


def test_an_unknown_name_is_answered_with_near_ones(places):
    for name in ("marbling", "night_train", "tunnel"):
        put(places["shipped"], f"presets/{name}.toml")
    with pytest.raises(PresetError, match=r"no preset 'marbeling'; did you mean marbling\?"):
        content.find_preset("marbeling")
    with pytest.raises(PresetError, match=r"there are: marbling, night_train, tunnel"):
        content.find_preset("zzz")
    with pytest.raises(ModelError, match="there are: none"):
        content.find_model("zzz")


def test_sets_have_names_of_their_own(places):
    path = put(places["shipped"], "presets/sets/friday.toml")
    assert content.find_preset("sets/friday") == path
    assert content.list_presets() == []


def test_a_folder_that_cannot_be_read_holds_nothing(places, monkeypatch):
    kept = put(places["shipped"], "presets/kept.toml")
    real = Path.glob

    def glob(self, pattern):
        if places["user"] in self.parents:
            raise PermissionError(13, "no")
        return real(self, pattern)

    monkeypatch.setattr(Path, "glob", glob)
    assert content.list_presets() == [kept]


def test_this_checkout_is_found():
    assert content.shipped() == ROOT
    assert content.find_shader("bloom").is_file()
    assert {p.stem for p in content.list_presets()} >= {p.stem for p in (ROOT / "presets").glob("*.toml")}


def test_the_wheel_carries_the_content_and_finds_it(tmp_path):
    wheels, inside, elsewhere = tmp_path / "wheels", tmp_path / "inside", tmp_path / "elsewhere"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = wheels.glob("perform_visuals-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(inside)
    shipped = [p for f in ("models", "presets", "shaders", "controllers") for p in (ROOT / f).rglob("*") if p.is_file()]
    assert {f"perform/content/{p.relative_to(ROOT).as_posix()}" for p in shipped} <= names
    assert not [n for n in names if n.startswith(("tests/", "start", "bench/"))]
    elsewhere.mkdir()
    code = (
        "import json, perform; from perform import content as c;"
        "print(json.dumps([perform.__file__, str(c.shipped()), str(c.find_shader('bloom')), len(c.list_presets())]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(inside), "HOME": str(elsewhere), "XDG_DATA_HOME": str(elsewhere)}
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=environment, check=True, capture_output=True, text=True
    ).stdout
    package, folder, shader, presets = json.loads(out)
    assert Path(package).is_relative_to(inside)
    assert Path(folder) == inside / "perform" / "content"
    assert Path(shader).is_relative_to(folder)
    assert presets == len(list((ROOT / "presets").glob("*.toml")))


ISF = '/*{"ISFVSN": "2", "INPUTS": [%s]}*/ void main() { gl_FragColor = vec4(1.0); }'
PICTURE = '{"NAME": "%s", "TYPE": "image"}'
CROSSING = f'{PICTURE % "startImage"}, {PICTURE % "endImage"}, {{"NAME": "progress", "TYPE": "float"}}'


def test_a_collection_needs_no_sorting_and_takes_no_name(places, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    installed = tmp_path / "data" / "ISF" / "Deep" / "Er"
    installed.mkdir(parents=True)
    ours = put(places["shipped"], "shaders/effects/glow.fs")
    loose = places["user"] / "shaders" / "pack"
    loose.mkdir()
    files = {
        loose / "Bad TV.fs": ISF % (PICTURE % "inputImage"),
        loose / "Glow.fs": ISF % (PICTURE % "inputImage"),
        loose / "notes.fs": "let x = 1 // another language",
        loose / "Rings.glsl": "void mainImage(out vec4 c, in vec2 f) { c = vec4(iTime); }",
        installed / "Circle Open.fs": ISF % CROSSING,
        installed / "3d Lines.fs": ISF % "",
    }
    for path, text in files.items():
        path.write_text(text, "utf-8")
    found = {kind: content.shaders(kind) for kind in content.SHADER_KINDS}
    assert sorted(found["effects"]) == ["bad_tv", "glow", "isf_glow"] and found["effects"]["glow"] == ours
    assert sorted(found["generators"]) == ["3d_lines", "rings"] and sorted(found["transitions"]) == ["circle_open"]
    assert content.find_shader("bad_tv", "effects") == content.find_shader("Bad TV") == loose / "Bad TV.fs"
    assert content.find_shader("glow") == ours and content.find_shader("isf_glow") == loose / "Glow.fs"
    assert content.find_shader("Circle Open.fs", "transitions").parent == installed
    with pytest.raises(ShaderError, match="no effect shader 'circle_open'"):
        content.find_shader("circle_open", "effects")
    (loose / "Bad TV.fs").write_text(ISF % CROSSING, "utf-8")
    assert "bad_tv" in content.shaders("transitions"), "its kind was remembered too well"
    assert {places["user"] / "shaders", tmp_path / "data" / "ISF"} <= set(content.shader_folders())
