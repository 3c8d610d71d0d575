"""The command line as people and scripts see it: words, JSON, exit codes."""

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import drawn
import numpy as np
import pandas as pd
import pytest
import reports
import stores
from PIL import ImageOps

from ris.cli import commands, main
from ris.explore.explorer import open_explorer
from ris.store.collection import Collection, Draft, collections
from ris.store.tags import Tags


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def documents(self):
        """The JSON documents on stdout, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def ris(home, monkeypatch, capsys):
    """Run `python -m ris` in this process, on the home with the collection `drawn`."""

    def run(*arguments: object) -> Said:
        monkeypatch.setenv("RIS_HOME", str(home))
        monkeypatch.setattr(sys, "argv", ["ris", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def picture(pictures):
    return pictures / "bars" / "03.png"


class TestHelp:
    @pytest.mark.parametrize("name", sorted(commands.commands))
    def test_every_command_has_an_example(self, ris, name):
        said = ris(name, "--help")
        assert said.code == 0
        assert f"python -m ris {name}" in said.out.split("Example:")[1]

    def test_the_first_help_has_one_too(self, ris):
        for arguments in (["--help"], ["-h"]):
            said = ris(*arguments)
            assert said.code == 0
            assert "python -m ris" in said.out.split("Example:")[1]

    def test_the_version_is_told(self, ris):
        assert ris("--version").out.startswith("ris, version ")

    def test_the_examples_are_understood(self):
        """Each is parsed as it stands, but not run."""
        for name, command in commands.commands.items():
            words = command.epilog.split("Example:")[1].split()[4:]
            assert command.make_context(name, words, resilient_parsing=True)


class TestExitCodes:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["nonsense"],
            ["search", "drawn"],
            ["search", "drawn", "x.png", "-k", "0"],
            ["search", "drawn", "x.png", "-k", "many"],
            ["create", "new"],
            ["create", "new", "demo", "--minutes", "-1"],
            ["create", "new", "demo", "--set", "rotation"],
            ["evaluate", "drawn", "--queries", "/nowhere/at/all"],
            ["list", "--unknown"],
        ],
    )
    def test_2_for_what_is_not_understood(self, ris, arguments):
        said = ris(*arguments)
        assert said.code == 2
        assert said.out == ""
        assert "Error" in said.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["search", "gone", "x.png"],
            ["show", "gone"],
            ["skipped", "gone"],
            ["generations", "gone"],
            ["train", "gone"],
            ["use", "drawn", "7"],
            ["export", "gone", "out.parquet"],
            ["delete", "gone", "--yes"],
            ["create", "drawn", "demo"],
            ["create", "new", "/nowhere/at/all"],
            ["create", "../evil", "demo"],
            ["create", "new", "keras:nothing"],
            ["create", "new", "demo", "--labels", "/nowhere.csv"],
            ["create", "new", "demo", "--set", "size=50"],
            ["create", "new", "demo", "--set", "colours=1"],
            ["train", "drawn", "--set", "rotation=much"],
            ["evaluate", "gone"],
            ["evaluate", "drawn"],
        ],
    )
    def test_1_for_what_goes_wrong_with_a_sentence_and_a_hint(self, ris, arguments):
        said = ris(*arguments)
        assert said.code == 1
        assert said.out == ""
        first, hint = said.err.splitlines()[:2]
        assert first.startswith("Error: ")
        assert hint
        assert "Traceback" not in said.err

    def test_a_refused_creation_makes_nothing(self, ris, home):
        ris("create", "new", "/nowhere/at/all")
        assert sorted(os.listdir(home)) == ["drawn"]


HIT = ["rank", "key", "id", "path", "labels", "distance", "verdict"]


class TestSearch:
    def test_one_document_a_query_with_the_documented_keys(self, ris, picture):
        said = ris("search", "drawn", picture, "-k", "3", "--json")
        assert (said.code, said.err) == (0, "")
        (told,) = said.documents
        assert list(told) == ["query", "verdict", "hits", "map", "milliseconds"]
        assert told["query"] == str(picture)
        assert [list(hit) for hit in told["hits"]] == [HIT] * 3
        assert list(told["map"]) == ["x", "y", "spread"]
        first = told["hits"][0]
        assert (first["rank"], first["path"], first["labels"]) == (1, str(picture), ["bars"])
        assert first["distance"] == pytest.approx(0, abs=1e-5)

    def test_ten_hits_by_default(self, ris, picture):
        (told,) = ris("search", "drawn", picture, "--json").documents
        assert len(told["hits"]) == 10

    def test_copies_are_found_and_their_turn_is_told(self, ris, picture, pictures, tmp_path):
        copy = tmp_path / "copy.png"
        copy.write_bytes(drawn.encoded(drawn.draw("discs", 2).rotate(90)))
        (told,) = ris("search", "drawn", copy, "--copies", "-k", "3", "--json").documents
        assert [list(hit) for hit in told["hits"]] == [[*HIT, "turned", "mirrored"]] * 3
        first = told["hits"][0]
        assert first["path"] == str(pictures / "discs" / "02.png")
        assert (first["turned"], first["mirrored"]) == (90, False)
        assert first["distance"] == pytest.approx(0, abs=1e-5)
        said = ris("search", "drawn", copy, "--copies").out
        assert "rank  distance  verdict" in said
        assert "  90°  " in said.splitlines()[2]
        mirrored = tmp_path / "mirrored.png"
        mirrored.write_bytes(drawn.encoded(ImageOps.mirror(drawn.draw("discs", 2))))
        assert "  0° mirrored  " in ris("search", "drawn", mirrored, "--copies").out.splitlines()[2]

    def test_neighbours_say_a_column(self, ris, picture):
        asked = ("search", "drawn", picture, "-k", "5", "--predict", "label")
        (told,) = ris(*asked, "--json").documents
        said = told["prediction"]
        assert (said["column"], said["value"], said["neighbours"]) == ("label", "bars", 5)
        assert said["leave_one_out"]["asked"] == 48
        out = ris(*asked).out
        assert "label: bars, with " in out
        assert "48 items left out one by one" in out
        refused = ris("search", "drawn", picture, "--predict", "price")
        assert refused.code == 1
        assert "They can tell label" in refused.err

    def test_copies_tell_their_cost(self, ris):
        assert "times the time" in " ".join(ris("search", "--help").out.split())

    def test_a_filter_in_json(self, ris, picture):
        where = 'label in ["rings", "discs"] and width >= 32'
        (told,) = ris("search", "drawn", picture, "--where", where, "--json").documents
        assert list(told) == ["query", "verdict", "matching", "hits", "map", "milliseconds"]
        assert told["matching"] == 24
        assert len(told["hits"]) == 10
        assert {label for hit in told["hits"] for label in hit["labels"]} == {"rings", "discs"}
        arguments = ["--where", where, "--copies", "-k", "30", "--json"]
        (copies,) = ris("search", "drawn", picture, *arguments).documents
        assert [list(hit) for hit in copies["hits"]] == [[*HIT, "turned", "mirrored"]] * 24

    def test_a_filter_in_words(self, ris, picture, pictures):
        said = ris("search", "drawn", picture, "--where", f'folder == "{pictures}/rings"')
        assert said.code == 0
        assert " ms, among 12 matching items, on the map" in said.out
        assert said.out.count("/rings/") == 10

    def test_a_filter_that_holds_for_no_item_is_no_error(self, ris, picture):
        arguments = ["search", "drawn", picture, picture, "--where", "width > 99"]
        said = ris(*arguments)
        assert (said.code, said.err) == (0, "")
        assert said.out.count("The filter holds for no item.") == 2
        assert "rank" not in said.out
        told = ris(*arguments, "--json").documents
        assert [(one["matching"], one["hits"]) for one in told] == [(0, [])] * 2

    @pytest.mark.parametrize("where", ["", "colour == 3", "; drop table", "x\x1b[31m == 1"])
    def test_a_wrong_filter_says_what_is_wrong_and_lists_the_columns(self, ris, picture, where):
        for arguments in ([], ["--json"]):
            said = ris("search", "drawn", picture, "--where", where, *arguments)
            assert (said.code, said.out) == (1, "")
            first, hint = said.err.splitlines()
            assert first.startswith("Error: ")
            assert hint.startswith("Columns: label, labels, folder, ")
            assert "\x1b" not in said.err

    def test_a_folder_is_all_its_files(self, ris, pictures):
        said = ris("search", "drawn", pictures / "bars", pictures / "rings", "--json", "-k", "1")
        assert said.code == 0
        assert len(said.documents) == 24
        assert all(told["hits"][0]["path"] == told["query"] for told in said.documents)

    def test_a_query_that_cannot_be_read_fails_after_all_others(self, ris, picture, tmp_path):
        (tmp_path / "bad.png").write_text("no picture")
        said = ris("search", "drawn", tmp_path / "bad.png", picture, "--json")
        assert said.code == 1
        bad, good = said.documents
        assert list(bad) == ["query", "error"]
        assert bad["query"] == str(tmp_path / "bad.png")
        assert "not a picture" in bad["error"]
        assert good["query"] == str(picture)

    def test_in_words(self, ris, picture, tmp_path):
        said = ris("search", "drawn", picture, tmp_path / "gone.png", "-k", "2")
        assert said.code == 1
        assert "on the map at (" in said.out
        assert "rank  distance  verdict" in said.out
        assert "gone.png: There is no such file" in said.err

    def test_names_cannot_write_to_the_terminal(self, ris, tmp_path):
        path = tmp_path / "red\x1b[31m.png"
        path.write_bytes(drawn.encoded(drawn.draw("bars", 1)))
        said = ris("search", "drawn", path)
        assert said.code == 0
        assert "\x1b" not in said.out
        assert "red\\x1b[31m.png" in said.out

    def test_what_is_not_as_it_should_be_is_said_on_stderr(self, ris, home, picture):
        next((home / "drawn").rglob("map.parquet")).unlink()
        said = ris("search", "drawn", picture, "--json")
        assert said.code == 0
        assert "Note: There is no map" in said.err
        assert said.documents[0]["map"] is None

    @pytest.mark.parametrize(
        "content",
        [
            drawn.encoded(drawn.draw("bars", 1)),
            b"no picture",
        ],
        ids=["good", "bad"],
    )
    def test_names_that_are_not_utf8_are_answered_as_json(self, home, tmp_path, content):
        name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
        Path(os.fsdecode(name)).write_bytes(content)
        command = [sys.executable, "-m", "ris", "--home", home, "search", "drawn", name, "--json"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stderr
        assert "caf%E9" in json.loads(done.stdout)["query"]


class TestTelling:
    OVERVIEW = ("name", "items", "generation", "dimension", "bytes", "created")

    def test_list(self, ris):
        (told,) = ris("list", "--json").documents
        assert tuple(told) == self.OVERVIEW
        assert (told["name"], told["items"], told["generation"]) == ("drawn", 48, "00000001")
        words = ris("list").out
        assert "drawn" in words
        assert "48" in words

    def test_an_empty_home_says_what_to_do(self, ris, tmp_path):
        said = ris("list", "--home", tmp_path / "nothing")
        assert said.code == 0
        assert "python -m ris create" in said.out
        assert ris("list", "--home", tmp_path / "nothing", "--json").out == ""

    def test_home_and_json_stand_before_or_after_the_command(self, ris, home, tmp_path):
        for arguments in (["--json", "--home", home, "list"], ["list", "--home", home, "--json"]):
            assert ris(*arguments).documents[0]["name"] == "drawn"
        assert ris("--home", tmp_path / "x", "list", "--home", home, "--json").documents

    def test_show(self, ris, pictures):
        (told,) = ris("show", "drawn", "--json").documents
        assert set(self.OVERVIEW) < set(told)
        assert (told["skipped"], told["generations"], told["recall"]) == (1, 1, 1)
        assert (told["sources"], told["label_source"]) == ([str(pictures)], "folder")
        assert str(pictures) in ris("show", "drawn").out

    def test_an_unfinished_collection_is_shown_too(self, ris, empty):
        (told,) = ris("--home", empty.home, "show", "small", "--json").documents
        assert (told["items"], told["generation"]) == (0, None)
        assert ris("--home", empty.home, "show", "small").code == 0
        assert ris("--home", empty.home, "list").code == 0

    def test_skipped(self, ris, pictures):
        (told,) = ris("skipped", "drawn", "--json").documents
        assert list(told) == ["path", "reason"]
        assert told["path"] == str(pictures / "notes.txt")
        assert "notes.txt" in ris("skipped", "drawn").out

    def test_generations_and_use(self, ris, collection, pictures, tmp_path):
        stores.publish_by_another_encoder(collection, pictures, tmp_path)
        told = ris("generations", "drawn", "--json").documents
        assert [(one["generation"], one["serving"]) for one in told] == [
            ("00000001", False),
            ("00000002", True),
        ]
        assert ris("use", "drawn", "1").out == "Generation 00000001 of drawn serves now.\n"
        assert collection.current() == "00000001"
        (used,) = ris("use", "drawn", "00000002", "--json").documents
        assert (used["generation"], used["parent"]) == ("00000002", "00000001")
        assert collection.current() == "00000002"
        assert "serving" in ris("generations", "drawn").out

    def test_generations_of_an_encoder_that_was_never_trained_here(self, ris, collection):
        """`generations` ended in a KeyError after `create --minutes 0`."""
        untrained = replace(collection.serving(), training={})
        collection.publish(Draft(untrained, {}), parent=untrained.generation)
        *_, last = ris("generations", "drawn").out.splitlines()
        assert last.startswith("00000002")
        assert last.endswith("serving")


class TestExport:
    def test_it_is_read_back_by_pandas(self, ris, tmp_path):
        file = tmp_path / "out.parquet"
        (told,) = ris("export", "drawn", file, "--json").documents
        assert told == {"file": str(file), "rows": 48, "bytes": file.stat().st_size}
        frame = pd.read_parquet(file)
        assert len(frame) == 48
        assert frame["image"][0]["bytes"] is None

    def test_with_pictures(self, ris, tmp_path, pictures):
        said = ris("export", "drawn", tmp_path / "out.parquet", "--pictures")
        assert said.out.startswith("Wrote 48 rows, ")
        image = pd.read_parquet(tmp_path / "out.parquet")["image"][0]
        assert image["bytes"] == (pictures / "bars" / "00.png").read_bytes()


class TestMap:
    def test_it_is_written_with_a_query(self, ris, picture, tmp_path):
        file = tmp_path / "map.html"
        said = ris("map", "drawn", file, "--query", picture, "-k", 3, "--json")
        assert said.code == 0
        (told,) = said.documents
        assert told == {"file": str(file), "points": 48, "bytes": file.stat().st_size}
        assert '"name": "03.png"' in file.read_text()
        assert "48 pictures" in ris("map", "drawn", file, "--colour", "folder").out

    def test_what_it_can_not_be_coloured_by_is_refused(self, ris, tmp_path):
        said = ris("map", "drawn", tmp_path / "map.html", "--colour", "mood")
        assert said.code == 1
        assert "'mood'" in said.err
        assert "picture size" in said.err
        assert not (tmp_path / "map.html").exists()

    def test_a_folder_that_is_not_there_is_told(self, ris, tmp_path):
        said = ris("map", "drawn", tmp_path / "nowhere" / "map.html")
        assert said.code == 1
        assert "can't be written" in said.err


class TestDelete:
    @pytest.mark.parametrize(
        ("answer", "code", "left"),
        [("n\n", 1, ["drawn"]), ("\n", 1, ["drawn"]), ("", 1, ["drawn"]), ("y\n", 0, [])],
    )
    def test_it_asks_and_only_yes_removes(self, ris, home, monkeypatch, answer, code, left):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        said = ris("delete", "drawn")
        assert "Remove drawn with 48 items" in said.err
        assert (said.code, collections(home)) == (code, left)

    def test_yes_does_not_ask(self, ris, home, pictures):
        said = ris("delete", "drawn", "--yes", "--json")
        assert said.documents == [{"deleted": "drawn"}]
        assert collections(home) == []
        assert (pictures / "bars" / "00.png").exists()


class TestEvaluate:
    def test_labelled_queries_are_measured_beside_the_baselines(self, ris, pictures):
        said = ris("evaluate", "drawn", "--queries", pictures, "--json")
        assert said.code == 0, said.err
        (card,) = said.documents
        assert (card["pictures"], card["queries"], card["labelled_queries"]) == (48, 48, 48)
        assert (card["skipped"], card["generation"]) == (1, "00000001")
        assert set(card["methods"]) == {
            "this",
            "raw_pixels",
            "colour_histogram",
            "perceptual_hash",
        }
        for scores in card["methods"].values():
            # each finds itself, and others of its kind
            assert 0.1 <= scores["precision_at_10"] <= 1
            assert 0 < scores["neighbour_vote"] <= 1

    def test_queries_of_an_unknown_label_find_nothing(self, ris, pictures, tmp_path):
        shutil.copytree(pictures / "bars", tmp_path / "q" / "sheep")
        (card,) = ris("evaluate", "drawn", "--queries", tmp_path / "q", "--json").documents
        assert card["labelled_queries"] == 12
        assert {m["precision_at_10"] for m in card["methods"].values()} == {0}

    def test_without_labels_it_is_said(self, ris, pictures, tmp_path):
        shutil.copy(pictures / "bars" / "03.png", tmp_path / "x.png")
        said = ris("evaluate", "drawn", "--queries", tmp_path / "x.png")
        assert said.code == 1
        (tmp_path / "images").mkdir()
        shutil.copy(pictures / "bars" / "03.png", tmp_path / "images" / "x.png")
        said = ris("evaluate", "drawn", "--queries", tmp_path / "images")
        assert (said.code, said.out) == (1, "")
        assert "no labels to compare" in said.err

    def test_the_serving_card_is_a_table_for_people_and_a_document_for_others(
        self, ris, home, pictures, tmp_path
    ):
        facts = {"report": reports.card().to_json()}
        stores.publish_folder(home, "judged", pictures, tmp_path / "w", facts=facts)
        said = ris("evaluate", "judged")
        assert said.code == 0, said.err
        assert "turned by 90 degrees" in said.out
        assert "precision at 10" in said.out
        (told,) = ris("evaluate", "judged", "--json").documents
        assert told["methods"] == json.loads(json.dumps(facts["report"]["methods"]))
        assert told["name"] == "judged"


class TestUpkeep:
    @pytest.fixture
    def folder(self, tmp_path):
        """A folder of four pictures; a collection "own" is made from it in the home."""
        for number in range(4):
            path = tmp_path / "own" / "bars" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn.encoded(drawn.draw("bars", number)))
        stores.publish_folder(tmp_path / "home", "own", tmp_path / "own", tmp_path / "work")
        return tmp_path / "own"

    @pytest.fixture
    def own(self, ris, folder, tmp_path):
        def run(name, *arguments, json=True):
            given = [*arguments, "--home", tmp_path / "home", *(["--json"] if json else [])]
            said = ris(name, "own", *given)
            assert said.code == 0, said.err
            return said.documents[0] if json else said.out

        return run

    def test_it_tells_and_then_does(self, own, folder):
        (folder / "bars/0.png").unlink()
        (folder / "bars/1.png").rename(folder / "one.png")
        (folder / "new.png").write_bytes(drawn.encoded(drawn.draw("discs", 0)))
        said = own("sync", json=False)
        assert said.splitlines() == [
            "own: 1 new, 1 moved, 1 gone.",
            "Do it with: python -m ris sync own --apply",
        ]
        told = own("sync")
        expected = {
            "new": 1, "changed": 0, "moved": 1, "restored": 0, "gone": 1, "unreadable": 0, "same": 2
        }  # fmt: skip
        assert told == {"name": "own", "applied": False, **expected}
        assert own("show")["items"] == 4
        done = own("sync", "--apply")
        assert done == {"name": "own", "generation": "00000002", "items": 4, **expected}
        assert own("sync", json=False) == "own: nothing changed, 4 as they were.\n"

    def test_additions_removals_and_compaction(self, own, tmp_path):
        (tmp_path / "more").mkdir()
        picture = tmp_path / "more" / "new.png"
        picture.write_bytes(drawn.encoded(drawn.draw("discs", 0)))
        assert own("add", str(tmp_path / "more"))["new"] == 1
        assert own("remove", "0", str(picture)) == {
            "name": "own", "generation": "00000003", "items": 3, "removed": 2
        }  # fmt: skip
        assert own("restore", "0")["restored"] == 1
        assert own("compact")["items"] == 4
        found = own("search", str(picture))
        assert len(found["hits"]) == 4

    def test_nothing_is_removed_while_a_job_runs(self, ris, folder, tmp_path):
        from ris import jobs

        home = tmp_path / "home"
        with jobs.run(home, "own", "train"):
            for command in (["remove", "own", "0"], ["use", "own", "1"], ["sync", "own"]):
                said = ris(*command, "--home", str(home))
                assert said.code == 1
                assert "A job of 'own' runs already" in said.err


class TestDuplicates:
    @pytest.fixture
    def copies(self, home, tmp_path):
        """A folder of three pictures, two of them copies, that the collection `copies` is of."""
        folder = tmp_path / "copies"
        for name in ("a.png", "b.png"):
            drawn.write(folder, "bars", 0, name)
        drawn.write(folder, "rings", 5, "c.png")
        stores.publish_folder(home, "copies", folder, tmp_path / "copies-work")
        return folder

    def test_groups_are_told_the_best_file_first(self, ris, copies):
        said = ris("duplicates", "copies", "--json")
        (told,) = [one for one in said.documents if one["kind"] == "exact"]
        assert [one["path"] for one in told["items"]] == [
            str(copies / name) for name in ("a.png", "b.png")
        ]
        assert told["distance"] == 0
        words = ris("duplicates", "copies").out
        assert "Exact copies" in words
        assert "1 groups of exact copies" in words

    def test_one_is_thrown_away_and_comes_back(self, ris, copies):
        (entry,) = ris("duplicates", "copies", "--throw-away", 1, 0, "--json").documents
        assert not (copies / "b.png").exists()
        said = ris("duplicates", "copies", "--throw-away", 0, 1)
        assert (said.code, (copies / "a.png").exists()) == (1, True)
        said = ris("duplicates", "copies", "--undo", entry["number"])
        assert str(copies / "b.png") in said.out
        assert (copies / "b.png").exists()


def test_a_walk_names_what_is_near_on_the_way(ris):
    told = ris("between", "drawn", 0, 20, "--steps", 3, "--json").documents
    assert [one["share"] for one in told] == [0, 0.5, 1]
    assert [told[0]["key"], told[-1]["key"]] == [0, 20]
    assert told[1]["key"] not in (0, 20)
    assert "100%" in ris("between", "drawn", 0, 20).out
    assert ris("between", "drawn", 0, 9999).code == 1


class TestExportOfSome:
    def test_a_filter_and_a_tag_choose(self, ris, home, tmp_path):
        Tags(Collection(home, "drawn")).add("fine", np.array([0, 1, 2]))
        file = tmp_path / "some.csv"
        where = 'path.endswith("0.png") or path.endswith("1.png")'
        (told,) = ris(
            "export", "drawn", file, "--tag", "fine", "--where", where, "--json"
        ).documents
        assert told["rows"] == len(pd.read_csv(file)) == 2
        said = ris("export", "drawn", file, "--tag", "other")
        assert (said.code, "known: fine" in said.err) == (1, True)

    @pytest.mark.parametrize("name", ["all.zip", "all.html", "some.parquet"])
    def test_the_ending_names_the_format(self, ris, tmp_path, name):
        some = ["--where", "key < 5"] if "some" in name else []
        (told,) = ris("export", "drawn", tmp_path / name, *some, "--json").documents
        data = (tmp_path / name).read_bytes()
        begins = {"zip": b"PK", "html": b"<!doctype", "parquet": b"PAR1"}[name.split(".")[1]]
        assert data.startswith(begins)
        assert (told["rows"], told["bytes"]) == (5 if some else 48, len(data))

    def test_bytes_of_pictures_are_for_whole_tables(self, ris, tmp_path):
        assert ris("export", "drawn", tmp_path / "a.csv", "--pictures").code == 2


class TestTiles:
    def test_what_makes_no_sense_is_refused_at_once(self, ris, pictures, tmp_path):
        for wrong in (["--stride", 8], ["--tiles", 4], ["--tiles", 64, "--stride", 65]):
            assert ris("create", "new", pictures, *wrong).code in (1, 2)
        said = ris("create", "new", "demo", "--tiles", 64)
        assert (said.code, "only those of a folder" in said.err) == (1, True)


def test_the_odd_ones_out_come_with_their_scores(ris, home, pictures, tmp_path):
    assert "An earlier version of ris" in ris("odd", "drawn").out
    stores.publish_folder(home, "odd", pictures, tmp_path / "work", cluster=[0] * 48)
    told = ris("odd", "odd", "-k", 3, "--json").documents
    assert [one["key"] for one in told] == [47, 46, 45]
    assert [one["score"] for one in told] == pytest.approx([0.48, 0.47, 0.46])
    told = ris("odd", "odd", "-k", 48, "--by", "error", "--json").documents
    scores = [one["score"] for one in told]
    assert scores == sorted(scores, reverse=True)
    explorer = open_explorer(home, "odd")
    worst = explorer.look(told[0]["key"])
    assert scores[0] == pytest.approx(10 ** (-worst.psnr_db / 20), abs=1e-4)
    assert "reconstruction error" in ris("odd", "odd", "--by", "error").out


def test_tags_are_given_listed_and_taken(ris, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "There is no tag yet." in ris("tag", "drawn").out
    said = ris("tag", "drawn", "fine", "--key", 3, "--where", "key in [4, 5]", "--json")
    assert said.documents == [{"tag": "fine", "items": 3}]
    assert "Given to 3 items." in said.err
    (told,) = ris("export", "drawn", "fine.csv", "--tag", "fine", "--json").documents
    assert told["rows"] == 3
    said = ris("tag", "drawn", "fine", "--key", 4, "--key", 9, "--take", "--json")
    assert said.documents == [{"tag": "fine", "items": 2}]
    assert "Taken from 1 item." in said.err
    assert ris("tag", "drawn", "fine", "--key", 9999).code == 1
    assert ris("tag", "drawn", "fine", "--where", "key == 9999").code == 1
    assert [ris("tag", "drawn", *one).code for one in (["fine"], ["--key", 3])] == [2, 2]
