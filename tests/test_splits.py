import numpy as np
import pandas as pd
import pytest

from mlfactory.errors import UserError
from mlfactory.splits import require_sessions, sharpe_standard_error, split_bars

SETTINGS = {
    "train_share": 0.7,
    "val_share": 0.15,
    "val_start": None,
    "test_start": None,
    "purge_bars": 3,
    "embargo_sessions": 2,
    "min_sessions": {"train": 5, "val": 1, "test": 1},
}


def bars(n_sessions=40, per_session=10):
    n = n_sessions * per_session
    number = np.arange(n) // per_session
    times = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(number, "D")
    times = times + pd.to_timedelta(np.arange(n) % per_session, "min")
    return pd.DataFrame(
        {"datetime": pd.Series(times).dt.as_unit("ns"), "session": number.astype(np.int32)}
    )


def test_borders_are_session_starts_with_purge_before_and_embargo_after():
    train, val, test = split_bars(bars(), 20, SETTINGS)
    assert (train.start, train.stop) == (20, 290 - 3)
    assert (val.start, val.stop) == (290 + 20, 350 - 3)
    assert (test.start, test.stop) == (350 + 20, 400)
    assert [s.n_sessions for s in (train, val, test)] == [27, 4, 3]


def test_dates_fix_the_borders_when_data_is_appended():
    dated = SETTINGS | {"val_start": "2024-01-21", "test_start": "2024-01-29"}
    short = split_bars(bars(34), 20, dated)
    long = split_bars(bars(60), 20, dated)
    assert short[:2] == long[:2]
    assert short[2].start == long[2].start
    by_share = split_bars(bars(34), 20, SETTINGS), split_bars(bars(60), 20, SETTINGS)
    assert by_share[0][0] != by_share[1][0]


def test_borders_depend_on_nothing_but_times_and_sessions():
    assert split_bars(bars().assign(close=1.0), 20, SETTINGS) == split_bars(bars(), 20, SETTINGS)


def test_label_of_purge_length_never_reaches_over_a_border():
    unpurged = split_bars(bars(), 20, SETTINGS | {"purge_bars": 0})
    for split, whole in list(zip(split_bars(bars(), 20, SETTINGS), unpurged, strict=True))[:2]:
        last_label_end = split.stop - 1 + SETTINGS["purge_bars"]
        assert last_label_end < whole.stop


def test_too_little_data_is_refused_with_what_would_be_enough():
    wanted = SETTINGS | {"min_sessions": {"train": 5, "val": 1, "test": 4}}
    with pytest.raises(UserError) as refusal:
        require_sessions(split_bars(bars(), 20, wanted), wanted, "MES", 2)
    message = str(refusal.value)
    assert "test has 3 sessions" in message
    assert "splits.min_sessions.test is 4" in message
    enough = int(message.split("about ")[1].split()[0])
    require_sessions(split_bars(bars(enough), 20, wanted), wanted, "MES", 2)


def test_sharpe_of_fourteen_sessions_has_a_standard_error_above_four():
    assert sharpe_standard_error(14, "CME_Equity") == pytest.approx(4.24, abs=0.01)
    assert sharpe_standard_error(365, "24/7") == pytest.approx(1)
