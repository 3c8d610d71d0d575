"""Somebody with a browser that costs next to nothing: what it says to the server, and no drawing.

It speaks as Streamlit's page does (1.67): over a websocket, with every fragment that looks for news
run as often, and the pictures of what is found fetched over HTTP.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

SHOWN = 24  # pictures of the first hits


class Session:
    """One session of the server."""

    def __init__(self, url: str, number: int) -> None:
        self.place = urlsplit(url).netloc
        self.url = url
        self.random = random.Random(number)
        self.hits: list[str] = []  # addresses of the thumbnails of what was found last
        self.map = ""  # the address of the map's list of tiles
        self._ticking: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Event()
        self._came: list[dict[str, Any]] = []

    async def open(self) -> None:
        """Come to the first page."""
        from websockets.asyncio.client import connect

        self._socket = await connect(
            f"ws://{self.place}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=self.url,  # type: ignore[arg-type]
            max_size=None,
        )
        self._reader = asyncio.create_task(self._read())
        await self._run("", "")

    async def search(self) -> float:
        """Search with one of the first hits; the seconds until the hits' pictures are here."""
        key = self.random.choice(self.hits[1:6]).rpartition("/")[2].partition(".")[0]
        before = self.hits
        began = time.perf_counter()
        await self._run("", f"item={key}")
        await asyncio.to_thread(self._fetch, self.hits[:SHOWN])
        taken = time.perf_counter() - began
        if self.hits == before:
            raise RuntimeError("The search brought nothing new.")
        return taken

    async def look_at_map(self) -> None:
        """Look at the map, and come back."""
        await self._run("map", "")
        await asyncio.to_thread(self._fetch, [self.map])
        await self._run("", "")

    async def close(self) -> None:
        """Go."""
        for task in [self._reader, *self._ticking.values()]:
            task.cancel()
        await self._socket.close()

    async def _run(self, page: str, said: str) -> None:
        for task in self._ticking.values():  # the run says anew which fragments there are
            task.cancel()
        self._ticking.clear()
        self._came.clear()
        self._finished.clear()
        await self._send(page_name=page, query_string=said)
        await asyncio.wait_for(self._finished.wait(), 60)
        for data in self._came:
            if "cards" in data and not data.get("small"):
                keys = [card["key"] for card in data["cards"]]
                self.hits = [f"{data['base']}/thumbnails/{key}.webp" for key in keys]
            elif "base" in data:
                self.map = f"{data['base']}/tiles.json"

    async def _send(self, **state: Any) -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        for name, value in state.items():
            setattr(message.rerun_script, name, value)
        message.rerun_script.SetInParent()
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data)
            kind = message.WhichOneof("type")
            if kind == "delta":
                element = message.delta.new_element
                if element.WhichOneof("type") == "bidi_component":
                    with suppress(ValueError):
                        self._came.append(json.loads(element.bidi_component.json))
                elif element.WhichOneof("type") == "exception":
                    raise RuntimeError(element.exception.message)
            elif kind == "auto_rerun":
                again = message.auto_rerun
                if again.fragment_id not in self._ticking:
                    ticks = self._tick(again.fragment_id, again.interval)
                    self._ticking[again.fragment_id] = asyncio.create_task(ticks)
            elif kind == "script_finished" and message.script_finished == 0:
                self._finished.set()

    async def _tick(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._send(fragment_id=fragment, is_auto_rerun=True)

    def _fetch(self, addresses: list[str]) -> None:
        connection = http.client.HTTPConnection(self.place, timeout=60)
        try:
            for address in addresses:
                connection.request("GET", address)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status} {address}")
        finally:
            connection.close()
