"""What depends on the collection's pictures: looked at in a sample, decided by stated rules.

| choice | rule |
|---|---|
| size | 64 pixels, also for smaller pictures: CIFAR-10 at 48 gives precision@10 .426, at 64 .437 |
| turned | where the pictures have no up, as on slides: embeddings are the mean over all eight \
turned and mirrored views, which takes four times as long; 90 degrees then find .99, not .1 |
| colour | weight of the colour histogram: .3; 0 where 19 of 20 pictures are grey, which have \
none; .5 where they have no up, the scale at which it is one of the features |
| rotation | up to 180 degrees where the pictures have no up; else up to 10 |
| least_area | crops keep 40 % of the area; of scenes, .2 cost 3 points of label retrieval |
| mirror | always: embeddings are the mean over the picture and its mirror image |
| grey | share of views that lose their colours; 0 where there are none |
| minutes | of training: one for each 500 pictures past the first hundred, from a quarter to 3; \
for more one asks |

Pictures have no up when their mean is the same turned by 90 degrees, up to what chance allows; of
fewer than 250 that is not asked.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ris.errors import RisError

SIZE = 64  # pixels; what the base encoder was trained at
SAMPLED = 2000  # pictures that are looked at
_GREY = 4.0  # mean difference of the channels, in units of 0..255; JPEG colours grey a little
_LEAST_FOR_UP = 250  # pictures; of fewer the mean says little


@dataclass(frozen=True)
class Choices:
    """How a collection's encoder looks at pictures and is trained.

    Attributes:
        size: Side of the encoder's input in pixels, a multiple of 16.
        turned: Whether embeddings are the mean over turned views too.
        colour: Weight of the colour histogram in the embedding.
        rotation: Largest turn of a training view, in degrees.
        least_area: Smallest share of the area that a training view keeps.
        mirror: Whether training views are mirrored.
        grey: Share of the training views that lose their colours.
    """

    size: int = SIZE
    turned: bool = False
    colour: float = 0.3
    rotation: float = 10.0
    least_area: float = 0.4
    mirror: bool = True
    grey: float = 0.1


def choose(pixels: NDArray[np.uint8], overrides: dict[str, str], *, seed: int = 0) -> Choices:
    """Look at a sample of pictures and decide.

    Args:
        pixels: uint8 (N, S, S, 3), N >= 1.
        overrides: What a person decided instead, by the names of `Choices`.
        seed: Of the sample.

    Raises:
        RisError: An override is of no use.
    """
    rows = np.random.default_rng(seed).permutation(len(pixels))[:SAMPLED]
    sample = pixels[np.sort(rows)]
    found = Choices(size=pixels.shape[1])
    if have_no_up(sample):
        found = replace(found, turned=True, colour=0.5, rotation=180.0)
    if are_grey(sample):
        found = replace(found, colour=0.0, grey=0.0)
    return override(found, overrides)


def default_minutes(count: int) -> float:
    """Minutes of training for so many pictures, where nobody says how long."""
    return min(max((count - 100) / 500, 0.25), 3.0)


def are_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether 19 of 20 pictures have no colours: uint8 (N, S, S, 3)."""
    wide = pixels.astype(np.int16)
    colour = (wide.max(axis=3) - wide.min(axis=3)).mean(axis=(1, 2))  # (N,)
    return float((colour < _GREY).mean()) >= 0.95


def have_no_up(pixels: NDArray[np.uint8]) -> bool:
    """Whether the mean picture, turned by 90 degrees, is the same but for chance.

    The squared mean of the differences between pictures and themselves, turned, is set against
    what it would be if each had been turned at random: their variance over the number of pictures.
    Of 300 micrographs, drawn or made from a photograph of tissue, it is .4 to 2.4 times that, in
    19 of 20 draws less than 1.8 times; of 300 photos of clothing 2.8 to 7.8 times, of 500 5.0 to
    11.2 times; of CIFAR-10 as much or more, but of 300 of its birds or frogs alone from .9 on
    (2026-11-28).
    """
    if len(pixels) < _LEAST_FOR_UP:
        return False
    grey = pixels.mean(axis=3, dtype=np.float32)  # (N, S, S)
    difference = grey - np.rot90(grey, axes=(1, 2))
    chance = difference.var(axis=0).mean() / len(pixels)
    limit = 1.8 + 1.5 * len(pixels) / SAMPLED
    return bool(np.square(difference.mean(axis=0)).mean() <= limit * chance)


def override(found: Choices, overrides: dict[str, str]) -> Choices:
    """Choices with those of a person in their place.

    Raises:
        RisError: There is no such choice, or its value is of no use.
    """
    return replace(found, **{name: _value(name, text) for name, text in overrides.items()})


def check_settings(settings: dict[str, str]) -> None:
    """Refuse what `override` would refuse.

    Raises:
        RisError: There is no such choice, or its value is of no use.
    """
    override(Choices(), settings)


_LIMITS: dict[str, tuple[float, float]] = {
    "size": (32, 256),
    "colour": (0, 10),
    "rotation": (0, 180),
    "least_area": (0.05, 1),
    "grey": (0, 1),
}


def _value(name: str, text: str) -> Any:
    kinds = {field.name: field.type for field in fields(Choices)}
    if name not in kinds:
        raise RisError(f"There is nothing called {name!r} to choose.", f"Know: {', '.join(kinds)}.")
    if kinds[name] is bool:
        if text not in ("yes", "no"):
            raise RisError(f"{name} can't be {text!r}.", "Give yes or no.")
        return text == "yes"
    low, high = _LIMITS[name]
    more = ", a multiple of 16" if name == "size" else ""
    hint = f"Give a number from {low:g} to {high:g}{more}."
    try:
        value = kinds[name](text)  # type: ignore[operator]
    except ValueError as error:
        raise RisError(f"{name} can't be {text!r}.", hint) from error
    if not low <= value <= high or (name == "size" and value % 16):
        raise RisError(f"{name} can't be {text}.", hint)
    return value
