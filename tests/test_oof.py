import numpy as np
import pandas as pd
import pytest

from mlfactory import calibration, oof, schemas, selection, tables
from mlfactory.config import load_models
from mlfactory.folds import intervals
from mlfactory.models import _torch
from mlfactory.oof import fit_fold, fit_full, fold_rows, inner_split, mean_prediction, training_set
from mlfactory.scaling import RobustScaler
from training import logistic, training_tables

EMBARGO = {"sessions": 0, "min_bars": 4}
GIVEN = {
    "model": logistic(),
    "fit_share": 0.85,
    "weights": "uniqueness",
    "threads": 1,
    "seed": 3,
    "origin": {},
}


def fit(train, folds, fold=1, **change):
    return fit_fold(train, folds, fold=fold, **{"embargo": EMBARGO} | GIVEN | change)


def test_every_held_out_row_is_predicted_labelled_or_not():
    train, folds = training_tables()
    _, predicted, _ = fit(train, folds)
    tables.check(predicted, schemas.PREDICTIONS, "oof")
    held_out = (folds["fold"] == 1).to_numpy()
    assert folds["label"][held_out].isna().any()
    assert predicted["datetime"].tolist() == folds["datetime"][held_out].tolist()


def test_planted_signal_is_found_out_of_fold_and_noise_is_not():
    for signal, least, most in ((1.5, 0.15, 1.0), (0.0, -0.05, 0.02)):
        train, folds = training_tables(1500, signal=signal, seed=1)
        _, predicted, _ = fit(train, folds)
        rows = (folds["fold"] == 1) & folds["label"].notna()
        y = folds["label"][rows].to_numpy(dtype=int)
        p = predicted[list(schemas.PROBABILITIES)].to_numpy()[
            folds["label"][folds["fold"] == 1].notna()
        ]
        gain = -np.log(np.bincount(y) / len(y))[y].mean() + np.log(p[np.arange(len(y)), y]).mean()
        assert least < gain < most


def allowed_rows(folds, fold, embargo=4):
    """Rows that a fold may be fitted on, by comparing every row with every held-out one."""
    start, end = intervals(folds)
    held_out = (folds["fold"] == fold).to_numpy()
    overlap = (start[:, None] <= end[held_out]) & (end[:, None] >= start[held_out])
    last = np.searchsorted(start, end[held_out].max(), side="right")
    embargoed = (np.arange(len(start)) >= last) & (np.arange(len(start)) < last + embargo)
    return ~held_out & ~overlap.any(axis=1) & ~embargoed


def poisoned(train, folds, fold, embargo=4, *, looks_back=False):
    """The same tables with every row that the fold must not see replaced by noise.

    A model that looks back may read the features of purged and embargoed rows.
    """
    spoilt = np.flatnonzero(~allowed_rows(folds, fold, embargo))
    generator = np.random.default_rng(99)
    train, folds = train.copy(), folds.copy()
    unseen = np.flatnonzero(folds["fold"] == fold) if looks_back else spoilt
    names = list(oof.feature_rows(train).names)
    noise = generator.normal(size=(len(unseen), len(names))).astype("f4")
    train.loc[unseen, names] = 50 * noise
    labels = pd.Series(generator.integers(0, 3, len(spoilt)), index=spoilt).astype("Int8")
    folds.loc[spoilt, "label"] = labels.where(folds.loc[spoilt, "label"].notna())
    folds.loc[spoilt, "uniqueness"] = folds.loc[spoilt, "uniqueness"] / 3
    folds.loc[spoilt, "quality"] = folds.loc[spoilt, "quality"] / 3
    return train, folds


def fold_violations(fold=1, embargo=4, noise=0, **given):
    """What of a fold's fit changes when everything that it must not see is replaced by noise."""
    train, folds = training_tables(noise=noise)
    given |= {"embargo": {"sessions": 0, "min_bars": embargo}}
    looks_back = embargo > 4
    honest, _, metrics = fit(train, folds, fold, **given)
    spoilt, _, spoilt_metrics = fit(
        *poisoned(train, folds, fold, embargo, looks_back=looks_back), fold, **given
    )
    learnt = any(metrics["importance"].values())
    assert learnt or looks_back, "a model that learnt nothing shows no leak"
    rows = oof.feature_rows(train.iloc[:50])
    found = []
    if honest.model.feature_names != spoilt.model.feature_names:
        return ["features"]
    if metrics != spoilt_metrics:
        found.append("metrics")
    if honest.scaler and not np.array_equal(honest.scaler.center, spoilt.scaler.center):
        found.append("scaler")
    if honest.calibration and honest.calibration.parameters() != spoilt.calibration.parameters():
        found.append("calibration")
    if honest.predict(rows).tobytes() != spoilt.predict(rows).tobytes():
        found.append("predictions")
    return found


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_nothing_fitted_sees_the_rows_it_is_scored_on(fold):
    assert fold_violations(fold) == []


SMALLER = {"lightgbm": {"rounds": 30}, "random_forest": {"trees": 20, "min_samples_leaf": 10}}
"""What fits trees that split to the few rows here, by model."""


def trees(name):
    model = load_models([name])[name]
    model["training"] |= SMALLER.get(name, {})
    return model


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "random_forest"])
def test_no_tree_sees_the_rows_it_is_scored_on(name):
    assert fold_violations(model=trees(name)) == []


@pytest.mark.parametrize("method", calibration.METHODS)
@pytest.mark.parametrize("name", ["lightgbm", "random_forest"])
def test_no_calibration_sees_the_rows_that_are_scored(method, name):
    assert fold_violations(model=trees(name), calibration=method) == []


SELECTING = {"noise": 12, "model": logistic()}
SELECTING["model"]["needs"] |= {"features": "selected-6"}
SELECTING["choice"] = {"method": "mdi", "min_stability": 0.0}
"""A fit in which chance chooses most features."""


def test_no_selection_sees_the_rows_that_are_scored():
    assert fold_violations(**SELECTING) == []


@pytest.mark.parametrize("name", ["gru", "tcn"])
def test_no_sequence_model_sees_the_rows_it_is_scored_on(name):
    model = load_models([name])[name]
    model["training"] |= {"epochs": 2}
    model["needs"] |= {"features": "selected-2"}
    assert fold_violations(embargo=60, model=model) == []


@pytest.mark.parametrize("name", ["svm", "lightgbm"])
def test_no_model_in_two_stages_sees_the_rows_it_is_scored_on(name):
    model = load_models([name])[name] | {"decomposition": "two_stage"}
    model["training"] |= {"rounds": 30} if name == "lightgbm" else {"landmarks": 50}
    assert fold_violations(model=model) == []


def leak_forward(monkeypatch):
    """Windows that end ten rows late."""
    laid_out = _torch.timeline

    def late(X, length):
        return laid_out(X.take(np.minimum(X.rows + 10, len(X.values) - 1)), length)

    monkeypatch.setattr(_torch, "timeline", late)


def leak_scaler(monkeypatch):
    fit_on, fit_once = RobustScaler.fit, oof._Fit.on

    def of_all_rows(fit, data, *arguments):
        whole = classmethod(lambda cls, values: fit_on(data.features.values))
        monkeypatch.setattr(RobustScaler, "fit", whole)
        return fit_once(fit, data, *arguments)

    monkeypatch.setattr(oof._Fit, "on", of_all_rows)


def leak_selection(monkeypatch):
    ranked = selection.ranked

    def of_all_rows(data, rows, **settings):
        return ranked(data, np.flatnonzero(data.labelled), **settings)

    monkeypatch.setattr(selection, "ranked", of_all_rows)


def leak_purge(monkeypatch):
    monkeypatch.setattr(oof, "training_rows", lambda start, end, held_out, embargo: ~held_out)


def leak_early_stopping(monkeypatch):
    def on_held_out(data, rows, fit_share):
        return rows, np.flatnonzero((data.fold == 1) & data.labelled)

    monkeypatch.setattr(oof, "inner_split", on_held_out)


def leak_calibration(monkeypatch):
    fitted = oof.calibrations.fitted

    def of_all_rows(fit, data, rows, n_folds, embargo):
        held_out = np.flatnonzero((data.fold == 1) & data.labelled)
        scaler, _ = fit.on(data, rows, None)
        seen = fit.predict(data, held_out, scaler), data.label[held_out]
        monkeypatch.setattr(oof.calibrations, "fitted", lambda method, p, y: fitted(method, *seen))

    monkeypatch.setattr(oof._Fit, "unseen", of_all_rows)


def leak_weights(monkeypatch):
    fit_rows = oof.fit_rows

    def of_all_rows(data, *arguments, **more):
        mean = np.nanmean(data.uniqueness)

        def divided(kind, *, uniqueness, **rows):
            return uniqueness / mean

        monkeypatch.setattr(oof, "fit_weights", divided)
        return fit_rows(data, *arguments, **more)

    monkeypatch.setattr(oof, "fit_rows", of_all_rows)


LEAKS = {
    "scaler fitted on all rows": (leak_scaler, "scaler"),
    "features selected on all rows": (leak_selection, "features"),
    "no purge": (leak_purge, "metrics"),
    "early stopping on the held-out fold": (leak_early_stopping, "metrics"),
    "weights of all rows": (leak_weights, "predictions"),
    "calibration on the held-out fold": (leak_calibration, "calibration"),
}
GIVEN_TO = {"features": SELECTING, "calibration": {"calibration": "isotonic"}}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(monkeypatch, leak):
    plant, where = LEAKS[leak]
    plant(monkeypatch)
    assert where in fold_violations(**GIVEN_TO.get(where, {}))


def test_window_that_looks_ahead_is_caught(monkeypatch):
    model = load_models(["tcn"])["tcn"]
    model["training"] |= {"epochs": 2}
    leak_forward(monkeypatch)
    assert fold_violations(fold=2, embargo=60, model=model) != []


def test_inner_tail_is_the_latest_and_no_head_label_reaches_into_it():
    train, folds = training_tables()
    data = training_set(train, folds)
    rows, _ = fold_rows(data, 0, 4)
    head, tail = inner_split(data, rows, 0.85)
    assert len(tail) == len(rows) - round(0.85 * len(rows))
    assert data.end[head].max() < data.start[tail].min()
    assert set(head) | set(tail) < set(rows)


def test_fit_share_moves_the_early_stopping_rows():
    train, folds = training_tables()
    rows = [fit(train, folds, fit_share=s)[2]["early_stopping"]["stop_rows"] for s in (0.8, 0.9)]
    assert rows[0] > 1.8 * rows[1]


def test_weights_change_the_fit():
    train, folds = training_tables()
    row = oof.feature_rows(train.iloc[:5])
    equal, unique = (fit(train, folds, weights=w)[0].predict(row) for w in ("equal", "uniqueness"))
    assert not np.array_equal(equal, unique)
    same = folds.assign(uniqueness=folds["uniqueness"].where(folds["uniqueness"].isna(), 0.5))
    assert np.array_equal(fit(train, same)[0].predict(row), equal)


def test_embargo_shortens_the_training_rows():
    train, folds = training_tables()
    data = training_set(train, folds)
    rows = {bars: len(fold_rows(data, 0, bars)[0]) for bars in (0, 50)}
    assert rows[0] - rows[50] == pytest.approx(50, abs=5)


def test_record_of_a_fit_holds_what_its_model_looks_at():
    bundle, _, metrics = fit(*training_tables())
    assert metrics["importance"] == bundle.model.get_feature_importance()
    assert max(metrics["importance"], key=metrics["importance"].get) == "a"


def test_full_fit_uses_every_labelled_row_of_the_training_split():
    train, folds = training_tables()
    _, metrics = fit_full(train, folds, **GIVEN)
    assert metrics["rows"] == folds["label"].notna().sum()


def test_split_is_predicted_by_the_mean_of_the_models():
    train, folds = training_tables()
    bundles = [fit(train, folds, fold)[0] for fold in (0, 1)]
    both = mean_prediction(train.iloc[:20], bundles)
    single = [mean_prediction(train.iloc[:20], [bundle]) for bundle in bundles]
    mean = (single[0]["prob_long"] + single[1]["prob_long"]) / 2
    np.testing.assert_allclose(both["prob_long"], mean, rtol=1e-6)


def test_folds_of_other_bars_are_refused():
    train, folds = training_tables()
    with pytest.raises(ValueError, match="not of the same bars"):
        fit(train.iloc[1:].reset_index(drop=True), folds.iloc[:-1])
