"""Folders, archives and the demo as streams of entries; the strange in them becomes skipped."""

import io
import os
import shutil
import socket
import tarfile
import zipfile
from pathlib import Path

import drawn
import pytest

from ris.errors import PictureError, SourceError
from ris.images import archives
from ris.images.archives import ARCHIVE_INSIDE, TarArchive, ZipArchive
from ris.images.decode import NO_FILE, decode
from ris.images.entries import Entry, FileEntry, Skipped, sensible_time
from ris.images.sources import Demo, Folder, Source, folder_label, open_source

PNG = drawn.encoded(drawn.draw("bars", 0))


def write(path: Path, data: bytes = PNG) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def inside(source: Source) -> list[str]:
    """The entries' paths inside the source."""
    return [one.inside for one in source.entries() if isinstance(one, Entry)]


def skipped(source: Source) -> dict[str, str]:
    """Reasons by file name."""
    return {Path(one.path).name: one.reason for one in source.entries() if isinstance(one, Skipped)}


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:xz" if path.name.endswith("xz") else "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1000
            archive.addfile(member, io.BytesIO(data))
    return path


class TestFolder:
    def test_all_files_come_in_the_order_of_their_names(self, tmp_path):
        for name in ("b/2.png", "b/1.png", "a.png", "b/c/3.png", "z.jpg"):
            write(tmp_path / name)
        assert inside(Folder(tmp_path)) == ["a.png", "b/1.png", "b/2.png", "b/c/3.png", "z.jpg"]

    def test_entries_are_read_where_they_lie(self, tmp_path):
        write(tmp_path / "a.png")
        os.utime(tmp_path / "a.png", (1e9, 1e9))
        (entry,) = Folder(tmp_path).entries()
        assert isinstance(entry, FileEntry)
        assert (entry.path, entry.modified, entry.imported) == (
            str(tmp_path / "a.png"),
            1e9,
            False,
        )
        assert entry.read() == PNG

    def test_hidden_files_and_folders_are_passed_over(self, tmp_path):
        for name in (".hidden.png", ".git/a.png", "a.png"):
            write(tmp_path / name)
        assert inside(Folder(tmp_path)) == ["a.png"]
        assert skipped(Folder(tmp_path)) == {}

    def test_links_are_not_followed(self, tmp_path):
        write(tmp_path / "outside" / "secret.png")
        write(tmp_path / "in" / "a.png")
        (tmp_path / "in" / "file.png").symlink_to(tmp_path / "outside" / "secret.png")
        (tmp_path / "in" / "folder").symlink_to(tmp_path / "outside")
        (tmp_path / "in" / "broken.png").symlink_to("nowhere")
        assert inside(Folder(tmp_path / "in")) == ["a.png"]
        assert skipped(Folder(tmp_path / "in")) == dict.fromkeys(
            ("file.png", "folder", "broken.png"), "A link is not followed"
        )

    def test_a_loop_of_links_ends(self, tmp_path):
        write(tmp_path / "a" / "x.png")
        (tmp_path / "a" / "again").symlink_to(tmp_path)
        (tmp_path / "self").symlink_to("self")
        assert inside(Folder(tmp_path)) == ["a/x.png"]

    def test_pipes_are_skipped_and_never_opened(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.png")
        assert skipped(Folder(tmp_path)) == {"pipe.png": NO_FILE}

    def test_sockets_and_devices_are_skipped(self, tmp_path):
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "socket.png"))
            assert skipped(Folder(tmp_path)) == {"socket.png": NO_FILE}
        assert skipped(Folder(Path("/dev")))["zero"] == NO_FILE

    def test_what_goes_away_while_it_is_listed_is_skipped(self, tmp_path):
        for name in ("a/1.png", "b/2.png", "c.png", "d.png"):
            write(tmp_path / name)
        stream = Folder(tmp_path).entries()
        first = next(stream)
        shutil.rmtree(tmp_path / "b")
        (tmp_path / "c.png").unlink()
        rest = list(stream)
        assert isinstance(first, Entry)
        assert [(Path(one.path).name, getattr(one, "reason", "")) for one in rest] == [
            ("b", "There is no such file"),
            ("c.png", "There is no such file"),
            ("d.png", ""),
        ]

    def test_a_folder_that_may_not_be_opened_is_skipped(self, tmp_path, monkeypatch):
        """The one who runs the tests may be allowed everything."""

        def refuse(path):
            if Path(path).name == "closed":
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", refuse)
        write(tmp_path / "closed" / "a.png")
        write(tmp_path / "open.png")
        assert inside(Folder(tmp_path)) == ["open.png"]
        assert skipped(Folder(tmp_path)) == {"closed": "It can't be read: permission denied"}

    def test_times_that_no_calendar_has_are_left_out(self, tmp_path):
        write(tmp_path / "a.png")
        facts = (tmp_path / "a.png").stat()
        for seconds, kept in ((1e9, 1e9), (1e15, None), (-1e15, None), (float("nan"), None)):
            assert sensible_time(seconds) == kept
        (entry,) = Folder(tmp_path).entries()
        assert isinstance(entry, Entry)
        assert entry.modified == facts.st_mtime

    def test_archives_inside_are_named_as_such(self, tmp_path):
        for name in ("a.zip", "b.TAR", "c.tar.xz", "d.tgz"):
            write(tmp_path / name)
        reasons = set(skipped(Folder(tmp_path)).values())
        assert reasons == {ARCHIVE_INSIDE}

    def test_strange_names_can_be_read_and_shown(self, tmp_path):
        for name in (b"caf\xe9.png", b"new\nline.png", "ü ☃.png".encode(), b"100%.png"):
            Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(PNG)
        found = list(Folder(tmp_path).entries())
        assert len(found) == 4
        for entry in found:
            assert isinstance(entry, Entry)
            assert entry.read() == PNG
            entry.path.encode("utf-8")
            entry.inside.encode("utf-8")

    def test_a_file_that_went_away_is_told_when_it_is_read(self, tmp_path):
        write(tmp_path / "a.png")
        (entry,) = Folder(tmp_path).entries()
        (tmp_path / "a.png").unlink()
        assert isinstance(entry, Entry)
        with pytest.raises(PictureError, match="no such file"):
            entry.read()

    def test_a_folder_that_is_gone_is_skipped(self, tmp_path):
        assert skipped(Folder(tmp_path / "gone")) == {"gone": "There is no such file"}

    def test_its_files_are_counted(self, tmp_path):
        for number in range(100):
            write(tmp_path / f"{number:02}.png", b"")
        assert Folder(tmp_path).count() == 100

    @pytest.mark.parametrize("depth", [1200, 2500])
    def test_more_folders_in_each_other_than_python_calls(self, tmp_path, depth):
        folder = os.open(tmp_path, os.O_RDONLY)
        for _ in range(depth):  # by relative steps: the whole path is too long for mkdir at once
            os.mkdir("d", dir_fd=folder)
            below = os.open("d", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = below
        os.close(folder)
        write(tmp_path / "z.png")
        try:
            assert "z.png" in inside(Folder(tmp_path))
            reasons = list(skipped(Folder(tmp_path)).values())
            assert reasons == (["It can't be read: file name too long"] if depth > 2000 else [])
        finally:
            os.system(f"rm -rf '{tmp_path}/d'")  # shutil.rmtree is recursive as well


class TestZip:
    def test_members_come_with_their_bytes_and_names(self, tmp_path):
        path = make_zip(tmp_path / "p.zip", {"cats/1.png": PNG, "2.png": b"x"})
        first, second = ZipArchive(path).entries()
        assert isinstance(first, Entry)
        assert (first.path, first.inside, first.imported) == (
            "p.zip/cats/1.png",
            "cats/1.png",
            True,
        )
        assert first.read() == PNG
        assert isinstance(second, Entry)
        assert second.read() == b"x"
        assert ZipArchive(path).count() == 2

    def test_what_macs_and_hidden_files_leave_is_passed_over(self, tmp_path):
        names = ("__MACOSX/._a.png", "b/__MACOSX/a.png", ".DS_Store", "b/.x.png", "b/a.png", "c/")
        path = make_zip(tmp_path / "p.zip", dict.fromkeys(names, PNG))
        assert inside(ZipArchive(path)) == ["b/a.png"]
        assert ZipArchive(path).count() == 1

    def test_traversing_names_write_nowhere(self, tmp_path):
        folder = tmp_path / "deep" / "er"
        folder.mkdir(parents=True)
        path = make_zip(folder / "p.zip", {"../../evil.png": PNG, "/etc/evil.png": PNG})
        assert [one.read() for one in ZipArchive(path).entries() if isinstance(one, Entry)] == [
            PNG,
            PNG,
        ]
        assert list(tmp_path.rglob("*evil*")) == []
        assert not Path("/etc/evil.png").exists()

    def test_a_bomb_is_skipped_unread(self, tmp_path):
        path = make_zip(tmp_path / "p.zip", {"bomb.png": bytes(10**7), "a.png": PNG})
        assert skipped(ZipArchive(path)) == {
            "bomb.png": "It unpacks to over 200 times its size, like a bomb"
        }
        assert inside(ZipArchive(path)) == ["a.png"]

    def test_a_member_that_lies_about_its_size_is_bounded(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_BYTES", 1000)
        path = make_zip(tmp_path / "p.zip", {"large.png": os.urandom(2000), "a.png": b"small"})
        assert "larger than" in skipped(ZipArchive(path))["large.png"]
        assert inside(ZipArchive(path)) == ["a.png"]

    def test_encrypted_members_are_skipped(self, tmp_path):
        path = make_zip(tmp_path / "p.zip", {"a.png": PNG})
        data = bytearray(path.read_bytes())
        data[6] |= 1  # the flag in the member's own header
        data[data.rindex(b"PK\x01\x02") + 8] |= 1  # and in the directory
        path.write_bytes(data)
        assert skipped(ZipArchive(path)) == {"a.png": "It is encrypted"}

    def test_a_damaged_member_is_skipped_and_the_others_survive(self, tmp_path):
        names = ("a.png", "b.png", "c.png")
        noise = {name: os.urandom(500) for name in names}
        path = make_zip(tmp_path / "p.zip", noise)
        data = bytearray(path.read_bytes())
        data[data.index(b"b.png") + 100] ^= 0xFF
        path.write_bytes(data)
        assert inside(ZipArchive(path)) == ["a.png", "c.png"]
        assert skipped(ZipArchive(path)) == {"b.png": "It is damaged in the archive"}

    @pytest.mark.parametrize(
        "method",
        [
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
            zipfile.ZIP_BZIP2,
            zipfile.ZIP_LZMA,
        ],
    )
    def test_damage_in_every_way_of_packing_is_skipped(self, tmp_path, method):
        noise = os.urandom(3000)
        with zipfile.ZipFile(tmp_path / "p.zip", "w", method) as archive:
            archive.writestr("a.png", noise)
        good = (tmp_path / "p.zip").read_bytes()
        for place in (45, 500, 2500):
            data = bytearray(good)
            data[place : place + 40] = bytes(byte ^ 0xA5 for byte in data[place : place + 40])
            (tmp_path / "p.zip").write_bytes(data)
            assert list(skipped(ZipArchive(tmp_path / "p.zip"))) == ["a.png"]

    def test_an_unknown_way_of_packing_is_skipped(self, tmp_path):
        path = make_zip(tmp_path / "p.zip", {"a.png": PNG})
        data = bytearray(path.read_bytes())
        data[8] = data[data.rindex(b"PK\x01\x02") + 10] = 97
        path.write_bytes(data)
        assert "packed in a way that is not read" in skipped(ZipArchive(path))["a.png"]

    def test_a_truncated_archive_is_an_error_with_a_hint(self, tmp_path):
        path = make_zip(tmp_path / "p.zip", {"a.png": PNG})
        path.write_bytes(path.read_bytes()[:-30])
        for read in (lambda z: list(z.entries()), lambda z: z.count()):
            with pytest.raises(SourceError, match="can't be read") as refused:
                read(ZipArchive(path))
            assert refused.value.hint


class TestTar:
    @pytest.mark.parametrize("name", ["p.tar", "p.tar.xz"])
    def test_members_come_with_their_bytes_and_names(self, tmp_path, name):
        path = make_tar(tmp_path / name, {"cats/1.png": PNG, "./2.png": b"x"})
        first, second = TarArchive(path).entries()
        assert isinstance(first, Entry)
        assert (first.path, first.inside) == (f"{name}/cats/1.png", "cats/1.png")
        assert (first.modified, first.imported) == (1000.0, True)
        assert first.read() == PNG
        assert isinstance(second, Entry)
        assert second.read() == b"x"
        assert TarArchive(path).count() is None

    def test_links_and_devices_are_skipped_and_hidden_files_passed_over(self, tmp_path):
        with tarfile.open(tmp_path / "p.tar", "w") as archive:
            for name, kind in (
                ("soft.png", tarfile.SYMTYPE),
                ("hard.png", tarfile.LNKTYPE),
                ("pipe.png", tarfile.FIFOTYPE),
                ("device.png", tarfile.CHRTYPE),
                ("folder", tarfile.DIRTYPE),
                (".hidden.png", tarfile.REGTYPE),
            ):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, "/etc/passwd"
                archive.addfile(member)
        source = TarArchive(tmp_path / "p.tar")
        assert inside(source) == []
        reason = "It is no file but a link or a device, which is not followed"
        assert skipped(source) == dict.fromkeys(
            ("soft.png", "hard.png", "pipe.png", "device.png"), reason
        )

    def test_traversing_names_write_nowhere(self, tmp_path):
        folder = tmp_path / "deep" / "er"
        folder.mkdir(parents=True)
        path = make_tar(folder / "p.tar", {"../../evil.png": PNG})
        assert inside(TarArchive(path)) == ["../../evil.png"]
        assert list(tmp_path.rglob("*evil*")) == []

    def test_names_that_are_not_utf8_can_be_stored(self, tmp_path):
        path = make_tar(tmp_path / "p.tar", {"caf\udce9/a.png": PNG})
        (entry,) = TarArchive(path).entries()
        assert isinstance(entry, Entry)
        entry.path.encode("utf-8")
        assert entry.inside.endswith("caf%E9/a.png")

    @pytest.mark.parametrize("name", ["p.tar", "p.tar.xz"])
    def test_a_truncated_archive_gives_what_it_holds_and_says_so(self, tmp_path, name):
        members = {f"{number}.png": os.urandom(50_000) for number in range(20)}
        path = make_tar(tmp_path / name, members)
        path.write_bytes(path.read_bytes()[:600_000])
        found = list(TarArchive(path).entries())
        assert all(isinstance(one, Entry) for one in found[:-1])
        assert 5 < len(found) < 20
        assert isinstance(found[-1], Skipped)
        number = len(found) - 1
        assert found[-1].reason == (
            f"The archive is damaged or cut off after {number} files; the rest was not read"
        )

    @pytest.mark.parametrize("data", [b"", b"no archive at all" * 100])
    def test_no_archive_is_an_error_with_a_hint(self, tmp_path, data):
        (tmp_path / "p.tar").write_bytes(data)
        with pytest.raises(SourceError, match="can't be read") as refused:
            list(TarArchive(tmp_path / "p.tar").entries())
        assert refused.value.hint

    def test_a_huge_member_is_skipped_unread(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_BYTES", 1000)
        path = make_tar(tmp_path / "p.tar", {"large.png": bytes(2000), "a.png": b"small"})
        assert "larger than" in skipped(TarArchive(path))["large.png"]
        assert inside(TarArchive(path)) == ["a.png"]


def test_the_demo_draws_its_pictures_when_they_are_read():
    demo = Demo()
    found = list(demo.entries())
    assert len(found) == demo.count() >= 2000
    assert isinstance(found[0], Entry)
    picture = decode(found[0].read())
    assert (picture.width, picture.height) == (256, 256)
    assert found[0].read() == found[0].read()
    assert len({folder_label(one.inside) for one in found if isinstance(one, Entry)}) >= 12


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("cats/1.png", "cats"),
        ("train/cats/1.png", "cats"),
        ("cats/images/1.png", "cats"),
        ("cats/Images/IMG/1.png", "cats"),
        ("images/1.png", None),
        ("1.png", None),
        ("../1.png", None),
        ("/1.png", None),
        ("../cats/1.png", "cats"),
    ],
)
def test_the_label_of_a_folder(path, label):
    assert folder_label(path) == label


def test_a_name_that_is_not_utf8_gives_no_label_of_its_own(tmp_path):
    """Its escaped form begins with file://, which is no folder."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(PNG)
    (entry,) = Folder(tmp_path).entries()
    assert isinstance(entry, Entry)
    assert folder_label(entry.inside) is None


class TestOpening:
    def test_sources_are_known_by_what_they_are(self, tmp_path):
        assert isinstance(open_source("demo"), Demo)
        assert isinstance(open_source(str(tmp_path)), Folder)
        assert isinstance(open_source(str(make_zip(tmp_path / "A.ZIP", {}))), ZipArchive)
        assert isinstance(open_source(str(make_tar(tmp_path / "a.tar.xz", {}))), TarArchive)

    def test_a_folder_named_by_a_link_is_opened(self, tmp_path):
        write(tmp_path / "real" / "a.png")
        (tmp_path / "link").symlink_to("real")
        assert inside(open_source(str(tmp_path / "link"))) == ["a.png"]

    def test_nothing_there_is_told_with_what_can_be_given(self, tmp_path):
        with pytest.raises(SourceError, match="There is nothing at") as refused:
            open_source(str(tmp_path / "gone"))
        assert "demo" in refused.value.hint

    def test_a_single_file_is_told_what_is_expected(self, tmp_path):
        write(tmp_path / "a.png")
        with pytest.raises(SourceError, match="neither a folder nor an archive"):
            open_source(str(tmp_path / "a.png"))

    @pytest.mark.parametrize("text", ["~nobody-of-this-name/pictures", "x" * 300])
    def test_paths_that_python_cannot_follow_are_refused_in_words(self, text):
        with pytest.raises(SourceError):
            open_source(text)
