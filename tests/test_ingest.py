from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlfactory import ingest
from mlfactory.errors import UserError
from mlfactory.ingest import read_raw

MINUTE = pd.Timedelta("1min")


def market(n: int = 8, start: str = "2024-07-01 14:00", step: str = "1min", tz="UTC"):
    close = 100.0 + np.arange(n) * 0.25
    return pd.DataFrame(
        {
            "datetime": pd.date_range(start, periods=n, freq=step, tz=tz),
            "open": close - 0.25,
            "high": close + 0.5,
            "low": close - 0.5,
            "close": close,
            "volume": np.arange(1, n + 1),
        }
    )


def saved(frame: pd.DataFrame, folder: Path, name: str = "MES_1m.parquet", **options) -> Path:
    path = folder / name
    if path.suffix == ".csv":
        frame.to_csv(path, index=options.pop("index", False))
    else:
        frame.to_parquet(path, **options)
    return path


def read(path: Path, interval=MINUTE, timezone=None, stamps="open"):
    return read_raw(path, interval=interval, timezone=timezone, stamps=stamps, symbol="MES")


def times(frame: pd.DataFrame) -> list[str]:
    return frame["datetime"].dt.strftime("%m-%d %H:%M").tolist()


def refusal(path: Path, **options) -> str:
    with pytest.raises(UserError) as error:
        read(path, **options)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_parquet_comes_back_in_the_standard_form(tmp_path):
    frame, account = read(saved(market(), tmp_path))
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "datetime": "datetime64[ns, UTC]",
        **dict.fromkeys(("open", "high", "low", "close", "volume"), "float64"),
        "contract": "str",
    }
    assert frame["contract"].isna().all()
    assert account == {
        "read": 8,
        "stamps": "open",
        "times": "UTC",
        "out_of_order": 0,
        "duplicates": 0,
        "impossible": {"no_time": 0, "conflicting": 0},
        "example": "",
    }


@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
@pytest.mark.parametrize(
    "names",
    [
        ["ts_event", "o", "h", "l", "c", "v"],
        ["Timestamp", "Open", "High", "Low", "Close", "Volume"],
        ["Date", " OPEN", "High ", "LOW", "Close", "Vol"],
    ],
)
def test_usual_names_are_understood(tmp_path, name, names):
    expected, _ = read(saved(market(), tmp_path))
    frame, _ = read(saved(market().set_axis(names, axis=1), tmp_path, name))
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
@pytest.mark.parametrize("index", ["datetime", None])
def test_time_may_be_the_index(tmp_path, name, index):
    indexed = market().set_index("datetime").rename_axis(index)
    frame, _ = read(saved(indexed, tmp_path, name, index=True))
    assert times(frame)[:2] == ["07-01 14:00", "07-01 14:01"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
def test_epoch_numbers_of_every_unit_are_utc(tmp_path, unit, name):
    frame = market()
    frame["datetime"] = frame["datetime"].dt.as_unit(unit).astype("int64")
    found, account = read(saved(frame, tmp_path, name))
    assert times(found)[0] == "07-01 14:00"
    assert account["times"] == "epoch"


def test_contract_column_becomes_text(tmp_path):
    frame = market().assign(instrument_id=[7, 7, 7, 7, 8, 8, 8, 8])
    for name in ("MES_1m.parquet", "MES_1m.csv"):
        found, _ = read(saved(frame, tmp_path, name))
        assert found["contract"].tolist() == list("77778888")


def test_aware_times_become_utc(tmp_path):
    found, account = read(saved(market(tz="America/New_York"), tmp_path))
    assert times(found)[0] == "07-01 18:00"
    assert account["times"] == "America/New_York"


def test_text_with_offsets_that_change_with_summer_time_becomes_utc(tmp_path):
    frame = market(4)
    frame["datetime"] = [
        *("2024-03-08 09:30:00-05:00", "2024-03-08 09:31:00-05:00"),
        *("2024-03-11 09:30:00-04:00", "2024-03-11 09:31:00-04:00"),
    ]
    found, _ = read(saved(frame, tmp_path, "MES_1m.csv"))
    assert times(found) == ["03-08 14:30", "03-08 14:31", "03-11 13:30", "03-11 13:31"]


def test_naive_times_follow_their_zone_over_both_clock_changes(tmp_path):
    frame = market(4, tz=None)
    frame["datetime"] = pd.to_datetime(
        ["2024-03-09 09:30", "2024-03-11 09:30", "2024-11-01 09:30", "2024-11-04 09:30"]
    )
    found, _ = read(saved(frame, tmp_path), timezone="America/New_York")
    assert times(found) == ["03-09 14:30", "03-11 13:30", "11-01 13:30", "11-04 14:30"]


@pytest.mark.parametrize("falling", [False, True])
def test_hour_that_comes_twice_is_told_by_order(tmp_path, falling):
    frame = market(6, tz=None)
    frame["datetime"] = pd.to_datetime(
        [f"2024-11-03 0{t}" for t in ("0:30", "1:00", "1:30", "1:00", "1:30", "2:00")]
    )
    frame = frame[::-1] if falling else frame
    found, _ = read(saved(frame, tmp_path), timezone="America/New_York")
    assert times(found) == [f"11-03 0{t}" for t in ("4:30", "5:00", "5:30", "6:00", "6:30", "7:00")]


def test_unknown_zone_names_the_nearest(tmp_path):
    path = saved(market(tz=None), tmp_path)
    assert "is no zone; did you mean America/New_York?" in refusal(path, timezone="America/NewYork")


def test_stamps_at_the_close_are_moved_to_the_open(tmp_path):
    found, _ = read(saved(market(), tmp_path), stamps="close")
    assert times(found)[:2] == ["07-01 13:59", "07-01 14:00"]


def test_reversed_file_is_sorted_and_counted(tmp_path):
    found, account = read(saved(market()[::-1], tmp_path))
    assert found["datetime"].is_monotonic_increasing
    assert account["out_of_order"] == 7
    assert found.index.tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


def test_exact_duplicates_go_and_of_conflicting_ones_the_first_stays(tmp_path):
    frame = market(5)
    again = frame.iloc[[1, 3]].assign(close=[frame["close"][1], 100.0])
    found, account = read(saved(pd.concat([frame, again], ignore_index=True), tmp_path))
    assert account["duplicates"] == 1
    assert account["impossible"]["conflicting"] == 1
    assert account["example"] == "rows 4 and 7 differ at 2024-07-01 14:03:00+00:00"
    assert found["close"].tolist() == frame["close"].tolist()


def test_row_without_a_time_is_dropped_and_counted(tmp_path):
    frame = market(5)
    frame.loc[2, "datetime"] = pd.NaT
    found, account = read(saved(frame, tmp_path))
    assert len(found) == 4
    assert account["impossible"]["no_time"] == 1
    assert account["example"] == "row 3 has no time"


def test_hourly_rows_at_half_past_are_seen_as_hourly(tmp_path):
    path = saved(market(40, "2024-07-01 13:30", step="60min"), tmp_path)
    assert "60min apart, not 5min" in refusal(path, interval=pd.Timedelta("5min"))


def test_sparse_minutes_pass_as_minutes(tmp_path):
    frame = market(300).iloc[np.random.default_rng(1).permutation(300)[:60]].sort_values("datetime")
    assert len(read(saved(frame, tmp_path))[0]) == 60


def test_missing_file_says_what_to_put_where(tmp_path):
    message = refusal(tmp_path / "MES_1m.parquet")
    assert "MES_1m.parquet: no such file" in message
    assert "datetime, open, high, low, close, volume" in message
    assert "MES_5m.parquet" in message


@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
def test_missing_column_is_named_with_those_found(tmp_path, name):
    message = refusal(saved(market().drop(columns="low"), tmp_path, name))
    assert "no column low" in message
    assert "found: datetime, open, high" in message


@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
def test_text_in_a_price_is_named_by_row_and_value(tmp_path, name):
    frame = market().astype({"close": "str"})
    frame.loc[3, "close"] = "1O1"
    message = refusal(saved(frame, tmp_path, name))
    assert "close in row 4 is '1O1'" in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_epoch_number_that_is_not_finite_is_no_time(tmp_path, value):
    frame = market()
    frame["datetime"] = frame["datetime"].dt.as_unit("s").astype("int64").astype("float64")
    frame.loc[3, "datetime"] = value
    found, account = read(saved(frame, tmp_path))
    assert len(found) == 7
    assert account["impossible"]["no_time"] == 1


@pytest.mark.parametrize("missing", [np.nan, None, pd.NaT])
def test_no_time_in_any_row_is_refused(tmp_path, missing):
    message = refusal(saved(market().assign(datetime=missing), tmp_path))
    assert "datetime is missing in all 8 rows" in message


@pytest.mark.parametrize("name", ["MES_1m.parquet", "MES_1m.csv"])
@pytest.mark.parametrize(
    "content", [b"", b"PAR1 not parquet", b"\xff\xfe\x00\x81", b"a,b\n1,2,3\n"]
)
def test_file_that_is_not_what_its_name_says_answers_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).startswith(name)


def test_failure_of_the_system_is_no_damage_of_the_file(tmp_path, monkeypatch):
    path = saved(market(), tmp_path)
    monkeypatch.setattr(ingest.pq, "read_table", Mock(side_effect=OSError(5, "Input/output error")))
    assert refusal(path).startswith("MES_1m.parquet: cannot be read (Input/output error); see its")
    monkeypatch.setattr(ingest.pq, "read_table", Mock(side_effect=pa.ArrowMemoryError("full")))
    with pytest.raises(MemoryError):
        read(path)
