"""The way from the finished picture to the room's screen: fitting, turning, slices, four corners, blended edges."""

from __future__ import annotations

import numpy as np
import pytest

from perform.core.room import Slice
from perform.core.types import Moment
from perform.gl.mapping import RoomMapping, fitted, homography
from perform.gl.shared import Shared
from perform.gl.targets import BYTES, Target, smooth

QUARTERS = np.zeros((36, 64, 3), np.uint8)
QUARTERS[:18, :32] = (255, 0, 0)  # top left red, top right green, bottom left blue, bottom right white
QUARTERS[:18, 32:] = (0, 255, 0)
QUARTERS[18:, :32] = (0, 0, 255)
QUARTERS[18:, 32:] = (255, 255, 255)
NAMES = {(255, 0, 0): "r", (0, 255, 0): "g", (0, 0, 255): "b", (255, 255, 255): "w", (0, 0, 0): "."}


@pytest.fixture
def mapped(gl_surface):
    """`mapped(picture, screen size, slices, **rows)` gives the screen [h, w, 3], top row first."""
    gl_surface.use()
    ctx = gl_surface.ctx
    shared = Shared(ctx, (64, 36))
    made: list = [shared]

    def draw(picture: np.ndarray, size: tuple[int, int], slices: tuple[Slice, ...] = (), **rows: object) -> np.ndarray:
        texture = smooth(
            ctx.texture((picture.shape[1], picture.shape[0]), 3, np.ascontiguousarray(picture), alignment=1)
        )
        mapping, screen = RoomMapping(shared), Target(ctx, size, BYTES)
        mapping.slices = slices
        values = {f"out/{name.replace('__', '/')}": value for name, value in rows.items()}
        shared.begin(values, None, Moment(0.0, 0.0, 0))
        mapping.draw(texture, screen.framebuffer, size)
        data = np.frombuffer(screen.framebuffer.read(components=3, alignment=1), np.uint8)
        made.extend([texture, mapping, screen])
        return data.reshape(size[1], size[0], 3)[::-1]

    yield draw
    for part in made[::-1]:
        part.release()


def letters(screen: np.ndarray, points: str = "tl tr bl br") -> str:
    """The colours a quarter in from the corners named, as letters; ? for a mixed one."""
    h, w = screen.shape[:2]
    at = {
        "tl": (h // 4, w // 4),
        "tr": (h // 4, 3 * w // 4),
        "bl": (3 * h // 4, w // 4),
        "br": (3 * h // 4, 3 * w // 4),
    }
    return "".join(NAMES.get(tuple(int(v) for v in screen[at[p]]), "?") for p in points.split())


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        ({}, "rgbw"), ({"turn": "90"}, "brwg"), ({"turn": "180"}, "wbgr"), ({"turn": "270"}, "gwrb"),
        ({"flip_x": True}, "grwb"), ({"flip_y": True}, "bwrg"), ({"flip_x": True, "flip_y": True}, "wbgr"),
    ],
)  # fmt: skip
def test_turns_and_flips(mapped, rows, seen) -> None:
    size = (36, 64) if rows.get("turn") in ("90", "270") else (64, 36)
    screen = mapped(QUARTERS, size, **rows)
    assert letters(screen) == seen
    assert not (screen == 0).all(axis=2).any(), "a turned picture of the screen's shape fills it"


def test_fitting(mapped) -> None:
    white = np.full((36, 64, 3), 255, np.uint8)
    whole = mapped(white, (64, 64))[..., 0]
    assert whole[14:50].min() == 255 and whole[:14].max() == whole[50:].max() == 0
    assert mapped(white, (64, 64), fit="fill").min() == mapped(white, (64, 64), fit="stretch").min() == 255
    one_to_one = mapped(QUARTERS, (100, 60), fit="pixels")
    assert np.array_equal(one_to_one[12:48, 18:82], QUARTERS) and one_to_one[:12].max() == 0
    assert np.array_equal(mapped(QUARTERS, (32, 18), fit="pixels"), QUARTERS[9:27, 16:48])


@pytest.mark.parametrize("mode", ["fit", "fill", "stretch", "pixels"])
@pytest.mark.parametrize("sizes", [((64, 36), (1920, 1080)), ((1920, 1080), (7, 900)), ((10, 10), (11, 3))])
def test_places_stay_on_the_screen_and_parts_in_the_picture(mode, sizes) -> None:
    (left, top, width, height), (x, y, w, h) = fitted(*sizes, mode)
    assert 0 <= left and 0 <= top and left + width <= sizes[1][0] and top + height <= sizes[1][1]
    assert min(width, height) >= 1 and x >= -1e-9 and y >= -1e-9 and x + w <= 1 + 1e-9 and y + h <= 1 + 1e-9


def test_slices_go_to_their_places_pixel_for_pixel(mapped) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (36, 64, 3), dtype=np.uint8)
    slices = (
        Slice((0, 0, 20, 10), (5, 30, 20, 10), True, True),
        Slice((40, 20, 24, 16), (60, 0, 16, 24), True, True, "90"),
        Slice((0.5, 0.0, 0.5, 0.5), (0.0, 0.0, 0.32, 0.36)),
    )
    screen = mapped(noise, (100, 50), slices)
    assert np.array_equal(screen[30:40, 5:25], noise[:10, :20])
    assert np.array_equal(screen[0:24, 60:76], np.rot90(noise[20:36, 40:64], -1))
    assert np.array_equal(screen[:18, :32], noise[:18, 32:])
    mask = np.ones((50, 100), bool)
    mask[30:40, 5:25] = mask[0:24, 60:76] = mask[:18, :32] = False
    assert screen[mask].max() == 0


def test_corners_land_where_they_are_put(mapped) -> None:
    white = np.full((90, 160, 3), 255, np.uint8)
    moved = {"warp__top_left": (0.2, -0.1), "warp__bottom_right": (-0.1, 0.2), "warp__top_right": (0.0, -0.3)}
    screen = mapped(white, (160, 90), **moved)[..., 0] > 127
    corners = {"tl": (0.2, 0.9), "tr": (1.0, 0.7), "bl": (0.0, 0.0), "br": (0.9, 0.2)}
    middle = np.mean(list(corners.values()), axis=0)
    for name, corner in corners.items():
        inside, outside = (np.array(corner) + (middle - corner) * step for step in (0.05, -0.05))
        for (x, y), lit in ((inside, True), (outside, False)):
            px, py = int(x * 160), int((1 - y) * 90)
            if 0 <= px < 160 and 0 <= py < 90:
                assert bool(screen[py, px]) is lit, name


def test_a_line_stays_straight_in_perspective(mapped) -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, 79:81] = 255
    screen = mapped(picture, (160, 90), warp__top_left=(0.3, 0.0), warp__top_right=(-0.1, -0.2))[..., 0].astype(float)
    rows = np.arange(25, 85)
    columns = (screen[rows] * np.arange(160)).sum(axis=1) / screen[rows].sum(axis=1)
    assert np.abs(columns - np.polyval(np.polyfit(rows, columns, 1), rows)).max() < 0.7


def test_a_folded_quadrangle_is_not_drawn_folded(mapped) -> None:
    assert homography([(0, 0), (1, 1), (1, 0), (0, 1)]) is None and homography([(0, 0), (0, 0), (1, 1), (0, 1)]) is None
    identity = homography([(0, 0), (1, 0), (1, 1), (0, 1)])
    assert identity == pytest.approx(np.eye(3))
    assert letters(mapped(QUARTERS, (64, 36), warp__top_left=(0.5, -0.5), warp__bottom_right=(-0.5, 0.5))) == "rgbw"


@pytest.mark.parametrize("curve", [1.0, 2.0, 3.0])
def test_two_projectors_that_overlap_add_up_to_even_light(mapped, curve) -> None:
    white = np.full((4, 200, 3), 255, np.uint8)
    both = {"edge__curve": curve, "edge__gamma": 2.2}
    left = (mapped(white, (200, 4), edge__right=0.25, fit="stretch", **both)[2, :, 0] / 255.0) ** 2.2
    right = (mapped(white, (200, 4), edge__left=0.25, fit="stretch", **both)[2, :, 0] / 255.0) ** 2.2
    overlap = left[150:] + right[:50]
    assert np.abs(overlap - 1.0).max() < 0.02
    assert left[:150].min() == 1.0 and left[-1] < 0.01


def test_at_rest_it_is_left_out(gl_player) -> None:
    mapping = gl_player.stage._mapping
    gl_player.show()
    assert mapping.at_rest()
    for path, value in (("out__turn", "90"), ("out__warp__top_left", (0.1, 0.0)), ("out__edge__left", 0.1)):
        gl_player.show(**{path: value})
        assert not mapping.at_rest()
    gl_player.stage.set_slices([Slice()])
    gl_player.show()
    assert not mapping.at_rest()
