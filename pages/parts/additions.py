"""Keeping a collection up with its pictures: what changed in its folders, and dropped files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.parts import incoming, notices, session, words
from pages.parts.create import ARCHIVE_TYPES, PICTURE_TYPES
from pages.parts.uploads import ARCHIVE, PICTURE, check_sizes
from ris import jobs
from ris.changes import Changes
from ris.errors import RisError
from ris.images.sources import open_source
from ris.jobs import JobState
from ris.store.collection import Collection

# What a comparison found, by the names of `Changes`: how it is headed, and what it means.
FOUND = {
    "new": ("New", "Pictures that the collection does not have yet."),
    "moved": ("Moved", "Known pictures at another path. They keep their place in the collection."),
    "changed": ("Changed", "Files that show another picture now."),
    "gone": ("Gone", "Files that are no longer there. They come back when their files do."),
    "restored": ("Back", "Pictures that were gone and are there again."),
    "unreadable": ("Unreadable", "Files that are no pictures, or damaged ones."),
}
_ROUND = "add.round"
BUSY = "A job is running. This opens again when it is done."


def draw_additions(collection: Collection) -> None:
    """Offer to compare with the folders, and to add files."""
    busy = session.busy()
    folders = folders_of(collection)
    st.subheader("From your folders", anchor=False)
    if folders:
        st.markdown(
            "Made from "
            + ", ".join(f"**{words.plain(folder)}**" for folder in folders)
            + ". See what changed there since."
        )
        _draw_changes(collection, busy=busy)
    else:
        st.markdown("No folder of this computer belongs to this collection yet. Add one below.")
    st.subheader("Another folder", anchor=False)
    _draw_folder(collection, busy=busy)
    st.subheader("From your browser", anchor=False)
    _draw_uploads(collection, busy=busy)


def folders_of(collection: Collection) -> list[str]:
    """The folders among a collection's sources; those that are not there too, an unplugged disk's
    say, as a comparison tells of them."""
    sources = map(Path, collection.info()["sources"])
    return [str(one) for one in sources if one.is_absolute() and not _is_archive(one)]


def comparison(job: JobState | None) -> Changes | None:
    """What the last job found in the folders, if it only looked."""
    if job is None or job.status != "finished" or job.changes is None:
        return None
    only_looked = job.command == "sync" and "--apply" not in job.arguments
    return Changes(**job.changes) if only_looked else None


def add_uploads(collection: Collection, uploads: Sequence[UploadedFile]) -> JobState:
    """Put dropped files on disk and start adding them: archives each by itself, pictures together.

    Raises:
        RisError: A job runs already, or a file is too large or no archive.
    """
    archives = [one for one in uploads if _is_archive(Path(one.name))]
    pictures = [one for one in uploads if one not in archives]
    check_sizes(archives, ARCHIVE)
    check_sizes(pictures, PICTURE)
    folder = incoming.new_folder(collection.home)
    try:
        sources = [str(incoming.keep(one, folder)) for one in archives]
        if pictures:
            sources.append(str(incoming.pack(pictures, folder)))
        return add_sources(collection, sources)
    except RisError:
        incoming.discard(folder)
        raise


def add_sources(collection: Collection, sources: list[str]) -> JobState:
    """Start adding folders or archives.

    Raises:
        RisError: A job runs already, or there is nothing of that kind.
    """
    for source in sources:
        open_source(source)
    return jobs.start(collection.home, collection.name, ["add", collection.name, *sources])


def _is_archive(path: Path) -> bool:
    return not path.is_dir() and path.suffix.lower()[1:] in ARCHIVE_TYPES


def _draw_changes(collection: Collection, *, busy: bool) -> None:
    found = comparison(jobs.latest(collection.home, collection.name))
    with st.container(horizontal=True):
        look = st.button(
            "Look again" if found else "Look for changes",
            icon=":material/sync:",
            disabled=busy,
            help=BUSY if busy else None,
        )
        apply = found is not None and found.any
        done = apply and st.button("Apply", type="primary", icon=":material/check:", disabled=busy)
    if look or done:
        _start(collection, ["sync", collection.name, *(["--apply"] if done else [])])
    if found is None:
        return
    if not found.any and not found.unreadable:
        st.success(
            f"Nothing changed: {words.count(found.same, 'picture')} as they were.",
            icon=":material/check_circle:",
        )
        return
    shown = {name: getattr(found, name) for name in FOUND if getattr(found, name)}
    with st.grid(len(shown), min_column_width=110):
        for name, number in shown.items():
            head, meaning = FOUND[name]
            st.metric(head, f"{number:,}", border=True, help=meaning)
    if found.any:
        st.caption(
            "Nothing was done yet. Apply adds, moves and removes them in the collection; "
            "your files are not touched."
        )


def _draw_folder(collection: Collection, *, busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = st.text_input(
            "Folder on the computer that runs ris",
            placeholder="/home/ann/more pictures",
            key="add.folder",
        )
        if st.button("Add folder", icon=":material/create_new_folder:", disabled=busy):
            if not folder.strip():
                notices.failure("No folder is given.", "Type its full path.")
                return
            _try(lambda: add_sources(collection, [str(Path(folder.strip()).expanduser())]))


def _draw_uploads(collection: Collection, *, busy: bool) -> None:
    uploads = st.file_uploader(
        "Pictures up to 50 MB, or ZIP and tar files of pictures up to 1 GB",
        type=[*PICTURE_TYPES, *ARCHIVE_TYPES],
        accept_multiple_files=True,
        max_upload_size=ARCHIVE,
        key=f"add.files.{st.session_state.get(_ROUND, 0)}",
    )
    if uploads and st.button(
        f"Add {words.count(len(uploads), 'file')}",
        type="primary",
        icon=":material/add_photo_alternate:",
        disabled=busy,
        help=BUSY if busy else None,
    ):
        _try(lambda: _take(collection, uploads))


def _take(collection: Collection, uploads: Sequence[UploadedFile]) -> JobState:
    job = add_uploads(collection, uploads)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # an empty field for the next
    return job


def _start(collection: Collection, arguments: list[str]) -> None:
    _try(lambda: jobs.start(collection.home, collection.name, arguments))


def _try(start: Callable[[], JobState]) -> None:
    try:
        start()
    except RisError as problem:
        notices.error(problem)
    else:
        st.rerun()
