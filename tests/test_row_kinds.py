from mlfactory.row_kinds import in_words


def test_kinds_that_occur_are_counted_and_explained():
    words = in_words({"duplicates": 0, "off_grid": 3, "no_time": 1})
    assert words == (
        "off_grid 3 (not a whole number of rows after the session's open); no_time 1 (without a "
        "time)"
    )


def test_counts_stand_with_their_share_where_the_rows_are_known():
    words = in_words({"off_tick": 46_000, "outliers": 3}, 200_000)
    assert words.startswith("off_tick 46000, 23% (a price that is no multiple of")
    assert "sub-penny trades, adjusted prices" in words
    assert "; outliers 3, under 0.1% (far from" in words


def test_lead_is_explained_by_what_it_shows():
    assert "the file's first session" in in_words({"thin_lead": 390})
