"""Commands that keep a collection up: add, remove, restore, sync, compact, check."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ris import console, jobs
from ris.commands import Choices, absolute, common, example, job_with_bars
from ris.explore.duplicates import NEAR
from ris.store.collection import Collection
from ris.store.manifest import Manifest

_KINDS = {"exact": "Exact copies", "same": "The same picture", "near": "Near-duplicates"}
_COUNTED = {
    "exact": "groups of exact copies",
    "same": "of the same picture",
    "near": "of near-duplicates",
}

if TYPE_CHECKING:
    from ris.changes import Updated
    from ris.check import Finding
    from ris.generate import Work


@click.command(epilog=example("python -m ris add shop new_photos/ returns.zip"))
@click.argument("name")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--labels",
    metavar="folder|none|FILE.csv",
    help="Where the new pictures' labels come from. [default: as when NAME was created]",
)
@common
def add(choices: Choices, name: str, sources: tuple[str, ...], labels: str | None) -> None:
    """Add the pictures of each SOURCE that NAME does not have yet.

    Known files are not read again, known pictures not decoded again; the encoder, the search index
    and the map stay, and the new pictures get their places on them.
    """
    from ris import update

    given = [absolute(source) for source in sources]
    if labels not in (None, "folder", "none"):
        labels = absolute(labels)
    collection = Collection(choices.home, name)

    def do(work: "Work") -> "Updated":
        return update.add(collection, work, given, labels=labels)

    _update(choices, name, "add", do)


@click.command(epilog=example("python -m ris sync shop --apply"))
@click.argument("name")
@click.option("--apply", is_flag=True, help="Do it, not only tell.")
@common
def sync(choices: Choices, name: str, apply: bool) -> None:
    """Tell what changed in the folders that NAME was made from: new, gone, moved, unreadable."""
    from ris import update
    from ris.changes import Updated

    collection = Collection(choices.home, name)
    if apply:
        _update(choices, name, "sync", lambda work: update.sync(collection, work))
        return

    def look(work: "Work") -> Updated:
        changes = update.compare(collection, work)
        return Updated(collection.serving(), changes)

    updated = run_job(choices, name, "sync", look)
    if choices.json:
        console.print_json({"name": name, "applied": False, **asdict(updated.changes)})
    else:
        click.echo(f"{name}: {updated.changes.in_words()}.")
        if updated.changes.any:
            click.echo(f"Do it with: python -m ris sync {name} --apply")


@click.command(epilog=example("python -m ris remove shop 17 ~/photos/blurred"))
@click.argument("name")
@click.argument("items", nargs=-1, required=True, metavar="KEY|PATH...")
@common
def remove(choices: Choices, name: str, items: tuple[str, ...]) -> None:
    """Take items out of NAME, by key, path or folder; files are not touched.

    `restore` brings them back until the collection is next compacted.
    """
    from ris import removal

    _mark(choices, name, items, removal.remove, "removed")


@click.command(epilog=example("python -m ris restore shop 17"))
@click.argument("name")
@click.argument("items", nargs=-1, required=True, metavar="KEY|PATH...")
@common
def restore(choices: Choices, name: str, items: tuple[str, ...]) -> None:
    """Bring removed items of NAME back, by key, path or folder."""
    from ris import removal

    _mark(choices, name, items, removal.restore, "restored")


@click.command(epilog=example("python -m ris compact shop"))
@click.argument("name")
@click.option("--seed", type=int, default=0, show_default=True, help="Of graph and map.")
@common
def compact(choices: Choices, name: str, seed: int) -> None:
    """Put what additions and removals piled up in NAME in order: one table, one search index.

    It starts by itself when it is due. What was removed can't be restored afterwards.
    """
    from ris import compact as compaction

    collection = Collection(choices.home, name)
    manifest = run_job(
        choices, name, "compact", lambda work: compaction.compact(collection, work, seed=seed)
    )
    _print(choices, name, manifest, {})


@click.command(epilog=example("python -m ris check shop --repair"))
@click.argument("name")
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@common
def check(choices: Choices, name: str, repair: bool) -> None:
    """Look at everything of NAME: checksums, counts, keys, references, pictures, what is left over.

    Exit code 1 when something is wrong and was not repaired.
    """
    from ris import check as checking
    from ris import repair as repairing
    from ris.progress import StopSignal

    collection = Collection(choices.home, name)
    bars = console.Bars()
    try:
        with jobs.exclusive(choices.home, name):
            found = list(checking.check(collection, bars, StopSignal()))
    finally:
        bars.close()
    left = found

    def do(work: "Work") -> Manifest | None:
        nonlocal left
        done = repairing.repair(collection, work, found)
        left = [*done.lost, *done.left]
        return done.manifest

    if repair and any(one.repair for one in found):
        run_job(choices, name, "check", do)
    _print_findings(choices, collection, found, left)
    if left:
        sys.exit(1)


@click.command(epilog=example("python -m ris duplicates shop --json"))
@click.argument("name")
@click.option(
    "--same",
    type=click.FloatRange(0, 2),
    metavar="DISTANCE",
    help="Up to which two pictures are the same. [default: as learned from the collection]",
)
@click.option(
    "--near",
    type=click.FloatRange(0, 2),
    default=NEAR,
    show_default=True,
    metavar="DISTANCE",
    help="Up to which two pictures are near-duplicates.",
)
@click.option(
    "--throw-away",
    type=(int, int),
    metavar="KEY KEPT",
    help="Move the file of item KEY to the trash, as it is a duplicate of item KEPT.",
)
@click.option("--undo", metavar="NUMBER", help="Bring back what was moved to the trash.")
@common
def duplicates(
    choices: Choices,
    name: str,
    same: float | None,
    near: float,
    throw_away: tuple[int, int] | None,
    undo: str | None,
) -> None:
    """Find the duplicates in NAME: exact copies, the same picture in other files, near-duplicates.

    The best file of each group comes first: most pixels, then most bytes. Files are only ever
    moved to the collection's trash, with a log, and back.
    """
    from ris import trash
    from ris.explore.explorer import open_explorer

    collection = Collection(choices.home, name)
    if throw_away is not None or undo is not None:
        if throw_away is not None:
            entry = trash.throw_away(collection, throw_away[0], kept=throw_away[1])
            said = f"In the trash under the number {entry.number}: {entry.path}"
        else:
            entry = trash.undo(collection, str(undo))
            said = f"Back in the collection: {entry.path}"
        if choices.json:
            console.print_json(asdict(entry))
        else:
            click.echo(console.printable(said))
        return
    bars = console.Bars()
    explorer = open_explorer(choices.home, name, guarded=True)
    found = explorer.duplicates(same=same, near=near, on_progress=bars)
    bars.close()
    for group in found:
        items = explorer.items(group.keys)
        if choices.json:
            told = [{"key": one.key, "id": one.id, "path": one.path} for one in items]
            distance = round(group.distance, 6)
            console.print_json({"kind": group.kind, "distance": distance, "items": told})
            continue
        click.echo(f"{_KINDS[group.kind]}, distance {group.distance:.4f}")
        rows = [
            ["keep" if one is items[0] else "", one.key, f"{one.width} × {one.height}", one.path]
            for one in items
        ]
        console.print_table(rows, ("", "key", "pixels", "path"))
        click.echo()
    if not choices.json:
        counts = Counter[str](group.kind for group in found)
        told_counts = ", ".join(f"{counts[kind]} {words}" for kind, words in _COUNTED.items())
        click.echo(f"{name}: {told_counts}.")


def _print_findings(
    choices: Choices, collection: Collection, found: "list[Finding]", left: "list[Finding]"
) -> None:
    """All that was wrong, what became of it, and what came to light by repairing."""
    again = {(one.kind, one.file, bool(one.repair)) for one in left}
    mended = [one for one in found if (one.kind, one.file, bool(one.repair)) not in again]
    if choices.json:
        for one in [*mended, *left]:
            console.print_json({**asdict(one), "repaired": one in mended})
        facts = {"name": collection.name, "generation": collection.current()}
        console.print_json({**facts, "findings": len(left), "repaired": len(mended)})
        return
    for one in mended:
        click.echo(console.printable(f"Repaired: {one.file}: {one.what} {one.repair}"))
    for one in left:
        rest = f"Can be repaired: {one.repair}" if one.repair else "Can't be repaired."
        click.echo(console.printable(f"{one.file}: {one.what} {rest}"))
    if any(one.repair for one in left):
        click.echo(f"Repair it with: python -m ris check {collection.name!r} --repair")
    if not left:
        click.echo(f"{collection.name}: all is well.")


def _update(choices: Choices, name: str, command: str, do: "Callable[[Work], Updated]") -> None:
    updated = run_job(choices, name, command, do)
    _print(choices, name, updated.manifest, asdict(updated.changes))
    if not choices.json:
        told = updated.changes.in_words()
        click.echo(f"{told[:1].upper()}{told[1:]}.")
    _compact_when_due(choices, name, updated.manifest)


def _mark(
    choices: Choices,
    name: str,
    items: tuple[str, ...],
    do: "Callable[[Collection, list[str]], Updated]",
    done: str,
) -> None:
    collection = Collection(choices.home, name)
    with jobs.exclusive(choices.home, name):
        updated = do(collection, list(items))
    number = updated.changes.gone or updated.changes.restored
    _print(choices, name, updated.manifest, {done: number})
    _compact_when_due(choices, name, updated.manifest)


def run_job(choices: Choices, name: str, command: str, do: "Callable[[Work], Any]") -> Any:
    """Run work as a job, with bars; what it returns."""
    from ris.changes import Updated

    with job_with_bars(choices, name, command) as (job, work, _):
        done = do(work)
        manifest = done.manifest if isinstance(done, Updated) else done
        changes = asdict(done.changes) if isinstance(done, Updated) else None
        job.tell(
            event="finished",
            generation=manifest.generation if manifest else None,
            changes=changes,
        )
    return done


def _compact_when_due(choices: Choices, name: str, manifest: Manifest) -> None:
    """Start a compaction in a process of its own when it is due; a job that runs comes first."""
    from ris.compact import due
    from ris.errors import BusyError

    reason = due(manifest)
    if not reason:
        return
    try:
        jobs.start(choices.home, name, ["compact", name])
    except BusyError:
        return  # what runs is followed by another chance
    if not choices.json:
        click.echo(f"It is being compacted in the background, as {reason}.")


def _print(choices: Choices, name: str, manifest: Manifest, told: dict[str, int]) -> None:
    facts = {"name": name, "generation": manifest.generation, "items": manifest.items, **told}
    if choices.json:
        console.print_json(facts)
        return
    number = next(iter(told.items()), None) if len(told) == 1 else None
    said = f"{number[1]} {number[0]}, " if number else ""
    click.echo(f"{name}: {said}{manifest.items} pictures, generation {manifest.generation} serves.")
