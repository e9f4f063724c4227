"""Pictures in and out of the studio: reading what a person gives, and laying pictures out on labelled sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from perform.core.errors import MediaError

MOST_PIXELS = 100_000_000
GROUND, WORDS = (14, 14, 16), (200, 200, 200)
LABEL_PX = 18


def read_picture(path: Path, side: int) -> np.ndarray:
    """[side, side, 3] uint8: the middle square of a picture file. Raises MediaError, one line."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as file:
            if file.width * file.height > MOST_PIXELS:
                raise MediaError(f"{path}: {file.width}x{file.height} is more than {MOST_PIXELS // 10**6} megapixels")
            picture = ImageOps.exif_transpose(file).convert("RGB")
    except FileNotFoundError:
        raise MediaError(f"{path}: there is no such picture") from None
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a picture that can be read ({str(error).splitlines()[0][:100]})") from None
    return np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))


def write_sheet(path: Path, pictures: Sequence[np.ndarray], labels: Sequence[str], columns: int, title: str) -> Path:
    """Pictures [h, w, 3] uint8 of one size, row by row, each over its label. Raises MediaError."""
    from PIL import Image, ImageDraw

    h, w = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (w + 4) + 4, rows * (h + LABEL_PX + 4) + LABEL_PX + 8), GROUND)
    pen = ImageDraw.Draw(sheet)
    pen.text((6, 4), title, fill=WORDS)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        x = 4 + place % columns * (w + 4)
        y = LABEL_PX + 6 + place // columns * (h + LABEL_PX + 4)
        sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (x, y))
        pen.text((x + 2, y + h + 2), label, fill=WORDS)
    return write_png(path, np.asarray(sheet))


def write_png(path: Path, picture: np.ndarray) -> Path:
    """Write beside, then put in place, so that who looks at it never sees half a picture. Raises MediaError."""
    from PIL import Image

    half = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(half, format="PNG")
        half.replace(path)
    except OSError as error:
        raise MediaError(f"{path}: cannot be written ({error.strerror or error})") from None
    return path


def shrunk(picture: np.ndarray, most: int) -> np.ndarray:
    """The picture with no side over `most` px."""
    from PIL import Image

    h, w = picture.shape[:2]
    factor = most / max(h, w)
    if factor >= 1.0:
        return picture
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
