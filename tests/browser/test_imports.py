"""The server that people wait for stays small: only jobs import the heavy libraries."""

import drawn
import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = pytest.mark.browser


def test_a_server_that_has_searched_never_imported_what_only_jobs_need(open_tab, server):
    page = open_tab()
    picture = {
        "name": "mine.png",
        "mimeType": "image/png",
        "buffer": drawn.encoded(drawn.draw("rings", 7)),
    }
    page.locator("input[type=file]").set_input_files(picture)
    expect(page.locator(".ris-query")).to_be_attached()

    imports = [line for line in server.log.read_text().splitlines() if "import time:" in line]
    packages = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in imports}
    assert packages >= {"streamlit", "onnxruntime"}
    assert packages.isdisjoint({"tensorflow", "keras", "umap", "numba", "sklearn"})
