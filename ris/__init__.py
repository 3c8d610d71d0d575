"""ris: explore image similarity over one's own picture collection."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ris.explore.explorer import Explorer

__all__ = ["__version__", "open"]
__version__ = "0.1.0"


def open(name: str, *, home: str | Path | None = None) -> "Explorer":
    """Open a collection for questions.

    Example:
        >>> import ris
        >>> demo = ris.open("demo")
        >>> for hit in demo.search("photo.jpg", k=10).hits:
        ...     print(hit.rank, hit.item.path, hit.distance)

    Args:
        name: The collection's name.
        home: Folder of the collections; by default `RIS_HOME` or `models/`.

    Raises:
        StoreError: There is none of that name, or nothing has been published yet.
    """
    # imported late: the workers that decode pictures need a tenth of it
    from ris.explore.explorer import open_explorer
    from ris.settings import as_home, default_home

    return open_explorer(as_home(home) if home else default_home(), name)
