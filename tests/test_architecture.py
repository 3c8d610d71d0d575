"""The arrows between our rooms point one way, and each heavy library has one door."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOUNDATION = ("ris.errors", "ris.progress", "ris.settings")
# what each room may use beside itself
ARROWS = {
    "ris.images": FOUNDATION,
    "ris.store": (*FOUNDATION, "ris.images"),
    "ris.model": (*FOUNDATION, "ris.images"),
    "ris.explore": (*FOUNDATION, "ris.images", "ris.store", "ris.model"),
}
DOORS = {
    "hnswlib": ("ris/store/index.py",),
    "pyarrow": ("ris/store/table.py", "ris/store/columns.py", "ris/store/values.py"),
    "keras": ("ris/model/",),
    "tensorflow": ("ris/model/",),
    "onnxruntime": ("ris/model/encoder.py",),
    "umap": ("ris/explore/projection.py",),
    "sklearn": ("ris/explore/clusters.py", "ris/model/head.py"),
    "PIL": ("ris/images/",),
    "tifffile": ("ris/images/slides.py",),
    "sqlite3": ("ris/store/",),
    "click": ("ris/cli.py", "ris/commands.py", "ris/console.py", "ris/serve.py", "ris/upkeep.py"),
    "plotly": ("pages/parts/loss_chart.py",),
    "streamlit": ("pages/", "app.py"),
}
FILES = sorted([*(ROOT / "ris").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"])


def imports(file: Path) -> set[str]:
    """Full names of the modules a file imports, wherever in it."""
    package = file.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def calls_in(file: Path) -> set[str]:
    """Names of what a file calls, as written there."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def below(name: str, tops: tuple[str, ...]) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_the_reader_of_imports_sees_them(tmp_path, monkeypatch):
    monkeypatch.setitem(imports.__globals__, "ROOT", tmp_path)
    (tmp_path / "ris" / "store").mkdir(parents=True)
    file = tmp_path / "ris" / "store" / "a.py"
    file.write_text(
        "import umap.plot\nfrom . import b\nfrom ..model import c\n"
        "def f():\n    from ris.cli import d\n"
    )
    assert {"umap.plot", "ris.store.b", "ris.model.c", "ris.cli"} <= imports(file)


@pytest.mark.parametrize("room", ARROWS)
def test_the_arrows_point_one_way(room):
    allowed = (*ARROWS[room], room)
    wrong = [
        f"{name_of(file)} imports {name}"
        for file in (ROOT / room.replace(".", "/")).rglob("*.py")
        for name in imports(file)
        if below(name, ("ris", "pages", "app")) and name != "ris" and not below(name, allowed)
    ]
    assert wrong == []


def test_the_core_knows_no_screens():
    wrong = [
        f"{name_of(file)} imports {name}"
        for file in FILES
        for name in imports(file)
        if name_of(file).startswith("ris/") and below(name, ("streamlit", "pages", "app"))
    ]
    assert wrong == []


def test_screens_use_no_command_line():
    users = [name_of(file) for file in FILES if "ris.cli" in imports(file)]
    assert users == ["ris/__main__.py"]


def test_screens_end_by_returning():
    """With `st.stop()` Streamlit 1.67 keeps the fragments of the page before; a late tick of
    theirs then draws into a page that has no place for them, which breaks it in the browser."""
    stops = [name_of(file) for file in FILES if "st.stop" in calls_in(file)]
    assert stops == []


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_its_door(library):
    users = [name_of(file) for file in FILES if any(below(n, (library,)) for n in imports(file))]
    assert [user for user in users if not user.startswith(DOORS[library])] == []
    assert users, f"nobody imports {library} any more; drop its door"


LOADED = "import {}, sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"


@pytest.mark.parametrize(
    "module", ["ris.explore.explorer", "ris.jobs", "ris.cli", "ris.images.pool"]
)
def test_a_server_loads_nothing_heavy(module):
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(module)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=ROOT,
    )
    heavy = {"tensorflow", "keras", "umap", "numba", "sklearn", "streamlit", "tf2onnx", "torch"}
    assert heavy.intersection(done.stdout.split()) == set()


def test_a_search_loads_nothing_heavy_either(home, pictures):
    code = (
        "import sys, ris; found = ris.open('drawn', home=sys.argv[1]);"
        "found.search(sys.argv[2]); found.reconstruct(3); found.points(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, str(home), str(pictures / "bars" / "00.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert {"tensorflow", "keras", "umap", "numba", "streamlit"}.isdisjoint(done.stdout.split())
