"""What our components in the browser need of Python: addresses, code and a place to fetch it from.

The components' code lies in `assets/`. Streamlit sends a component's inline code with every run, so
inline there is only a loader; the code itself comes over HTTP, once.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer

ASSETS = Path(__file__).parents[2] / "assets"
PREFIX = "/ris"
SEAL = 16  # hexadecimal digits

# Streamlit runs inline code as a blob module, which can import from absolute addresses only; and it
# takes inline code of one line with a slash in it for the path of a file (1.67).
LOADER = """
export default async function (component) {
  const { mount } = await import(location.origin + component.data.code);
  return mount(component);
}
"""


def base_path() -> str:
    """The path below which the whole app lies, as Streamlit is told; "" by default."""
    from streamlit import config

    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def root() -> str:
    """The path below which all our routes lie."""
    return base_path() + PREFIX


def generation_url(explorer: Explorer) -> str:
    """The path below which a generation's pictures and points are served.

    It carries a seal, part of the manifest's hash: generations are counted from 1, so those of a
    collection that was deleted and made again would else be taken out of the browser's cache.
    """
    name = quote(explorer.name, safe="")
    return f"{root()}/{name}/{explorer.generation}-{explorer.manifest.sha256[:SEAL]}"


def script_url(name: str) -> str:
    """The path of one of our scripts, which carries a digest of all of them."""
    return f"{root()}/assets/{scripts_digest()}/{name}"


def style(name: str) -> str:
    """A style sheet out of `assets/`, which a component takes inline."""
    return (ASSETS / name).read_text(encoding="utf-8")


@lru_cache
def inline(name: str) -> str:
    """A small picture out of `assets/` as an address that holds it: shown before a login too, which
    what Streamlit serves of pictures is not."""
    kind = "svg+xml" if name.endswith(".svg") else name.rpartition(".")[2]
    return f"data:image/{kind};base64,{b64encode((ASSETS / name).read_bytes()).decode()}"


@lru_cache(maxsize=1)
def scripts() -> dict[str, bytes]:
    """Our scripts by file name, as they were when the server started."""
    return {path.name: path.read_bytes() for path in sorted(ASSETS.glob("*.js"))}


@lru_cache(maxsize=1)
def scripts_digest() -> str:
    """A digest of all scripts together: they import one another by relative names."""
    return sha256(b"\0".join(scripts().values())).hexdigest()[:16]


def nothing() -> None:
    """A callback: Streamlit reports an event by name only when a callback of that name is given."""
