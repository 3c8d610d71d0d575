"""The server: Streamlit's pages and our own HTTP routes in one process.

Start it with `python -m ris serve` or `streamlit run app.py`. It never imports tensorflow, keras or
umap; jobs do.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages.parts import gate
from pages.parts.downloads import download_routes
from pages.parts.guard import LOCAL, guards
from pages.parts.routes import http_routes
from ris import jobs
from ris.errors import RisError
from ris.settings import default_home
from ris.store.collection import collections

# Answers to small requests wait for their turn behind the scripts of pages, several times each; of
# 6 people at once the slowest searches take 2.7 s in place of 4.1 (2026-11-23, by turns).
sys.setswitchinterval(0.0005)
LOG = logging.getLogger("ris.app")


def start_demo_when_empty() -> None:
    """Starts building the demo collection, so that a first visitor has something to look at."""
    home = default_home()
    try:
        if not collections(home):
            jobs.start(home, "demo", ["create", "demo", "demo"])
    except RisError as error:
        LOG.warning("The demo collection was not started: %s %s", error, error.hint)


def check_doors() -> None:
    """Refuse to serve with a login that would not hold; warn where everybody comes in.

    Raises:
        RisError: The secrets can't be read, or are too weak.
    """
    try:
        gate.check_set_up()
    except RisError as error:
        LOG.error("%s %s", error, error.hint)
        raise
    address = st.get_option("server.address") or "every address of this computer"
    if address not in LOCAL and not gate.is_set_up():
        LOG.warning(
            "There is no login: whoever reaches %s sees and changes all collections. "
            "README tells how to set one up.",
            address,
        )


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    check_doors()
    await asyncio.to_thread(start_demo_when_empty)
    yield


app = st.App(
    "pages/router.py",
    routes=[*http_routes(), *download_routes()],
    middleware=guards(),
    lifespan=lifespan,
)
