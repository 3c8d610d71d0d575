"""The whole way from sources to published generations: create a collection, train it again.

Runs in a job or on the command line, never in the server. A new collection is embedded with the
base encoder and published at once; then the encoder is refined on the collection's own pictures,
and what comes of it is published beside the first if the report card says that it is no worse.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.explore.card import ReportCard, Verdict, compare
from ris.generate import Round, Work
from ris.images.labels import Labels
from ris.images.parts import Tiling
from ris.images.patches import cut
from ris.images.sources import Source, open_source
from ris.model.choices import Choices, choose, default_minutes, override
from ris.model.quiet import quiet_stderr
from ris.progress import PLAN, Progress
from ris.report import held_out_rows, judge
from ris.scan import Scanned, columns_with, scan, scan_again
from ris.store.collection import Collection
from ris.store.decoded import forget
from ris.store.files import verify
from ris.store.manifest import Manifest

if TYPE_CHECKING:
    from ris.model.network import Network
    from ris.model.training import Trained


# What of a refinement is tried: all of it, and half-way between the encoders before and after,
# which keeps more of what the first could do (Wortsman et al., Robust Fine-Tuning of Zero-Shot
# Models, 2022). P@10 before, half-way and after: CIFAR-10 (250 steps) .564, .565, .556; clothing
# (350 steps) .478, .503, .505 with .94, .81, .68 of the half-size copies of small pictures found.
# A quarter is tried where half is still worse than what serves: on drawn slides of tissue half lost
# copies with text over them (.99 before, .93 after, 2026-11-23).
_SHARES = (0.5, 0.25)
DEMO_MINUTES = 0.5


@dataclass(frozen=True)
class Built:
    """What a job has brought.

    Attributes:
        manifest: The generation that serves now.
        kept_old: Why the refined encoder was not taken; empty if it was, or there was none.
    """

    manifest: Manifest
    kept_old: str = ""


def create(
    collection: Collection, work: Work, *, minutes: float | None = None, seed: int = 0
) -> Built:
    """Fill a new collection from the sources it was made with.

    Args:
        collection: Made by `Collection.create`.
        work: What to run with.
        minutes: Budget of the refinement, 0 for the base encoder alone; by default
            `default_minutes` of the pictures, for the demo `DEMO_MINUTES`.
        seed: Of training, graph and map.

    Raises:
        SourceError: There is not one picture, or a source can't be read.
        StoreError: The disk is too small.
        Cancelled: The person gave up; once the base encoder's generation is out, it serves.
    """
    info = collection.info()
    labels, settings = Labels(info["labels"]), info["settings"]
    tiling = collection.tiling()
    sources = [cut(open_any_source(text), tiling) for text in info["sources"]]
    _plan(work, "scan", *PLAN)
    scanned = scan(
        collection,
        sources,
        labels,
        override(Choices(), settings).size,
        work.folder,
        on_progress=work.on_progress,
        stop=work.stop,
    )
    choices = choose(scanned.open_pixels(), settings, seed=seed)
    first = _publish_base(collection, scanned, work.inside("base"), choices, seed, None)
    forget(collection, work.folder)
    if minutes is None:
        demo = info["sources"] == ["demo"]
        minutes = DEMO_MINUTES if demo else default_minutes(scanned.count)
    if not minutes:
        return Built(first)
    _plan(work, "train", *PLAN)
    scanned = replace(scanned, skipped=None)  # told already
    return _refine(collection, scanned, work.inside("refined"), choices, minutes, seed, first)


def train(
    collection: Collection,
    work: Work,
    *,
    minutes: float | None = None,
    seed: int = 0,
    settings: dict[str, str] | None = None,
    with_labels: bool = False,
) -> Built:
    """Refine the serving encoder further and make a new generation with it, if it is no worse.

    Args:
        collection: A published collection.
        work: What to run with.
        minutes: Budget of the refinement; 0 goes back to the base encoder. By default
            `default_minutes` of the pictures.
        seed: Of training, graph and map.
        settings: What a person chose instead of what the pictures suggest, by the names of
            `Choices`, beside what was chosen when the collection was created.
        with_labels: Whether the pictures' labels teach as well.

    Raises:
        StoreError: There is nothing to train, or the disk is too small.
        BusyError: Something else was published meanwhile.
        Cancelled: The person gave up.
    """
    parent = collection.serving()
    settings = {**collection.info()["settings"], **(settings or {})}
    _plan(work, "scan", *(["train"] if minutes != 0 else []), *PLAN)
    scanned = scan_again(
        collection,
        parent,
        override(Choices(), settings).size,
        work.folder,
        on_progress=work.on_progress,
        stop=work.stop,
    )
    if scanned.count == 0:
        raise StoreError("None of the pictures can be read any more.", "Bring the files back.")
    choices = choose(scanned.open_pixels(), settings, seed=seed)
    minutes = default_minutes(scanned.count) if minutes is None else minutes
    if minutes:
        labels = scanned.items().label_codes().codes if with_labels else None
        place = work.inside("refined")
        built = _refine(collection, scanned, place, choices, minutes, seed, parent, labels=labels)
    else:
        place = work.inside("base")
        built = Built(_publish_base(collection, scanned, place, choices, seed, parent))
    forget(collection, work.folder)
    return built


def check_sources(
    home: Path, name: str, sources: list[str], labels: str, tiling: Tiling | None = None
) -> None:
    """Refuse what can't become a collection before anything is made.

    Raises:
        RisError: The collection exists, a source does not, or the labels can't be read.
    """
    Collection.check_new(home, name)
    for source in sources:
        cut(open_any_source(source), tiling)
    columns_with(Labels(labels), are_cut=tiling is not None)


def open_any_source(text: str) -> Source:
    """A source by what a person wrote: `keras:NAME`, `demo`, a folder or an archive.

    Raises:
        SourceError: There is nothing of that kind.
    """
    if text.startswith("keras:"):
        from ris.model.datasets import KerasDataset

        return KerasDataset(text.removeprefix("keras:"))
    return open_source(text)


def _plan(work: Work, *stages: str) -> None:
    work.on_progress(Progress(stages[0], 0, None, plan=stages))


def _publish_base(
    collection: Collection,
    scanned: Scanned,
    work: Work,
    choices: Choices,
    seed: int,
    parent: Manifest | None,
) -> Manifest:
    """A generation of the base encoder, untouched but for its head."""
    work.on_progress(Progress("evaluate", 0, None, note="Starting TensorFlow"))
    with quiet_stderr():
        from ris.model.base import base_facts, load_base

        network = load_base(choices)
    _fit_head(network, scanned, seed)
    making = Round(collection, scanned, work, seed, parent, held_out_rows(scanned))
    card = judge(making).card(network)
    return _publish(making, network, base_facts(choices), card)


def _fit_head(network: "Network", scanned: Scanned, seed: int) -> None:
    from ris.model.head import fit_to

    order = np.random.default_rng(seed).permutation(scanned.count)
    fit_to(network, scanned.open_pixels(), order)


def _publish(
    making: Round, network: "Network", facts: dict[str, Any], card: ReportCard
) -> Manifest:
    """Export a network, embed all pictures, and let the generation serve."""
    making.work.on_progress(Progress("embed", 0, making.scanned.count))
    with quiet_stderr():
        from ris.model.export import export

        folder = making.work.folder / "encoder"
        folder.mkdir()
        export(network, folder)
    making.embed()
    scale = making.scale(card.methods["this"].copies)
    card = replace(card, scale=scale.to_json() if scale else None)
    return making.publish({**facts, "report": card.to_json()})


def _refine(
    collection: Collection,
    scanned: Scanned,
    work: Work,
    choices: Choices,
    minutes: float,
    seed: int,
    parent: Manifest,
    *,
    labels: NDArray[np.int32] | None = None,
) -> Built:
    """A generation of the parent's encoder trained further; the parent if that is better."""
    making = Round(collection, scanned, work, seed, parent, held_out_rows(scanned))
    note = "Starting TensorFlow"
    work.on_progress(Progress("train", 0, round(minutes * 60), "seconds", note=note))
    with quiet_stderr():
        start = _load_start(collection, parent, choices)
    trained = _train_network(making, choices, minutes, start, labels)
    network, judging = trained.network, judge(making)
    tried = [_Tried(1.0, network.model.get_weights(), judging.card(network))]
    for share in _SHARES if network.has_shape_of(start) else ():
        if len(tried) > 1 and not all(one.verdict.worse for one in tried):
            break
        note = f"Trying {100 * share:.0f} % of what was learned"
        work.on_progress(Progress("evaluate", 0, None, note=note))
        network.blend(start, share / tried[-1].share)
        _fit_head(network, scanned, seed)
        tried.append(_Tried(share, network.model.get_weights(), judging.card(network)))
    best = max(tried, key=lambda one: (not one.verdict.worse, one.verdict.change))
    if best.verdict.worse:
        told = "The model came out worse, so the earlier one goes on serving."
        return Built(parent, f"{told} {best.verdict.reasons}")
    network.model.set_weights(best.weights)
    facts = {**trained.facts, "choices": asdict(choices), "share": best.share}
    return Built(_publish(making, network, facts, best.card))


@dataclass(frozen=True)
class _Tried:
    """An encoder that keeps a share of what was learned, and how it was judged."""

    share: float
    weights: list[NDArray[np.float32]]
    card: ReportCard

    @cached_property
    def verdict(self) -> Verdict:
        return compare(self.card)


def _train_network(
    making: Round,
    choices: Choices,
    minutes: float,
    start: "Network",
    labels: NDArray[np.int32] | None,
) -> "Trained":
    with quiet_stderr():
        from ris.model.augmentation import Augmentation
        from ris.model.base import base_settings
        from ris.model.training import TrainingSettings
        from ris.model.training import train as train_network

    return train_network(
        making.scanned.open_pixels(),
        base_settings(choices),
        TrainingSettings(minutes=minutes, seed=making.seed),
        augmentation=Augmentation(
            least_area=choices.least_area,
            rotation=choices.rotation,
            mirror=choices.mirror,
            grey=choices.grey,
        ),
        start=start,
        held_out=making.held_out,
        labels=labels,
        on_progress=making.work.on_progress,
        stop=making.work.stop,
    )


def _load_start(collection: Collection, parent: Manifest, choices: Choices) -> "Network":
    """The serving network to go on from; where it is damaged or of an older kind, the base."""
    from ris.model.base import load_base
    from ris.model.network import load_network

    base = load_base(choices)
    try:
        facts = parent.encoder_file("autoencoder.keras")
        if facts is None:
            return base
        found = load_network(verify(collection.folder, facts))
    except StoreError:
        return base
    return found if found.has_shape_of(base) else base
