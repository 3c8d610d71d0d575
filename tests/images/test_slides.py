"""Windows of large files, piece by piece, held against the pixels that were written."""

from contextlib import suppress

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from ris.errors import PictureError
from ris.images import decode, slides, streamed
from ris.images.parts import Box
from ris.images.slides import bitmap, contrast, measure, read_part, read_window

HEIGHT, WIDTH = 150, 230
BOXES = [Box(0, 0, 230, 150), Box(0, 0, 1, 1), Box(60, 50, 70, 41), Box(229, 149, 1, 1)]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture
def windowed(monkeypatch):
    """Every picture is too large for Pillow."""
    monkeypatch.setattr(decode, "MAX_PIXELS", 10_000)
    slides._opened.cache_clear()


def holds(path, expected):
    assert measure(path) == (WIDTH, HEIGHT)
    for x, y, width, height in BOXES:
        found = read_window(path, Box(x, y, width, height))
        assert np.array_equal(found, expected[y : y + height, x : x + width])


@pytest.mark.usefixtures("windowed")
class TestPieces:
    @pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd"])
    @pytest.mark.parametrize("pieces", [{"tile": (64, 48)}, {"rowsperstrip": 40}, {}])
    def test_a_window_holds_what_was_written(self, tmp_path, pixels, compression, pieces):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, pixels, compression=compression, **pieces)
        holds(path, pixels)

    def test_grey_values_and_deep_ones(self, tmp_path, pixels):
        grey = pixels[..., 0]
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, grey, tile=(64, 64))
        holds(path, np.repeat(grey[..., None], 3, axis=2))
        tifffile.imwrite(tmp_path / "b.tif", grey.astype(np.uint16) * 257, tile=(64, 64))
        holds(tmp_path / "b.tif", np.repeat(grey[..., None], 3, axis=2))
        tifffile.imwrite(tmp_path / "c.tif", grey, photometric="miniswhite", tile=(64, 64))
        holds(tmp_path / "c.tif", 255 - np.repeat(grey[..., None], 3, axis=2))

    def test_transparency_lies_over_white(self, tmp_path, pixels):
        clear = np.dstack([pixels, np.zeros((HEIGHT, WIDTH), np.uint8)])
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, clear, tile=(64, 64), extrasamples=["unassalpha"])
        holds(path, np.full_like(pixels, 255))

    def test_tiles_of_jpeg_and_a_big_tiff(self, tmp_path):
        smooth = np.linspace(0, 255, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 3))
        path = tmp_path / "a.svs"
        tifffile.imwrite(
            path, smooth.astype(np.uint8), tile=(64, 64), compression="jpeg", bigtiff=True
        )
        found = read_window(path, Box(0, 0, WIDTH, HEIGHT)).astype(int)
        assert np.abs(found - smooth).max() < 12

    def test_only_the_pieces_of_the_window_are_decoded(self, tmp_path, pixels, monkeypatch):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, pixels, tile=(64, 64))
        seen = []
        plain = slides._Tiff.unpack
        monkeypatch.setattr(
            slides._Tiff, "unpack", lambda self, n: (seen.append(n), plain(self, n))[1]
        )
        read_window(path, Box(70, 0, 50, 70))
        read_window(path, Box(70, 60, 50, 10))
        assert seen == [1, 5]

    @pytest.mark.parametrize(
        "options",
        [{"planarconfig": "separate", "photometric": "rgb"}, {"photometric": "separated"}],
    )
    def test_kinds_that_are_not_read_are_refused(self, tmp_path, pixels, options):
        path = tmp_path / "a.tif"
        planes = options.get("planarconfig") == "separate"
        data = np.moveaxis(pixels, 2, 0) if planes else np.dstack([pixels, pixels[..., :1]])
        tifffile.imwrite(path, data, tile=(64, 64), **options)
        with pytest.raises(PictureError, match="kind that can't be read"):
            measure(path)

    def test_one_piece_of_everything_is_refused(self, tmp_path, pixels, monkeypatch):
        monkeypatch.setattr(slides, "MAX_PIECE_PIXELS", 10_000)
        tifffile.imwrite(tmp_path / "a.tif", pixels, rowsperstrip=HEIGHT)
        with pytest.raises(PictureError, match="save it in tiles"):
            measure(tmp_path / "a.tif")

    def test_damage_is_told(self, tmp_path, pixels):
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, pixels, tile=(64, 64), compression="lzw")
        data = path.read_bytes()
        random = np.random.default_rng(0)
        for _ in range(40):
            broken = np.frombuffer(data, np.uint8).copy()
            broken[random.integers(0, len(data), 20)] ^= 255
            path.write_bytes(broken.tobytes())
            slides._opened.cache_clear()
            with suppress(PictureError):  # and nothing else
                read_window(path, Box(0, 0, WIDTH, HEIGHT))

    def test_other_formats_are_refused(self, tmp_path, pixels):
        Image.fromarray(pixels).save(tmp_path / "a.webp")
        with pytest.raises(PictureError, match="too large"):
            measure(tmp_path / "a.webp")


@pytest.fixture
def low_strips(monkeypatch):
    """Strips are less high than the picture."""
    monkeypatch.setattr(streamed, "_HIGH", 16)


@pytest.mark.usefixtures("windowed", "low_strips")
class TestStreamed:
    def test_a_window_of_a_png_holds_what_was_written(self, tmp_path, pixels):
        Image.fromarray(pixels).save(tmp_path / "a.png")
        holds(tmp_path / "a.png", pixels)  # parts further up come after others

    @pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
    def test_a_window_of_a_jpeg_is_what_pillow_reads(self, tmp_path, options):
        ramp = np.linspace(0, 255, WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 3))
        Image.fromarray(ramp.astype(np.uint8)).save(tmp_path / "a.jpg", **options)
        whole = np.asarray(Image.open(tmp_path / "a.jpg").convert("RGB")).astype(int)
        for x, y, width, height in BOXES:
            found = read_window(tmp_path / "a.jpg", Box(x, y, width, height)).astype(int)
            assert np.abs(found - whole[y : y + height, x : x + width]).max() <= 2

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16"])
    def test_other_kinds_of_pixels_are_read_as_pillow_reads_them(
        self, tmp_path, pixels, mode, monkeypatch
    ):
        if mode == "I;16":
            picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
        else:
            picture = Image.fromarray(pixels).convert(mode)
        picture.save(tmp_path / "a.png")
        with monkeypatch.context() as unlimited:
            unlimited.setattr(decode, "MAX_PIXELS", 10**6)
            expected = np.asarray(decode.decode((tmp_path / "a.png").read_bytes()).image)
        found = read_window(tmp_path / "a.png", Box(10, 20, 70, 80)).astype(int)
        assert np.abs(found - expected[20:100, 10:80]).max() <= 1

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_read_upright(self, tmp_path, pixels, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
        upright = ImageOps.exif_transpose(Image.open(tmp_path / "a.png"))
        assert measure(tmp_path / "a.png") == upright.size
        found = read_window(tmp_path / "a.png", Box(40, 50, 60, 70))
        assert np.array_equal(found, np.asarray(upright)[50:120, 40:100])

    @pytest.mark.parametrize("kind", ["png", "jpeg"])
    def test_a_file_that_was_cut_off_is_told(self, tmp_path, pixels, kind):
        path = tmp_path / f"a.{kind}"
        Image.fromarray(pixels).save(path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert measure(path) == (WIDTH, HEIGHT)
        with pytest.raises(PictureError, match="damaged"):
            read_window(path, Box(0, 100, 50, 50))

    def test_there_is_a_limit(self, tmp_path, pixels, monkeypatch):
        monkeypatch.setattr(streamed, "MAX_STREAMED_PIXELS", 20_000)
        Image.fromarray(pixels).save(tmp_path / "a.png")
        with pytest.raises(PictureError, match="TIFF file in tiles"):
            measure(tmp_path / "a.png")


def test_what_pillow_reads_is_read_upright(tmp_path, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert measure(tmp_path / "a.png") == (HEIGHT, WIDTH)
    turned = np.rot90(pixels, -1)
    assert np.array_equal(read_window(tmp_path / "a.png", Box(5, 7, 30, 20)), turned[7:27, 5:35])


def test_a_file_that_changes_is_opened_again(tmp_path, pixels):
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    assert read_window(path, Box(0, 0, 1, 1)).tolist() == [[pixels[0, 0].tolist()]]
    Image.new("RGB", (300, 300)).save(path)
    assert measure(path) == (300, 300)
    assert read_window(path, Box(0, 0, 1, 1)).tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (0, 100, 5, 51), (226, 0, 5, 5)])
def test_parts_outside_are_refused(tmp_path, pixels, box):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="outside"):
        read_window(tmp_path / "a.png", Box(*box))


def test_links_and_what_is_no_file_are_refused(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    for path in (tmp_path / "link.png", tmp_path, tmp_path / "none.png"):
        with pytest.raises(PictureError):
            measure(path)


def test_a_part_comes_as_a_picture_file(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    data = read_part(tmp_path / "a.png", Box(3, 4, 20, 10))
    assert data == bitmap(pixels[4:14, 3:23])
    assert np.array_equal(np.asarray(decode.decode(data).image), pixels[4:14, 3:23])


def test_contrast_tells_empty_patches(pixels):
    assert contrast(np.full((9, 9, 3), 240, np.uint8)) == 0
    noise = np.random.default_rng(0).normal(240, 2, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    assert contrast(noise) < 5 < contrast(pixels)
