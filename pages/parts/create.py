"""Making a collection: the form, and what starts the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.parts import incoming, notices, session
from pages.parts.uploads import ARCHIVE, PICTURE, TABLE, check_sizes
from ris import jobs
from ris.errors import RisError
from ris.images.labels import Labels
from ris.images.parts import Tiling
from ris.images.patches import cut
from ris.images.sources import open_source
from ris.store.collection import Collection, collections

PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif"]
ARCHIVE_TYPES = ["zip", "tar", "xz", "gz", "tgz", "bz2"]
SOURCES = {
    "demo": "Demo pictures",
    "folder": "A folder",
    "archive": "A ZIP or tar file",
    "pictures": "Pictures",
}
LABELS = {
    "folder": "From the names of the folders",
    "csv": "From a CSV file",
    "none": "No labels",
}
MINUTES = (1, 3, 10, 30)
TILES = (0, 64, 128, 256, 512)
FORM_WIDTH = 720  # px; wider, a field for a name looks lost


@dataclass(frozen=True)
class Order:
    """What someone asks for in the form."""

    name: str
    source: str
    folder: str = ""
    uploads: Sequence[UploadedFile] = ()
    labels: str = "folder"
    table: UploadedFile | None = None
    minutes: int | None = None
    tiles: int | None = None


def check(order: Order, names: Sequence[str]) -> None:
    """Refuse an order that lacks something.

    Raises:
        RisError: says what is missing.
    """
    if order.source == "folder" and not order.folder.strip():
        raise RisError("No folder is given.", "Type its full path, such as /home/ann/pictures.")
    if order.source in ("archive", "pictures") and not order.uploads:
        raise RisError("No file is given.", "Drop files onto the field above, or browse for them.")
    check_sizes(order.uploads, ARCHIVE if order.source == "archive" else PICTURE)
    check_sizes([order.table] if order.table else [], TABLE)
    if order.labels == "csv" and order.table is None:
        raise RisError("No CSV file is given.", "Drop one with the columns path and label.")
    if not order.name.strip():
        raise RisError("The collection has no name yet.", "Give it a short name, such as holiday.")
    if order.name.strip() in names:
        raise RisError(
            f"There is a collection “{order.name.strip()}” already.", "Choose another name."
        )


def place_order(home: Path, order: Order) -> jobs.JobState:
    """Put the uploads on disk and start the job.

    Raises:
        RisError: something is missing from the order, or the core refuses it.
    """
    check(order, collections(home))
    name = order.name.strip()
    if not (order.uploads or order.table):
        source = "demo" if order.source == "demo" else _folder(order)
        return _start(home, name, source, order.labels, order.minutes, order.tiles)
    folder = incoming.new_folder(home)
    try:
        if order.source == "archive":
            source = str(incoming.keep(order.uploads[0], folder))
        elif order.source == "pictures":
            source = str(incoming.pack(order.uploads, folder))
        else:
            source = _folder(order)
        labels = str(incoming.keep(order.table, folder)) if order.table else order.labels
        return _start(home, name, source, labels, order.minutes, order.tiles)
    except RisError:
        incoming.discard(folder)
        raise


def _folder(order: Order) -> str:
    return str(Path(order.folder.strip()).expanduser())


def _start(
    home: Path, name: str, source: str, labels: str, minutes: int | None, tiles: int | None
) -> jobs.JobState:
    # What is wrong with the order is better said here at once than by a job later.
    Collection.check_new(home, name)
    tiling = Tiling(tiles, tiles) if tiles else None
    cut(open_source(source), tiling)
    Labels(labels)
    Collection.create(home, name, [source], labels, tiling=tiling)
    arguments = ["create", name, source, "--labels", labels]
    budget = ["--minutes", str(minutes)] if minutes else []
    cutting = ["--tiles", str(tiles)] if tiles else []
    return jobs.start(home, name, [*arguments, *budget, *cutting])


def create_form() -> None:
    """Ask for a new collection and start making it."""
    with st.container(width=FORM_WIDTH):
        order = _ask()
        if st.button("Create collection", type="primary", icon=":material/add:"):
            try:
                job = place_order(session.home(), order)
            except RisError as problem:
                notices.error(problem)
            else:
                session.choose(job.collection)
                session.go_to("")


def start_again(collection: Collection) -> None:
    """Offer to start a creation again that came to nothing."""
    if st.button("Start again", type="primary", icon=":material/replay:"):
        info = collection.info()
        arguments = ["create", collection.name, *info["sources"], "--labels", info["labels"]]
        job = jobs.latest(collection.home, collection.name)
        for option in ("--minutes", "--tiles", "--stride", "--empty"):
            if job is not None and option in job.arguments:
                place = job.arguments.index(option)
                arguments += job.arguments[place : place + 2]
        try:
            jobs.start(collection.home, collection.name, arguments)
        except RisError as problem:
            notices.error(problem)
        else:
            st.rerun()


def _ask() -> Order:
    source = st.segmented_control(
        "Pictures from",
        list(SOURCES),
        default="demo",
        required=True,
        format_func=SOURCES.__getitem__,
        key="create.source",
    )
    folder, uploads, tiles = "", [], None
    if source == "folder":
        folder = st.text_input(
            "Folder on the computer that runs ris",
            placeholder="/home/ann/pictures",
            help="Folders inside it are read too. The pictures stay where they are.",
            key="create.folder",
        )
        tiles = st.segmented_control(
            "Cut large pictures into patches",
            TILES,
            default=0,
            required=True,
            format_func=lambda side: f"{side} pixels" if side else "No",
            help="For scanned slides, maps and the like: parts of a picture are found one by one. "
            "Every picture larger than a patch is cut. Nearly empty patches are left out.",
            key="create.tiles",
        )
    elif source == "archive":
        file = st.file_uploader(
            "ZIP or tar file, up to 1 GB (for more, unpack it and give the folder)",
            type=ARCHIVE_TYPES,
            max_upload_size=ARCHIVE,
            key="create.archive",
        )
        uploads = [file] if file else []
    elif source == "pictures":
        uploads = st.file_uploader(
            "Pictures, up to 50 MB each",
            type=PICTURE_TYPES,
            accept_multiple_files=True,
            max_upload_size=PICTURE,
            key="create.pictures",
        )
    else:
        st.caption(
            "Some 2,000 pictures that ris draws itself, from butterflies to tartans. Ready in two "
            "minutes: a quick way to see what it does. Without a name it is called “demo”."
        )
    labels, table = "folder", None
    if source in ("folder", "archive"):
        labels = st.segmented_control(
            "Labels",
            list(LABELS),
            default="folder",
            required=True,
            format_func=LABELS.__getitem__,
            help="Labels colour the map. They are not needed for learning or for searching.",
            key="create.labels",
        )
        if labels == "csv":
            table = st.file_uploader(
                "CSV file with the columns path and label; further columns become metadata",
                type=["csv"],
                max_upload_size=TABLE,
                key="create.table",
            )
    elif source == "pictures":
        labels = "none"
    # One field for all sources: another key for another source would drop what was typed.
    name = st.text_input("Name", placeholder="holiday", max_chars=63, key="create.name")
    if source == "demo":
        name = name.strip() or "demo"
    minutes = None
    if source != "demo":
        minutes = st.segmented_control(
            "Minutes of training",
            MINUTES,
            default=3,
            required=True,
            help="Longer training finds finer likeness. You can retrain at any time.",
            key="create.minutes",
        )
    chosen = labels or "none"
    return Order(name, source or "demo", folder, uploads, chosen, table, minutes, tiles or None)
