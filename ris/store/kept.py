"""The pictures of a collection, to be decoded again: copied ones, originals, or thumbnails."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ris.errors import PictureError
from ris.images.decode import read_file
from ris.images.entries import Entry
from ris.images.names import unescape
from ris.images.parts import split_part
from ris.images.prepare import content_id
from ris.images.slides import read_part
from ris.store.collection import Collection
from ris.store.live import read_live
from ris.store.manifest import Manifest
from ris.store.table import ROW_GROUP
from ris.store.thumbnails import Thumbnails


def read_original(copied: Path, path: str, expected: str) -> bytes:
    """The bytes of an item's file: its copy in the collection, or the file where it lay.

    Args:
        copied: Where its copy is if it was copied.
        path: Its path in the table; of a patch, its pixels come as a file.
        expected: Its content id.

    Raises:
        PictureError: The file is gone, or is another one now.
    """
    file, box = split_part(path)
    for place in (copied, unescape(file)):
        with suppress(PictureError):
            cut = box is not None and place is not copied
            data = read_part(place, box) if box and cut else read_file(place)
            if content_id(data) == expected:
                return data
    raise PictureError(f"{path} is gone or has changed since it was added.")


@dataclass(frozen=True)
class KeptEntry(Entry):
    """A picture that the collection knows, wherever its pixels can still be found.

    Attributes:
        id: sha256 that the file must have.
        copied: Where its copy is if it was copied.
        thumbnails: The thumbnails' file, the last resort: an encoder takes fewer pixels anyway.
    """

    id: str = ""
    copied: str = ""
    thumbnails: str = ""

    def read(self) -> bytes:
        with suppress(PictureError):
            return read_original(Path(self.copied), self.path, self.id)
        with Thumbnails(Path(self.thumbnails)) as thumbnails:
            found = thumbnails.get(self.id)
        if found is None:
            raise PictureError("It is gone: neither the file nor its thumbnail can be read")
        return found

    def content(self) -> str:
        return self.id


def kept_entry(collection: Collection, content: str, path: str) -> KeptEntry:
    """The picture of an item, by its content id and its path in the table."""
    return KeptEntry(
        path,
        path,
        imported=False,
        id=content,
        copied=str(collection.upload_path(content)),
        thumbnails=str(collection.folder / "thumbnails.sqlite"),
    )


def kept_entries(collection: Collection, manifest: Manifest) -> Iterator[KeptEntry]:
    """All pictures of a generation in the order of `read_live`."""
    for table in read_live(collection.folder, manifest, ["id", "path"], rows=ROW_GROUP):
        for row in table.to_pylist():
            yield kept_entry(collection, row["id"], row["path"])
