"""The server: Streamlit's pages and our own HTTP routes in one process.

Start it with `streamlit run app.py`. It never imports tensorflow, keras or umap; jobs do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages.parts.downloads import download_routes
from pages.parts.guard import guards
from pages.parts.routes import http_routes
from ris import jobs
from ris.errors import RisError
from ris.settings import default_home
from ris.store.collection import collections

LOG = logging.getLogger("ris.app")


def start_demo_when_empty() -> None:
    """Starts building the demo collection, so that a first visitor has something to look at."""
    home = default_home()
    try:
        if not collections(home):
            jobs.start(home, "demo", ["create", "demo", "demo"])
    except RisError as error:
        LOG.warning("The demo collection was not started: %s %s", error, error.hint)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    await asyncio.to_thread(start_demo_when_empty)
    yield


app = st.App(
    "pages/router.py",
    routes=[*http_routes(), *download_routes()],
    middleware=guards(),
    lifespan=lifespan,
)
