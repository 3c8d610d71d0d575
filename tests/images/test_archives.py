"""Hostile archives: bombs, lies, strange names; each ends in rows or an error, in little memory."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import drawn
import pytest

from ris.errors import SourceError
from ris.images import archives
from ris.images.archives import ARCHIVE_INSIDE, TarArchive, ZipArchive
from ris.images.entries import Entry, Skipped
from ris.images.sources import open_source

PNG = drawn.encoded(drawn.draw("bars", 0))
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.xz": lzma.compress,
    "tar.bz2": bz2.compress,
}
BOMB = "The archive unpacks to over 200 times its size, like a bomb; the rest was not read"


def read(path: Path, *, mib: int = 100) -> tuple[list[str], list[str]]:
    """Inner names of the entries of an archive, and the reasons of its skipped rows; within 20
    seconds and so much memory."""
    names, reasons = [], []
    began = time.monotonic()
    tracemalloc.start()
    try:
        for one in open_source(str(path)).entries():
            one.path.encode("utf-8")
            if isinstance(one, Entry):
                one.inside.encode("utf-8")
                names.append(one.inside)
            else:
                reasons.append(one.reason)
        assert tracemalloc.get_traced_memory()[1] < mib * 2**20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 20
    return names, reasons


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def member(name: str, data: bytes = PNG, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A file of a tar archive: its header, its content, and zeros up to a whole block."""
    return header(name, len(data), kind) + data + bytes(-len(data) % 512)


END = bytes(1024)


@pytest.fixture
def tar(tmp_path):
    def write(*parts: bytes, packing: str = "tar") -> Path:
        path = tmp_path / f"a.{packing}"
        path.write_bytes(PACKED[packing](b"".join(parts)))
        return path

    return write


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def in_directory(path: Path, offset: int, value: bytes) -> None:
    """Change the last record of a ZIP archive's directory."""
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02") + offset
    data[place : place + len(value)] = value
    path.write_bytes(data)


class TestNames:
    NAMES = (
        "../../up.png",
        "/absolute.png",
        "C:\\windows.png",
        "..\\..\\back.png",
        "new\nline.png",
        "\x1b[31mred.png",
        "\u202egnp.exe",
        "twice.png",
    )

    def test_strange_names_of_a_zip_are_names_and_nothing_else(self, tmp_path):
        names, reasons = read(zip_of(tmp_path / "a.zip", dict.fromkeys(self.NAMES, PNG)))
        assert names == list(self.NAMES)
        assert reasons == []

    def test_strange_names_of_a_tar_are_names_and_nothing_else(self, tar):
        names, _ = read(tar(*(member(name) for name in self.NAMES), END))
        assert names == list(self.NAMES)

    def test_hidden_files_are_passed_over_in_the_way_of_windows_too(self, tmp_path):
        names = {"a\\.hidden.png": PNG, "__MACOSX\\a.png": PNG, "a\\b.png": PNG}
        assert read(zip_of(tmp_path / "a.zip", names)) == (["a\\b.png"], [])

    def test_the_same_name_twice_is_two_files(self, tmp_path, tar):
        assert read(tar(member("a.png"), member("a.png"), END)) == (["a.png"] * 2, [])
        path = zip_of(tmp_path / "a.zip", {"a.png": PNG, "b.png": PNG})
        in_directory(path, 46, b"a.png")
        names, reasons = read(path)  # the directory's name differs from the member's own
        assert (names, reasons) == (["a.png"], ["It is damaged in the archive"])

    def test_a_nul_ends_a_name(self, tmp_path):
        path = zip_of(tmp_path / "a.zip", {"a.png_b.png": PNG})
        path.write_bytes(path.read_bytes().replace(b"a.png_b", b"a.png\0b"))
        assert read(path) == (["a.png"], [])

    def test_a_file_without_a_name_is_skipped(self, tmp_path, tar):
        assert read(zip_of(tmp_path / "a.zip", {"": PNG})) == ([], ["It has no name"])
        assert read(tar(member(""), END)) == ([], ["It has no name"])

    def test_names_that_are_not_utf8_can_be_stored(self, tar, tmp_path):
        names, _ = read(tar(member("caf\udce9.png"), END))
        assert names == ["caf%E9.png"]
        path = zip_of(tmp_path / "a.zip", {"cafe.png": PNG})
        path.write_bytes(path.read_bytes().replace(b"cafe", b"caf\xe9"))  # means code page 437
        assert read(path)[0] == ["cafΘ.png"]

    def test_a_zip_with_a_name_that_only_claims_to_be_utf8_is_refused_in_words(self, tmp_path):
        path = zip_of(tmp_path / "a.zip", {"éé.png": PNG})
        path.write_bytes(path.read_bytes().replace("éé".encode(), b"\xff\xfe\xff\xfe"))
        with pytest.raises(SourceError, match="has a name that is no text"):
            read(path)

    def test_endless_names_are_skipped_and_shown_shortened(self, tmp_path, tar):
        too_long = ["Its name is longer than 4,096 letters"]
        path = zip_of(tmp_path / "a.zip", {"x" * 60_000 + ".png": PNG})
        assert read(path) == ([], too_long)
        long = member("././@LongLink", b"n" * 5_000_000, tarfile.GNUTYPE_LONGNAME)
        path = tar(long, member("n"), member("b.png"), END)
        assert read(path, mib=10) == (["b.png"], too_long)
        path = tar(
            member("pax", b"5000012 path=" + b"n" * 5_000_000, tarfile.XHDTYPE), member("n"), END
        )
        assert read(path, mib=10) == ([], too_long)
        (row,) = TarArchive(path).entries()
        assert len(row.path) < 200

    def test_archives_inside_are_named_as_such(self, tmp_path, tar):
        names = ("b.zip", "c/d.TAR.gz", "e.tgz")
        reasons = [ARCHIVE_INSIDE] * 3
        assert read(zip_of(tmp_path / "a.zip", dict.fromkeys(names, PNG))) == ([], reasons)
        assert read(tar(*map(member, names), END)) == ([], reasons)


class TestZip:
    def test_a_lie_about_the_size_takes_no_memory(self, tmp_path):
        """1.5 kB of bzip2 became 4 GB before: zipfile unpacks it without a limit."""
        for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED):
            path = tmp_path / f"{method}.zip"
            with zipfile.ZipFile(path, "w", method) as archive:
                archive.writestr("a.png", bytes(50 * 2**20))
            in_directory(path, 24, struct.pack("<I", 1000))
            packing = "It is packed in a way that is not read; only stored and deflated files are"
            damaged = "It is damaged in the archive"
            deflated = method == zipfile.ZIP_DEFLATED
            assert read(path, mib=10) == ([], [damaged if deflated else packing])

    def test_members_that_share_their_bytes_do_not_make_a_bomb(self, tmp_path):
        """Each is within the ratio, all together are not: 840 kB would become 450 GB."""
        noise = os.urandom(500_000)
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        content = noise + bytes(90_000_000)
        packed = packer.compress(content) + packer.flush()
        facts = struct.pack("<III", zlib.crc32(content), len(packed), len(content))
        local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + facts + b"\5\0\0\0a.png"
        record = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + facts
        record += struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + b"a.png"
        begin = len(local) + len(packed)
        end = struct.pack("<HHHHIIH", 0, 0, 5000, 5000, 5000 * len(record), begin, 0)
        path = tmp_path / "a.zip"
        path.write_bytes(local + packed + record * 5000 + b"PK\5\6" + end)
        assert read(path, mib=400) == (["a.png"], [BOMB])

    def test_a_bomb_that_is_left_out_does_not_hide_what_follows(self, tmp_path):
        path = zip_of(tmp_path / "a.zip", {"bomb.png": bytes(10**7), "a.png": PNG})
        assert read(path) == (["a.png"], ["It unpacks to over 200 times its size, like a bomb"])

    def test_a_directory_of_gigabytes_is_refused_unread(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_DIRECTORY", 100_000)
        path = zip_of(tmp_path / "a.zip", {f"{number:05}.png": b"" for number in range(3000)})
        with pytest.raises(SourceError, match="damaged, cut off, or no ZIP archive"):
            read(path)

    def test_a_hundred_thousand_members_are_listed(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for number in range(100_000):
                archive.writestr(f"{number}.png", b"")
        assert ZipArchive(tmp_path / "a.zip").count() == 100_000
        began = time.monotonic()
        assert sum(1 for _ in ZipArchive(tmp_path / "a.zip").entries()) == 100_000
        assert time.monotonic() - began < 60

    def test_members_over_the_limit_are_told(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
        path = zip_of(tmp_path / "a.zip", dict.fromkeys("abcd", PNG))
        names, reasons = read(path)
        assert names == ["a", "b"]
        assert reasons == ["The archive has more than 2 files; the rest was not read"]

    @pytest.mark.parametrize("offset", range(4, 46, 2))
    def test_wrong_numbers_in_the_directory_give_rows_or_an_error(self, tmp_path, offset):
        for value in (b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\x80"):
            path = zip_of(tmp_path / "a.zip", {"a.png": PNG, "b.png": PNG})
            in_directory(path, offset, value)
            with suppress(SourceError):
                names, reasons = read(path)
                assert len(names) + len(reasons) in (1, 2)  # a long name may swallow the other


class TestTar:
    @pytest.mark.parametrize("packing", PACKED)
    def test_every_packing_is_read(self, tar, packing):
        assert read(tar(member("a.png"), member("b.png"), END, packing=packing)) == (
            ["a.png", "b.png"],
            [],
        )

    @pytest.mark.parametrize("packing", ["tar.gz", "tar.xz", "tar.bz2"])
    def test_a_bomb_of_zeros_is_stopped(self, tar, packing):
        path = tar(member("a.png"), member("bomb.png", bytes(50_000_000)), END, packing=packing)
        assert read(path) == (["a.png"], [BOMB])

    @pytest.mark.parametrize("packing", ["tar.xz", "tar.bz2"])
    def test_a_bomb_of_headers_is_stopped(self, tar, packing):
        """As .tar.bz2 of 6 kB it took hours."""
        path = tar(header("a.png") * 50_000, packing=packing)
        names, reasons = read(path)
        assert len(names) * 512 <= 200 * path.stat().st_size
        assert reasons == [BOMB]

    def test_a_name_of_gigabytes_is_stopped(self, tar):
        """As .tar.xz of 290 kB it took 4 GB of memory."""
        name = header("././@LongLink", 10**8, tarfile.GNUTYPE_LONGNAME) + b"a" * 10**8
        assert read(tar(name, packing="tar.xz"), mib=30) == ([], [BOMB])

    def test_records_that_tarfile_takes_hours_over_are_passed_by(self, tar):
        records = member("pax", b"1" * 500_000, tarfile.XHDTYPE)
        assert read(tar(records, member("a.png"), END)) == (["a.png"], [])

    def test_xz_that_asks_for_gigabytes_is_refused(self, tmp_path):
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**30, "preset": 0}]
        packed = lzma.compress(member("a.png") + END, filters=filters)
        (tmp_path / "a.tar.xz").write_bytes(packed)
        with pytest.raises(SourceError, match="takes more memory than xz -9 needs"):
            read(tmp_path / "a.tar.xz")

    def test_xz_in_several_streams_is_read_to_its_end(self, tmp_path):
        parts = (member("a.png"), member("b.png"), END)
        (tmp_path / "a.tar.xz").write_bytes(bytes(4).join(map(lzma.compress, parts)))
        assert read(tmp_path / "a.tar.xz") == (["a.png", "b.png"], [])

    def test_after_a_damaged_header_the_rest_is_told_to_be_lost(self, tar):
        """tarfile ends there as if that were all."""
        broken = bytearray(member("b.png"))
        broken[150] ^= 0xFF
        assert read(tar(member("a.png"), broken, member("c.png"), END)) == (
            ["a.png"],
            ["The archive is damaged or cut off after 1 files; the rest was not read"],
        )

    @pytest.mark.parametrize("cut", [600, 1024 + 512 + 100])
    def test_a_cut_in_a_header_or_content_is_told(self, tar, cut):
        path = tar(member("a.png", bytes(512)), member("b.png"), END)
        path.write_bytes(path.read_bytes()[: 1024 + cut])
        names, reasons = read(path)
        assert names[0] == "a.png"
        assert len(names) + len(reasons) >= 2 or cut == 600

    def test_sizes_that_cannot_be_are_damage(self, tar):
        for size in (b"\xff" * 12, b"\x80" + b"\xff" * 11, b"77777777777\0"):
            block = bytearray(header("b.png"))
            block[124:136] = size
            block[148:156] = b" " * 8
            block[148:156] = b"%06o\0 " % sum(block)
            names, reasons = read(tar(member("a.png"), block, PNG, END), mib=600)
            assert names == ["a.png"]
            assert len(reasons) == 1

    def test_a_negative_or_wordy_size_of_a_record_is_ignored(self, tar):
        for size in (b"-1", b"1e9", b"\xd9\xa3", b"9" * 100):
            record = b"%d size=%s\n" % (len(size) + 9, size)
            path = tar(member("pax", record, tarfile.XHDTYPE), member("a.png"), END)
            assert read(path) == (["a.png"], [])

    def test_files_with_gaps_are_skipped_and_what_follows_is_read(self, tar):
        sparse = bytearray(header("gaps.png", 512, tarfile.GNUTYPE_SPARSE))
        sparse[482] = 1  # another block about gaps follows
        sparse[148:156] = b" " * 8
        sparse[148:156] = b"%06o\0 " % sum(sparse)
        more, last = bytearray(512), bytes(512)
        more[504] = 1
        path = tar(sparse, more, last, bytes(512), member("a.png"), END)
        names, reasons = read(path)
        assert names == ["a.png"]
        assert reasons == ["It is stored with gaps (a sparse file), which is not read"]

    def test_times_that_no_calendar_has_are_left_out(self, tar):
        block = bytearray(header("a.png"))
        block[136:148] = b"\x80\0\0\0" + b"\x7f" * 8
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        (entry,) = TarArchive(tar(block, END)).entries()
        assert isinstance(entry, Entry)
        assert entry.modified is None

    def test_members_over_the_limit_are_told(self, tar, monkeypatch):
        monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
        names, reasons = read(tar(*map(member, "abcd"), END))
        assert names == ["a", "b"]
        assert reasons == ["The archive has more than 2 files; the rest was not read"]

    def test_an_empty_tar_has_no_files(self, tar):
        assert read(tar(END)) == ([], [])

    def test_what_comes_out_is_what_went_in(self, tmp_path):
        """Written by tarfile in all its formats, with names and sizes that need extensions."""
        files = {f"{'d' * length}/{length}.png": os.urandom(length) for length in range(0, 400, 37)}
        for number, style in enumerate(
            (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
        ):
            path = tmp_path / f"{number}.tar"
            with tarfile.open(path, "w", format=style) as archive:
                for name, data in files.items():
                    if style == tarfile.USTAR_FORMAT and len(name) > 150:
                        continue
                    info = tarfile.TarInfo(name)
                    info.size, info.mtime = len(data), 1000.5 if style == tarfile.PAX_FORMAT else 7
                    archive.addfile(info, io.BytesIO(data))
            found = {
                one.inside: one.read()
                for one in TarArchive(path).entries()
                if not isinstance(one, Skipped)
            }
            assert found == {name: files[name] for name in found}
            assert len(found) == len(files) or style == tarfile.USTAR_FORMAT
