from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import naive_bars
from mlfactory import cleaning
from mlfactory.bars import bars_from_raw, make_bars
from mlfactory.calendar import sessions
from mlfactory.contracts import Contract, Slippage
from mlfactory.errors import UserError
from mlfactory.row_kinds import MEANING

CLEANING = {
    "max_impossible_share": 0.2,
    "max_outside_calendar_share": 0.2,
    "outliers": "flag",
    "outlier_window": 30,
    "outlier_mads": 8,
    "min_traded_share": 0.2,
    "max_hole_sessions": 60,
}


def contract(calendar: str) -> Contract:
    return Contract(
        symbol="XYZ",
        tick_size=0.25,
        multiplier=5,
        currency="USD",
        calendar=calendar,
        commission_per_contract=1.0,
        slippage_ticks=Slippage(0.5, 1.0),
    )


def cleaned(times: list[str], calendar: str, contracts: str | None = None):
    """Rows as ``clean`` gives them, closes 1, 2, 3 ..., and the sessions."""
    datetime = pd.DatetimeIndex(times, tz="UTC").as_unit("ns")
    schedule = sessions(calendar, datetime[0], datetime[-1])
    number = schedule.locate(datetime.asi8)
    assert (number >= 0).all()
    close = np.arange(1.0, len(times) + 1)
    rows = pd.DataFrame(
        {
            "datetime": datetime,
            "open": close - 0.25,
            "high": close + 0.5,
            "low": close - 0.5,
            "close": close,
            "volume": close,
            "contract": pd.array(list(contracts or [None] * len(times)), dtype="str"),
            "session": schedule.date[number],
            "session_open": pd.to_datetime(schedule.open_ns[number], utc=True).as_unit("ns"),
            "session_close": pd.to_datetime(schedule.close_ns[number], utc=True).as_unit("ns"),
        }
    )
    return rows, schedule


def joined(
    times, calendar="24/7", raw="1min", bar="5min", max_gap="60min", contracts=None, **options
):
    rows, schedule = cleaned(times, calendar, contracts)
    return make_bars(
        rows,
        schedule,
        raw_interval=pd.Timedelta(raw),
        bar_interval=pd.Timedelta(bar),
        max_gap=pd.Timedelta(max_gap),
        **options,
    )


def clock(bars: pd.DataFrame) -> list[str]:
    return bars["datetime"].dt.strftime("%d %H:%M").tolist()


def test_bar_joins_its_rows_and_a_missing_row_is_not_invented():
    times = [f"2024-07-01 00:{m:02d}" for m in (0, 1, 4, 5, 9, 15, 19)]
    bars, raw_bars, _ = joined(times)
    assert clock(bars) == ["01 00:00", "01 00:05", "01 00:15"]
    assert bars["open"].tolist() == [0.75, 3.75, 5.75]
    assert bars["high"].tolist() == [3.5, 5.5, 7.5]
    assert bars["low"].tolist() == [0.5, 3.5, 5.5]
    assert bars["close"].tolist() == [3.0, 5.0, 7.0]
    assert bars["volume"].tolist() == [6.0, 9.0, 13.0]
    assert bars["n_raw"].tolist() == [3, 2, 2]
    assert raw_bars["bar"].tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert bars["segment"].tolist() == [0, 0, 0]


def test_bar_in_which_nothing_traded_is_left_out_and_its_rows_are_counted():
    rows, schedule = cleaned([f"2024-07-01 00:{m:02d}" for m in (0, 4, 5, 9, 10, 14)], "24/7")
    rows["volume"] = [1.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    bars, raw_bars, counts = make_bars(
        rows,
        schedule,
        raw_interval=pd.Timedelta("1min"),
        bar_interval=pd.Timedelta("5min"),
        max_gap=pd.Timedelta("60min"),
    )
    assert clock(bars) == ["01 00:00", "01 00:10"]
    assert bars["volume"].tolist() == [1.0, 2.0]
    assert raw_bars["bar"].tolist() == [0, 0, 1, 1]
    assert counts["bar_without_volume"] == 2


def test_tables_have_the_promised_types():
    bars, raw_bars, _ = joined(["2024-07-01 00:00", "2024-07-01 00:04"])
    time = "datetime64[ns, UTC]"
    assert {name: str(dtype) for name, dtype in bars.dtypes.items()} == {
        "datetime": time,
        **dict.fromkeys(("open", "high", "low", "close", "volume"), "float64"),
        **{"n_raw": "int32", "session": "int32", "session_open": time, "session_close": time},
        **{"segment": "int32", "contract": "str"},
    }
    assert list(raw_bars) == ["datetime", "open", "high", "low", "close", "volume", "bar"]
    assert raw_bars["bar"].dtype == np.int32


def test_last_bar_that_the_file_does_not_finish_is_left_out():
    times = [f"2024-07-01 00:{m:02d}" for m in (0, 4, 5, 8)]
    bars, raw_bars, counts = joined(times)
    assert clock(bars) == ["01 00:00"]
    assert len(raw_bars) == 2
    assert counts["incomplete_last_bar"] == 2
    whole = joined(times, file_end=pd.Timestamp("2024-07-01 00:10", tz="UTC"))[0]
    assert clock(whole) == ["01 00:00", "01 00:05"]


def test_bar_at_an_early_close_ends_with_the_session():
    # 29 November 2024: NYSE closes at 18:00 UTC, half an hour into the fourth hour
    times = ["2024-11-29 16:45", "2024-11-29 17:15", "2024-11-29 17:45", "2024-12-02 14:30"]
    bars, _, counts = joined(times, "NYSE", raw="15min", bar="60min")
    assert clock(bars) == ["29 16:30", "29 17:30"]
    assert bars["n_raw"].tolist() == [2, 1]
    assert counts["incomplete_last_bar"] == 1
    assert joined(times[:3], "NYSE", raw="15min", bar="60min")[0]["n_raw"].tolist() == [2, 1]


def test_bars_are_anchored_at_the_evening_open_on_both_sides_of_a_clock_change():
    # CME opens at 17:00 Chicago: 23:00 UTC on Thursday, 22:00 UTC after the change
    times = ["2024-03-07 23:00", "2024-03-08 03:30", "2024-03-10 22:00", "2024-03-11 02:30"]
    bars, _, _ = joined(
        [*times, "2024-03-11 06:00"], "CME_Equity", raw="30min", bar="4h", max_gap="23h"
    )
    assert clock(bars) == ["07 23:00", "08 03:00", "10 22:00", "11 02:00"]
    assert bars["session_open"].dt.strftime("%d %H").unique().tolist() == [
        "07 23",
        "10 22",
    ]


def test_bar_before_the_maintenance_break_is_short_and_the_break_no_gap():
    times = ["2024-07-01 18:30", "2024-07-01 20:30", "2024-07-01 22:00", "2024-07-02 01:30"]
    bars, _, _ = joined(times, "CME_Equity", raw="30min", bar="4h", max_gap="100min")
    assert clock(bars) == ["01 18:00", "01 22:00"]  # 18:00 to the close at 21:00
    assert bars["segment"].tolist() == [0, 1]  # 3 hours inside the second bar
    bars, _, _ = joined([*times[:3], "2024-07-01 23:30"], "CME_Equity", "30min", "2h", "90min")
    assert bars["segment"].tolist() == [0, 0, 0]


def test_holiday_and_weekend_are_no_gap_but_a_missing_session_is():
    day = ["13:30", "16:00", "19:00"]
    days = ["2024-07-03", "2024-07-05", "2024-07-08", "2024-07-10"]
    times = [f"{d} {t}" for d in days for t in day if (d, t) != ("2024-07-03", "19:00")]
    bars, _, _ = joined(times, "NYSE", raw="30min", bar="30min", max_gap="3h")
    assert bars["segment"].tolist() == [0] * 8 + [1] * 3


@pytest.mark.parametrize(("hole", "segments"), [("01:00", [0, 0, 0]), ("01:01", [0, 0, 1])])
def test_hole_longer_than_max_gap_starts_a_segment(hole, segments):
    first = pd.Timestamp("2024-07-01 00:09") + pd.Timedelta("1min")
    after = first + pd.Timedelta(f"{hole}:00")
    end = (after.floor("5min") + pd.Timedelta("5min")).tz_localize("UTC")
    bars, _, _ = joined(
        ["2024-07-01 00:00", "2024-07-01 00:09", str(after)], max_gap="60min", file_end=end
    )
    assert bars["segment"].tolist() == segments


def test_roll_between_bars_starts_a_segment():
    times = [f"2024-07-01 00:{m:02d}" for m in (0, 4, 5, 9, 10, 14)]
    bars, _, counts = joined(times, contracts="AABBBB")
    assert bars["contract"].tolist() == ["A", "B", "B"]
    assert bars["segment"].tolist() == [0, 1, 1]
    assert counts["roll_mixed"] == 0


def test_bar_with_a_roll_inside_is_of_the_new_contract_alone():
    times = [f"2024-07-01 00:{m:02d}" for m in (0, 4, 5, 6, 9, 10, 14)]
    bars, raw_bars, counts = joined(times, contracts="AAABBBB")
    assert bars["contract"].tolist() == ["A", "B", "B"]
    assert bars["open"].tolist() == [0.75, 3.75, 5.75]
    assert bars["volume"].tolist() == [3.0, 9.0, 13.0]
    assert bars["segment"].tolist() == [0, 1, 1]
    assert counts["roll_mixed"] == 1
    assert raw_bars["bar"].tolist() == [0, 0, 1, 1, 2, 2]


def test_raw_rows_of_the_bar_interval_pass_through():
    times = [f"2024-07-01 00:{m:02d}" for m in (0, 5, 15, 20)]
    bars, raw_bars, _ = joined(times, raw="5min")
    ohlcv = ["datetime", "open", "high", "low", "close", "volume"]
    pd.testing.assert_frame_equal(bars[ohlcv], raw_bars[ohlcv])
    assert raw_bars["bar"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("raw", "bar"), [("5min", "1min"), ("2min", "5min")])
def test_bar_interval_that_is_no_multiple_is_refused(raw, bar):
    with pytest.raises(UserError, match="no multiple of the raw interval"):
        joined(["2024-07-01 00:00"], raw=raw, bar=bar)


@pytest.mark.parametrize("seed", range(5))
def test_join_equals_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.choice(3000, 900, replace=False))
    times = pd.Timestamp("2024-03-08 14:00") + pd.to_timedelta(minutes, unit="min")
    schedule = sessions("CME_Equity", times[0].tz_localize("UTC"), times[-1].tz_localize("UTC"))
    times = times[schedule.locate(times.as_unit("ns").asi8) >= 0]
    rows, _ = cleaned([str(t) for t in times], "CME_Equity")
    bars, raw_bars, _ = joined([str(t) for t in times], "CME_Equity", bar="7min")
    found = bars[["datetime", "open", "high", "low", "close", "volume", "n_raw"]]
    expected = naive_bars.bars(rows.iloc[: len(raw_bars)], pd.Timedelta("7min"))
    assert list(found.itertuples(index=False, name=None)) == expected


def garbage_market(seed: int, calendar: str = "CME_Equity", days: int = 4) -> pd.DataFrame:
    """Ten-minute rows with absent, filled, impossible, displaced, foreign and wild ones."""
    rng = np.random.default_rng(seed)
    datetime = pd.date_range("2024-03-07 12:00", periods=days * 144, freq="10min", tz="UTC")
    schedule = sessions(calendar, datetime[0], datetime[-1])
    inside = schedule.locate(datetime.as_unit("ns").asi8) >= 0
    datetime = datetime[inside | (rng.random(len(datetime)) < 0.03)]
    datetime = datetime[rng.random(len(datetime)) > 0.1]
    hole = rng.integers(len(datetime) - 12)
    datetime = datetime.delete(range(hole, hole + 12))
    n = len(datetime)
    close = 5000 + 0.25 * np.cumsum(rng.integers(-8, 9, n))
    opens = np.append(close[:1], close[:-1])
    frame = pd.DataFrame(
        {
            "datetime": datetime,
            "open": opens,
            "high": np.maximum(opens, close) + 0.25 * rng.integers(0, 6, n),
            "low": np.minimum(opens, close) - 0.25 * rng.integers(0, 6, n),
            "close": close,
            "volume": rng.integers(1, 500, n).astype(float),
            "contract": np.where(np.arange(n) < rng.integers(n), "H4", "M4"),
        }
    )
    wild, broken, filled = (rng.random(n) < share for share in (0.03, 0.02, 0.1))
    frame.loc[wild, ["open", "high", "low", "close"]] *= 1.2
    frame.loc[broken, "high"] = frame.loc[broken, "low"] - 1
    for name in ("open", "high", "low"):
        frame.loc[filled, name] = frame.loc[filled, "close"]
    frame.loc[filled, "volume"] = 0.0
    return frame


def made(frame: pd.DataFrame, folder: Path, name: str = "XYZ_10m.parquet", **settings):
    path = folder / name
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
    return bars_from_raw(
        path,
        symbol="XYZ",
        contract=contract("CME_Equity"),
        raw={"interval": None, "timezone": None, "stamps": "open"},
        bars={"interval": "30min", "max_gap": "60min"},
        cleaning=CLEANING | settings,
    )


def assert_prefixes_agree(frame: pd.DataFrame, folder: Path, cuts, **settings) -> None:
    """What the file's first rows give is the beginning of what the whole file gives."""
    whole, whole_raw, _ = made(frame, folder, **settings)
    for cut in cuts:
        bars, raw_bars, _ = made(frame.iloc[:cut], folder, **settings)
        end = frame["datetime"].iloc[cut - 1] + pd.Timedelta("10min")
        bar_end = (whole["datetime"] + pd.Timedelta("30min")).clip(upper=whole["session_close"])
        known = whole[bar_end <= end]
        pd.testing.assert_frame_equal(bars, known)
        pd.testing.assert_frame_equal(raw_bars, whole_raw[whole_raw["bar"] < len(known)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("outliers", ["flag", "drop"])
def test_rows_up_to_a_time_give_the_bars_up_to_that_time(tmp_path, seed, outliers):
    frame = garbage_market(seed)
    cuts = np.random.default_rng(seed).integers(len(frame) * 3 // 4, len(frame), 4)
    assert_prefixes_agree(frame, tmp_path, cuts, outliers=outliers)


def test_a_repair_that_looks_at_the_next_row_is_caught(tmp_path, monkeypatch):
    causal = cleaning.outliers

    def peeking(rows, number, **settings):
        jump = np.abs(np.diff(np.log(rows["close"].to_numpy()))) > 0.1
        return causal(rows, number, **settings) | np.append(jump, False)

    frame = garbage_market(0)
    before_jumps = np.flatnonzero(np.abs(np.diff(np.log(frame["close"]))) > 0.1) + 1
    late = before_jumps[before_jumps > len(frame) * 3 // 4]
    assert_prefixes_agree(frame, tmp_path, late, outliers="drop")
    monkeypatch.setattr(cleaning, "outliers", peeking)
    with pytest.raises(AssertionError, match="DataFrame"):
        assert_prefixes_agree(frame, tmp_path, late, outliers="drop")


def test_every_raw_row_is_accounted_for_once(tmp_path):
    frame = garbage_market(7)
    frame = pd.concat([frame, frame.iloc[[50]]], ignore_index=True)
    bars, raw_bars, account = made(frame, tmp_path, outliers="drop")
    removed = account["rows"]["removed"]
    assert account["rows"]["read"] == len(frame)
    assert account["rows"]["kept"] == len(raw_bars) == bars["n_raw"].sum()
    assert MEANING.keys() == {**removed, **account["rows"]["noted"]}.keys()
    assert len(frame) == sum(removed.values()) + len(raw_bars)
    seen = {kind for kind, count in removed.items() if count}
    assert seen >= {
        *("duplicates", "high_below_low", "outside_calendar", "vendor_filled", "thin_lead"),
        "outliers_dropped",
    }
    assert account["rolls"] == 1
    assert account["segments"] == bars["segment"].max() + 1
    assert account["calendar"] == "CME_Equity"
    assert account["timezone"] == "America/Chicago"


def test_csv_and_parquet_give_the_same_bars(tmp_path):
    frame = garbage_market(3)
    for one, other in zip(
        made(frame, tmp_path)[:2], made(frame, tmp_path, "XYZ_10m.csv")[:2], strict=True
    ):
        pd.testing.assert_frame_equal(one, other)


def test_account_names_the_file_but_not_its_folder(tmp_path):
    _, _, account = made(garbage_market(3), tmp_path)
    assert account["file"] == "XYZ_10m.parquet"
    assert str(tmp_path) not in str(account)
    assert account["raw_interval"] == "10min"
    assert account["bar_interval"] == "30min"


def test_interval_that_is_no_length_of_time_is_refused(tmp_path):
    path = tmp_path / "XYZ_1m.parquet"
    blocks = {"bars": {"interval": "5min", "max_gap": "60min"}, "cleaning": CLEANING}
    with pytest.raises(UserError, match=r"raw.XYZ.interval='5 mins?ish'"):
        bars_from_raw(
            path,
            symbol="XYZ",
            contract=contract("24/7"),
            raw={"interval": "5 minish"},
            **blocks,
        )
