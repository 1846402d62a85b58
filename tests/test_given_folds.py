"""The user's own folds, read from a file."""

import numpy as np
import pandas as pd
import pytest

from mlfactory.errors import UserError
from mlfactory.given_folds import blocks, held_out_by

DAYS = pd.Series(pd.date_range("2024-01-01", periods=40, freq="D", tz="UTC"))
HEAD = "fold,start,end\n"


def written(folder, lines):
    path = folder / "folds.csv"
    path.write_text(lines)
    return str(path)


def test_without_a_file_there_are_no_blocks():
    assert blocks(None) is None


def test_each_row_is_held_out_by_the_fold_whose_block_holds_it(tmp_path):
    path = written(
        tmp_path,
        HEAD + "1,2024-01-20,2024-01-25T12:00\n"
        "0,2024-01-05,2024-01-08\n"
        "0,2024-01-25T13:00+01:00,2024-02-01\n",
    )
    fold = held_out_by(DAYS, blocks(path), 5, path)
    expected = [pd.NA] * 5
    for day in DAYS[5:]:
        if pd.Timestamp("2024-01-20", tz="UTC") <= day <= pd.Timestamp("2024-01-25", tz="UTC"):
            expected.append(1)
        elif day in pd.date_range("2024-01-05", "2024-01-07", tz="UTC") or (
            pd.Timestamp("2024-01-26", tz="UTC") <= day < pd.Timestamp("2024-02-01", tz="UTC")
        ):
            expected.append(0)
        else:
            expected.append(pd.NA)
    pd.testing.assert_series_equal(fold, pd.Series(expected, dtype="Int16"))


def test_blocks_that_equal_contiguous_folds_make_the_same_folds(tmp_path):
    lines = [f"{k},{DAYS[10 * k]},{DAYS[10 * k] + pd.Timedelta('10D')}\n" for k in range(4)]
    path = written(tmp_path, HEAD + "".join(lines))
    assert np.array_equal(held_out_by(DAYS, blocks(path), 0, path), np.repeat(np.arange(4), 10))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("fold,start\n0,2024-01-01\n", "lacks column end; write a line a block: fold,start,end"),
        (HEAD, "lacks any row"),
        ("", "is no csv file of the columns fold, start, end"),
        (HEAD + "0,2024-01-01,2024-02-01\nb,2024-02-01,2024-03-01\n", "line 3: fold='b' is no"),
        (HEAD + "0,2024-01-01,2024-02-01\n0.5,2024-02-01,2024-03-01\n", "line 3: fold='0.5' is no"),
        (HEAD + "1,2024-01-01,2024-02-01\n2,2024-02-01,2024-03-01\n", "numbered 1, 2; number them"),
        (HEAD + "0,2024-01-01,2024-02-01\n", "numbered 0; number them 0, 1, two at least"),
        (HEAD + "0,soon,2024-02-01\n1,2024-02-01,2024-03-01\n", "line 2: start='soon' is no time"),
        (
            HEAD + "0,2024-01-01,2024-02-01\n1,2024-03-01,2024-03-01\n",
            "line 3: end 2024-03-01 00:00:00+00:00 is not after its start",
        ),
        (
            HEAD + "0,2024-02-01,2024-03-01\n1,2024-01-01,2024-02-02\n",
            "line 2: begins 2024-02-01 00:00:00+00:00, before the block of line 3 ends",
        ),
    ],
)
def test_mistake_in_the_file_is_named(tmp_path, lines, words):
    with pytest.raises(UserError, match=r"folds\.csv: ") as refused:
        blocks(written(tmp_path, lines))
    assert words in str(refused.value)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"folds\.csv: cannot be read .* folds\.file names it"):
        blocks(str(tmp_path / "folds.csv"))


def test_fold_that_holds_no_row_out_is_refused(tmp_path):
    path = written(tmp_path, HEAD + "0,2024-01-02,2024-01-04\n1,2024-01-10,2024-01-20\n")
    with pytest.raises(UserError, match="fold 0 holds no row out; training rows that may be held"):
        held_out_by(DAYS, blocks(path), 5, path)
