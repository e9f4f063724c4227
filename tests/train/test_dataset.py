"""`perform dataset`: sets from shaders and from folders, whatever lies in the folders."""

import json
import random
import zlib

import numpy as np
import pytest
from PIL import Image

from perform.cli import main
from perform.core.errors import UsageError
from perform.train.dataset.look import NEAR, Seen, colour_words, fingerprint, weaknesses
from perform.train.dataset.store import card_hash, entries, is_held, read_data_card


def noise_picture(seed, size=(200, 150)):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (12, 16, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def bomb_png():
    """A PNG whose header promises 60000 x 60000 pixels."""

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = (60000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture
def messy(tmp_path):
    """A folder as artists have them."""
    folder = tmp_path / "work"
    (folder / "inner").mkdir(parents=True)
    for i in range(6):
        noise_picture(i).save(folder / f"p{i}.png")
    noise_picture(0).save(folder / "p0_again.jpg", quality=60)
    noise_picture(1).resize((300, 225)).save(folder / "inner" / "p1_larger.webp")
    noise_picture(7, (40, 30)).save(folder / "tiny.png")
    Image.new("RGB", (200, 200), (9, 9, 9)).save(folder / "flat.png")
    (folder / "broken.jpg").write_bytes((folder / "p0_again.jpg").read_bytes()[:400])
    (folder / "bomb.png").write_bytes(bomb_png())
    (folder / "notes.txt").write_text("no picture")
    (folder / "p2.txt").write_text("a  green\nthing")
    noise_picture(8).convert("P").save(folder / "palette.gif")
    Image.fromarray(np.dstack([np.asarray(noise_picture(9)), np.full((150, 200), 90, np.uint8)])).save(folder / "a.png")
    return folder


def test_a_messy_folder_becomes_a_clean_set(messy, tmp_path, capsys):
    out = tmp_path / "set"
    assert main(["dataset", "from-folder", str(messy), str(out), "--size", "128", "--held", "0.3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kept"] == 8 and told["duplicates"] == 2
    skipped = dict(told["skipped"])
    assert set(skipped) == {"tiny.png", "flat.png", "broken.jpg", "bomb.png"}
    assert "too small" in skipped["tiny.png"] and "flat" in skipped["flat.png"]
    assert all(len(line) < 300 for line in skipped.values())
    rows = [*entries(out), *entries(out, "held")]
    assert len(rows) == 8 and all(Image.open(path).size == (128, 128) for path, _ in rows)
    assert sorted(text for _, text in rows if text) == ["a green thing"]
    card = read_data_card(out)
    assert card["pictures"] == 8 and card["skipped"] == 4 and card["licence"] == "unknown"
    assert len(card["sha256"]) == len(card_hash(out)) == 64


def test_tiles_take_all_of_a_wide_picture(tmp_path):
    (tmp_path / "in").mkdir()
    noise_picture(1, (640, 200)).save(tmp_path / "in" / "wide.png")
    assert main(["dataset", "from-folder", str(tmp_path / "in"), str(tmp_path / "out"), "--size", "64", "--held", "0",
                 "--crop", "tiles", "--licence", "CC0-1.0"]) == 0  # fmt: skip
    assert len(list(entries(tmp_path / "out"))) == 3 and read_data_card(tmp_path / "out")["licence"] == "CC0-1.0"


def test_frames_of_a_film_are_taken_now_and_then(tmp_path):
    import av

    (tmp_path / "in").mkdir()
    with av.open(str(tmp_path / "in" / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for i in range(40):
            film.mux(stream.encode(av.VideoFrame.from_image(noise_picture(i // 5, (160, 120)))))
        film.mux(stream.encode())
    (tmp_path / "in" / "broken.mp4").write_bytes(b"\0" * 500)
    out = tmp_path / "out"
    assert main(["dataset", "from-folder", str(tmp_path / "in"), str(out), "--size", "64", "--every", "0.5"]) == 0
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert len(rows) == 8 and {row["source"] for row in rows} == {"film.mp4"} and rows[1]["at"] == "0.50s"
    assert "broken.mp4" in (out / "skipped.txt").read_text()


@pytest.mark.parametrize(("make", "said"), [
    (lambda f: None, "no picture"),
    (lambda f: Image.new("RGB", (300, 300)).save(f / "black.png"), "nothing usable"),
    (lambda f: (f / "x.png").write_bytes(b"junk"), "nothing usable"),
])  # fmt: skip
def test_a_folder_with_nothing_in_it_is_one_line(tmp_path, capsys, make, said):
    (tmp_path / "in").mkdir()
    make(tmp_path / "in")
    assert main(["dataset", "from-folder", str(tmp_path / "in"), str(tmp_path / "out")]) == UsageError.exit_code
    error = capsys.readouterr().err.strip()
    assert said in error and len(error.splitlines()) == 1


def test_a_folder_that_is_full_is_left_alone(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    noise_picture(1).save(tmp_path / "p.png")
    assert main(["dataset", "from-folder", str(tmp_path), str(tmp_path / "out")]) == UsageError.exit_code
    assert "not empty" in capsys.readouterr().err and (tmp_path / "out" / "mine.txt").read_text() == "x"


@pytest.mark.parametrize("words", [
    ["dataset", "from-rules", "OUT", "--count", "2", "--size", "64"],
    ["dataset", "from-shaders", "OUT", "marbling", "--count", "1", "--size", "64"],
    ["train", "measure", "noctiluca", "--out", "OUT"],
    ["train", "gan", "--recipe", "noctiluca", "--out", "OUT"],
    ["explore", "--model", "noctiluca", "--out", "OUT"],
])  # fmt: skip
def test_a_file_where_a_folder_is_to_be_made_is_one_line(tmp_path, capsys, words):
    (tmp_path / "taken").write_text("mine")
    assert main([word.replace("OUT", str(tmp_path / "taken")) for word in words]) == UsageError.exit_code
    error = capsys.readouterr().err.strip().splitlines()
    assert "cannot be a folder" in error[-1] and (tmp_path / "taken").read_text() == "mine"


def test_shaders_paint_a_captioned_set(tmp_path):
    out = tmp_path / "set"
    words = ["dataset", "from-shaders", str(out), "marbling", "turing", "--count", "6", "--size", "64", "--seed", "3"]
    assert main([*words, "--held", "0"]) == 0
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    assert [row["shader"] for row in rows] == ["marbling", "turing"] * 3
    assert all(row["shader"] in row["text"] and "," in row["text"] for row in rows)
    card = read_data_card(out)
    assert {s["licence"] for s in card["sources"]} == {"Apache-2.0"} and card["seed"] == 3
    again = tmp_path / "again"
    assert main([*words[:2], str(again), *words[3:], "--held", "0"]) == 0
    assert read_data_card(again)["sha256"] == card["sha256"]


def test_a_shader_that_cannot_is_listed_and_the_others_go_on(tmp_path):
    (tmp_path / "bad.fs").write_text('/*{"INPUTS": []}*/ void main() { gl_FragColor = vec4(nothing); }')
    out = tmp_path / "set"
    words = ["dataset", "from-shaders", str(out), str(tmp_path / "bad.fs"), "bloom", "silk", "--count", "2"]
    assert main([*words, "--size", "32"]) == 0
    skipped = (out / "skipped.txt").read_text()
    assert "bad: " in skipped and "bloom: takes a picture" in skipped and len(list(out.glob("*/*.png"))) == 2


def test_near_pictures_share_a_fingerprint_and_others_do_not():
    codes = [fingerprint(np.asarray(noise_picture(i))) for i in range(40)]
    apart = [(a ^ b).bit_count() for i, a in enumerate(codes) for b in codes[:i]]
    assert min(apart) > NEAR
    for i in range(10):
        changed = np.asarray(noise_picture(i).resize((333, 250))).astype(float) * 0.93
        assert (fingerprint(changed.astype(np.uint8)) ^ codes[i]).bit_count() <= NEAR


def test_bands_find_every_near_hash():
    chance, seen = random.Random(1), Seen()
    codes = [chance.getrandbits(64) for _ in range(200)]
    assert not any(seen.known(code) for code in codes)
    for code in codes:
        flips = chance.sample(range(64), NEAR)
        assert seen.known(code ^ sum(1 << bit for bit in flips))


@pytest.mark.parametrize(("rgb", "word"), [
    ((220, 30, 30), "red"), ((30, 60, 220), "blue"), ((40, 190, 60), "green"), ((235, 195, 40), "gold"),
    ((200, 200, 205), "white"), ((30, 190, 190), "turquoise"), ((235, 130, 30), "orange"), ((120, 50, 200), "violet"),
    ((120, 80, 50), "copper"), ((220, 40, 190), "magenta"),
])  # fmt: skip
def test_colours_have_their_names(rgb, word):
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[4:28] = rgb
    assert colour_words(picture)[0] == word


def test_weak_pictures_are_known():
    sharp = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    soft = np.tile(np.linspace(0, 255, 64)[None, :, None], (64, 1, 3)).astype(np.uint8)
    assert weaknesses(sharp) == [] and weaknesses(soft) == ["blurred"]
    assert "dark" in weaknesses(sharp // 50)


def test_the_split_goes_by_the_source_alone():
    held = [is_held(f"picture {i}", 0.25) for i in range(2000)]
    assert 400 < sum(held) < 600 and held == [is_held(f"picture {i}", 0.25) for i in range(2000)]


def test_a_set_drawn_by_rule_is_the_same_again_and_grows_by_its_count(tmp_path):
    from perform.train.dataset.rules import Wish, from_rules

    few, more = (tmp_path / name for name in ("few", "more"))
    from_rules(few, Wish(count=5, size=32, seed=3, held=0.4), lambda *_: None)
    assert (
        main(["dataset", "from-rules", str(more), "--count", "9", "--size", "32", "--seed", "3", "--held", "0.4"]) == 0
    )
    first, second = list(entries(few, "train")), list(entries(more, "train"))
    assert len(second) > len(first) > 0
    assert all(a.read_bytes() == b.read_bytes() for (a, _), (b, _) in zip(first, second, strict=False))
    card = read_data_card(more)
    assert card["licence"] == "Apache-2.0" and card["pictures"] == 9
    assert any(family in text for _, text in second for family in ("marble", "silk", "creature", "cells", "nebula"))


def test_a_set_of_some_families_names_no_other(tmp_path, capsys):
    words = ["dataset", "from-rules", str(tmp_path / "set"), "--count", "6", "--size", "32", "--families", "nave,plot"]
    assert main(words) == 0
    rows = [json.loads(line) for line in (tmp_path / "set" / "metadata.jsonl").read_text().splitlines()]
    said = {word for row in rows for word in row["text"].split()}
    assert said & {"nave", "plot"} and not said & {"marble", "silk", "creature", "cells", "nebula"}
    with pytest.raises(SystemExit):
        main([*words[:2], str(tmp_path / "other"), "--families", "nave,cube"])
    assert "some of marble, silk, creature" in capsys.readouterr().err
