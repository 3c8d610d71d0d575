"""Filters: what each kind of column can be asked, by an exact twin in Python; what is refused.

A text may come from a web page: whatever it says, it ends soon, in rows or in a sentence.
"""

import operator
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ris.errors import RisError
from ris.store.expression import MAX_LENGTH, MAX_STEPS
from ris.store.items import Items
from ris.store.table import Row, TableWriter, read_table

ROOT = Path(__file__).parents[2]
COLUMNS = {
    "price": "float",
    "stock": "int",
    "sold": "bool",
    "maker": "text",
    "taken": "time",
    "shoe size": "text",
    "class": "text",
}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# labels, path, width, height, bytes, modified, then the own columns
THINGS = [
    (("cat", "pet"), "/a/b/x.png", 10, 40, 2**60 + 1, at("2024-01-01"),
     1.5, 2**63 - 1, True, "Ann", at("2020-05-17 12:30"), "38", "A"),
    (("dog",), "/a/c/y.jpg", 20, 20, 5, at("2025-06-30 23:59:59"),
     None, 5, False, "", None, None, None),
    ((), "z.png", 30, 10, 6, None, -3.0, None, None, None, at("2021-01-01"), "39", "B"),
    (("cat",), "/a/b/deep/é.png", 40, 1, 7, at("2026-01-01 23:00"),
     4.0, -5, True, "a\"b'c", at("1969-07-20"), "38", None),
]  # fmt: skip
ROWS = [
    Row(
        10 * number,
        f"id{number}",
        path,
        labels,
        width,
        height,
        size,
        modified and modified.timestamp(),
        dict(zip(COLUMNS, own, strict=True)),
    )
    for number, (labels, path, width, height, size, modified, *own) in enumerate(THINGS, start=1)
]


def items_of(rows, columns, place):
    """Items read back from a file, as they are when people search."""
    with TableWriter(place / "rows.parquet", 0, columns) as writer:
        for row in rows:  # each in a batch of its own
            writer.write([row])
    return Items(read_table(place / "rows.parquet", [*Items.COLUMNS, *columns]))


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    return items_of(ROWS, COLUMNS, tmp_path_factory.mktemp("items"))


EXPECTED = {
    'label == "cat"': [10, 40],
    'labels == "pet"': [10],
    'label != "cat"': [20, 30],
    '"pet" in labels': [10],
    '"pet" not in labels': [20, 30, 40],
    '"pe" in labels': [],
    'label in ["dog", "pet"]': [10, 20],
    'label not in ("dog", "pet")': [30, 40],
    'label.startswith("d")': [20],
    'not label.endswith("t")': [20, 30],
    "label is None": [30],
    "labels is not None": [10, 20, 40],
    'path == "z.png"': [30],
    '"/b/" in path': [10, 40],
    '"é" in path': [40],
    'path.startswith("/a/b/") and path.endswith(".png")': [10, 40],
    'folder == "/a/b"': [10],
    'folder.startswith("/a/b")': [10, 40],
    'folder in ["/a/c", ""]': [20, 30],
    '"deep" in folder': [40],
    "folder < path": [10, 20, 30, 40],
    "folder == folder": [10, 20, 30, 40],
    "key in [10, 30, 999]": [10, 30],
    'id == "id2"': [20],
    "width > 20": [30, 40],
    "20 <= width": [20, 30, 40],
    "10 < width <= 30": [20, 30],
    "width == height": [20],
    "width != 20": [10, 30, 40],
    "width in {10, 3_000_000_000}": [10],
    "width in []": [],
    "width not in []": [10, 20, 30, 40],
    "width > 2.5 * height": [30, 40],
    "width * height >= 300 and width / height <= 3": [10, 20, 30],
    "width - height + 1 > -10": [20, 30, 40],
    "-width < -25": [30, 40],
    "width == +10": [10],
    "bytes > 2 * 3": [10, 40],
    f"bytes == {2**60 + 1}": [10],
    f"bytes in [5, {2**60}]": [20],
    "bytes in [5, 6.0]": [20, 30],
    "bytes < 5.5": [20],
    "bytes > price and bytes > width": [10],
    'modified >= "2025-01-01"': [20, 40],
    'modified == "2024-01-01"': [10],
    '"2025-06-01" <= modified < "2025-07-01"': [20],
    'modified > "2026-01-01 23:30+02:00"': [40],
    'modified in ["2024-01-01T00:00Z"]': [10],
    "modified is None": [30],
    "price > 0": [10, 40],
    "not price > 0": [30],
    "price != 4": [10, 30],
    "price == None": [20],
    "None != price": [10, 30, 40],
    "price < 2 or price is None": [10, 20, 30],
    f"stock == {2**63 - 1}": [10],
    "stock in [-5, 5]": [20, 40],
    "stock not in [5]": [10, 40],
    "sold": [10, 40],
    "not sold": [20],
    "sold == False or sold is None": [20, 30],
    "sold and width < 20": [10],
    'maker == ""': [20],
    "maker == 'a\"b\\'c'": [40],
    'taken < "1970-01-01"': [40],
    "taken >= modified": [],
    'column["shoe size"] == "38"': [10, 40],
    'column["class"] is not None': [10, 30],
    'column["width"] == 10': [10],
    "  width == 10  # a remark": [10],
    "(width == 10 or\n width == 20)": [10, 20],
}


@pytest.mark.parametrize("text", EXPECTED)
def test_the_items_are_those_on_paper(items, text):
    assert items.matching(text).tolist() == EXPECTED[text]


def test_the_contents_of_columns_are_those_on_paper(items):
    assert items.filterable()["label"] == "labels"
    assert items.summary("label").values[0] == "cat"
    assert sum(items.summary("label").counts) == sum(len(thing[0] or ()) for thing in THINGS)
    assert items.summary("width").least == min(thing[2] for thing in THINGS)
    assert items.summary("modified").kind == "time"


def test_the_keys_are_ascending_and_cannot_be_written_to(items):
    keys = items.matching("width > 10")
    assert keys.dtype == "int64"
    with pytest.raises(ValueError, match="read-only"):
        keys[0] = 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('tag == "fine"', [10, 30]),
        ('"odd" in tags', [30, 40]),
        ('tag in ["fine", "odd"] and tag != "odd"', [10]),
        ("tag is None", [20]),
        ('tag.startswith("f") and width < 20', [10]),
        ('tag == "nobody\'s"', []),
    ],
)
def test_tags_are_asked_like_labels(items, text, expected):
    tags = {"fine": np.array([10, 30]), "odd": np.array([30, 40, 99]), "gone": np.array([98])}
    assert items.matching(text, lambda: tags).tolist() == expected


def test_tags_that_cannot_be_read_cost_only_the_filters_that_name_them(items):
    def broken():
        raise RisError("tags.json is damaged.")

    assert len(items.matching("width > 10", broken)) == 3
    with pytest.raises(RisError, match="damaged"):
        items.matching('tag == "fine"', broken)


@pytest.mark.parametrize("text", ['folder == "attic"', 'column["folder"] == "attic"'])
def test_a_column_of_ones_own_goes_before_the_folder(tmp_path, text):
    rows = [Row(n, f"id{n}", "/a/x.png", (), 1, 1, 1, None, {"folder": "attic"}) for n in range(2)]
    assert items_of(rows, {"folder": "text"}, tmp_path).matching(text).tolist() == [0, 1]


def test_no_items_match_nothing_and_are_asked_properly_still(tmp_path):
    nothing = items_of([], {"price": "float"}, tmp_path)
    assert nothing.matching('label == "cat" and price > 3 or folder == "x"').tolist() == []
    with pytest.raises(RisError, match="no column"):
        nothing.matching("weight > 3")


def test_tables_that_were_cut_and_joined():
    """As parts and removed items make them; the offsets of such arrays do not begin at 0."""
    table = pa.table(
        {
            "key": pa.array([1, 2, 3]),
            "path": ["a/1", "b/2", "a/3"],
            "labels": pa.array([["c"], None, ["b", "c"]], pa.list_(pa.string())),
        }
    )
    cut = pa.concat_tables([table.slice(1), table.slice(0, 1)])
    cut = cut.set_column(0, "key", pa.array([4, 5, 6]))
    assert Items(cut).matching('label == "c"').tolist() == [5, 6]
    assert Items(cut).matching('folder == "a"').tolist() == [5, 6]
    assert Items(cut).matching("label is None").tolist() == [4]


NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -1.0, 2.0])
TEXTS = st.text("abé'\"\\\n %_", max_size=3)
KINDS = {"stock": NUMBERS, "price": NUMBERS, "maker": TEXTS, "class": TEXTS}
SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def unless_missing(value, test):
    return None if value is None else test(value)


@st.composite
def comparisons(draw):
    """A text, and what it means of a row's own columns: true, false, or None for unknown."""
    name = draw(st.sampled_from(sorted(KINDS)))
    column = name if name.isidentifier() and name != "class" else f"column[{name!r}]"
    values = KINDS[name]
    form = draw(st.sampled_from(["compare", "in", "missing", "part"]))
    if form == "missing":
        return f"{column} is None", lambda row: row[name] is None
    if form == "in":
        wanted = draw(st.lists(values, max_size=3))
        return (
            f"{column} in {wanted!r}",
            lambda row: unless_missing(row[name], wanted.__contains__) if wanted else False,
        )
    value = draw(values)
    if form == "part" and isinstance(value, str):
        return f"{value!r} in {column}", lambda row: unless_missing(row[name], lambda v: value in v)
    sign = draw(st.sampled_from(sorted(SIGNS)))
    return f"{column} {sign} {value!r}", lambda row: unless_missing(
        row[name], lambda v: SIGNS[sign](v, value)
    )


def negation(inner):
    text, meaning = inner
    return f"not ({text})", lambda row: unless_missing(meaning(row), operator.not_)


def junction(word, decisive):
    def joined(pair):
        (one, first), (other, second) = pair

        def meaning(row):
            found = (first(row), second(row))
            if decisive in found:
                return decisive
            return None if None in found else not decisive

        return f"({one}) {word} ({other})", meaning

    return joined


EXPRESSIONS = st.recursive(
    comparisons(),
    lambda inner: (
        inner.map(negation)
        | st.tuples(inner, inner).map(junction("and", False))
        | st.tuples(inner, inner).map(junction("or", True))
    ),
    max_leaves=6,
)
OWN = st.fixed_dictionaries(
    {
        "stock": st.none() | st.integers(-3, 3),
        "price": st.none() | st.sampled_from([0.5, -1.0, 2.0]),
        "maker": st.none() | TEXTS,
        "class": st.none() | TEXTS,
    }
)


@settings(deadline=None, max_examples=200)
@given(st.lists(OWN, max_size=6), EXPRESSIONS)
def test_filters_mean_what_python_means_by_them(rows, expression):
    text, meaning = expression
    kinds = {"stock": pa.int64(), "price": pa.float64(), "maker": pa.string(), "class": pa.string()}
    columns = {name: pa.array([row[name] for row in rows], kinds[name]) for name in kinds}
    table = pa.table(
        {
            "key": pa.array(range(len(rows)), pa.int64()),
            "path": pa.array(["x"] * len(rows), pa.string()),
            "labels": pa.array([[]] * len(rows), pa.list_(pa.string())),
            **columns,
        }
    )
    expected = [key for key, row in enumerate(rows) if meaning(row) is True]
    assert Items(table).matching(text).tolist() == expected


LABELS = st.lists(st.sampled_from("abc"), max_size=3, unique=True)


@settings(deadline=None)
@given(st.lists(LABELS, max_size=5), st.sampled_from("abc"), st.lists(st.sampled_from("abc")))
def test_one_label_of_several_is_enough(rows, label, several):
    table = pa.table(
        {
            "key": pa.array(range(len(rows)), pa.int64()),
            "path": pa.array(["x"] * len(rows), pa.string()),
            "labels": pa.array(rows, pa.list_(pa.string())),
        }
    )

    def keys(test):
        return [key for key, labels in enumerate(rows) if test(labels)]

    found = Items(table)
    assert found.matching(f"label == {label!r}").tolist() == keys(lambda ls: label in ls)
    assert found.matching(f"label != {label!r}").tolist() == keys(lambda ls: label not in ls)
    assert found.matching(f"label in {several!r}").tolist() == keys(lambda ls: {*several} & {*ls})
    assert found.matching("label is None").tolist() == keys(lambda ls: not ls)


REFUSED = {
    "": "is empty",
    " \n ": "is empty",
    "weight > 3": "no column 'weight'",
    'Label == "cat"': "no column 'Label'",
    'column["weight"] > 3': "no column 'weight'",
    "width = 10": "as in Python, with ==",
    "width > ": "can't be understood",
    'label == "cat" AND width > 3': "can't be understood",
    "width": "no condition: width",
    '"cat"': "no condition",
    "True": "no condition",
    "True and width > 3": "no condition: True",
    "1 < 2": "same for every item: 1 < 2",
    "None is None": "same for every item",
    'width == "10"': "Expected a number, got '10'",
    "width == True": "Expected a number, got True",
    "sold == 1": "Expected True or False, got 1",
    "path == 3": "Expected a text in quotes, got 3",
    "label == None or label == 3": "Expected a text in quotes, got 3",
    'label == ["cat"]': "Expected a text in quotes",
    'modified > "May"': "Expected a time like",
    "modified > 2024": "Expected a time like",
    'modified > "0001-01-01 00:00+23:00"': "Expected a time like",
    "width == path": "numbers can't be compared with texts",
    "label == labels": "labels can't be compared with labels",
    'label in "cat"': "a column in [a list]",
    'label in ("cat")': "a column in [a list]",
    "width in height": "a column in [a list]",
    "1 in [1]": "a column in [a list]",
    '"1" in width': "numbers have no parts",
    "3 in path": "Expected a text in quotes, got 3",
    'width in [1, "2"]': "Expected a number, got '2'",
    "width in [None]": "Expected a number, got None",
    "width in [height]": "can't say: .height.",
    "width in [-height]": "got another column",
    "width is 3": "only be None",
    "width < None": "Expected a number, got None",
    "path + path == path": "texts can't be calculated with",
    'width + "1" > 3': "Expected a number, got '1'",
    "width > 1 / 0": "division by zero",
    "width == 99999999999999999999": "Expected a number",
    f"width == {'9' * 3000}": "Expected a number, got 9999",
    "path.startswith(folder)": "got another column",
    'width.startswith("1")': "numbers have no parts",
    '"\\udc80" in path': "Expected a text",
    "\udc80": "can't be understood",
    "width > 3\0": "can't be understood",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_filter_is_told_what_is_wrong_and_what_there_is(items, text):
    with pytest.raises(RisError, match=re.escape(REFUSED[text]).replace(r"\.", ".")) as refused:
        items.matching(text)
    hint = refused.value.hint
    assert "label, labels, folder, key, id, path, width, height, bytes, modified, price" in hint
    assert "column['shoe size']" in hint
    assert len(refused.value.message) < 250


HOSTILE = [
    "; drop table items",
    "1 == 1; drop table items",
    "width > 3) or (select 1",
    "select * from items",
    "width in (select width from items)",
    "exists(select * from '/etc/passwd')",
    "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
    "copy items to '/tmp/stolen.csv'",
    "attach '/tmp/x.db'",
    "pragma database_list",
    'read_csv("/etc/passwd")',
    '"root" in read_text("/etc/passwd")',
    'path in open("/etc/passwd")',
    'path == open("/etc/passwd").read()',
    '__import__("os").system("touch /tmp/stolen")',
    'eval("1")',
    'exec("import os")',
    "().__class__.__base__.__subclasses__()",
    'path.__class__.__init__.__globals__["os"]',
    "path.of(1)",
    "column.__class__",
    'column["__class__"]',
    'column[__import__("os")] == 1',
    "path.startswith.__self__",
    'path.startswith(*["/"])',
    'path.startswith(prefix="/")',
    'path.format("x") == ""',
    "@os.system",
    "`width` > 3",
    'f"{__import__(chr(111))}" in path',
    "lambda: 1",
    "(lambda: (yield))()",
    "[x for x in range(10**9)] == width",
    "any(True for x in path)",
    "all(iter(int, 1))",
    "width := 3",
    "(width := 3) > 2",
    "await path",
    "width > 9 ** 9 ** 9 ** 9",
    "width > 1 << 10_000_000_000",
    'path == "a" * 10_000_000_000',
    'path == "a" % 3',
    "width > 10_000_000_000 * 10_000_000_000 * 10_000_000_000",
    "width in range(10**12)",
    'maker == b"x"',
    "price == 1j",
    "...",
    "width if sold else height",
    "width @ height > 1",
    "~width > 1",
    "width & 1 == 1",
    "path[0] == 'x'",
    "{**path}",
    "{1: 2}",
    "*path",
    "import os",
    "(" * 3000,
    "(" * 150 + "width" + ")" * 150,
    "[" * 150 + "]" * 150,
    "not " * 900 + "sold",
    "-" * 3900 + "1 < width",
    "~" * 3900 + "width",
    "width" + ".a" * 1900,
    "width" + "[0]" * 1200,
    "width" + "()" * 1900,
    "lambda:" * 500 + "1",
    "width < " * 400 + "width",
    " or ".join(['"a" in path'] * 101),
    "width" + " + width" * 101 + " > 1",
    "sold " + "or sold " * 1000,
    f"label in [{', '.join(['1'] * 2000)}]",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_filter_ends_at_once_in_a_sentence(items, text):
    began = time.monotonic()
    with pytest.raises(RisError) as refused:
        items.matching(text)
    assert time.monotonic() - began < 2
    assert refused.value.hint.startswith("Columns: ")
    assert len(refused.value.message) < 250


def test_long_filters_are_bounded_in_length_and_steps(items):
    longest = "width > 1  #".ljust(MAX_LENGTH, "x")
    assert len(items.matching(longest)) == 4
    with pytest.raises(RisError, match="may have 4000 characters, it has 4001"):
        items.matching(f"{longest}x")
    most = " and ".join(["width > 1"] * MAX_STEPS)
    assert len(items.matching(most)) == 4
    with pytest.raises(RisError, match="may have 100 steps, it has 101"):
        items.matching(f"{most} and width > 1")
    assert items.matching("sold" + " or sold" * 400).tolist() == [10, 40]
    assert items.matching("(" * 150 + "sold" + ")" * 150).tolist() == [10, 40]


WATCHED = """
import sys, threading
sys.path.insert(0, "tests/store")
import pyarrow as pa
from ris.errors import RisError
from ris.store.items import Items
from test_expression import HOSTILE, EXPECTED
column = pa.array(["x"] * 50)
items = Items(pa.table({"key": range(50), "path": column, "labels": pa.array([["x"]] * 50)}))
items.matching('"x" in path and label == "x" and folder == ""')  # what is loaded late is loaded
seen = set()
def watch(event, arguments):
    if event not in ("compile", "object.__getattr__", "_thread.start_new_thread", "sys._getframe"):
        seen.add(event)
def ask():
    for text in [*HOSTILE, *EXPECTED, 'label == "x" and folder == ""']:
        try:
            items.matching(text)
        except RisError:
            pass
sys.addaudithook(watch)
for work in (ask, threading.Thread(target=ask).run):
    work()
thread = threading.Thread(target=ask)
thread.start()
thread.join()
print(sorted(seen))
"""


def test_nothing_is_opened_run_or_imported_whatever_a_filter_says():
    """Python tells of every file, connection, process and code object that is used; in a thread,
    as a server asks, the stack is smaller."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_every_filter_in_the_documentation_is_understood(items):
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    table = text.split("| filter | holds for |")[1].split("\n\n")[0]
    examples = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    assert len(examples) > 10
    for example in examples:
        items.matching(example)
    for name in ("label", "folder", "path", "width", "height", "bytes", "modified", "key"):
        assert any(name in example for example in examples), name
