"""The command that starts the server: which address it listens on, which names it answers under.

The server is `app.py` at the top of the repository, run by Streamlit in this process' place; the
core knows no more of it than how to start it.
"""

import ipaddress
import os
import sys
from collections.abc import Sequence

import click

from ris.commands import Choices, common, example
from ris.settings import ROOT

LOCAL = ("localhost", "127.0.0.1", "::1")


@click.command(epilog=example("python -m ris serve --host 0.0.0.0 --name pictures.example.org"))
@click.option(
    "--host",
    default="localhost",
    show_default=True,
    help="Address to listen on. 0.0.0.0 is every one of this computer.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name under which people reach it, or *.example.org. [default: IP addresses alone]",
)
@common
def serve(choices: Choices, host: str, port: int, names: tuple[str, ...]) -> None:
    """Start the app in the browser, for this computer alone unless --host says otherwise.

    Behind another --host everybody who reaches it sees and changes all collections, unless a login
    is set up: README tells how.
    """
    os.chdir(ROOT)  # where the settings in .streamlit/ are
    environment = {**os.environ, "RIS_HOME": str(choices.home)}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    os.execve(sys.executable, [*command, *options(host, port, names)], environment)


def options(host: str, port: int, names: Sequence[str]) -> list[str]:
    """What Streamlit is told: where to listen, and which names to answer under.

    With names it answers under those, this computer's own and the address that it listens on;
    without, under IP addresses too, but under no other name: that is how foreign pages get in.
    """
    told = ["--server.address", host, "--server.port", str(port)]
    if not names:
        return told
    # Of an address of all the others no browser knows.
    own = [host] if host not in LOCAL and not _is_every(host) else []
    allowed = [*names, *own, *LOCAL]
    return [*told, *(word for name in allowed for word in ("--server.allowedHosts", name))]


def _is_every(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
