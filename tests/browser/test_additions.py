"""A collection kept up with its folders from the Collection page, by the real jobs."""

import io
import zipfile

import drawn
import pytest

from ris.store.collection import Collection

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect
pytestmark = [pytest.mark.browser, pytest.mark.slow]

DONE = 120_000  # milliseconds that a job of a few pictures may take on a busy machine


def picture(number: int) -> bytes:
    return drawn.encoded(drawn.draw("rings", number))


def found(page) -> dict[str, str]:
    """What a comparison told: heads and numbers."""
    metrics = page.get_by_test_id("stMetric").filter(visible=True)
    return dict(one.inner_text().split("\n")[::2] for one in metrics.all())


def test_changes_of_a_folder_are_told_applied_and_dropped_files_added(open_tab, server, tmp_path):
    collection = Collection(server.home, "another")
    count = collection.serving().items
    for number in range(200, 203):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    page = open_tab("/collection", collection="another")
    page.get_by_role("tab", name="Add and update").click()
    page.get_by_label("Folder on the computer that runs ris").fill(str(tmp_path))
    page.get_by_role("button", name="Add folder").click()
    expect(page.get_by_text(f"{tmp_path}", exact=True)).to_be_visible(timeout=DONE)
    look = page.get_by_role("button", name="Look for changes")
    expect(look).to_be_enabled(timeout=DONE)
    assert collection.serving().items == count + 3

    (tmp_path / "200.png").rename(tmp_path / "moved.png")
    (tmp_path / "201.png").unlink()
    (tmp_path / "203.png").write_bytes(picture(203))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    before = collection.current()
    look.click()
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_enabled(timeout=DONE)
    assert found(page) == {"New": "1", "Moved": "1", "Gone": "1", "Unreadable": "1"}
    assert collection.current() == before
    apply.click()
    expect(look).to_be_enabled(timeout=DONE)
    expect(apply).to_have_count(0)
    assert collection.serving().items == count + 3
    assert [one.path for one in collection.skipped() if one.path.startswith(str(tmp_path))] == [
        str(tmp_path / "bad.png")
    ]

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in (204, 205):
            file.writestr(f"{number}.png", picture(number))
    dropped = [
        {"name": "more.zip", "mimeType": "application/zip", "buffer": archive.getvalue()},
        {"name": "206.png", "mimeType": "image/png", "buffer": picture(206)},
    ]
    uploader = page.get_by_test_id("stFileUploader").filter(visible=True)
    uploader.locator("input[type=file]").set_input_files(dropped)
    page.get_by_role("button", name="Add 2 files").click()
    expect(page.get_by_role("button", name="Add 2 files")).to_have_count(0)
    expect(look).to_be_enabled(timeout=DONE)
    assert collection.serving().items == count + 6
