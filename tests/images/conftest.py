"""What the tests of pictures share."""

from collections.abc import Callable

import pytest
from hostile import workers


@pytest.fixture
def begun() -> Callable[[], list[int]]:
    """Tells the ids of the workers that this test began and that still run."""
    before = set(workers())
    return lambda: [pid for pid in workers() if pid not in before]
