"""More like this, less like that, and named concepts."""

import numpy as np
import pytest
import stores

from ris.errors import RisError, StoreError
from ris.explore.steering import LESS, MORE, Mark, Steering, steered
from ris.store.concepts import MOST, Concept, Concepts

VECTORS = stores.unit_vectors(20)


def embeddings(keys):
    return VECTORS[list(keys)]


def unit(vector):
    return vector / np.linalg.norm(vector)


class TestRocchio:
    def test_it_is_moved_by_the_means_of_what_was_marked(self):
        marks = (Mark(1, True), Mark(2, True), Mark(3, False))
        found, trail = steered(VECTORS[:1], Steering(marks), {}, embeddings)
        expected = VECTORS[0] + MORE * VECTORS[1:3].mean(axis=0) - LESS * VECTORS[3]
        np.testing.assert_allclose(found[0], unit(expected), atol=1e-6)
        assert len(trail) == 4  # as it was, and after each mark
        np.testing.assert_allclose(trail[0], VECTORS[0], atol=1e-6)
        np.testing.assert_allclose(trail[1], unit(VECTORS[0] + MORE * VECTORS[1]), atol=1e-6)
        np.testing.assert_allclose(trail[-1], found[0], atol=1e-6)

    def test_a_concept_counts_like_its_marks_times_what_is_wanted(self):
        concepts = {"night": Concept((1, 2), (3,))}
        whole, _ = steered(VECTORS[:1], Steering((), (("night", 1.0),)), concepts, embeddings)
        marks = (Mark(1, True), Mark(2, True), Mark(3, False))
        marked, _ = steered(VECTORS[:1], Steering(marks), {}, embeddings)
        np.testing.assert_allclose(whole, marked, atol=1e-6)
        less, trail = steered(VECTORS[:1], Steering((), (("night", -0.5),)), concepts, embeddings)
        way = MORE * VECTORS[1:3].mean(axis=0) - LESS * VECTORS[3]
        np.testing.assert_allclose(less[0], unit(VECTORS[0] - 0.5 * way), atol=1e-6)
        assert len(trail) == 2

    def test_all_views_are_moved_and_the_trail_is_short(self):
        marks = tuple(Mark(key, True) for key in range(5, 19))
        found, trail = steered(VECTORS[:4], Steering(marks), {}, embeddings)
        assert found.shape == VECTORS[:4].shape
        assert len(trail) == 9

    @pytest.mark.parametrize("concepts", [(("day", 1.0),), (("night", 1.5),)])
    def test_what_makes_no_sense_is_refused(self, concepts):
        with pytest.raises(RisError):
            steered(VECTORS[:1], Steering((), concepts), {"night": Concept((1,))}, embeddings)


class TestConcepts:
    def test_they_keep_what_was_marked_in_a_file_of_their_own(self, collection):
        concepts = Concepts(collection)
        assert concepts.all() == {}
        concepts.save(" night ", [3, 5], [7])
        concepts.save("day", [1])
        assert Concepts(collection).all() == {
            "day": Concept((1,)),
            "night": Concept((3, 5), (7,)),
        }
        concepts.forget("day")
        assert list(concepts.all()) == ["night"]
        with pytest.raises(RisError, match="day"):
            concepts.forget("day")

    @pytest.mark.parametrize(
        ("name", "more"),
        [
            ("", [1]),
            ("a=b", [1]),
            ("x" * 61, [1]),
            ("a\nb", [1]),
            ("a", []),
            ("a", range(MOST + 1)),
        ],
    )
    def test_what_can_be_none_is_refused(self, collection, name, more):
        with pytest.raises(RisError):
            Concepts(collection).save(name, list(more))

    @pytest.mark.parametrize("content", ["{}", "nonsense", '{"format": 99}'])
    def test_a_damaged_file_is_named_and_not_written_over(self, collection, content):
        path = collection.folder / "concepts.json"
        path.write_text(content)
        for ask in (Concepts(collection).all, lambda: Concepts(collection).save("a", [1])):
            with pytest.raises(StoreError, match="concepts"):
                ask()
        assert path.read_text() == content


class TestExplorer:
    def test_marks_bring_nearer_what_is_wanted(self, explorer):
        path, wanted = explorer.item(3).path, explorer.item(40)

        def away(steering):
            hits = explorer.search(path, k=48, steering=steering).hits
            return next(hit.distance for hit in hits if hit.item == wanted)

        plain = away(Steering())
        assert away(Steering((Mark(40, True),))) < plain < away(Steering((Mark(40, False),)))

    def test_the_trail_leads_from_the_query_to_where_it_is(self, explorer):
        steering = Steering((Mark(40, True), Mark(20, False)))
        found = explorer.similar(3, k=5, steering=steering)
        assert len(found.trail) == 3
        assert (found.trail[0].x, found.trail[0].y) == (
            explorer.place_of(3).x,
            explorer.place_of(3).y,
        )
        last = found.trail[-1]
        assert (last.x, last.y) == pytest.approx((found.place.x, found.place.y), abs=1e-4)
        assert len(found.to_json()["trail"]) == 3
        assert {hit.verdict for hit in found.hits} == {""}  # it is no picture any more
        assert explorer.similar(3).trail == ()

    def test_a_concept_outlives_its_items(self, explorer):
        Concepts(explorer.collection).save("odd", [40, 999], [20])
        found = explorer.search(explorer.item(3).path, steering=Steering((), (("odd", 1.0),)))
        marked = explorer.search(
            explorer.item(3).path, steering=Steering((Mark(40, True), Mark(20, False)))
        )
        assert [hit.item.key for hit in found.hits] == [hit.item.key for hit in marked.hits]

    def test_marks_of_items_that_are_gone_are_refused(self, explorer):
        with pytest.raises(StoreError):
            explorer.similar(3, steering=Steering((Mark(999, True),)))
