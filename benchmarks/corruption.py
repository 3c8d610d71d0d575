"""Damage to the files of a collection, and what comes of it: `python -m benchmarks.corruption`

    python -m benchmarks.corruption [--cases N] [--seed S] [--processes P]

Each case damages one file of a small collection (truncation, flipped bits, foreign content, …) and
asks it all that it can be asked, in a child process (`tests/support/corruption.py`). Prints one
JSON document: how many cases ended in the right answer, in one with a notice, or in an error that
names the file, by kind of file; and every case that did not. Exit code 1 if there is one.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ris.settings import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))

import corruption


def main() -> None:
    """Run the cases and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    began, wrong, outcomes = time.monotonic(), [], {}
    with tempfile.TemporaryDirectory(prefix="ris-corruption-") as folder:
        place = Path(folder)
        made = corruption.make(place)
        cases = corruption.run(
            made, place, options.cases, options.seed, processes=options.processes
        )
        for one in cases:
            kind = one["outcome"].split(":")[0]
            outcomes.setdefault(corruption.kind_of(one["file"]), Counter())[kind] += 1
            if kind == "wrong":
                wrong.append(one)
                print(json.dumps(one), file=sys.stderr)
    report = {
        "cases": options.cases,
        "seed": options.seed,
        "seconds": round(time.monotonic() - began, 1),
        "outcomes": sum(outcomes.values(), Counter()),
        "by file": outcomes,
        "wrong": wrong,
    }
    print(json.dumps(report, indent=1))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
