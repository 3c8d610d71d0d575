"""A short run of `benchmarks/kills.py`: nothing that was acknowledged is lost, nothing is left."""

import json
import os
import subprocess
import sys

import pytest

from ris.settings import ROOT


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no process groups to kill")
def test_writers_that_are_killed_at_any_moment_lose_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", "25", "--trains", "0"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["kills"] == 25
    assert sum(found["finished"].values()) > 0
    # it did hit moments that leave something to be swept
    assert sum(number for at, number in found["killed_at"].items() if "publishing" in at) > 3
    assert found["left"]["work folder"] > 3
