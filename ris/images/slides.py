"""Windows of large pictures, which are never read whole: a file and a box in, pixels out.

The door to tifffile, whose pieces (tiles or strips) are decoded as they are needed. What Pillow
reads within the limits of `decode.py` is read by it, whole; JPEG and PNG files over them by
`streamed.py`. Runs in workers; the file that was open last stays open in each, and what of it was
decoded last stays in memory.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ris.errors import PictureError
from ris.images.decode import (
    MAX_BYTES,
    MAX_PIXELS,
    PILLOW_ERRORS,
    TOO_MUCH_MEMORY,
    TooLargeError,
    cannot_read,
    check_regular,
    decode,
    read_file,
    sides,
)
from ris.images.parts import Box
from ris.images.pieces import Pieced, Pixels
from ris.images.streamed import STARTS, Streamed

MAX_SLIDE_PIXELS = 100_000_000_000
MAX_PIECE_PIXELS = 50_000_000
MAX_PIECES = 10_000_000
MAX_PATCHES = 2_000_000
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GREY, _RGB, _YCBCR = (0, 1), 2, 6


class _Slide(Protocol):
    width: int
    height: int

    def read(self, box: Box) -> Pixels: ...


def measure(path: Path) -> tuple[int, int]:
    """Width and height of a picture that may be large, upright.

    Raises:
        PictureError: It can't be read, or not by windows.
    """
    slide = _open(path)
    return slide.width, slide.height


def read_window(path: Path, box: Box) -> Pixels:
    """The pixels of a part of a picture, uint8 (height, width, 3).

    Raises:
        PictureError: It can't be read, or the part lies outside.
    """
    slide = _open(path)
    inside = box.x + box.width <= slide.width and box.y + box.height <= slide.height
    if not inside or min(box.x, box.y) < 0 or min(box.width, box.height) < 1:
        raise PictureError("The part lies outside of the picture")
    if box.width * box.height > MAX_PIECE_PIXELS:
        raise PictureError("The part is too large")
    with _explained():
        return slide.read(box)


def read_part(path: Path, box: Box) -> bytes:
    """A part of a picture as a file; see `read_window`."""
    return bitmap(read_window(path, box))


def bitmap(pixels: Pixels) -> bytes:
    """RGB pixels as a BMP file: what a patch's content is, the same bytes from every library."""
    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels), "RGB").save(file, "BMP")
    return file.getvalue()


def contrast(pixels: Pixels) -> float:
    """The standard deviation of the grey values: how much there is in a patch."""
    return float(np.asarray(Image.fromarray(pixels, "RGB").convert("L"), np.float32).std())


def _open(path: Path) -> _Slide:
    try:
        facts = os.lstat(path)
        check_regular(facts)
    except OSError as error:
        raise PictureError(cannot_read(error)) from error
    except ValueError as error:
        raise PictureError("There is no file of such a name") from error
    return _opened(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _opened(path: Path, size: int, changed: int) -> _Slide:
    """Whatever reads a file, as long as its size and time are these."""
    too_large = None
    if size <= MAX_BYTES:
        data = read_file(path)
        try:
            return _Whole(data, *sides(data))
        except TooLargeError as error:
            too_large = error
        except PictureError:
            if not data.startswith(_TIFF):
                raise
    with _explained():
        with path.open("rb") as file:
            start = file.read(8)
        if start.startswith(_TIFF):
            return _Tiff(path)
    for begins, kind in STARTS.items():
        if start.startswith(begins):
            return Streamed(path, kind)
    raise too_large or PictureError(
        f"Over {MAX_BYTES // 2**20} MiB or {MAX_PIXELS // 10**6} megapixels only TIFF, JPEG and "
        "PNG are read"
    )


class _Whole:
    """A picture that Pillow reads, decoded when it is first asked for."""

    def __init__(self, data: bytes, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._data = data
        self._image: Image.Image | None = None

    def read(self, box: Box) -> Pixels:
        if self._image is None:
            self._image = decode(self._data, reduced=False).image
            self._data = b""
        area = (box.x, box.y, box.x + box.width, box.y + box.height)
        return np.asarray(self._image.crop(area))


class _Tiff(Pieced):
    """The first picture of a TIFF file, decoded tile by tile or strip by strip."""

    def __init__(self, path: Path) -> None:
        import tifffile

        self._file = tifffile.TiffFile(path)
        page: Any = self._file.pages[0]
        self._page = page
        width, height = int(page.imagewidth), int(page.imagelength)
        if page.is_tiled:
            wide, high = int(page.tilewidth), int(page.tilelength)
        else:
            wide, high = width, min(int(page.rowsperstrip), height)
        self._check(width, height)
        super().__init__(width, height, wide, high)
        if wide * high > MAX_PIECE_PIXELS:
            raise PictureError(
                f"Its pixels lie in pieces of over {MAX_PIECE_PIXELS // 10**6} megapixels; save "
                "it in tiles"
            )
        if self._across * -(-height // high) > len(page.dataoffsets):
            raise PictureError("The TIFF file is damaged: it lacks pixels")

    def _check(self, width: int, height: int) -> None:
        """Refuse what is not read, or not within bounds.

        Raises:
            PictureError: It is so.
        """
        page = self._page
        if width * height > MAX_SLIDE_PIXELS or min(width, height) < 1:
            raise PictureError(
                f"The picture is too large: {width} × {height}, over the "
                f"{MAX_SLIDE_PIXELS // 10**9} gigapixels that are read"
            )
        if len(page.dataoffsets) > MAX_PIECES:
            raise PictureError(f"The TIFF file has more than {MAX_PIECES:,} pieces")
        samples, kind = int(page.samplesperpixel), int(page.photometric)
        colours = kind in _GREY or (kind in (_RGB, _YCBCR) and samples >= 3)
        if not colours or int(page.planarconfig) != 1 or int(page.imagedepth) != 1:
            raise PictureError("The TIFF file is of a kind that can't be read by windows")
        if str(page.dtype) not in ("uint8", "uint16"):
            raise PictureError("Large TIFF files are read with 8 or 16 bits a channel only")

    def unpack(self, number: int) -> Pixels:
        """A tile or strip."""
        page, length = self._page, int(self._page.databytecounts[number])
        if length > MAX_BYTES:
            raise PictureError("The TIFF file is damaged: a piece of it is too long")
        if length == 0:  # left out by the writer: nothing is there
            return np.full((self._high, self._wide, 3), 255, np.uint8)
        self._file.filehandle.seek(int(page.dataoffsets[number]))
        data = self._file.filehandle.read(length)
        values, *_ = page.decode(data, number, jpegtables=page.jpegtables)
        if values is None:
            return np.full((self._high, self._wide, 3), 255, np.uint8)
        return _as_rgb(values[0], int(page.photometric))


def _as_rgb(values: NDArray[Any], kind: int) -> Pixels:
    """Grey or coloured values, uint8 or uint16 (H, W, S), as RGB; transparency over white."""
    if values.dtype == np.uint16:
        values = values >> 8
    values = values.astype(np.uint8)
    if kind == 0:  # white is zero
        values = 255 - values
    if kind in _GREY:
        return np.repeat(values[..., :1], 3, axis=2)
    if values.shape[2] == 4:
        share = values[..., 3:].astype(np.float32) / 255
        over = values[..., :3] * share + 255 * (1 - share)
        return np.asarray(np.rint(over), np.uint8)
    return values[..., :3]


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the libraries raise into a reason for people."""
    try:
        yield
    except MemoryError as error:
        raise PictureError(TOO_MUCH_MEMORY) from error
    except PILLOW_ERRORS as error:  # tifffile's and imagecodecs' are of the same families
        raise PictureError("The TIFF file is damaged: its pixels can't be read") from error
