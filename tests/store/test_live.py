"""Which rows hold when parts correct one another and items are removed."""

import numpy as np
import stores
from hypothesis import given
from hypothesis import strategies as st

from ris.store.live import live_rows, read_live


@given(
    parts=st.lists(st.lists(st.integers(0, 30), unique=True).map(sorted), max_size=4),
    deleted=st.lists(st.integers(0, 40), unique=True).map(sorted),
)
def test_the_last_row_of_a_key_holds_unless_it_was_removed(parts, deleted):
    keys = [np.array(part, np.int64) for part in parts]
    last = {key: row for row, key in enumerate(key for part in parts for key in part)}
    expected = [last[key] for key in sorted(last) if key not in deleted]
    found = live_rows(keys, tuple(deleted))
    assert found.tolist() == expected


def test_rows_are_read_part_by_part(empty, tmp_path):
    draft = stores.make_draft(empty, tmp_path / "work", count=100, deleted=(3, 50, 99))
    manifest = empty.publish(draft, parent=None)
    tables = list(read_live(empty.folder, manifest, ["key", "path"], rows=30))
    assert max(map(len, tables)) <= 30
    keys = [key for table in tables for key in table.column("key").to_pylist()]
    assert keys == [key for key in range(100) if key not in (3, 50, 99)]
    assert tables[0].column_names == ["key", "path"]
