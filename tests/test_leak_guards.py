"""What must not be seen is spoilt, or where it must not look is measured, step by step."""

import numpy as np
import pandas as pd
import pytest

import naive
from market import MINUTE, bars_of, contract, random_raw
from mlfactory import oof
from mlfactory.baselines import VOLATILITY, cells
from mlfactory.errors import UserError
from mlfactory.folds import embargo_bars, fold_table
from mlfactory.labels import label_bars
from mlfactory.nulls import shift_labels
from mlfactory.oof import fold_rows, training_set
from mlfactory.scores import Scorer
from mlfactory.splits import split_tables
from test_oof import fit
from test_scores import SETTINGS, scored_tables
from test_splits import SETTINGS as SPLITS
from test_splits import bars as split_frame
from test_stacking import VOTING, ensemble, stacked  # noqa: F401
from training import training_tables


def labelled(bars, raw, k=1.5):
    return label_bars(
        bars,
        raw,
        horizon=4,
        contract=contract(),
        raw_interval=MINUTE,
        k_up=k,
        k_down=k,
        max_bars=8,
        atr_period=5,
        atr_floor_ticks=2,
        cross_sessions=True,
    )


def test_purge_reads_the_tables_label_ends():
    _, folds = training_tables()
    train, _ = training_tables()
    rows, held = fold_rows(training_set(train, folds), 1, 4)
    first = folds["datetime"][held[0]]
    assert (folds["t1"][rows[rows < held[0]]] < first).all()
    assert folds["datetime"][rows[rows > held[-1]][0]] > folds["t1"][held].max()


def test_embargo_is_the_longer_of_sessions_and_bars():
    _, folds = training_tables(per_session=50)
    assert embargo_bars(folds, sessions=2, min_bars=4) == 100
    assert embargo_bars(folds, sessions=0, min_bars=4) == 4


def test_search_scaler_never_sees_the_stop_rows(monkeypatch):
    seen = []
    real = oof.RobustScaler.fit

    def counted(values):
        seen.append(len(values))
        return real(values)

    monkeypatch.setattr(oof.RobustScaler, "fit", staticmethod(counted))
    _, _, metrics = fit(*training_tables())
    assert seen == [metrics["early_stopping"]["rows"], metrics["rows"]]


def test_fold_table_joins_labels_by_time():
    bars, raw = bars_of(random_raw(300, 1), per_bar=3)
    labels = labelled(bars, raw)
    train = bars[["datetime"]].iloc[20:60].reset_index(drop=True)
    folds = fold_table(train, bars, labels, n_splits=2, bar_interval=3 * MINUTE)
    by_time = train.merge(labels, on="datetime")
    for name in ("label", "t1", "bars_held", "uniqueness", "quality"):
        pd.testing.assert_series_equal(folds[name], by_time[name])


def test_searched_rows_are_held_out_by_no_fold_and_train_every_one():
    bars, raw = bars_of(random_raw(600, 1), per_bar=3)
    train = bars[["datetime"]].iloc[20:180].reset_index(drop=True)
    given = {"n_splits": 2, "bar_interval": 3 * MINUTE}
    folds = fold_table(train, bars, labelled(bars, raw), n_searched=41, **given)
    assert folds["fold"].isna().tolist() == [True] * 41 + [False] * 119
    assert folds["fold"].value_counts().tolist() == [60, 59]
    features = train.assign(session=np.int32(0), segment=np.int32(0), f=np.float32(1))
    data = training_set(features, folds)
    for fold in (0, 1):
        rows, held_out = fold_rows(data, fold, 4)
        assert set(held_out) == set(np.flatnonzero(data.fold == fold))
        free = np.flatnonzero((folds["t1"] < folds["datetime"][held_out[0]]) & data.labelled)
        assert set(free[free < 41]) == set(rows[rows < 41]) != set()


def test_split_rows_keep_their_own_features():
    bars = split_frame(40).assign(segment=np.int32(0))
    number = np.arange(len(bars), dtype=np.float32)
    features = pd.DataFrame({"datetime": bars["datetime"], "f": number})
    tables = split_tables(bars, features, symbol="T", first_row=20, settings=SPLITS)[:3]
    for table in tables:
        joined = table.merge(features, on="datetime")
        assert len(joined) == len(table)
        assert joined["f_x"].equals(joined["f_y"])


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_baselines_of_a_fold_see_no_row_of_it_nor_its_neighbours(fold):
    train, folds = scored_tables()
    honest = Scorer(train, folds, **SETTINGS)
    pairs = fold_rows(training_set(train, folds), fold, 4)
    hidden = np.setdiff1d(np.arange(len(train)), pairs[0])
    spoilt_f, spoilt_t = folds.copy(), train.copy()
    known = hidden[folds["label"].notna().to_numpy()[hidden]]
    spoilt_f.loc[known, "label"] = pd.array(np.zeros(len(known)), dtype="Int8")
    away = np.setdiff1d(hidden, pairs[1])
    for name in VOLATILITY:
        spoilt_t.loc[away, name] = 99.0
    spoilt = Scorer(spoilt_t, spoilt_f, **SETTINGS)
    here = honest.fold == fold
    for name in honest.baselines:
        np.testing.assert_array_equal(honest.baselines[name][here], spoilt.baselines[name][here])
    np.testing.assert_array_equal(honest.direction_prior[here], spoilt.direction_prior[here])


def test_cells_of_the_clock_prior_are_cut_on_training_rows():
    train, _ = scored_tables()
    rows = np.arange(400)
    spoilt = train.copy()
    spoilt.loc[500:, list(VOLATILITY)] = 99.0
    np.testing.assert_array_equal(cells(train, rows)[rows], cells(spoilt, rows)[rows])


def test_known_label_does_not_change_when_a_hole_comes_after_its_window():
    bars, raw = bars_of(random_raw(240, 3), per_bar=3)
    whole = labelled(bars, raw)
    for cut in (30, 44, 61):
        holed = bars.assign(segment=(np.arange(len(bars)) >= cut).astype(np.int32))
        first = np.arange(len(bars)) + 8 < cut
        pd.testing.assert_frame_equal(labelled(holed, raw)[first], whole[first])


def test_uniqueness_counts_ambiguous_and_unknown_paths():
    rows = random_raw(600, 3)
    wide = np.random.default_rng(0).random(600) < 0.1
    rows[wide, 1] += 20
    rows[wide, 2] -= 20
    bars, raw = bars_of(rows, per_bar=3)
    table = labelled(bars, raw, k=0.5)
    n = len(bars)
    assert table["ambiguous"].any()
    held = table["bars_held"].fillna(0).astype(int).tolist()
    known = np.arange(n) < n - 20
    np.testing.assert_allclose(
        table["uniqueness"][known & table["t1"].notna()],
        np.array(naive.average_uniqueness(held))[known & table["t1"].notna().to_numpy()],
    )


def test_weights_do_not_read_rows_that_overlap_the_scored_fold(stacked):  # noqa: F811
    folds, parts, stack = stacked
    weighted = VOTING | {"training": {"weighting": "log_loss"}}
    held = folds["fold"] == 1
    first, last = folds["datetime"][held].min(), folds["t1"][held].max()
    near = ~held & (folds["t1"].fillna(folds["end"]) >= first) & (folds["datetime"] <= last)
    assert near.sum() > 5
    spoilt = stack.copy()
    spoilt.loc[near, "y_true"] = (2 - spoilt.loc[near, "y_true"]).astype("Int8")
    spoilt.loc[near, "sample_weight"] *= 50
    other = folds.assign(uniqueness=folds["uniqueness"].mask(near, 0.01))
    pairs = ((folds, stack), (other, spoilt))
    honest, poisoned = (ensemble((f, parts, t), model=weighted)[1] for f, t in pairs)
    assert honest[held].equals(poisoned[held])


def test_null_shift_is_never_shorter_than_a_tenth_of_the_sessions():
    _, folds = scored_tables(1000)
    shifts = set()
    for replicate in range(30):
        moved = shift_labels(folds, seed=1, replicate=replicate)
        row = int(np.flatnonzero(moved["uniqueness"].notna())[0])
        at = folds["uniqueness"].to_numpy() == moved["uniqueness"].iloc[row]
        shifts.add(int(np.flatnonzero(at)[0] - row) // 50 % 20)
    assert len(shifts) > 5
    assert min(shifts) >= 2
    assert max(shifts) <= 18


def test_null_of_too_few_sessions_is_refused():
    _, folds = scored_tables(400)
    with pytest.raises(UserError, match="has 8 sessions, a null shift needs 10"):
        shift_labels(folds, seed=1, replicate=0)
