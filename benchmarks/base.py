"""Trains the base encoder that ships with ris: `python -m benchmarks.base PICTURES...`

Labels (the pictures' folders) teach beside reconstruction and contrast. Pictures on which ris is
measured afterwards must not be among them. docs/base-encoder.md tells how the shipped one was
made.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from ris.build import open_any_source
from ris.console import Bars
from ris.images.labels import Labels
from ris.images.pool import Decoded, decode_all
from ris.model.base import WEIGHTS
from ris.progress import Progress

SIZE = 64  # pixels; the network is fully convolutional and serves other sides as well


@click.command()
@click.argument("pictures", nargs=-1, required=True)
@click.option("--minutes", type=float, default=120.0, show_default=True, help="Of training.")
@click.option("--name", default="base", show_default=True, help="What the encoder is called.")
@click.option("--goes-on", is_flag=True, help="Begin with the weights that ship now.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--into", type=click.Path(path_type=Path), default=WEIGHTS, help="[default: the shipped file]"
)
def main(
    pictures: tuple[str, ...], minutes: float, name: str, goes_on: bool, seed: int, into: Path
) -> None:
    """Train a base encoder on PICTURES (folders or archives)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ris.model.augmentation import Augmentation
    from ris.model.base import load_base
    from ris.model.network import NetworkSettings
    from ris.model.training import TrainingSettings, train

    bars = Bars()
    with tempfile.TemporaryDirectory() as folder:
        pixels, labels, names = _read(pictures, Path(folder) / "pixels.u8", bars)
        trained = train(
            pixels,
            NetworkSettings(size=SIZE),
            TrainingSettings(
                minutes=minutes,
                seed=seed,
                learning_rate=2e-3,
                weight_decay=0.05,
                small_share=0.8,
                contrast=0.5,
                held_out=0.02,
                patience=10**6,  # the whole budget is used
            ),
            augmentation=Augmentation(least_area=0.3),
            start=load_base(SIZE) if goes_on else None,
            labels=labels,
            on_progress=bars,
        )
    bars.close()
    into.parent.mkdir(parents=True, exist_ok=True)
    trained.network.save(into)
    facts = {"name": name, "classes": len(names), **trained.facts}
    into.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{into}: {into.stat().st_size / 1e6:.1f} MB")


def _read(
    pictures: tuple[str, ...], file: Path, bars: Bars
) -> tuple[Any, np.ndarray[Any, np.dtype[np.int32]], list[str]]:
    """Pixels on disk, the code of each one's label (-1: none), and the labels' names."""
    known = Labels("folder")
    codes: list[int] = []
    names: dict[str, int] = {}
    entries = (entry for source in pictures for entry in open_any_source(source).entries())
    with file.open("wb") as out:
        for one in decode_all(entries, SIZE, thumbnails=False):
            if not isinstance(one, Decoded):
                continue
            out.write(one.picture.pixels.tobytes())
            said = known.of(one.entry).labels
            codes.append(names.setdefault(said[0], len(names)) if said else -1)
            bars(Progress("scan", len(codes), None))
    if not codes:
        raise click.ClickException("There is no picture that can be read.")
    shape = (len(codes), SIZE, SIZE, 3)
    return np.memmap(file, np.uint8, "r", shape=shape), np.array(codes, np.int32), list(names)


if __name__ == "__main__":
    main()
