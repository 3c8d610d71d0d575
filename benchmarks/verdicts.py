"""How often a verdict is wrong: own pictures called foreign, foreign ones called own.

    python -m benchmarks.verdicts PICTURES FOREIGN... [--limit N] [--minutes M]

PICTURES is a folder or archive; a share of it is held out as queries, a collection is made of the
rest. Each FOREIGN is another. Prints one JSON document: of the held-out pictures the share called
"nothing like this here" (false alarms), of each foreign source the share not called so (misses),
how verdicts are spread, the learned scale; and by word, how often a hit has its query's label.
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loop import _entries, _job, _split
from ris.errors import PictureError
from ris.explore.explorer import Explorer, open_explorer
from ris.explore.scale import NOTHING

K = 24


def main() -> None:
    """Make the collection, ask, and print what was measured."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="ris-benchmark-") as folder:
        place = Path(folder)
        print("Splitting the pictures", file=sys.stderr)
        _split(options.pictures, place, options.limit, 0.1, options.seed)
        home = place / "home"
        made = ["create", "judge", str(place / "pictures"), "--minutes", str(options.minutes)]
        _job(["--home", str(home), *made, "--json"])
        explorer = open_explorer(home, "judge")
        own = _ask(explorer, str(place / "queries"), options.queries, options.seed)
        report: dict[str, Any] = {
            "pictures": explorer.count,
            "scale": explorer.scale.to_json(),
            "held out": own,
            "false alarms": own["verdicts"].get(NOTHING, 0),
        }
        for source in options.foreign:
            found = _ask(explorer, source, options.queries, options.seed)
            missed = round(1 - found["verdicts"].get(NOTHING, 0), 4)
            report[Path(source).name] = {"misses": missed, **found}
    print(json.dumps(report, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="a folder or archive")
    parser.add_argument("foreign", nargs="+", help="folders or archives of pictures foreign to it")
    parser.add_argument("--limit", type=int, help="use so many pictures, drawn at random")
    parser.add_argument("--queries", type=int, default=1000, help="of each source, at most")
    parser.add_argument("--minutes", type=float, default=0.0, help="training time")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _ask(explorer: Explorer, source: str, most: int, seed: int) -> dict[str, Any]:
    """Verdicts of a source's pictures, as shares; and of their hits, by word, the share that has
    the name of the query's folder as a label."""
    entries = list(_entries(source))
    random.Random(seed).shuffle(entries)
    verdicts: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    agreeing: Counter[str] = Counter()
    nearest = []
    for inside, data in entries[:most]:
        try:
            result = explorer.search(data, k=K)
        except PictureError:
            continue
        verdicts[result.verdict] += 1
        nearest.append(result.hits[0].distance)
        for hit in result.hits:
            hits[hit.verdict] += 1
            agreeing[hit.verdict] += Path(inside).parent.name in hit.item.labels
    asked = sum(verdicts.values())
    return {
        "queries": asked,
        "verdicts": {word: round(count / asked, 4) for word, count in verdicts.most_common()},
        "same label by word": {
            word: round(agreeing[word] / hits[word], 3) for word in hits if agreeing[word]
        },
        "nearest": [round(float(one), 3) for one in np.quantile(nearest, (0.05, 0.5, 0.95))],
    }


if __name__ == "__main__":
    main()
