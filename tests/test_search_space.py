import pytest

from mlfactory.search_space import every_point, space, starts

GRID = {"kind": {"choices": ["a", "b"]}, "depth": {"low": 2, "high": 4}}


def test_points_are_all_combinations_or_none_where_they_are_too_many():
    found = every_point(GRID, at_most=6)
    assert len(found) == 6
    assert {(point["kind"], point["depth"]) for point in found} == {
        (kind, depth) for kind in "ab" for depth in (2, 3, 4)
    }
    assert every_point(GRID, at_most=5) == []


@pytest.mark.parametrize("low", [0.0, 0.5])
def test_a_range_of_fractions_has_no_end_of_points(low):
    assert every_point(GRID | {"rate": {"low": low, "high": 1}}, at_most=10**9) == []


def test_what_a_search_begins_with_is_among_the_points_of_its_space():
    model = {
        "training": {"depth": 9, "kind": "c"},
        "search_space": {"depth": {"low": 2, "high": 4, "first": [3]}, "kind": GRID["kind"]},
    }
    searched = space(model)
    begun = starts(model["training"], searched)
    assert begun == [{"depth": 9, "kind": "c"}, {"depth": 3, "kind": "c"}]
    assert all(start in every_point(searched, at_most=100) for start in begun)


def test_own_fraction_between_whole_bounds_can_be_tried():
    searched = {"weight": {"low": 1, "high": 4}}
    wide = space({"training": {"weight": 2.5}, "search_space": searched})
    assert every_point(wide, at_most=100) == []
    assert space({"training": {"weight": 2.0}, "search_space": searched}) == searched
