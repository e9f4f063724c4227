"""`perform models info` tells what a model comes from."""

from perform.cli import main
from perform.core.card_text import card_text


def write(place, name, parents=(), **training):
    folder = place / "models" / name
    folder.mkdir(parents=True)
    told = {"parents": list(parents), **training}
    sha = name.encode().hex().ljust(64, "0")
    entries = {"name": name, "kind": "stylegan2", "licence": "CC0-1.0", "weights": "w.safetensors", "sha256": sha}
    (folder / "model.toml").write_text(card_text({**entries, "training": told}))
    return {"name": name, "sha256": sha, "licence": "CC0-1.0"}


def test_parents_and_data_are_named_to_the_first(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first = write(tmp_path, "first", data="drawings", data_sha256="ab" * 32)
    second = write(tmp_path, "second", [first], data="photographs")
    gone = {"name": "gone", "licence": "MIT", "sha256": "0" * 64}
    write(tmp_path, "third", [second, gone, {**first, "sha256": "f" * 64}])
    assert main(["models", "info", "third"]) == 0
    out = capsys.readouterr().out
    tree = out[out.index("family:") :]
    for said in ("third (CC0-1.0)", "second (CC0-1.0)", "taught with: photographs", "first (CC0-1.0)",
                 "taught with: drawings, card abababababab…", "gone (MIT), not here", "other weights"):  # fmt: skip
        assert said in tree, said


def test_a_model_that_is_its_own_ancestor_ends(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "loop", [{"name": "loop"}])
    assert main(["models", "info", "loop"]) == 0 and capsys.readouterr().out.count("fine-tuned") < 20
