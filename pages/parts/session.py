"""What a browser session remembers, and what is cached: the only module that knows such keys.

Widgets of one page and the uploaded file are lost when the page changes (Streamlit 1.67), so what
must survive lives here under keys of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import streamlit as st

from pages.parts import words
from ris import jobs, settings
from ris.errors import RisError
from ris.explore.card import ReportCard
from ris.explore.explorer import Explorer, open_explorer
from ris.store.collection import Collection, collections
from ris.store.manifest import Manifest

COLLECTION = "collection"  # the sidebar's selectbox, bound to the URL under this name
_COLOUR = "ris.colour"
COLOUR = "colour"  # the map's selectbox, bound to the URL too
_NEXT = "ris.next_collection"
_SHOWN = "ris.shown_collection"
_PAGE = "ris.page"
_PAGE_BEFORE = "ris.page_before"
_SELECTION = "ris.selection"
_TAGGING = "ris.tagging"
_TAGGINGS = "ris.taggings"
_PROBLEM = "ris.problem"
_DECISION = "ris.decision"
_SKIPPED = "ris.skipped_pairs"
_SEEN = "ris.seen"
_DISMISSED = "ris.dismissed"
_EXAMPLES = "ris.examples"
_SAMPLE = "ris.sample"
_KEPT = "ris.kept"
_CANCELLING = "ris.cancelling"
_JOINED = "ris.joined"
_RUNNING = "ris.running"


@dataclass(frozen=True)
class Selection:
    """What is chosen on the map: one item, or several, which hold for every generation.

    Attributes:
        collection: Of which collection.
        key: The one item, or None.
        polygon: What was drawn around several, in the map units of one generation.
        seal: Hash of that generation's manifest; "" until it is known which items lie inside.
        keys: The several items, int64, as bytes.
        name: What they are when nothing was drawn: "tagged fine", "group boats".
        alike: Whether it is asked what is most like all of them.
    """

    collection: str
    key: int | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    seal: str = ""
    keys: bytes = b""
    name: str = ""
    alike: bool = False


@dataclass(frozen=True)
class Tagging:
    """A change of tags that can be taken back: which tag was given to, or taken from, what."""

    collection: str
    tag: str
    given: bool
    keys: bytes


@dataclass(frozen=True)
class State:
    """What other tabs and jobs can change; a tab that sees another one runs the app again."""

    names: tuple[str, ...]
    name: str | None
    generation: str | None
    job: str | None
    status: str | None


def home() -> Path:
    """The folder of all collections."""
    return settings.default_home()


# -- the collection ------------------------------------------------------------------------------


def begin(page: str) -> None:
    """Start a run of the app: a collection asked for in the last run becomes the chosen one."""
    st.session_state[_PAGE_BEFORE] = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    known = names()
    shown = st.session_state.get(COLLECTION)
    wanted = st.session_state.pop(_NEXT, None)
    if wanted in known:
        st.session_state[COLLECTION] = wanted
    elif not known:
        st.session_state.pop(COLLECTION, None)
    elif shown is None and st.query_params.get(COLLECTION) not in known:
        if said := st.query_params.get(COLLECTION):
            missing = words.plain(f"There is no collection “{said}” here.")
            st.toast(missing, icon=":material/search_off:")
        st.session_state[COLLECTION] = known[0]
    elif shown is not None and shown not in known:
        # Deleted. The browser would go on showing its name unless told another one.
        st.session_state[COLLECTION] = known[0]
    elif shown is not None and COLLECTION not in st.query_params:
        # Said again, it gets into the address bar; that of a widget's first run doesn't (1.67).
        st.session_state[COLLECTION] = shown


def names() -> list[str]:
    """Names of all collections, with those whose first job has only just been started."""
    found = set(collections(home()))
    begun = {path.parent.name for path in home().glob("[!.]*/jobs")} - found
    shown = {name for name in begun if _is_worth_showing(jobs.latest(home(), name))}
    return sorted(found | shown)


def _is_worth_showing(job: jobs.JobState | None) -> bool:
    return job is not None and job.status != "cancelled"


def choose(name: str) -> None:
    """Show another collection from the next run on."""
    st.session_state[_NEXT] = name


def chosen() -> str | None:
    """Name of the collection that is shown, ``None`` when there is no collection at all."""
    return st.session_state.get(COLLECTION)


def just_arrived() -> bool:
    """Whether the run before was that of another page."""
    return st.session_state.get(_PAGE_BEFORE) not in (None, st.session_state.get(_PAGE))


def go_to(page: str, said: Mapping[str, Sequence[str]] | None = None) -> NoReturn:
    """Show a page ("" is the first one), of the same collection unless another was asked for; the
    address bar then says what ``said`` does."""
    if st.session_state.get(_PAGE) == page:
        st.rerun()
    st.session_state.setdefault(_NEXT, chosen())
    # Without parameters, be it none, it raises: a bound one can't be cleared (Streamlit 1.67).
    st.switch_page(f"{page or 'search'}.py", query_params=said or {})


def settle_collection(known: Sequence[str]) -> None:
    """Choose the collection shown last where Back led to an address that names none."""
    if chosen() in known:
        st.session_state[_SHOWN] = chosen()
        return
    last = st.session_state.get(_SHOWN)
    choose(last if last in known else known[0])
    st.rerun()


def collection() -> Collection | None:
    """The collection that is shown; ``None`` before its first job has laid it down."""
    name = chosen()
    return Collection(home(), name) if name in collections(home()) else None


def explorer() -> Explorer | None:
    """The serving generation of the collection that is shown, ``None`` before there is one.

    A damaged one is stood in for by another, which its notices tell.
    """
    shown = collection()
    if shown is None or shown.current() is None:
        return None
    return open_explorer(home(), shown.name, guarded=True)


def busy() -> bool:
    """Whether a job of the collection that is shown runs."""
    name = chosen()
    job = jobs.latest(home(), name) if name else None
    return job is not None and job.status == "running"


# -- the watched state ---------------------------------------------------------------------------


def observe() -> State:
    """The state of things as it is on disk now."""
    known, name, shown = tuple(names()), chosen(), collection()
    job = jobs.latest(home(), name) if name in known else None
    return State(
        names=known,
        name=name if name in known else None,
        generation=shown.current() if shown else None,
        job=job.id if job else None,
        status=job.status if job else None,
    )


def remember(state: State) -> State | None:
    """Keep the state this run shows; gives the one of the run before."""
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = state
    return before


def changed() -> bool:
    """Whether the state on disk is no longer the one shown."""
    return observe() != st.session_state.get(_SEEN)


def dismiss(job: str) -> None:
    """Stop showing the end of this job in this session."""
    st.session_state[_DISMISSED] = job


def dismissed(job: str) -> bool:
    """Whether the end of this job was put away."""
    return st.session_state.get(_DISMISSED) == job


def ask_to_cancel(job: str) -> None:
    """Ask whether this job shall be cancelled; "" asks no more."""
    st.session_state[_CANCELLING] = job


def cancelling(job: str) -> bool:
    """Whether it is asked if this job shall be cancelled."""
    return st.session_state.get(_CANCELLING) == job


def join(job: str) -> None:
    """Somebody wanted to start what this job does already."""
    st.session_state[_JOINED] = job


def joined(job: str) -> bool:
    """Whether this session wanted to start what this job does already."""
    return st.session_state.get(_JOINED) == job


def show_jobs(ids: tuple[str, ...]) -> None:
    """This run of the page of jobs shows these as running."""
    st.session_state[_RUNNING] = ids


def shown_jobs() -> tuple[str, ...]:
    """The jobs that the page of jobs shows as running."""
    return tuple(st.session_state.get(_RUNNING, ()))


def jobs_before(job: jobs.JobState) -> list[jobs.JobState]:
    """The ended jobs of a collection while another one runs, the newest first."""
    return _ended_jobs(str(home()), job.collection, job.id)


@st.cache_data(max_entries=64, show_spinner=False)
def _ended_jobs(at: str, name: str, running: str) -> list[jobs.JobState]:
    return [job for job in jobs.every(Path(at), name) if job.id < running]


def keep(seal: str) -> None:
    """The encoder of this digest shall stay: don't ask about it any more in this session."""
    st.session_state[_KEPT] = {*st.session_state.get(_KEPT, ()), seal}


def is_kept(seal: str) -> bool:
    """Whether the encoder of this digest was said to stay."""
    return seal in st.session_state.get(_KEPT, ())


# -- the selection on the map --------------------------------------------------------------------


def selection() -> Selection | None:
    """What is chosen on the map of the collection that is shown."""
    kept = st.session_state.get(_SELECTION)
    return kept if kept is not None and kept.collection == chosen() else None


def select(key: int | None = None, polygon: tuple[tuple[float, float], ...] = ()) -> None:
    """Choose one item or an area of the map; neither clears the choice."""
    if key is None and not polygon:
        st.session_state.pop(_SELECTION, None)
    else:
        st.session_state[_SELECTION] = Selection(chosen() or "", key, polygon)


def select_items(
    keys: np.ndarray,
    *,
    name: str = "",
    polygon: tuple[tuple[float, float], ...] = (),
    seal: str = "",
) -> None:
    """Choose several items, by their keys; ``polygon`` was drawn around them in the generation
    whose manifest has the hash ``seal``."""
    st.session_state[_SELECTION] = Selection(
        chosen() or "", None, polygon, seal, np.asarray(keys, np.int64).tobytes(), name
    )


def ask_alike(alike: bool) -> None:
    """Ask what is most like all that is selected, or see the selection again."""
    kept = selection()
    if kept is not None:
        st.session_state[_SELECTION] = replace(kept, alike=alike)


def note_tagging(done: Tagging | None) -> None:
    """Remember the last change of tags, so that it can be taken back; or that it was."""
    st.session_state[_TAGGING] = done
    st.session_state[_TAGGINGS] = taggings() + 1


def taggings() -> int:
    """How often tags were changed; the form is another one each time, so that it is closed."""
    return int(st.session_state.get(_TAGGINGS, 0))


def last_tagging() -> Tagging | None:
    """The last change of tags in the collection that is shown."""
    done = st.session_state.get(_TAGGING)
    return done if done is not None and done.collection == chosen() else None


# -- duplicates ----------------------------------------------------------------------------------


def note_problem(problem: RisError) -> None:
    """What a callback could not do, for the next run to tell."""
    st.session_state[_PROBLEM] = problem


def take_problem() -> RisError | None:
    """What the last callback could not do; told once."""
    problem: RisError | None = st.session_state.pop(_PROBLEM, None)
    return problem


def note_decision(decision: tuple[str, str, str] | None) -> None:
    """Remember how the last pair was decided, so that it can be taken back: what was done, to
    what, and its name; or that it was taken back."""
    st.session_state[_DECISION] = decision and (chosen() or "", *decision)


def last_decision() -> tuple[str, str, str] | None:
    """How the last pair of the collection that is shown was decided."""
    noted = st.session_state.get(_DECISION)
    return noted[1:] if noted is not None and noted[0] == chosen() else None


def skipped_pairs() -> frozenset[tuple[int, int]]:
    """Pairs of the collection that is shown that are put off in this session."""
    name, pairs = st.session_state.get(_SKIPPED, ("", frozenset()))
    return pairs if name == chosen() else frozenset()


def skip_pair(pair: tuple[int, int] | None) -> None:
    """Put a pair off; None brings all back."""
    pairs = frozenset() if pair is None else skipped_pairs() | {pair}
    st.session_state[_SKIPPED] = (chosen(), pairs)


# -- what the map is coloured by -----------------------------------------------------------------


def recall_colour(names: Sequence[str]) -> None:
    """Before the selectbox is drawn: what was chosen last, unless the address says something else
    or it is none of ``names``."""
    if st.session_state.get(COLOUR) not in (None, *names):  # of another collection
        del st.session_state[COLOUR]
    kept = st.session_state.get(_COLOUR)
    if COLOUR not in st.session_state and COLOUR not in st.query_params and kept in names:
        st.session_state[COLOUR] = kept


def keep_colour(name: str) -> None:
    """Remember what was chosen: a change of page forgets the selectbox and its parameter."""
    st.session_state[_COLOUR] = name


# -- samples -------------------------------------------------------------------------------------


def examples_seed() -> int:
    """Which draw of example pictures is shown."""
    return int(st.session_state.get(_EXAMPLES, 0))


def other_examples() -> None:
    """Draw other examples."""
    st.session_state[_EXAMPLES] = examples_seed() + 1


def sample_seed() -> int:
    """Which draw of reconstructed pictures is shown."""
    return int(st.session_state.get(_SAMPLE, 0))


def other_sample() -> None:
    """Draw other pictures to reconstruct."""
    st.session_state[_SAMPLE] = sample_seed() + 1


# -- caches --------------------------------------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner=False)
def sides(folder: str, generation: str) -> tuple[np.ndarray, np.ndarray]:
    """Widths and heights in pixels of all pictures, or of 20,000 evenly spread ones."""
    path = Path(folder)
    shown = open_explorer(path.parent, path.name, generation, guarded=True)
    items = shown.items(shown.keys[:: max(1, shown.count // 20_000)].tolist())
    return np.array([i.width for i in items]), np.array([i.height for i in items])


@st.cache_data(ttl=600, max_entries=32, show_spinner=False)
def disk_use(folder: str, generation: str | None) -> int:
    """Bytes of a collection's folder; a new generation counts it again."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:  # a job tidied up meanwhile
            continue
    return total


@st.cache_data(max_entries=64, show_spinner=False)
def training(folder: str, encoder: str) -> dict[str, Any]:
    """Settings, loss history and report card of an encoder, whose digest covers them.

    Raises:
        StoreError: They are missing or damaged.
    """
    # Not by an explorer, which opens table, graph and map as well.
    path = Path(folder)
    return Collection(path.parent, path.name).training(encoder)


def report_card(shown: Collection, manifest: Manifest) -> ReportCard | None:
    """The report card of a generation, ``None`` when an earlier version of ris made it.

    Raises:
        StoreError: It is damaged, or a newer version of ris wrote it.
    """
    told = training(str(shown.folder), manifest.encoder).get("report")
    return None if told is None else ReportCard.from_json(told)
