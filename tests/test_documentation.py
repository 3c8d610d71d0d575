"""docs/ tells the command line and the limits as they are: all of them, and nothing else."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from ris.cli import commands

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "commands.md").read_text(encoding="utf-8")
LIMITS = (DOCS / "limits.md").read_text(encoding="utf-8")

COMMON = ("--home", "--json")  # hold for every command and are documented once, at the top


def sections() -> dict[str, str]:
    """The text about each command, by its name."""
    found = {}
    for heading, text in re.findall(r"^## (.+)\n([^#]*(?:#(?!# )[^#]*)*)", TEXT, re.MULTILINE):
        for name in heading.split(", "):
            found[name.strip()] = text
    return found


def options(command: click.Command) -> list[list[str]]:
    """The spellings of each option of a command's own."""
    return [
        [*parameter.opts, *parameter.secondary_opts]
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.opts[0] not in COMMON
    ]


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_every_command_and_option_is_documented(name):
    text = sections()[name]
    assert re.search(rf"`{name}\b", text), f"no line shows how {name} is called"
    for spellings in options(commands.commands[name]):
        for spelling in spellings:
            assert re.search(rf"(?<![\w-]){re.escape(spelling)}\b", text), spelling


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_every_argument_is_documented(name):
    text = sections()[name]
    for parameter in commands.commands[name].params:
        if isinstance(parameter, click.Argument):
            word = parameter.make_metavar(click.Context(commands.commands[name])).strip("[].")
            assert word.split("...")[0] in text, word


def test_options_of_all_commands_are_documented_at_the_top():
    top = TEXT.split("\n## ")[0]
    given = {parameter.opts[0] for parameter in commands.params}
    assert given == {*COMMON, "--version"}
    assert all(f"`{name}" in top for name in COMMON)


def test_nothing_is_documented_that_is_not_there():
    known = {"--help", *COMMON}
    for command in commands.commands.values():
        known |= {spelling for spellings in options(command) for spelling in spellings}
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", TEXT)) <= known
    headings = {name for name in sections() if not name.startswith("The ")}
    assert headings == set(commands.commands)


def test_the_exit_codes_are_documented():
    assert re.search(r"0 done; 1 .*; 2 ", TEXT)


UNITS = {"MiB": 2**20, "GiB": 2**30, "megapixels": 10**6, "gigapixels": 10**9}
LIMIT = re.compile(r"^\|[^|]+\| ([\d,]+) (\w+)[^|]*\| `(\w+)\.(\w+)` \|$", re.MULTILINE)


@pytest.mark.parametrize(("number", "unit", "module", "name"), LIMIT.findall(LIMITS))
def test_each_limit_is_documented_as_it_is(number, unit, module, name):
    documented = int(number.replace(",", "")) * UNITS.get(unit, 1)
    assert getattr(import_module(f"ris.images.{module}"), name) == documented


def test_every_limit_is_documented():
    documented = {f"{module}.{name}" for _, _, module, name in LIMIT.findall(LIMITS)}
    rows = [line for line in LIMITS.splitlines() if line.startswith("|")]
    assert len(documented) == len(rows) - 2
    limits = {"pool.DEADLINE", "pool.CARRIED_BYTES", "tars.XZ_MEMORY"}
    limits |= {"workers.MEMORY", "workers.PATIENCE"}
    modules = ("archives", "decode", "fetch", "labels", "pool", "slides", "sources", "streamed")
    for module in (*modules, "tars"):
        source = (DOCS.parent / "ris" / "images" / f"{module}.py").read_text(encoding="utf-8")
        limits |= {
            f"{module}.{name}" for name in re.findall(r"^(MAX_\w+) = ", source, re.MULTILINE)
        }
    assert documented == limits
