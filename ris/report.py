"""The report card of a generation: what is judged, on which of a collection's pictures.

`explore/evaluation.py` does the judging. Builds ask what `judge` gives before they publish; the
command line calls `evaluate_queries` for pictures that the collection does not have.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ris.errors import SourceError, StoreError
from ris.explore.baselines import DESCRIPTORS
from ris.explore.card import MethodScore, ReportCard
from ris.explore.evaluation import Judge, Sample, choose_rows, label_scores
from ris.generate import Round, open_encoder
from ris.images.entries import Entry, Skipped
from ris.images.labels import Labels
from ris.images.pool import Decoded, decode_all
from ris.images.sources import open_source
from ris.model.encoder import Encoder
from ris.progress import OnProgress, Progress
from ris.scan import Scanned
from ris.store.collection import Collection
from ris.store.generation import open_generation
from ris.store.items import Items
from ris.store.kept import kept_entry

LEAST_HELD_OUT, MOST_HELD_OUT = 50, 1000
MOST_SEARCHED = 50_000  # pictures that queries from outside are compared with


def held_out_rows(scanned: Scanned) -> NDArray[np.int64]:
    """Rows that are kept out of training, sorted: a tenth, 50 to 1,000, at most a quarter.

    They are those whose content ids sort first, so that they are the same ones in every
    generation, and copies of a picture stay together.
    """
    ids = np.asarray(scanned.items().column("id").to_pylist())
    count = max(len(ids) // 10, min(LEAST_HELD_OUT, len(ids) // 4))
    count = min(count, MOST_HELD_OUT)
    if count == 0:
        return np.empty(0, np.int64)
    last = np.partition(ids, count - 1)[count - 1]
    return np.flatnonzero(ids <= last)


def judge(making: Round) -> Judge:
    """What judges encoders on the held-out pictures of a generation in the making, beside the
    encoder that serves now."""
    items = making.scanned.items()
    before = None
    if making.parent is not None:
        with suppress(StoreError):  # a damaged one can't be compared with
            before = open_encoder(making.collection, making.parent)
    sample = Sample(
        pixels=making.scanned.open_pixels(),
        rows=choose_rows(making.scanned.count, making.held_out),
        held_out=making.held_out,
        labels=items.label_codes().codes,
        original=_originals(making.collection, items),
    )
    work = making.work
    return Judge(sample, before, on_progress=work.on_progress, stop=work.stop)


def _originals(collection: Collection, items: Items) -> Callable[[int], Entry]:
    ids, paths = items.column("id"), items.column("path")
    return lambda row: kept_entry(collection, ids[row].as_py(), paths[row].as_py())


def serving_card(collection: Collection) -> ReportCard:
    """The report card of the generation that serves, as it was when it was made.

    Raises:
        StoreError: Nothing is published, or it has no report card.
    """
    manifest = collection.serving()
    told = collection.training(manifest.encoder)
    if "report" not in told:
        raise StoreError(
            f"Generation {manifest.generation} of {collection.name!r} has no report card: "
            "an earlier version of ris made it.",
            f"Train it again: python -m ris train {collection.name!r}",
        )
    card = ReportCard.from_json(told["report"])
    return replace(card, recall=manifest.graph.recall if manifest.graph else None)


def evaluate_queries(
    collection: Collection, queries: Path, *, on_progress: OnProgress
) -> ReportCard:
    """How well labelled pictures from outside find items of their label, in what serves now.

    Args:
        collection: A published collection with labels.
        queries: A folder or an archive; the pictures' folders are their labels.
        on_progress: Hears of reading pictures.

    Raises:
        StoreError: Nothing is published, or it is damaged.
        SourceError: There is no labelled picture among the queries, or no labelled item.
    """
    opened = open_generation(collection, collection.serving().generation)
    encoder = Encoder(opened.encoder)
    labels = opened.items.label_codes()
    asked, names, skipped = _read_queries(queries, encoder.size, on_progress)
    # a label that no item has is asked for and never found
    codes = {**{name: code for code, name in enumerate(labels.names)}, "": -1}
    wanted = np.array([codes.get(name, len(codes)) for name in names], np.int32)
    rows = _sample(len(opened.items))
    rows, searched = _read_items(collection, opened.items, rows, encoder.size, on_progress)
    known = labels.codes[rows]
    if (wanted < 0).all() or (known < 0).all():
        raise SourceError(
            "There are no labels to compare: the queries and the items both need some.",
            "Put the queries into folders that are named like the collection's labels.",
        )
    embeddings = opened.index.vectors(opened.items.keys[rows].tolist())
    methods = {
        "this": MethodScore({}, *label_scores(embeddings, known, encoder.encode(asked), wanted))
    }
    for done, (name, describe) in enumerate(DESCRIPTORS.items()):
        on_progress(Progress("evaluate", done, len(DESCRIPTORS), "methods"))
        scores = label_scores(describe(searched), known, describe(asked), wanted)
        methods[name] = MethodScore({}, *scores)
    on_progress(Progress("evaluate", len(DESCRIPTORS), len(DESCRIPTORS), "methods"))
    return ReportCard(
        pictures=len(rows),
        queries=len(asked),
        labelled_queries=int((wanted >= 0).sum()),
        methods=methods,
        recall=opened.manifest.graph.recall if opened.manifest.graph else None,
        skipped=skipped,
    )


def _sample(count: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(0).permutation(count)[:MOST_SEARCHED])


def _read_queries(
    queries: Path, size: int, on_progress: OnProgress
) -> tuple[NDArray[np.uint8], list[str], int]:
    """Pixels uint8 (Q, S, S, 3), the label of each query ("" for none), and how many files could
    not be read."""
    labels, skipped = Labels("folder"), 0
    pixels: list[NDArray[np.uint8]] = []
    names: list[str] = []
    for one in decode_all(open_source(str(queries)).entries(), size, thumbnails=False):
        if isinstance(one, Skipped):
            skipped += 1
            continue
        pixels.append(one.picture.pixels)
        names.append((*labels.of(one.entry).labels, "")[0])
        on_progress(Progress("scan", len(pixels), None))
    if not pixels:
        raise SourceError(f"There is no picture that can be read in {queries}.", "Give others.")
    return np.stack(pixels), names, skipped


def _read_items(
    collection: Collection,
    items: Items,
    rows: NDArray[np.int64],
    size: int,
    on_progress: OnProgress,
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The rows that can still be read, and their pixels uint8 (N, S, S, 3)."""
    original = _originals(collection, items)
    pixels = np.empty((len(rows), size, size, 3), np.uint8)
    read: list[int] = []
    results = decode_all((original(int(row)) for row in rows), size, thumbnails=False)
    for done, (row, one) in enumerate(zip(rows, results, strict=True), start=1):
        if isinstance(one, Decoded):
            pixels[len(read)] = one.picture.pixels
            read.append(int(row))
        on_progress(Progress("scan", done, len(rows)))
    return np.array(read, np.int64), pixels[: len(read)]
