"""Films by their time stamps: each picture from its own stamp to the next one's, looped, scrubbed, backwards, on the
beat; broken and hostile files in one line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from perform.core.errors import MediaError, PerformError
from perform.core.types import Moment, ParamFrame
from perform.inputs.film import Film
from perform.inputs.film_decode import FilmDecoder, fitting

SIZE = (64, 36)
COUNT, FPS = 40, 25


def shade(n: int) -> int:
    """How bright picture n is."""
    return 20 + 5 * n


def write_film(
    path: Path, codec: str = "mpeg4", stamps: list[float] | None = None, pix: str = "yuv420p", **more
) -> Path:
    """COUNT pictures, each of its own shade of grey. stamps: seconds, else evenly at FPS."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options={"g": "12", **more})
        stream.width, stream.height, stream.pix_fmt = *SIZE, pix
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        if codec == "mpeg4":
            stream.bit_rate = 2_000_000
        for n in range(COUNT):
            frame = av.VideoFrame.from_ndarray(np.full((SIZE[1], SIZE[0], 3), shade(n), np.uint8), format="rgb24")
            seconds = n / FPS if stamps is None else stamps[n]
            frame.pts, frame.time_base = round(seconds * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session", params=["mkv", "mp4"])
def film(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("film") / f"greys.{request.param}"
    return write_film(path, "libx264" if request.param == "mp4" else "ffv1", pix="yuv420p")


def number(image: np.ndarray) -> int:
    """Which picture it is."""
    return round((float(image.mean()) - 20) / 5)


class Player:
    def __init__(self, path: Path) -> None:
        self.film = Film()
        self.film.prepare({"path": str(path)})
        self.seconds, self.frame = 0.0, 0

    def __call__(self, dt_s: float = 0.0, beats: float = 0.0, **values: object) -> int:
        self.seconds += dt_s
        moment = Moment(self.seconds, dt_s, self.frame, beats=beats)
        self.frame += 1
        return number(self.film.render(ParamFrame(values), {}, moment).image)


def test_each_picture_is_on_show_from_its_stamp_to_the_next(film) -> None:
    play = Player(film)
    shown = [play(0.0)] + [play(1 / 60) for _ in range(80)]
    assert shown == [int(n / 60 * FPS + 1e-6) for n in range(81)]


def test_stamps_count_and_not_the_rate(tmp_path: Path) -> None:
    stamps = list(np.cumsum(np.tile([0.01, 0.09, 0.04, 0.3], 10)) - 0.01)
    play = Player(write_film(tmp_path / "uneven.mkv", "ffv1", stamps))
    for n in range(200):
        seconds = n * 0.02
        got = play(0.02 if n else 0.0)
        assert got == int(np.searchsorted(stamps, seconds + 5e-4, "right") - 1), seconds


def test_it_loops(film) -> None:
    play = Player(film)
    play(0.0)
    shown = [play(0.04) for _ in range(90)]
    assert shown[38:43] == [39, 0, 1, 2, 3] and shown[79] == 0


def test_a_part_of_it_loops(film) -> None:
    play = Player(film)
    shown = [play(0.04 if n else 0.0, loop_in=0.25, loop_out=0.5) for n in range(24)]
    assert shown == [10 + n % 10 for n in range(24)]


def test_speed_scrub_restart_and_standing_still(film) -> None:
    play = Player(film)
    play(0.0, speed=2.0)
    assert [play(0.04, speed=2.0) for _ in range(3)] == [2, 4, 6]
    assert [play(0.04, speed=0.5) for _ in range(4)] == [6, 7, 7, 8]
    assert [play(0.04, play=False) for _ in range(3)] == [8, 8, 8]
    assert play(0.0, scrub=0.5) == 20 and play(0.04, scrub=0.5) == 21
    assert play(0.0, scrub=0.1) == 4, "scrubbing back finds its picture"
    assert play(0.0, scrub=0.1, restart=1) == 0


def test_backwards_and_there_and_back(film) -> None:
    play = Player(film)
    back = [play(0.04 if n else 0.0, speed=-1.0) for n in range(45)]
    assert back[:40] == list(range(39, -1, -1)) and back[40] == 39
    play = Player(film)
    play(0.0, loop="bounce", loop_out=0.25)
    there = [play(0.04 if n else 0.02, loop="bounce", loop_out=0.25) for n in range(21)]
    assert there == [*range(10), *range(9, -1, -1), 0]
    play = Player(film)
    once = [play(0.2 if n else 0.0, loop="once") for n in range(12)]
    assert once[-3:] == [39, 39, 39]


def test_locked_to_the_beat_at_any_tempo(film) -> None:
    play = Player(film)
    for beats in (0.0, 0.4, 1.0, 2.0, 3.9, 4.0, 9.5, 2.0):
        assert play(0.04, beats=beats, loop_beats=4) == int(beats / 4 % 1 * 40 + 1e-6)


def test_the_same_picture_is_the_same_array(film) -> None:
    source = Film()
    source.prepare({"path": str(film)})
    images = [source.render(ParamFrame({}), {}, Moment(n / 100, 0.01, n)).image for n in range(5)]
    assert images[0] is images[3] and images[3] is not images[4]


def test_a_long_pause_does_not_jump_through_the_film(film) -> None:
    play = Player(film)
    play(0.0)
    assert play(30.0) <= 7


def test_large_films_are_scaled_down_and_small_ones_not(tmp_path: Path) -> None:
    assert fitting((3840, 2160), (1920, 1080)) == (1920, 1080) and fitting((1080, 1920), (1920, 1080)) == (1080, 1920)
    assert fitting((64, 36), (1920, 1080)) == (64, 36) and min(fitting((8000, 2), (100, 50))) >= 2
    decoder = FilmDecoder(write_film(tmp_path / "x.mkv", "ffv1"), (32, 32))
    assert decoder.pixels(decoder.at(0.0)).shape == (18, 32, 3)


def test_transparent_films_keep_their_alpha(tmp_path: Path) -> None:
    path = tmp_path / "alpha.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "bgra"
        image = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
        image[:, :32] = (200, 0, 0, 255)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba")))
        container.mux(stream.encode(None))
    decoder = FilmDecoder(path)
    assert np.array_equal(decoder.pixels(decoder.at(0.0)), image)


@pytest.mark.parametrize("what", ["empty", "text", "cut", "noise", "playlist", "concat", "sound", "missing", "folder"])
def test_files_that_are_no_films_are_told_in_one_line(tmp_path: Path, film, what: str) -> None:
    path = tmp_path / "bad.mp4"
    if what == "empty":
        path.write_bytes(b"")
    elif what == "text":
        path.write_text("not a film")
    elif what == "cut":
        path.write_bytes(film.read_bytes()[:200])
    elif what == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(5000))
    elif what == "playlist":
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{film}\n#EXT-X-ENDLIST\n")
    elif what == "concat":
        path.write_text(f"ffconcat version 1.0\nfile '{film}'\n")
    elif what == "sound":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=48000)
            stream.layout = "stereo"
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    elif what == "folder":
        path.mkdir()
    source = Film()
    with pytest.raises(MediaError) as told:
        source.prepare({"path": str(path)})
    assert "bad.mp4" in str(told.value) and "\n" not in str(told.value)


def test_a_film_with_a_broken_middle_plays_on(tmp_path: Path) -> None:
    path = write_film(tmp_path / "torn.ts", "libx264")
    data = bytearray(path.read_bytes())
    middle = len(data) * 2 // 3
    data[middle : middle + 400] = np.random.default_rng(3).bytes(400)
    path.write_bytes(data)
    play = Player(path)
    shown = []
    for n in range(60):
        try:
            shown.append(play(0.04 if n else 0.0))
        except PerformError:
            shown.append(-1)
    assert shown[0] == 0 and len(set(shown)) > 15


def test_as_a_source_in_a_show(tmp_path: Path, film) -> None:
    from perform.app import open_offline
    from perform.core.preset import parse_preset
    from perform.options import Options

    said: list[str] = []
    rig = open_offline(Options(audio="silence", preset="northern", size=SIZE), said.append)
    try:
        rig.show.play(parse_preset(f'[deck.a]\nsource = "video:{film}"\n[deck.a.params]\nspeed = 2.0\n', "film"))
        seen = []
        for n in range(10):
            rig.engine.tick(0.04 * (n + 1))
            seen.append(number(rig.show.stage.finish()))
        assert seen == list(range(0, 20, 2)) and not said and rig.engine.table.value("deck/a/source/speed") == 2.0
    finally:
        rig.close()
