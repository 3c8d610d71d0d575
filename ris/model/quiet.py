"""Keeps TensorFlow's start-up chatter off the screen.

Its C++ side writes to stderr before it reads any log level (seen with 2.21), also when all is well.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Discard what is written to the process's stderr; Python errors still raise."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
