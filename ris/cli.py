"""The command line: `python -m ris`. A public interface; docs/commands.md documents it.

Progress goes to stderr, answers to stdout; `--json` gives one JSON document a line. Exit codes:
0 done, 1 something went wrong (said on stderr), 2 the command was not understood.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ris import console, upkeep
from ris.commands import Choices, absolute, commands, common, example, job_with_bars
from ris.errors import PictureError, RisError, StoreError
from ris.images.alterations import KINDS
from ris.images.entries import Skipped
from ris.images.names import escape, unescape
from ris.images.parts import NEARLY_EMPTY, Tiling
from ris.images.sources import Folder
from ris.serve import serve
from ris.store.collection import Collection, collections
from ris.store.manifest import Manifest

# facts of the training under names that are clear beside those of a generation
_TOLD = {"seconds": "training_seconds", "pictures": "trained_on"}


def _settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--set`."""

    def parse(context: object, option: object, given: tuple[str, ...]) -> dict[str, str]:
        if any("=" not in one for one in given):
            raise click.BadParameter("expected NAME=VALUE, e.g. rotation=180")
        return dict(one.split("=", 1) for one in given)

    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        callback=parse,
        help="Decide what is else decided by looking at the pictures: size, turned, colour, "
        "rotation, least_area, mirror, grey.",
    )(command)


@commands.command(
    epilog=example("python -m ris create shop photos.zip --labels shop.csv --minutes 3")
)
@click.argument("name")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--labels",
    default="folder",
    show_default=True,
    metavar="folder|none|FILE.csv",
    help="Labels from the pictures' folders, none, or a CSV file (path, label, more columns).",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0),
    help="Training time; 0 leaves the base encoder as it is. [default: 0.5 to 3, by the pictures]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is random.")
@click.option(
    "--tiles",
    type=int,
    metavar="SIDE",
    help="Cut pictures larger than this into patches of so many pixels a side.",
)
@click.option(
    "--stride", type=int, metavar="PIXELS", help="From one patch to the next. [default: SIDE]"
)
@click.option(
    "--empty",
    type=click.FloatRange(0, 128),
    default=NEARLY_EMPTY,
    show_default=True,
    help="Leave patches out whose grey values, 0 to 255, have a smaller standard deviation; "
    "0 keeps all.",
)
@_settings
@common
def create(
    choices: Choices,
    name: str,
    sources: tuple[str, ...],
    labels: str,
    minutes: float | None,
    seed: int,
    tiles: int | None,
    stride: int | None,
    empty: float,
    settings: dict[str, str],
) -> None:
    """Make the collection NAME and refine its encoder on its pictures.

    It can be searched as soon as the base encoder has embedded it, before any training.
    A SOURCE is a folder, an archive (.zip, .tar, .tar.xz), demo, or keras:cifar10.
    """
    from ris import build
    from ris.generate import Work
    from ris.model.choices import check_settings

    given = [absolute(source) for source in sources]
    labels = labels if labels in ("folder", "none") else absolute(labels)
    if stride is not None and tiles is None:
        raise click.UsageError("--stride is for --tiles, which is not given.")
    tiling = None if tiles is None else Tiling(tiles, stride or tiles, empty)

    def do(work: Work) -> build.Built:
        home = choices.home
        collection = Collection.create(home, name, given, labels, settings, tiling=tiling)
        return build.create(collection, work, minutes=minutes, seed=seed)

    def check() -> None:
        build.check_sources(choices.home, name, given, labels, tiling)
        check_settings(settings)

    _work(choices, name, "create", check, do)


@commands.command(epilog=example("python -m ris train shop --minutes 10"))
@click.argument("name")
@click.option(
    "--minutes",
    type=click.FloatRange(0),
    help="Training time; 0 goes back to the base encoder. [default: 0.5 to 3, by the pictures]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is random.")
@_settings
@click.option("--with-labels", is_flag=True, help="Learn from the pictures' labels as well.")
@common
def train(
    choices: Choices,
    name: str,
    minutes: float | None,
    seed: int,
    settings: dict[str, str],
    with_labels: bool,
) -> None:
    """Train the encoder of NAME further: a new generation, unless it turns out worse.

    Ctrl-C while training stops it early and keeps the best weights so far; a second one gives up.
    """
    from ris import build
    from ris.generate import Work
    from ris.model.choices import check_settings

    def do(work: Work) -> build.Built:
        return build.train(
            Collection(choices.home, name),
            work,
            minutes=minutes,
            seed=seed,
            settings=settings,
            with_labels=with_labels,
        )

    def check() -> None:
        Collection(choices.home, name)
        check_settings(settings)

    _work(choices, name, "train", check, do)


@commands.command(epilog=example("python -m ris search shop photo.jpg more_photos/ -k 5 --json"))
@click.argument("name")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-k", type=click.IntRange(1), default=10, show_default=True, help="Hits.")
@click.option(
    "--copies",
    is_flag=True,
    help="Find turned and mirrored copies too. [2 to 5 times the time]",
)
@click.option(
    "--where",
    metavar="FILTER",
    help="Find only items of which this holds, e.g. 'label == \"cat\" and width >= 1000'.",
)
@click.option(
    "--crop",
    metavar="X,Y,W,H",
    help="Search with this part: in pixels of the upright picture, or each with % of its sides.",
)
@click.option("--more", multiple=True, type=int, metavar="KEY", help="More like this item.")
@click.option("--less", multiple=True, type=int, metavar="KEY", help="Less like this item.")
@click.option(
    "--concept",
    "concepts",
    multiple=True,
    metavar="CONCEPT[=S]",
    help="More of a saved concept, by so much (-1 to 1). [default: 1]",
)
@click.option(
    "--predict",
    metavar="COLUMN",
    help="Tell what the hits say of COLUMN (label, or one of your own), and how far to believe it.",
)
@common
def search(
    choices: Choices,
    name: str,
    pictures: tuple[str, ...],
    k: int,
    copies: bool,
    where: str | None,
    crop: str | None,
    more: tuple[int, ...],
    less: tuple[int, ...],
    concepts: tuple[str, ...],
    predict: str | None,
) -> None:
    """Find the items of NAME most like each PICTURE (a file, or a folder of files)."""
    from ris.explore.explorer import open_explorer
    from ris.explore.steering import Mark, Steering
    from ris.images.crop import read_crop

    explorer = open_explorer(choices.home, name, guarded=True)
    for notice in explorer.notices:
        click.echo(f"Note: {notice}", err=True)
    part = read_crop(crop) if crop else None
    marks = (*(Mark(key, True) for key in more), *(Mark(key, False) for key in less))
    steering = Steering(marks, tuple(map(_concept, concepts)))
    failed = False
    for path in _queries(pictures):
        try:
            if isinstance(path, Skipped):
                raise PictureError(f"{path.path}: {path.reason}")
            result = explorer.search(
                path, k=k, copies=copies, where=where, crop=part, steering=steering
            )
        except PictureError as error:
            failed = True
            name = path.path if isinstance(path, Skipped) else escape(str(path))
            _print_failed_query(choices, name, error)
            continue
        prediction = explorer.predict(result, predict) if predict else None
        if choices.json:
            told = {"prediction": prediction.to_json()} if prediction else {}
            console.print_json({**result.to_json(), **told})
        else:
            _print_result(result, prediction)
    if failed:
        sys.exit(1)


@commands.command(epilog=example("python -m ris between shop 17 42 --steps 7"))
@click.argument("name")
@click.argument("first", type=int)
@click.argument("second", type=int)
@click.option("--steps", type=int, default=9, show_default=True, help="Steps, the ends included.")
@common
def between(choices: Choices, name: str, first: int, second: int, steps: int) -> None:
    """Walk from item FIRST of NAME to item SECOND through the decoder: what is near on the way."""
    from ris.explore.explorer import open_explorer

    found = open_explorer(choices.home, name, guarded=True).between(first, second, steps=steps)
    if choices.json:
        for step in found:
            console.print_json(step.to_json())
        return
    rows = [
        [f"{step.share:.0%}", f"{step.nearest.distance:.4f}", step.nearest.item.key]
        + [step.nearest.item.path]
        for step in found
    ]
    console.print_table(rows, ["way", "distance", "key", "path"])


@commands.command(epilog=example("python -m ris odd shop -k 20 --by error"))
@click.argument("name")
@click.option("-k", type=click.IntRange(1), default=10, show_default=True, help="Items.")
@click.option(
    "--by",
    type=click.Choice(["outlier", "error"]),
    default="outlier",
    show_default=True,
    help="How unlike all others they are, or how badly the model redraws them.",
)
@common
def odd(choices: Choices, name: str, k: int, by: str) -> None:
    """The odd ones out of NAME, the oddest first."""
    from ris.explore.colourings import ERROR, OUTLIER
    from ris.explore.explorer import open_explorer

    score = {"outlier": OUTLIER, "error": ERROR}[by]
    found = open_explorer(choices.home, name, guarded=True).odd(k, by=score)
    if choices.json:
        for item, value in found:
            told = {"key": item.key, "id": item.id, "path": item.path, "labels": item.labels}
            console.print_json({**told, "score": round(value, 6)})
    elif found:
        rows = [
            [f"{value:.4f}", item.key, ", ".join(item.labels), item.path] for item, value in found
        ]
        console.print_table(rows, (score, "key", "labels", "path"))
    else:
        click.echo("An earlier version of ris made this generation's map. Train to see it.")


def _concept(text: str) -> tuple[str, float]:
    """A concept and how much of it is wanted."""
    name, _, amount = text.partition("=")
    try:
        return name, float(amount) if amount else 1.0
    except ValueError as error:
        raise click.BadParameter("expected CONCEPT=S, e.g. night=0.5") from error


@commands.command(epilog=example("python -m ris concept shop night --more 17 --more 19 --less 4"))
@click.argument("name")
@click.argument("concept", required=False)
@click.option("--more", multiple=True, type=int, metavar="KEY", help="An item that is like it.")
@click.option("--less", multiple=True, type=int, metavar="KEY", help="An item that is not.")
@click.option("--forget", is_flag=True, help="Drop the concept.")
@common
def concept(
    choices: Choices,
    name: str,
    concept: str | None,
    more: tuple[int, ...],
    less: tuple[int, ...],
    forget: bool,
) -> None:
    """Save a CONCEPT of NAME by items that are like it, or list those there are."""
    from ris.explore.explorer import open_explorer
    from ris.store.concepts import Concepts

    known = Concepts(Collection(choices.home, name))
    if concept and forget:
        known.forget(concept)
    elif concept:
        open_explorer(choices.home, name).items([*more, *less])  # they must be there
        known.save(concept, more, less)
    found = known.all()
    rows = [[one, len(told.more), len(told.less)] for one, told in found.items()]
    if choices.json:
        for one, told in found.items():
            console.print_json({"concept": one, "more": told.more, "less": told.less})
    elif rows:
        console.print_table(rows, ("concept", "more", "less"))
    else:
        click.echo("There is no concept yet.")


@commands.command(epilog=example("python -m ris tag shop summer --where 'label == \"dress\"'"))
@click.argument("name")
@click.argument("tag", required=False)
@click.option("--key", "keys", multiple=True, type=int, metavar="KEY", help="This item.")
@click.option("--where", metavar="FILTER", help="All items of which this holds, as in search.")
@click.option("--take", is_flag=True, help="Take the tag from them instead of giving it.")
@common
def tag(
    choices: Choices,
    name: str,
    tag: str | None,
    keys: tuple[int, ...],
    where: str | None,
    take: bool,
) -> None:
    """Give items of NAME a TAG, or list the tags there are."""
    import numpy as np

    from ris.explore.explorer import open_explorer
    from ris.store.tags import Tags

    if bool(keys or where) != bool(tag):
        raise click.UsageError("A TAG needs --key or --where, and those need a TAG.")
    explorer = open_explorer(choices.home, name)
    if tag:
        explorer.items(keys)  # they must be there
        chosen = np.union1d(np.array(keys, np.int64), explorer.matching(where) if where else [])
        tags = Tags(explorer.collection)
        change = tags.remove if take else tags.add
        changed = len(change(tag, chosen.astype(np.int64)))
        told = f"{changed} item" if changed == 1 else f"{changed} items"
        click.echo(f"{'Taken from' if take else 'Given to'} {told}.", err=True)
    rows = [[one, len(having)] for one, having in explorer.tagged().items()]
    if choices.json:
        for one, count in rows:
            console.print_json({"tag": one, "items": count})
    elif rows:
        console.print_table(rows, ("tag", "items"))
    else:
        click.echo("There is no tag yet.")


@commands.command(epilog=example("python -m ris evaluate shop --queries new_photos/ --json"))
@click.argument("name")
@click.option(
    "--queries",
    type=click.Path(path_type=Path, exists=True),
    metavar="FOLDER",
    help="Labelled pictures to search for, in place of the collection's held-out ones.",
)
@common
def evaluate(choices: Choices, name: str, queries: Path | None) -> None:
    """How good the search of NAME is, beside methods that learn nothing."""
    from ris.report import evaluate_queries, serving_card

    collection = Collection(choices.home, name)
    if queries is None:
        card = serving_card(collection)
    else:
        bars = console.Bars()
        card = evaluate_queries(collection, queries, on_progress=bars)
        bars.close()
    if choices.json:
        facts = {"name": name, "generation": collection.current(), **card.to_json()}
        console.print_json(facts)
    else:
        _print_card(card)


@commands.command("list", epilog=example("python -m ris list --json"))
@common
def list_collections(choices: Choices) -> None:
    """All collections."""
    facts = [_overview(Collection(choices.home, name)) for name in collections(choices.home)]
    if choices.json:
        for one in facts:
            console.print_json(one)
    elif facts:
        heads = ("name", "items", "generation", "created")
        rows = [
            ["unfinished" if one[head] is None else one[head] for head in heads] for one in facts
        ]
        console.print_table(rows, heads)
    else:
        click.echo("There is no collection yet. Make one: python -m ris create NAME FOLDER")


@commands.command(epilog=example("python -m ris show shop"))
@click.argument("name")
@common
def show(choices: Choices, name: str) -> None:
    """What is in NAME: counts, sizes, generation, model, dates."""
    facts = _details(Collection(choices.home, name))
    if choices.json:
        console.print_json(facts)
    else:
        shown = {**facts, "bytes": console.readable_bytes(facts["bytes"])}
        console.print_facts({name: value for name, value in shown.items() if value is not None})


@commands.command(epilog=example("python -m ris skipped shop"))
@click.argument("name")
@common
def skipped(choices: Choices, name: str) -> None:
    """The files of NAME that could not be read, and why."""
    found = Collection(choices.home, name).skipped()
    if choices.json:
        for one in found:
            console.print_json({"path": one.path, "reason": one.reason})
    elif found:
        console.print_table(((one.path, one.reason) for one in found), ("path", "reason"))
    else:
        click.echo("Nothing was skipped.")


@commands.command(epilog=example("python -m ris generations shop"))
@click.argument("name")
@common
def generations(choices: Choices, name: str) -> None:
    """The generations of NAME that are kept, oldest first."""
    collection = Collection(choices.home, name)
    current = collection.current()
    facts = [
        {**_generation_facts(manifest), "serving": manifest.generation == current}
        for manifest in collection.generations()
    ]
    if choices.json:
        for one in facts:
            console.print_json(one)
    else:
        heads = ("generation", "created", "items", "minutes", "validation_loss", "recall")
        rows = [
            [*(one.get(head, "-") for head in heads), "serving" if one["serving"] else ""]
            for one in facts  # the base encoder as it is has no loss, what has no graph no recall
        ]
        console.print_table(rows, (*heads, ""))


@commands.command(epilog=example("python -m ris use shop 1"))
@click.argument("name")
@click.argument("generation")
@common
def use(choices: Choices, name: str, generation: str) -> None:
    """Let another kept GENERATION of NAME serve, with what was added and removed since."""
    from ris import switch

    collection = Collection(choices.home, name)
    wanted = generation.zfill(8)
    manifest = upkeep.run_job(
        choices, name, "use", lambda work: switch.switch(collection, work, wanted)
    )
    if choices.json:
        console.print_json(_generation_facts(manifest))
    else:
        click.echo(f"Generation {manifest.generation} of {name} serves now.")


@commands.command(epilog=example("python -m ris export shop fine.html --tag fine"))
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--pictures/--no-pictures", default=False, help="With the picture files' bytes.")
@click.option("--tag", metavar="TAG", help="Only what has this tag.")
@click.option("--where", metavar="FILTER", help="Only items of which this holds, as in search.")
@common
def export(
    choices: Choices, name: str, file: Path, pictures: bool, tag: str | None, where: str | None
) -> None:
    """Write NAME to FILE, in the format of its ending: .parquet, .csv, .zip or .html.

    A .zip holds the pictures' files; an .html is one page that opens in any browser, offline.
    """
    from ris.store.export import export_table

    kind = file.suffix.lower()
    collection, bars = Collection(choices.home, name), console.Bars()
    if kind in (".csv", ".zip", ".html") or tag or where:
        if pictures:
            raise click.UsageError("--pictures is for a .parquet of the whole collection.")
        count = _export_some(choices, name, file, tag, where)
    else:
        count = export_table(collection, file, pictures=pictures, on_progress=bars)
    bars.close()
    if choices.json:
        console.print_json({"file": str(file), "rows": count, "bytes": file.stat().st_size})
    else:
        size = console.readable_bytes(file.stat().st_size)
        click.echo(f"Wrote {count} rows, {size}, to {console.printable(file)}.")


def _export_some(
    choices: Choices, name: str, file: Path, tag: str | None, where: str | None
) -> int:
    """Write the items that a tag and a filter leave; how many those are."""
    import numpy as np

    from ris.explore.explorer import open_explorer
    from ris.explore.handover import finding_page
    from ris.explore.takeout import csv_pieces, parquet_pieces, zip_pieces
    from ris.store.files import write_atomic

    explorer = open_explorer(choices.home, name, guarded=True)
    keys, told = explorer.keys, [name]
    if tag is not None:
        tagged = explorer.tagged()
        if tag not in tagged:
            known = ", ".join(tagged) or "none yet"
            raise RisError(f"There is no tag {tag!r:.80} (known: {known:.300}).")
        keys = np.intersect1d(keys, tagged[tag])
        told.append(f"tagged {tag}")
    if where is not None:
        keys = np.intersect1d(keys, explorer.matching(where))
        told.append(where)
    pieces = {".csv": csv_pieces, ".zip": zip_pieces}.get(file.suffix.lower(), parquet_pieces)

    def write(path: Path) -> None:
        with path.open("wb") as stream:
            if file.suffix.lower() == ".html":
                stream.write(finding_page(explorer, keys, title=", ".join(told)))
                return
            for piece in pieces(explorer, keys):
                stream.write(piece)

    try:
        write_atomic(file, write)
    except OSError as error:
        raise StoreError(f"{file} can't be written: {error.strerror or error}.") from error
    return len(keys)


@commands.command("map", epilog=example("python -m ris map shop shop.html --query photo.jpg"))
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--query",
    type=click.Path(path_type=Path),
    metavar="PICTURE",
    help="Show where this picture falls, and its hits.",
)
@click.option("-k", type=click.IntRange(1), default=12, show_default=True, help="Hits.")
@click.option("--colour", metavar="WHAT", help="Colour by this, e.g. cluster. [default: label]")
@common
def save_map(
    choices: Choices, name: str, file: Path, query: Path | None, k: int, colour: str | None
) -> None:
    """Write the map of NAME to an HTML FILE that opens in any browser, offline."""
    from ris.explore.explorer import open_explorer
    from ris.explore.saved_map import SavedQuery, saved_map
    from ris.images.decode import decode, read_file
    from ris.images.prepare import make_thumbnail
    from ris.store.files import write_atomic

    explorer = open_explorer(choices.home, name, guarded=True)
    asked = None
    if query is not None:
        result = explorer.search(query, k=k)
        thumbnail = make_thumbnail(decode(read_file(query.expanduser().resolve())))
        asked = SavedQuery(escape(query.name), result.place, result.hits, thumbnail)
    colouring = explorer.colouring(colour) if colour else None
    page = saved_map(explorer, colouring=colouring, query=asked)
    try:
        write_atomic(file, lambda aside: _write_bytes(aside, page))
    except OSError as error:
        raise StoreError(f"{file} can't be written: {error.strerror or error}.") from error
    points = len(explorer.points().keys)
    if choices.json:
        console.print_json({"file": str(file), "points": points, "bytes": len(page)})
    else:
        size = console.readable_bytes(len(page))
        click.echo(f"Wrote the map of {points} pictures, {size}, to {console.printable(file)}.")


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@commands.command(epilog=example("python -m ris delete shop --yes"))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@common
def delete(choices: Choices, name: str, yes: bool) -> None:
    """Remove the collection NAME; originals in folders are not touched."""
    from ris import jobs

    collection = Collection(choices.home, name)
    if not yes:
        overview = _overview(collection)
        question = f"Remove {name} with {overview['items']} items and everything learned?"
        click.confirm(question, abort=True, err=True)
    jobs.check_idle(choices.home, name)
    collection.delete()
    if choices.json:
        console.print_json({"deleted": name})
    else:
        click.echo(f"Removed {name}.")


commands.add_command(upkeep.add)
commands.add_command(upkeep.sync)
commands.add_command(upkeep.remove)
commands.add_command(upkeep.restore)
commands.add_command(upkeep.compact)
commands.add_command(upkeep.check)
commands.add_command(upkeep.duplicates)
commands.add_command(serve)


def main() -> None:
    """Run the command line; errors of ris become a sentence and exit code 1."""
    try:
        commands(prog_name="python -m ris")
    except RisError as error:
        click.echo(f"Error: {console.printable(error.message)}", err=True)
        if error.hint:
            click.echo(console.printable(error.hint), err=True)
        sys.exit(1)


def _work(
    choices: Choices,
    name: str,
    command: str,
    check: Callable[[], object],
    do: Callable[[Any], Any],
) -> None:
    """Run long work as a job, with bars, and print what it published."""
    from ris import build

    with job_with_bars(choices, name, command, check) as (job, work, bars):
        built: build.Built = do(work)
        manifest = built.manifest
        job.tell(event="finished", generation=manifest.generation, kept_old=built.kept_old)
    skipped_count = Collection(choices.home, name).skipped_count()
    facts = {"name": name, **_generation_facts(manifest), "skipped": skipped_count}
    if choices.json:
        told = {"kept_old": built.kept_old, "seconds": bars.seconds}
        console.print_json({**facts, **told})
    else:
        if built.kept_old:
            click.echo(built.kept_old)
        click.echo(
            f"{name}: {manifest.items} pictures, {skipped_count} skipped, generation "
            f"{manifest.generation} serves. Try: python -m ris search {name} PICTURE"
        )


def _queries(pictures: tuple[str, ...]) -> Iterator[Path | Skipped]:
    """The files that were named, and the files in the folders that were named."""
    for text in pictures:
        path = Path(text)
        if path.is_dir():
            for entry in Folder(path).entries():
                yield entry if isinstance(entry, Skipped) else unescape(entry.path)
        else:
            yield path


def _print_result(result: Any, prediction: Any) -> None:
    from ris.explore.prediction import in_sentences

    place = result.place
    at = f", on the map at ({place.x:.2f}, {place.y:.2f}) ± {place.spread:.2f}" if place else ""
    among = "" if result.matching is None else f", among {result.matching} matching items"
    told = f": {result.verdict}" if result.verdict else ""
    click.echo(
        f"{console.printable(result.query)}{told}  ({result.milliseconds:.1f} ms{among}{at})"
    )
    heads = ["rank", "distance", "verdict", "key", "labels", "path"]
    rows = [
        [
            hit.rank,
            f"{hit.distance:.4f}",
            hit.verdict,
            hit.item.key,
            ", ".join(hit.item.labels),
            hit.item.path,
        ]
        for hit in result.hits
    ]
    if result.copies:
        heads.insert(3, "turned")
        for row, hit in zip(rows, result.hits, strict=True):
            row.insert(3, f"{hit.turned}°{' mirrored' if hit.mirrored else ''}")
    if result.matching is None or result.hits:
        console.print_table(rows, heads)
    else:
        click.echo("The filter holds for no item.")
    if prediction is not None:
        for line in in_sentences(prediction):
            click.echo(console.printable(line))
    click.echo()


def _print_card(card: Any) -> None:
    heads = ("", *(name.replace("_", " ") for name in card.methods))
    rows: list[list[str]] = []
    kinds = {kind for method in card.methods.values() for kind in method.copies}
    for kind in (kind for kind in KINDS if kind.name in kinds):
        found = (method.copies.get(kind.name) for method in card.methods.values())
        rows.append([kind.title, *(_percent(one and one.rank1) for one in found)])
    methods = card.methods.values()
    rows.append(["precision at 10", *(_percent(one.precision_at_10) for one in methods)])
    rows.append(["vote of 20 neighbours", *(_percent(one.neighbour_vote) for one in methods)])
    rows.append(
        ["reconstruction, dB", *(f"{one.psnr_db:.1f}" if one.psnr_db else "" for one in methods)]
    )
    console.print_table([row for row in rows if any(row[1:])], heads)
    asked = (
        f"{card.queries} pictures" if card.queries else f"{card.labelled_queries} labelled pictures"
    )
    click.echo(f"Asked with {asked} for {card.pictures}; copies: those found first.")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _print_failed_query(choices: Choices, query: str, error: PictureError) -> None:
    if choices.json:
        console.print_json({"query": query, "error": error.message})
    else:
        click.echo(f"Error: {console.printable(error.message)}", err=True)


def _overview(collection: Collection) -> dict[str, Any]:
    info, current = collection.info(), collection.current()
    manifest = collection.manifest(current) if current else None
    return {
        "name": collection.name,
        "items": manifest.items if manifest else 0,
        "generation": current,
        "dimension": manifest.dimension if manifest else None,
        "bytes": manifest.bytes if manifest else 0,
        "created": info["created"],
    }


def _details(collection: Collection) -> dict[str, Any]:
    overview, info = _overview(collection), collection.info()
    current = overview["generation"]
    about = _generation_facts(collection.manifest(current)) if current else {}
    return {
        **overview,
        "published": about.get("created"),
        **{name: value for name, value in about.items() if name not in overview},
        "skipped": collection.skipped_count(),
        "sources": info["sources"],
        "label_source": info["labels"],
        "generations": len(collection.generations()),
    }


def _generation_facts(manifest: Manifest) -> dict[str, Any]:
    graph = manifest.graph
    return {
        "generation": manifest.generation,
        "parent": manifest.parent,
        "created": manifest.created,
        "items": manifest.items,
        "dimension": manifest.dimension,
        "encoder": manifest.encoder,
        "bytes": manifest.bytes,
        "ef": graph.ef if graph else None,
        "recall": graph.recall if graph else None,
        **{_TOLD.get(name, name): value for name, value in manifest.training.items()},
    }
