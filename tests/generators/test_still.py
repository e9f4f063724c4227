"""Still pictures: they fill the frame, move, and a hostile file is one clear line."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from perform.core.contracts import Generator
from perform.core.errors import MediaError
from perform.core.types import Moment, ParamFrame
from perform.generators import make
from perform.generators.still import Instrument, placed

SIZE = (96, 54)
STILL = {"zoom": 1.0, "drift": 0.0}


def at(seconds: float, dt_s: float = 1 / 30) -> Moment:
    return Moment(seconds, dt_s, round(seconds * 30))


def quarters(path: Path, size: tuple[int, int] = (192, 108), **save: object) -> Path:
    """Red, green, blue, white: from the upper left by rows."""
    w, h = size
    image = np.zeros((h, w, 3), np.uint8)
    image[: h // 2, : w // 2], image[: h // 2, w // 2 :] = (255, 0, 0), (0, 255, 0)
    image[h // 2 :, : w // 2], image[h // 2 :, w // 2 :] = (0, 0, 255), (255, 255, 255)
    Image.fromarray(image).save(path, **save)  # type: ignore[arg-type]
    return path


def shown(path: Path, size: tuple[int, int] = SIZE, **params: float) -> np.ndarray:
    made = Instrument()
    made.open(None, "cpu")
    made.prepare({"path": path, "size": size})
    image: np.ndarray = made.render(ParamFrame(STILL | params), {}, at(0)).image
    return image


def corners(image: np.ndarray) -> list[tuple[int, ...]]:
    h, w = image.shape[:2]
    return [tuple(int(v > 127) for v in image[y, x]) for y in (h // 5, 4 * h // 5) for x in (w // 5, 4 * w // 5)]


RED, GREEN, BLUE, WHITE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)


def test_upright_and_filling(tmp_path: Path) -> None:
    image = shown(quarters(tmp_path / "a.png"))
    assert image.shape == (54, 96, 3) and image.dtype == np.uint8 and image.flags.c_contiguous
    assert corners(image) == [RED, GREEN, BLUE, WHITE]
    assert isinstance(make("still"), Generator)


def test_exif_orientation_is_obeyed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image = shown(quarters(tmp_path / "a.jpg", exif=exif.tobytes(), quality=95))
    assert corners(image) == [WHITE, BLUE, GREEN, RED]


def test_half_a_turn(tmp_path: Path) -> None:
    assert corners(shown(quarters(tmp_path / "a.png"), rotate=180.0)) == [WHITE, BLUE, GREEN, RED]


def test_turning_goes_the_same_way_in_both_paths(tmp_path: Path) -> None:
    path = quarters(tmp_path / "a.png")
    assert np.abs(shown(path).astype(int) - shown(path, rotate=0.01).astype(int)).mean() < 6


def test_zoom_and_pan_reach_a_corner(tmp_path: Path) -> None:
    path = quarters(tmp_path / "a.png")
    assert set(corners(shown(path, zoom=4.0, pan_x=-1.0, pan_y=-1.0))) == {RED}
    assert set(corners(shown(path, zoom=4.0, pan_x=1.0, pan_y=-1.0))) == {GREEN}
    assert set(corners(shown(path, zoom=4.0, pan_x=1.0, pan_y=1.0))) == {WHITE}


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(8, 4000), st.integers(8, 4000)),
    st.tuples(st.integers(8, 2000), st.integers(8, 2000)),
    st.floats(1, 6), st.floats(-1, 1), st.floats(-1, 1), st.floats(-180, 180), st.floats(0, 1), st.floats(0, 1e4),
)  # fmt: skip
def test_no_corner_of_the_frame_ever_leaves_the_picture(
    picture: tuple[int, int], frame: tuple[int, int],
    zoom: float, pan_x: float, pan_y: float, rotate: float, drift: float, way: float,
) -> None:  # fmt: skip
    knobs = {"zoom": zoom, "pan_x": pan_x, "pan_y": pan_y, "rotate": rotate, "drift": drift}
    a, b, c, d, e, f = placed(picture, frame, knobs, way)
    for x, y in ((0, 0), (frame[0], 0), (0, frame[1]), frame):
        assert -1e-6 * picture[0] <= a * x + b * y + c <= picture[0] * (1 + 1e-6)
        assert -1e-6 * picture[1] <= d * x + e * y + f <= picture[1] * (1 + 1e-6)


def test_it_moves_slowly_and_the_same_at_any_frame_rate(tmp_path: Path) -> None:
    path = quarters(tmp_path / "a.png")
    ends = []
    for fps in (10, 40):
        made = Instrument()
        made.prepare({"path": path, "size": SIZE})
        first = made.render(ParamFrame({}), {}, Moment(0.0, 0.0, 0)).image
        for n in range(1, 12 * fps + 1):
            last = made.render(ParamFrame({}), {}, Moment(n / fps, 1 / fps, n)).image
        assert not np.array_equal(first, last)
        ends.append(last.astype(int))
    assert np.abs(ends[0] - ends[1]).max() <= 1


def test_frames_are_handed_over(tmp_path: Path) -> None:
    made = Instrument()
    made.prepare({"path": quarters(tmp_path / "a.png"), "size": SIZE})
    one = made.render(ParamFrame(STILL), {}, at(0)).image
    kept = one.copy()
    one[:] = 0
    assert np.array_equal(made.render(ParamFrame(STILL), {}, at(1)).image, kept)


def test_transparency_lies_on_black(tmp_path: Path) -> None:
    Image.new("RGBA", SIZE, (255, 255, 255, 0)).save(tmp_path / "a.png")
    assert not shown(tmp_path / "a.png").any()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(9000, 9000), (12_000, 12_000), (60_000, 60_000)])
def test_bombs_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(MediaError, match="megapixels"):
        shown(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("text.png", b"hello"),
        ("empty.jpg", b""),
        ("cut.png", bomb(64, 64)),
        ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"),
    ],
)
def test_broken_and_foreign_files_are_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MediaError, match=name) as caught:
        shown(path)
    assert "\n" not in str(caught.value)


def test_missing_files_and_missing_paths(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such picture"):
        shown(tmp_path / "none.png")
    with pytest.raises(MediaError, match="image:FILE"):
        Instrument().prepare({})
    with pytest.raises(MediaError, match="before prepare"):
        Instrument().render(ParamFrame({}), {}, at(0))
    with pytest.raises(MediaError):
        shown(tmp_path)  # a folder
