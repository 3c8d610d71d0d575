"""Says in one sentence what is missing before anything is installed.

hnswlib comes as source, so it needs a C++ compiler and Python's headers; without this check a
missing one ends in a page of compiler output.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

PROGRAM = """
#include <Python.h>
#include <vector>
int main() { return std::vector<int>().size(); }
"""
DEBIAN = "On Debian or Ubuntu: sudo apt-get install g++ python3-dev python3-venv"


def main() -> None:
    """Exit with a sentence when a prerequisite is missing."""
    if sys.version_info < (3, 11):  # noqa: UP036  an older one is what this looks for
        found = sys.version.split()[0]
        sys.exit(f"ris needs Python 3.11+, this is {found}. Try: make app PYTHON=python3.11")
    try:
        import ensurepip  # noqa: F401  Debian leaves it out of its Python
        import venv  # noqa: F401
    except ImportError:
        sys.exit(f"ris needs Python's venv module to set itself up. {DEBIAN}")
    compiler = os.environ.get("CXX") or next(filter(shutil.which, ("c++", "g++", "clang++")), None)
    if compiler is None or shutil.which(compiler.split()[0]) is None:
        sys.exit(f"ris needs a C++ compiler to build hnswlib, and found none. {DEBIAN}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "check.cpp")
        source.write_text(PROGRAM)
        include = f"-I{sysconfig.get_paths()['include']}"
        command = [*compiler.split(), "-std=c++11", include, "-fsyntax-only", str(source)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            sys.exit(f"ris needs Python's C headers to build hnswlib, and found none. {DEBIAN}")


main()
