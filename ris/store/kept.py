"""The pictures of a collection, to be decoded again: copied ones, originals, or thumbnails."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ris.errors import PictureError
from ris.images.decode import read_file
from ris.images.names import unescape
from ris.images.prepare import content_id
from ris.images.sources import Entry
from ris.store.collection import Collection
from ris.store.manifest import Manifest
from ris.store.table import read_batches
from ris.store.thumbnails import Thumbnails


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
        for place in (Path(self.copied), unescape(self.path)):
            try:
                data = read_file(place)
            except PictureError:
                continue
            if content_id(data) == self.id:
                return data
        thumbnails = Thumbnails(Path(self.thumbnails))
        try:
            found = thumbnails.get(self.id)
        finally:
            thumbnails.close()
        if found is None:
            raise PictureError("gone: neither the file nor its thumbnail can be read")
        return found


def kept_entries(collection: Collection, manifest: Manifest) -> Iterator[KeptEntry]:
    """All pictures of a generation in the order of their keys."""
    thumbnails = str(collection.folder / "thumbnails.sqlite")
    deleted = frozenset(manifest.deleted)
    for part in manifest.parts:
        for batch in read_batches(collection.folder / part.file, ["key", "id", "path"]):
            for row in batch.to_pylist():
                if row["key"] not in deleted:
                    copied = str(collection.upload_path(row["id"]))
                    yield KeptEntry(
                        row["path"],
                        row["path"],
                        imported=False,
                        id=row["id"],
                        copied=copied,
                        thumbnails=thumbnails,
                    )
