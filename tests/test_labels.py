import numpy as np
import pandas as pd
import pytest

import naive
from market import MINUTE, bars_of, contract, over_a_clock_change, random_raw
from mlfactory import labels as module
from mlfactory import schemas, tables
from mlfactory.barriers import average_true_range, barrier_width, restarts
from mlfactory.contracts import Slippage
from mlfactory.labels import average_uniqueness, label_bars, trades_around_the_clock
from mlfactory.paths import STRIDE

NAMES = {0: "short", 1: "neutral", 2: "long"}
FLAT = (100.0, 101.0, 99.0, 100.0)


def label(raw, *, terms=None, **settings):
    """Labels of one-row bars with ATR 2 over two bars, barriers at one ATR, three bars ahead."""
    where = {k: settings.pop(k) for k in ("session", "segment") if k in settings}
    bars, raw_bars = bars_of(raw, per_bar=settings.pop("per_bar", 1), **where)
    given = {"k_up": 1.0, "k_down": 1.0, "max_bars": 3, "atr_period": 2}
    given |= {"atr_floor_ticks": 1.0, "cross_sessions": True, "horizon": 2}
    table = label_bars(
        bars, raw_bars, contract=contract(**(terms or {})), raw_interval=MINUTE, **given | settings
    )
    tables.check(table, schemas.LABELS, "labels")
    return table


def test_bars_in_session_are_those_that_can_have_a_label_and_over_night_all():
    session = np.repeat([100, 101, 102], [9, 5, 2])
    bars, _ = bars_of([FLAT] * len(session), per_bar=1, session=session)
    closes = bars.groupby("session")["datetime"].transform("max") + MINUTE
    bars["session_close"] = closes
    made = label([FLAT] * len(session), session=session, cross_sessions=False)
    inside = module.in_session(bars, 3, MINUTE, cross_sessions=False)
    assert 0 < inside.sum() < len(bars)
    assert (made["t1"].notna() <= inside).all()
    warm = np.arange(len(bars)) > 2
    assert (made["t1"].notna() == inside)[warm].all()
    assert module.in_session(bars, 3, MINUTE, cross_sessions=True).all()


def test_path_that_reaches_the_upper_barrier_first_is_long():
    rows = [FLAT, FLAT, (100, 101, 100, 101), (101, 102.5, 101, 102), FLAT]
    row = label(rows).iloc[1]
    assert row["label"] == 2
    assert row["bars_held"] == 2
    assert row["ret"] == pytest.approx(0.02)
    assert row["t1"] == pd.Timestamp("2024-01-02 00:04", tz="UTC")


def test_path_that_reaches_the_lower_barrier_first_is_short_and_its_return_is_the_shorts():
    rows = [FLAT, FLAT, (100, 101, 99.5, 99.5), (99, 99.5, 97, 97), FLAT]
    row = label(rows).iloc[1]
    assert row["label"] == 0
    assert row["ret"] == pytest.approx(0.02)
    assert row["mae"] == pytest.approx(0.01)
    assert row["mfe"] == pytest.approx(0.02)


def test_path_that_reaches_neither_barrier_is_neutral_at_the_last_close():
    rows = [FLAT, FLAT, FLAT, FLAT, (100, 101, 99, 100.5)]
    row = label(rows).iloc[1]
    assert row["label"] == 1
    assert row["bars_held"] == 3
    assert row["ret"] == pytest.approx(0.005)


def test_bar_that_is_no_event_has_no_label_and_crowds_no_other():
    """Closes run 100, 100, 103, 100, ...: with half an ATR bar 2 and bar 3 are events."""
    rows = [FLAT, FLAT, (100, 104, 99, 103), (103, 104, 99, 100), *[FLAT] * 6]
    every = label(rows)
    some = label(rows, events={"kind": "cusum", "threshold_atr": 0.5})
    assert every["event"].all()
    assert np.flatnonzero(some["event"]).tolist() == [2, 3]
    assert some.loc[~some["event"], "label"].isna().all()
    assert some.loc[some["event"], "label"].equals(every.loc[some["event"], "label"])
    assert some["t1"].equals(every["t1"])
    assert some.loc[~some["event"], "uniqueness"].isna().all()
    assert (some["uniqueness"] >= every["uniqueness"])[some["event"]].all()
    assert some.loc[3, "uniqueness"] > every.loc[3, "uniqueness"]


def test_gap_through_a_barrier_exits_at_the_opening_not_at_the_barrier():
    rows = [FLAT, FLAT, (105, 106, 90, 104), FLAT, FLAT]
    row = label(rows).iloc[1]
    assert row["label"] == 2
    assert row["ret"] == pytest.approx(0.05)


def test_label_is_null_when_one_minute_touches_both_barriers():
    rows = [FLAT, FLAT, (100, 103, 97, 100), FLAT, FLAT]
    row = label(rows).iloc[1]
    assert row["label"] is pd.NA
    assert row["ambiguous"]
    assert row["t1"] == pd.Timestamp("2024-01-02 00:03", tz="UTC")


def test_minutes_decide_which_barrier_of_one_bar_came_first():
    up_then_down = [FLAT, FLAT, FLAT, FLAT, (100, 103, 100, 102), (102, 102, 95, 96)]
    down_then_up = [FLAT, FLAT, FLAT, FLAT, (100, 100, 95, 96), (96, 103, 96, 102)]
    tail = [FLAT] * 4
    assert label(up_then_down + tail, per_bar=2).loc[1, "label"] == 2
    assert label(down_then_up + tail, per_bar=2).loc[1, "label"] == 0


def test_label_is_null_when_its_window_leaves_the_segment_even_if_touched_before():
    rows = [FLAT, FLAT, (100, 103, 100, 102), FLAT, FLAT, FLAT]
    assert label(rows).loc[1, "label"] == 2
    assert label(rows, segment=[0, 0, 0, 0, 1, 1]).loc[1, "label"] is pd.NA


def test_quality_of_a_long_label_is_worked_out_by_hand():
    rows = [FLAT, FLAT, (100, 101, 99, 99), (99, 102.5, 99, 102), FLAT]
    row = label(rows).iloc[1]
    assert row["label"] == 2
    speed = np.exp(-(((2 - 3) / 3) ** 2))
    pain, gain, depth = 0.5, 1, (0.5 + 0) / 2
    expected = 0.2 * speed + 0.25 * (1 - pain) + 0.2 * gain
    expected += 0.2 * gain / (gain + pain) + 0.15 * (1 - depth)
    assert row["quality"] == pytest.approx(expected)


def test_quality_is_the_same_for_a_market_turned_upside_down():
    rows = np.array([FLAT, FLAT, (100, 101, 99, 99), (99, 102.5, 99, 102), *[FLAT] * 4])
    mirrored = 200 - rows[:, [0, 2, 1, 3]]
    up, down = label(rows), label(mirrored)
    np.testing.assert_allclose(up["quality"], down["quality"])
    assert (up["label"].dropna() == 2 - down["label"].dropna()).all()


def test_calm_path_is_of_higher_quality_than_one_that_nearly_failed():
    calm = [FLAT, FLAT, (100, 101, 100, 101), (101, 102.5, 101, 102), FLAT]
    wild = [FLAT, FLAT, (100, 101, 98.1, 98.5), (98.5, 102.5, 98.5, 102), FLAT]
    assert label(calm).loc[1, "quality"] > label(wild).loc[1, "quality"] + 0.2
    still = [FLAT] * 5
    near = [FLAT, FLAT, (100, 101.9, 98.1, 101.9), (101.9, 101.9, 98.1, 98.1), FLAT]
    assert label(still).loc[1, "label"] == label(near).loc[1, "label"] == 1
    assert label(still).loc[1, "quality"] > label(near).loc[1, "quality"] + 0.1


def test_roll_ends_the_path_as_any_new_segment_does():
    rows = [FLAT, FLAT, FLAT, (150, 151, 149, 150), FLAT, FLAT]
    table = label(rows, segment=[0, 0, 0, 1, 1, 1])
    assert table["label"].isna()[[0, 1, 2]].all()
    assert table["t1"].isna()[[0, 1, 2]].all()


def test_session_end_bounds_the_window_only_when_configured():
    rows = [FLAT, FLAT, (100, 103, 100, 102), FLAT, FLAT, FLAT]
    session = [0, 0, 0, 0, 1, 1]
    assert label(rows, session=session).loc[1, "label"] == 2
    assert label(rows, session=session, cross_sessions=False).loc[1, "label"] is pd.NA


def test_last_rows_of_the_file_have_no_label():
    table = label([FLAT] * 8)
    assert table["label"].notna().tolist() == [False, True, True, True, True, False, False, False]


def test_first_true_range_of_a_session_ignores_the_close_before():
    high, low, close = np.array([101.0, 121]), np.array([99.0, 119]), np.array([100.0, 120])
    across = average_true_range(high, low, close, restarts(np.int32([0, 0]), np.int32([0, 0])), 1)
    anew = average_true_range(high, low, close, restarts(np.int32([0, 1]), np.int32([0, 0])), 1)
    assert across.tolist() == [2, 21]
    assert anew.tolist() == [2, 2]


def test_atr_floor_widens_the_barriers_of_a_quiet_market():
    quiet = [(100.0, 100.0, 100.0, 100.0)] * 3 + [(100.0, 100.5, 100.0, 100.5)] + [FLAT] * 3
    assert label(quiet, atr_floor_ticks=1).loc[1, "label"] == 2
    assert label(quiet, atr_floor_ticks=4, max_bars=2).loc[1, "label"] == 1


def test_row_whose_nearer_barrier_does_not_clear_the_cost_is_not_tradable():
    rows = [FLAT] * 6
    cheap = label(rows, terms={"slippage_ticks": Slippage(3.9, 0)})
    dear = label(rows, terms={"slippage_ticks": Slippage(4.0, 0)})
    assert cheap.loc[1, "tradable"]
    assert cheap.loc[1, "label"] == 1
    assert not dear.loc[1, "tradable"]
    assert dear.loc[1, "label"] is pd.NA


def test_day_of_clock_change_labels_by_the_exchanges_sessions():
    bars, raw_bars = over_a_clock_change(FLAT)
    assert set(bars["segment"]) == {0}
    given = {"k_up": 1.0, "k_down": 1.0, "max_bars": 12, "atr_period": 2, "atr_floor_ticks": 1.0}
    given["horizon"] = 5
    table = label_bars(
        bars, raw_bars, contract=contract(), raw_interval=MINUTE, cross_sessions=None, **given
    )
    last_before = table[bars["datetime"] == pd.Timestamp("2024-03-08 21:55", tz="UTC")].iloc[0]
    assert last_before["label"] == 2
    assert last_before["bars_held"] == 3
    assert last_before["t1"] == pd.Timestamp("2024-03-10 22:11", tz="UTC")


def test_regular_hours_do_not_cross_sessions_unless_told_to():
    rows = [FLAT, FLAT, (100, 103, 100, 102), FLAT, FLAT, FLAT]
    session = [0, 0, 0, 0, 1, 1]
    bars, _ = bars_of(rows, per_bar=1, session=session)
    assert trades_around_the_clock(bars)
    short = bars.assign(session_close=bars["session_open"] + pd.Timedelta(hours=6.5))
    assert not trades_around_the_clock(short)


@pytest.mark.parametrize("cross_sessions", [True, False])
@pytest.mark.parametrize(("seed", "max_bars"), [(0, 7), (1, 7), (2, 6), (3, 7), (4, 8)])
def test_labels_equal_their_naive_twin(seed, max_bars, cross_sessions):
    seen, _ = check_against_twin(seed, max_bars, 1, cross_sessions, segments=0.04)
    assert {"unknown", "long", "short"} <= seen


@pytest.mark.parametrize("seed", range(4))
def test_paths_of_many_strides_equal_their_naive_twin(seed):
    """Up to six strides of `paths.STRIDE` bars before a barrier is met."""
    seen, held = check_against_twin(seed, 6 * STRIDE + 3, 4, True, segments=0.0)
    assert "short" in seen
    assert held[held > 2 * STRIDE].nunique() > STRIDE


def check_against_twin(seed, max_bars, far, cross_sessions, segments):
    generator = np.random.default_rng(seed)
    n = 60 if far == 1 else 200
    segment = np.cumsum(generator.random(n) < segments)
    session = np.arange(n) // 25
    bars, raw = bars_of(random_raw(3 * n, seed), per_bar=3, session=session, segment=segment)
    k = {"k_up": 1.5 * far, "k_down": 1.1 * far}
    settings = k | {"max_bars": max_bars}
    table = label_bars(
        bars,
        raw,
        horizon=4,
        contract=contract(),
        raw_interval=MINUTE,
        atr_period=5,
        atr_floor_ticks=2,
        cross_sessions=cross_sessions,
        **settings,
    )
    width = barrier_width(bars, atr_period=5, floor=0.5)
    seen = set()
    bars, raw = ({name: of[name].tolist() for name in of} for of in (bars, raw))
    for t in range(n):
        outcome, row, price, held = naive.label(
            bars, raw, width, t, **settings, cross_sessions=cross_sessions
        )
        seen.add(outcome)
        got = table.iloc[t]
        if outcome in ("unknown", "ambiguous"):
            assert got["label"] is pd.NA
            assert got["ambiguous"] == (outcome == "ambiguous")
            assert np.isnan(got["quality"])
        else:
            assert NAMES[got["label"]] == outcome
            side = -1 if outcome == "short" else 1
            assert got["ret"] == pytest.approx(side * (price / bars["close"][t] - 1))
            excursions = naive.excursions(bars, raw, t, outcome, row, price)
            assert (got["mae"], got["mfe"]) == pytest.approx(excursions)
            quality = naive.quality(bars, raw, width, t, outcome, row, price, held, horizon=4, **k)
            assert got["quality"] == pytest.approx(quality)
        if outcome != "unknown":
            assert got["t1"] == raw["datetime"][row] + MINUTE
            assert got["bars_held"] == held
    return seen, table["bars_held"]


@pytest.mark.parametrize("seed", range(4))
def test_average_true_range_and_uniqueness_equal_their_naive_twins(seed):
    bars, _ = bars_of(random_raw(80, seed), per_bar=2)
    first = np.random.default_rng(seed).random(40) < 0.2
    columns = [bars[c].to_numpy() for c in ("high", "low", "close")]
    np.testing.assert_allclose(
        average_true_range(*columns, first, 6), naive.average_true_range(*columns, first, 6)
    )
    held = np.random.default_rng(seed).integers(0, 9, 60).astype(np.int32)
    held = np.minimum(held, 59 - np.arange(60)).astype(np.int32)
    np.testing.assert_allclose(average_uniqueness(held), naive.average_uniqueness(held))


def future_violations(labelled, bars, raw):
    """Rows whose label changes when everything after their t1 is replaced."""
    before = labelled(bars, raw)
    bad = []
    for t in np.flatnonzero(before["t1"].notna())[::7]:
        t1 = before["t1"].iloc[t]
        noisy = raw.copy()
        later = (noisy["datetime"] >= t1).to_numpy()
        for column in ("open", "high", "low", "close"):
            noisy.loc[later, column] = noisy.loc[later, column] * 3
        after = labelled(bars_of(noisy[["open", "high", "low", "close"]], per_bar=3)[0], noisy)
        same = before.iloc[t].drop("datetime").equals(after.iloc[t].drop("datetime"))
        if not same:
            bad.append(int(t))
    return bad


def test_label_depends_on_nothing_after_t1(monkeypatch):
    bars, raw = bars_of(random_raw(240, 3), per_bar=3)

    def labelled(bars, raw):
        return label_bars(
            bars,
            raw,
            horizon=4,
            contract=contract(),
            raw_interval=MINUTE,
            k_up=1.5,
            k_down=1.5,
            max_bars=8,
            atr_period=5,
            atr_floor_ticks=2,
            cross_sessions=True,
        )

    assert future_violations(labelled, bars, raw) == []
    width = module.barrier_width

    def leaking(bars, **settings):
        return width(bars[::-1].reset_index(drop=True), **settings)[::-1].copy()

    monkeypatch.setattr(module, "barrier_width", leaking)
    assert future_violations(labelled, bars, raw)
