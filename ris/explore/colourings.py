"""What the map can be coloured by.

In come the items of a generation; out goes a code or a number for every point, in the order of
`Explorer.points()`. The page turns them into colours and a legend.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LABEL = "label"


@dataclass(frozen=True)
class Colouring:
    """What points are coloured by, in the order of `Explorer.points()`.

    Attributes:
        name: One of `Explorer.colourings()`.
        kind: Whether points differ by category or by number.
        names: The categories.
        codes: The category of each point, int32 (N,), -1 for none; all -1 for numbers.
        values: The number of each point, float32 (N,), NaN for none; all NaN for categories.
        unit: What the numbers count: "" (nothing to tell), "days" (since 1970), "megapixels",
            "bytes" or "distance" (cosine).
        version: Another one where the same generation tells something else by this name: people
            change tags at any time. Whoever caches a colouring does so under name and version.
    """

    name: str
    kind: Literal["categories", "numbers"]
    names: tuple[str, ...]
    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    unit: str = ""
    version: str = ""
