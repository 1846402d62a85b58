import numpy as np
import pandas as pd
import pytest

import naive
from mlfactory import oof, purging, schemas, tables, walkforward
from mlfactory.config import load_models
from mlfactory.folds import by_refit
from mlfactory.oof import training_set
from mlfactory.scaling import RobustScaler
from mlfactory.walkforward import as_predictions, refits, walk_forward, walk_on
from training import logistic, training_tables

REFIT = {
    "first_share": 0.5,
    "retrain_sessions": 2,
    "window": "expanding",
    "window_sessions": 250,
}
GIVEN = {
    "model": logistic(),
    "fit_share": 0.85,
    "weights": "equal",
    "threads": 1,
    "seed": 3,
    "origin": {},
}


def walk(train, folds, refit=None, **change):
    embargo = {"sessions": 0, "min_bars": 1}
    refit = REFIT | (refit or {})
    return walk_forward(train, folds, refit=refit, embargo=embargo, **GIVEN | change)


def test_every_row_after_the_first_block_is_predicted_once_labelled_or_not():
    train, folds = training_tables()
    walked = walk(train, folds)
    tables.check(walked, schemas.WALK_FORWARD, "walk-forward")
    assert walked["datetime"].tolist() == folds["datetime"][300:].tolist()
    assert folds["label"][300:].isna().any()
    assert walked["refit"].tolist() == np.repeat([0, 1, 2], 100).tolist()
    tables.check(as_predictions(walked), schemas.PREDICTIONS, "walk-forward")


@pytest.mark.parametrize("window", ["expanding", "rolling"])
def test_refits_equal_their_naive_twin(window):
    _, folds = training_tables(per_session=17)
    data = training_set(*training_tables(per_session=17))
    number = folds["session"].to_numpy() - 19000
    first = int(np.ceil(0.4 * (number[-1] + 1)))
    refit = REFIT | {"first_share": 0.4, "window": window, "window_sessions": 6}
    made = refits(data, folds["session"], **refit)
    rolling = 6 if window == "rolling" else None
    expected = naive.walk_forward(data.start, data.end, number, first, 2, rolling)
    for (train, block), (past, test) in zip(made, expected, strict=True):
        assert train.tolist() == [row for row in past if data.labelled[row]]
        assert block.tolist() == test


def test_prediction_is_that_of_a_fit_on_the_past():
    train, folds = training_tables()
    walked = walk(train, folds)
    data = training_set(train, folds)
    past = np.flatnonzero(data.labelled & (data.end < data.start[400]))
    bundle, _ = oof.fit_rows(data, past, **GIVEN)
    p = bundle.predict(data.features.take(np.arange(400, 500))).astype("f4")
    assert (
        walked[walked["refit"] == 1][list(schemas.PROBABILITIES)].to_numpy().tolist() == p.tolist()
    )


def test_searched_rows_are_never_predicted():
    train, folds = training_tables()
    folds["fold"] = folds["fold"].mask(np.arange(len(folds)) < 420)
    assert walk(train, folds)["datetime"].iloc[0] == folds["datetime"][450]


def test_planted_signal_is_found_in_the_future():
    train, folds = training_tables(1500, signal=1.5, seed=1)
    walked = walk(train, folds, {"retrain_sessions": 5})
    y = folds["label"][-len(walked) :].reset_index(drop=True)
    p = walked[list(schemas.PROBABILITIES)].to_numpy()[y.notna()]
    y = y.dropna().to_numpy(dtype=int)
    gain = np.log(p[np.arange(len(y)), y]) - np.log(np.bincount(y) / len(y))[y]
    assert gain.mean() > 0.15


def poisoned(train, folds, row):
    """Features from a row on are noise; so are all labels that are known after it has begun."""
    generator = np.random.default_rng(99)
    train, folds = train.copy(), folds.copy()
    names = list(oof.feature_rows(train).names)
    train.loc[row:, names] = 50 * generator.normal(size=(len(train) - row, len(names))).astype("f4")
    begun = folds["datetime"][row]
    late = (folds["t1"] >= begun) | (folds["datetime"] >= begun)
    labels = pd.Series(generator.integers(0, 3, len(folds))).astype("Int8")
    folds["label"] = folds["label"].mask(late, labels.where(folds["label"].notna()))
    for name in ("uniqueness", "quality"):
        folds[name] = folds[name].mask(late, folds[name] / 3)
    return train, folds


def changed(border=400, noise=0, **given):
    """Which refits up to a border predict otherwise once all that came after it is noise.

    The refit at the border itself is asked for its predictions of the rows as they were.
    """
    train, folds = training_tables(noise=noise)
    spoilt_train, spoilt_folds = poisoned(train, folds, border)
    honest, at_border = walk(train, folds, **given), {}
    fit_rows = walkforward.fit_rows

    def recorded(data, rows, **fit):
        bundle, metrics = fit_rows(data, rows, **fit)
        at_border.setdefault(len(at_border), bundle)
        return bundle, metrics

    walkforward.fit_rows = recorded
    try:
        spoilt = walk(spoilt_train, spoilt_folds, **given)
    finally:
        walkforward.fit_rows = fit_rows
    number = int(honest["refit"][honest["datetime"] == folds["datetime"][border]].iloc[0])
    found = []
    for refit in range(number):
        one, other = (t[t["refit"] == refit].to_numpy().tolist() for t in (honest, spoilt))
        found += [refit] if one != other else []
    block = honest[honest["refit"] == number]
    rows = np.flatnonzero(train["datetime"].isin(block["datetime"]))
    p = at_border[number].predict(oof.feature_rows(train).take(rows)).astype("f4")
    same = np.array_equal(p, block[list(schemas.PROBABILITIES)].to_numpy())
    return found + ([] if same else [number])


@pytest.mark.parametrize("window", ["expanding", "rolling"])
def test_nothing_after_a_refit_changes_what_it_or_an_earlier_one_predicts(window):
    assert changed(refit={"window": window, "window_sessions": 4}) == []


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_no_tree_sees_what_comes_after_its_refit(name):
    assert changed(model=load_models([name])[name]) == []


def test_no_sequence_model_or_selection_sees_what_comes_after_its_refit():
    model = load_models(["tcn"])["tcn"]
    model["training"] |= {"epochs": 2}
    model["needs"] |= {"features": "selected-2"}
    assert changed(model=model, noise=4) == []


def leak_no_purge(monkeypatch):
    def all_before(intervals, free, first):
        return [np.arange(free, first)]

    monkeypatch.setattr(purging.Intervals, "_ended_before", all_before)


def leak_next_session(monkeypatch):
    honest = purging.Intervals._ended_before
    late = 50

    def one_session_late(intervals, free, first):
        return honest(intervals, free, min(first + late, len(intervals.start) - 1))

    monkeypatch.setattr(purging.Intervals, "_ended_before", one_session_late)


def leak_scaler(monkeypatch):
    fit_on, rows = RobustScaler.fit, walkforward.fit_rows

    def of_all_rows(data, *arguments, **more):
        whole = classmethod(lambda cls, values: fit_on(data.features.values))
        monkeypatch.setattr(RobustScaler, "fit", whole)
        return rows(data, *arguments, **more)

    monkeypatch.setattr(walkforward, "fit_rows", of_all_rows)


def leak_early_stopping(monkeypatch):
    def on_the_block(data, rows, fit_share):
        after = np.flatnonzero(data.labelled & (data.start >= data.end[rows].max()))
        return rows, after[:80]

    monkeypatch.setattr(oof, "inner_split", on_the_block)


def leak_one_fit_for_all(monkeypatch):
    rows = walkforward.fit_rows

    def on_everything(data, _, **fit):
        return rows(data, np.flatnonzero(data.labelled), **fit)

    monkeypatch.setattr(walkforward, "fit_rows", on_everything)


LEAKS = {
    "no purge at a refit's border": leak_no_purge,
    "training that ends a session late": leak_next_session,
    "walk-forward scaler fitted on all rows": leak_scaler,
    "early stopping on the rows predicted next": leak_early_stopping,
    "one fit for all blocks": leak_one_fit_for_all,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(monkeypatch, leak):
    LEAKS[leak](monkeypatch)
    assert changed() != []


def test_refits_take_the_place_of_folds():
    train, folds = training_tables()
    walked = walk(train, folds)
    table = by_refit(folds, walked)
    tables.check(table, schemas.FOLDS, "folds")
    assert table["fold"].isna().sum() == 300
    assert table["fold"][300:].tolist() == walked["refit"].tolist()


ON = {key: value for key, value in REFIT.items() if key != "first_share"}


def three_splits(n=600):
    """Training split, validation and test, with a purged session before each border."""
    train, folds = training_tables(n)
    parts = [slice(0, 300), slice(350, 450), slice(500, n)]
    tables_of = [
        table.iloc[part].reset_index(drop=True) for table in (train, folds) for part in parts
    ]
    return tables_of[:3], tables_of[3:]


def walked_on(splits, folds, refit=None):
    embargo = {"sessions": 0, "min_bars": 1}
    return walk_on(splits, folds, refit=ON | (refit or {}), embargo=embargo, **GIVEN)


def test_walking_on_predicts_every_row_of_validation_and_test():
    splits, folds = three_splits()
    for split, made in zip(splits[1:], walked_on(splits, folds), strict=True):
        tables.check(made, schemas.PREDICTIONS, "walk-on")
        assert made["datetime"].equals(split["datetime"])


def test_walking_on_begins_with_the_single_fit_and_learns_on_the_way():
    """50 rows a session, two sessions a refit: one for validation, one for test."""
    splits, folds = three_splits()
    val, test = walked_on(splits, folds)
    once, _ = oof.fit_full(splits[0], folds[0], **GIVEN, embargo_bars=1)
    names = list(schemas.PROBABILITIES)
    of_once = [oof.mean_prediction(split, [once]) for split in splits[1:]]
    assert val[names].equals(of_once[0][names])
    both = training_set(*(pd.concat(part[:2], ignore_index=True) for part in (splits, folds)))
    begins = folds[2]["datetime"].astype("int64").min()
    rows = np.flatnonzero(both.labelled & (both.end < begins))
    assert rows.max() > len(splits[0])
    again, _ = oof.fit_rows(both, rows, **GIVEN, embargo_bars=1)
    assert test[names].equals(oof.mean_prediction(splits[2], [again])[names])
    assert not test[names].equals(of_once[1][names])


def test_no_later_row_changes_what_walking_on_predicts():
    splits, folds = three_splits()
    honest = walked_on(splits, folds, {"retrain_sessions": 1})
    spoilt = [table.copy() for table in splits], [table.copy() for table in folds]
    names = [name for name in splits[2] if name not in schemas.SPLIT_MARKS]
    late = np.arange(len(splits[2])) >= 50
    spoilt[0][2].loc[late, names] *= -9
    spoilt[1][2].loc[late, "label"] = 2 - folds[2]["label"][late]
    val, test = walked_on(*spoilt, {"retrain_sessions": 1})
    assert val.equals(honest[0])
    assert test[~late].equals(honest[1][~late])
    assert not test[late].equals(honest[1][late])
