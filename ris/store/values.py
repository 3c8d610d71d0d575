"""Columns of a table as arrays: texts as codes, numbers and times as numbers.

What the map is coloured by. In come Arrow columns, out go numpy arrays, at 1M rows in tens of
milliseconds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Codes:
    """A text for every row: codes int32 (N,), -1 for none, and the texts by code."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]


def coded(column: Any) -> Codes:
    """A column of texts, or of yes and no, as codes; names sorted by alphabet."""
    whole = _whole(column)
    if pa.types.is_boolean(whole.type):
        whole = pc.if_else(whole, "yes", "no")
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    order = pc.array_sort_indices(whole.dictionary).to_numpy()
    ranks = np.empty(len(order) + 1, np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    ranks[-1] = -1
    indices = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Codes(ranks[indices], tuple(whole.dictionary.take(pa.array(order)).to_pylist()))


def numbers(column: Any) -> NDArray[np.float32]:
    """A column of numbers as float32 (N,); times as days since 1970; NaN where there is none."""
    whole = _whole(column)
    if pa.types.is_timestamp(whole.type):
        found = pc.divide(pc.cast(pc.cast(whole, "int64"), "float64"), float(_DAY))
    else:
        found = pc.cast(whole, "float64", safe=False)
    with np.errstate(over="ignore"):
        result = np.asarray(found.to_numpy(zero_copy_only=False), np.float32)
    return np.where(np.isfinite(result), result, np.float32(np.nan))


def _whole(column: Any) -> Any:
    """One array of a column that may be in pieces."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)
