from mlfactory.row_kinds import in_words


def test_kinds_that_occur_are_counted_and_explained():
    words = in_words({"duplicates": 0, "off_grid": 3, "no_time": 1})
    assert words == (
        "off_grid 3 (not a whole number of rows after the session's open); no_time 1 (without a "
        "time)"
    )
