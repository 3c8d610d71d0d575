"""What binds the files of a generation together, with a checksum of each and of itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ris.errors import NewerError, StoreError
from ris.store.files import FileFacts, own_hash, read_json, repair_hint, write_json

FORMAT_VERSION = 2  # 1 had one map in place of a list of them


@dataclass(frozen=True)
class Part(FileFacts):
    """A Parquet file of rows; `rows` counts them."""

    rows: int


@dataclass(frozen=True)
class Graph(FileFacts):
    """The graph file: how it was built, and what was measured on it.

    Attributes:
        rows: Items in the graph.
        next_key: Items with smaller keys are in the graph; later ones form the tail.
        m: Links of a node.
        ef_construction: Candidates while building.
        ef: Candidates while querying.
        recall: Share of the true 10 nearest found at `ef`, measured when it was built.
    """

    rows: int
    next_key: int
    m: int
    ef_construction: int
    ef: int
    recall: float


@dataclass(frozen=True)
class Map(FileFacts):
    """A file of the map.

    Attributes:
        fitted: How many positions were fitted.
        placed: How many were placed from their neighbours, when the map was made or later.
        made_of: How many items the collection had when the map was made; None: as many as the file
            holds.
    """

    fitted: int
    placed: int
    made_of: int | None = None


@dataclass(frozen=True)
class Manifest:
    """One generation: complete, immutable.

    Attributes:
        generation: Its id, eight digits.
        parent: The generation that served when it was made, or None.
        created: When it was published, ISO 8601 in UTC.
        encoder: Digest of the encoder that made its embeddings.
        dimension: Length of an embedding.
        items: Items that can be found.
        next_key: The key that the next new item gets; keys are never reused.
        parts: The rows; of rows with one key the last one holds, so that a part can correct
            those before it.
        graph: None while there is none; search is exact then.
        maps: The map, one file beside the other; empty while there is none.
        encoder_files: The encoder's files.
        columns: The person's own metadata columns, by name and kind.
        deleted: Keys of removed items, ascending.
        gone: Those of them that were removed because their files were gone, ascending; they come
            back with their files.
        training: What training is worth telling in a list of generations.
        metric: Always "cosine".
        format: Version of the format on disk.
        sha256: Hash of all of the above.
    """

    generation: str
    parent: str | None
    created: str
    encoder: str
    dimension: int
    items: int
    next_key: int
    parts: tuple[Part, ...]
    graph: Graph | None
    maps: tuple[Map, ...]
    encoder_files: tuple[FileFacts, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[int, ...] = ()
    gone: tuple[int, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    metric: str = "cosine"
    format: int = FORMAT_VERSION
    sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows in the parts, removed and corrected ones included."""
        return sum(part.rows for part in self.parts)

    @property
    def files(self) -> tuple[FileFacts, ...]:
        """Every file that the generation needs."""
        graph = (self.graph,) if self.graph else ()
        return (*self.parts, *graph, *self.maps, *self.encoder_files)

    def encoder_file(self, name: str) -> FileFacts | None:
        """A file of the encoder, e.g. `encoder.onnx`; None where it has none of that name."""
        ends = f"/{name}"
        return next((facts for facts in self.encoder_files if facts.file.endswith(ends)), None)

    @property
    def bytes(self) -> int:
        """Size of the generation on disk."""
        return sum(facts.size for facts in self.files)


def write_manifest(path: Path, manifest: Manifest) -> Manifest:
    """Write a manifest with its own hash; returns it as written."""
    sealed = replace(manifest, sha256=own_hash(asdict(manifest)))
    write_json(path, asdict(sealed))
    return sealed


def read_manifest(path: Path) -> Manifest:
    """Read a manifest and check its own hash.

    Raises:
        StoreError: Missing or damaged.
        NewerError: Written by a newer version of ris.
    """
    content = read_json(path)
    version = content.get("format")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise NewerError(
            f"{path.parent.name} has format version {version}, "
            f"this ris reads versions up to {FORMAT_VERSION}.",
            "Update ris; nothing was changed.",
        )
    hint = repair_hint(path.parents[2])
    if content.get("sha256") != own_hash(content):
        message = f"{path.parent.name}/{path.name} is damaged: its own hash does not match."
        raise StoreError(message, hint)
    if content.get("generation") != path.parent.name:
        generation = content.get("generation")
        message = f"{path.parent.name}/{path.name} is the manifest of generation {generation}."
        raise StoreError(message, hint)
    try:
        return _from_json(content)
    except (TypeError, KeyError, ValueError) as error:
        message = f"{path.parent.name}/{path.name} is not a manifest: {error}."
        raise StoreError(message, hint) from error


def _from_json(content: Mapping[str, Any]) -> Manifest:
    maps = content["maps"] if content["format"] > 1 else filter(None, [content["map"]])
    content = {name: value for name, value in content.items() if name != "map"}
    return Manifest(
        **{
            **content,
            "parts": tuple(Part(**part) for part in content["parts"]),
            "graph": Graph(**content["graph"]) if content["graph"] else None,
            "maps": tuple(Map(**one) for one in maps),
            "encoder_files": tuple(FileFacts(**facts) for facts in content["encoder_files"]),
            "deleted": tuple(content["deleted"]),
            "gone": tuple(content.get("gone", ())),
        }
    )
