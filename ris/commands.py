"""What all commands of the command line share: the group they are in, and their options.

`cli.py` and `upkeep.py` hold the commands.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ris import __version__, console, jobs
from ris.progress import Progress
from ris.settings import as_home, default_home

if TYPE_CHECKING:
    from ris.generate import Work


@dataclass
class Choices:
    """What holds for every command."""

    home: Path
    json: bool


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--home` and `--json`, wherever they stand on the line, and its `Choices`."""

    @wraps(command)
    def wrapped(home: Path | None, as_json: bool, **rest: Any) -> None:
        given = click.get_current_context().obj
        folder = as_home(home) if home else given.home
        command(Choices(folder, as_json or given.json), **rest)

    home = click.option("--home", type=click.Path(path_type=Path), help="Folder of collections.")
    return home(click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")(wrapped))


def example(text: str) -> str:
    return f"\b\nExample:\n  {text}"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("python -m ris create holiday ~/Pictures/holiday --minutes 5"),
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Folder of the collections. [default: RIS_HOME, or models/]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document per line on stdout.")
@click.version_option(__version__, prog_name="ris")
@click.pass_context
def commands(context: click.Context, home: Path | None, as_json: bool) -> None:
    """Explore image similarity over your own picture collection."""
    context.obj = Choices(as_home(home) if home else default_home(), as_json)


@contextmanager
def job_with_bars(
    choices: Choices, name: str, command: str, check: Callable[[], object] = lambda: None
) -> "Iterator[tuple[jobs.Job, Work, console.Bars]]":
    """Be a job that shows its progress; the arguments are those of `jobs.run`."""
    from ris.generate import Work

    bars = console.Bars()
    with jobs.run(choices.home, name, command, check) as job:

        def on_progress(progress: Progress) -> None:
            job.on_progress(progress)
            bars(progress)

        try:
            yield job, Work(job.folder, on_progress, job.stop), bars
        finally:
            bars.close()


def absolute(text: str) -> str:
    """A path as the job's process will find it; names of data sets as they are."""
    if text == "demo" or text.startswith("keras:"):
        return text
    return os.path.abspath(os.path.expanduser(text))
