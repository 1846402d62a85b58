"""Weights of a fit: its own rows alone, no class favoured."""

import functools

import numpy as np
import pytest

from market import MINUTE, bars_of, contract, random_raw
from mlfactory import ensembles, oof, stacking
from mlfactory.labels import label_bars
from mlfactory.weights import KINDS, QualityTiers, fit_weights
from test_oof import fit, poisoned
from test_stacking import VOTING, ensemble, stacked  # noqa: F401
from training import training_tables

LABEL = np.repeat(np.int8([0, 1, 2]), 10)
SCORE = np.concatenate([np.arange(10.0), 100 + np.arange(10.0), 200 + np.arange(10.0)])


def weights(kind, label=LABEL, quality=SCORE, uniqueness=None):
    unique = np.full(len(label), 0.5) if uniqueness is None else uniqueness
    return fit_weights(kind, label=label, uniqueness=unique, quality=quality)


def class_means(label, values):
    return np.array([values[label == number].mean() for number in range(3)])


def test_a_fifth_of_each_class_counts_half_and_a_fifth_one_and_a_half():
    got = weights("quality").reshape(3, 10)
    expected = [0.5, 0.5, *[1.0] * 6, 1.5, 1.5]
    np.testing.assert_array_equal(got, [expected] * 3)


def test_equal_weights_look_at_nothing():
    assert weights("equal").tolist() == [1.0] * 30


def test_quality_times_uniqueness_is_the_product_with_mean_one():
    unique = np.linspace(0.1, 1, 30)
    product = weights("quality", uniqueness=unique) * unique
    got = weights("quality_uniqueness", uniqueness=unique)
    np.testing.assert_allclose(got, product / product.mean())


@pytest.mark.parametrize("kind", KINDS)
def test_weights_have_mean_one(kind):
    generator = np.random.default_rng(0)
    label = generator.integers(0, 3, 200).astype(np.int8)
    quality, unique = generator.uniform(0.1, 1, (2, 200))
    got = weights(kind, label, quality, unique)
    assert got.mean() == pytest.approx(1)
    assert (got > 0).all()


def test_class_of_equal_scores_weighs_one_and_a_class_without_rows_is_no_error():
    assert set(weights("quality", LABEL[:20], np.ones(20))) == {1.0}
    tiers = QualityTiers.fit(LABEL[:20], SCORE[:20])
    assert set(tiers.weights(LABEL, SCORE)[20:]) == {1.0}


def test_tiers_of_some_rows_are_applied_to_others():
    tiers = QualityTiers.fit(LABEL, SCORE)
    assert tiers.weights(np.int8([0, 0, 2]), np.array([-5.0, 50.0, 205.0])).tolist() == [
        0.5,
        1.5,
        1.0,
    ]


@pytest.mark.parametrize("per_bar", [1, 5])
@pytest.mark.parametrize("seed", range(4))
def test_class_means_of_the_quality_weight_differ_by_less_than_five_percent(seed, per_bar):
    bars, raw = bars_of(2000 + random_raw(4000 * per_bar, seed), per_bar=per_bar)
    table = label_bars(
        bars,
        raw,
        horizon=5,
        contract=contract(),
        raw_interval=MINUTE,
        k_up=1.5,
        k_down=1.1,
        max_bars=12,
        atr_period=14,
        atr_floor_ticks=2,
        cross_sessions=True,
    )
    known = table[table["label"].notna()]
    label = known["label"].to_numpy(dtype=np.int8)
    raw_means = class_means(label, known["quality"].to_numpy())
    assert np.ptp(raw_means) / raw_means.mean() > 0.1
    means = class_means(label, weights("quality", label, known["quality"].to_numpy()))
    assert np.ptp(means) / means.mean() < 0.05


def weight_violations():
    """Folds whose fit's weights change when quality scores of rows outside it change."""
    train, folds = training_tables()
    found = []
    for fold in range(3):
        seen = []
        for given in (folds, poisoned(train, folds, fold)[1]):
            seen.append(weights_of_fits(train, folds.assign(quality=given["quality"]), fold))
        if any(a.tobytes() != b.tobytes() for a, b in zip(*seen, strict=True)):
            found.append(fold)
    return found


def weights_of_fits(train, folds, fold):
    """What a fold's two fits, to stop early and on all rows, weigh their rows with."""
    seen = []
    fit_once = oof.fit_weights

    def recorded(*arguments, **rows):
        seen.append(fit_once(*arguments, **rows))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oof, "fit_weights", recorded)
        fit(train, folds, fold, weights="quality")
    assert len(seen) == 2
    return seen


def leak_percentiles(monkeypatch):
    """Tiers from the scores of all labelled rows, those of the held-out fold among them."""
    fit_rows, fitted = oof.fit_rows, QualityTiers.fit

    def of_all_rows(data, *arguments, **more):
        whole = fitted(data.label[data.labelled], data.quality[data.labelled])
        monkeypatch.setattr(QualityTiers, "fit", lambda label, quality: whole)
        return fit_rows(data, *arguments, **more)

    monkeypatch.setattr(oof, "fit_rows", of_all_rows)


def test_weights_of_a_fit_read_no_quality_score_of_rows_outside_it():
    assert weight_violations() == []


def test_weights_by_percentiles_of_all_rows_are_caught(monkeypatch):
    leak_percentiles(monkeypatch)
    assert weight_violations() == [0, 1, 2]


def test_search_for_the_complexity_weighs_by_its_own_rows():
    search, refit = weights_of_fits(*training_tables(), 1)
    assert len(search) < len(refit)
    assert not np.array_equal(search, refit[: len(search)])


@pytest.mark.parametrize("leak", [False, True])
def test_weights_of_an_ensemble_read_no_quality_score_of_the_scored_fold(stacked, leak):  # noqa: F811
    folds, parts, stack = stacked
    weighted = VOTING | {"training": {"weighting": "log_loss"}}
    scored = (folds["fold"] == 1).to_numpy()
    spoilt = folds.assign(quality=folds["quality"].where(~scored, folds["quality"] / 3))
    out = []
    for table in (folds, spoilt):
        with pytest.MonkeyPatch.context() as patch:
            if leak:
                whole = stacking.sample_weights(table, "quality")
                at = functools.partial(_rows_of, whole)
                patch.setattr(ensembles, "sample_weights", at)
            out.append(ensemble((table, parts, stack), model=weighted, weights="quality")[1])
    assert out[0][scored].equals(out[1][scored]) is not leak


def _rows_of(values, part, kind):
    return values[part.index]
