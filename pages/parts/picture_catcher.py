"""Takes pictures that are dropped or pasted anywhere on the page.

It draws nothing. `assets/picture_catcher.js` hands files to the page's uploader; the address of a
picture comes out here, where the server's owner allows those.
"""

from __future__ import annotations

import streamlit as st

from pages.parts.browser import LOADER, nothing, script_url, style

LONGEST = 4000

_component = st.components.v2.component("ris_catcher", css=style("picture_catcher.css"), js=LOADER)


def picture_catcher(*, addresses: bool) -> str | None:
    """Listen on the whole page.

    Args:
        addresses: Whether addresses of pictures are taken too.

    Returns:
        An address that was dropped or pasted just now.
    """
    result = _component(
        key="catcher",
        data={"code": script_url("picture_catcher.js"), "addresses": addresses},
        on_event_change=nothing,
    )
    return read_address(result.get("event")) if addresses else None


def read_address(sent: object) -> str | None:
    """What the browser sent, checked; None when there was nothing or it makes no sense."""
    match sent:
        case {"kind": "address", "address": str() as address} if 0 < len(address) <= LONGEST:
            return address
    return None
