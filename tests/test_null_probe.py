import numpy as np
import pandas as pd
import pytest

from mlfactory import null_probe
from mlfactory.null_probe import Probe, labels_of, probe_nulls, summary
from mlfactory.nulls import KINDS, shift_labels
from test_scores import scored_tables

EMBARGO = {"sessions": 0, "min_bars": 4}


def probed(train, folds, **more):
    given = {"embargo": EMBARGO, "shifts": 20, "seed": 1} | more
    return probe_nulls(train, folds, [(train, folds)], **given)


def rows_of(blocks):
    return np.concatenate([np.arange(first, stop) for first, stop in blocks])


def test_signal_lies_above_all_shifts_and_noise_among_them():
    for signal, least, most in ((1.5, 0.0, 0.05), (0.0, 0.06, 1.0)):
        found = probed(*scored_tables(2000, signal=signal, seed=2))
        for kind in KINDS:
            assert least < found["direction_gain"]["nulls"][kind]["p_value"] <= most
    assert found["direction_gain"]["nulls"]["sign_flip"]["count"] == 1


def test_moved_labels_have_no_gain_over_their_class_frequencies():
    found = probed(*scored_tables(2000, signal=1.5, seed=3))
    for kind in KINDS:
        drawn = found["gain_class_prior"]["nulls"][kind]
        assert drawn["quantiles"]["0.025"] < 0.005
        assert abs(found["direction_auc"]["nulls"][kind]["mean"] - 0.5) < 0.03


def test_probe_is_the_ridge_of_its_training_rows_alone():
    train, folds = scored_tables(600, signal=1.0)
    probe, label = Probe(train, folds, embargo=EMBARGO), labels_of(folds)
    held = probe._of_fold(probe.folds[1], label[None])[0]
    train_rows, held_out = (
        rows_of(blocks) for blocks in (probe.folds[1].train, probe.folds[1].held_out)
    )
    X = null_probe.RobustScaler.fit(null_probe.feature_rows(train).values[train_rows])
    X = X.transform(null_probe.feature_rows(train).values).astype(np.float64)
    prior = (np.bincount(label[train_rows][label[train_rows] >= 0], minlength=3) + 1.0) / (
        (label[train_rows] >= 0).sum() + 3.0
    )
    centre = X[train_rows].mean(axis=0)
    A = X[train_rows] - centre
    Y = np.where(label[train_rows][:, None] >= 0, np.eye(3)[label[train_rows]] - prior, 0)
    n_rows, n_columns = A.shape
    penalty = np.sqrt(null_probe.PENALTY * n_rows) * np.eye(n_columns)
    rows = np.vstack([A, penalty])
    beta = np.linalg.lstsq(rows, np.vstack([Y, np.zeros((n_columns, 3))]), rcond=None)[0]
    scored = held_out[label[held_out] >= 0]
    p = np.clip(prior + (X[scored] - centre) @ beta, null_probe.LEAST_PROBABILITY, None)
    np.testing.assert_allclose(held.p, p / p.sum(axis=1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_probe_of_a_fold_sees_no_label_or_feature_of_its_held_out_rows(fold):
    train, folds = scored_tables(900)
    held = (folds["fold"] == fold).to_numpy()
    spoilt, label = train.copy(), labels_of(folds)
    names = list(null_probe.feature_rows(train).names)
    spoilt.loc[held, names] *= 50
    other = np.where(held & (label >= 0), 2 - label, label).astype(np.int8)
    honest, poisoned = (Probe(t, folds, embargo=EMBARGO).folds[fold] for t in (train, spoilt))
    np.testing.assert_array_equal(honest.features.solved, poisoned.features.solved)
    np.testing.assert_array_equal(honest.baseline.solved, poisoned.baseline.solved)
    assert not held[rows_of(honest.train)].any()
    one = Probe(train, folds, embargo=EMBARGO)._of_fold(honest, label[None])[0]
    two = Probe(train, folds, embargo=EMBARGO)._of_fold(honest, other[None])[0]
    np.testing.assert_array_equal(one.p, two.p)


def test_no_training_row_reaches_into_the_held_out_block_under_any_shift():
    train, folds = scored_tables(1000)
    probe = Probe(train, folds, embargo=EMBARGO)
    for replicate in range(10):
        moved = shift_labels(folds, seed=1, replicate=replicate, kind="free_shift")
        for fold in probe.folds:
            trained, held_out = rows_of(fold.train), rows_of(fold.held_out)
            first, last = folds["datetime"].iloc[held_out[[0, -1]]]
            before = trained[trained < held_out[0]]
            after = trained[trained > held_out[-1]]
            assert not (moved["t1"].iloc[before] > first).any()
            held_ends = moved["t1"].iloc[held_out].max()
            assert not (folds["datetime"].iloc[after] <= held_ends).any()
            assert last < folds["datetime"].iloc[after].min() or not len(after)


def test_sets_of_labels_are_scored_alike_together_and_alone():
    train, folds = scored_tables(900)
    sets = [
        labels_of(shift_labels(folds, seed=1, replicate=i)) for i in range(null_probe._AT_ONCE + 2)
    ]
    probe = Probe(train, folds, embargo=EMBARGO)
    together = probe.scores(sets)
    assert len(together) == len(sets)
    for at in (0, 3, len(sets) - 1):
        (alone,) = probe.scores([sets[at]])
        assert alone == pytest.approx(together[at], rel=1e-6)  # products are of single precision


def test_p_value_is_never_zero_and_counts_ties():
    own = dict.fromkeys(null_probe.SCORES, 0.5)
    drawn = [dict.fromkeys(null_probe.SCORES, v) for v in (0.1, 0.5, 0.7)]
    found = summary(own, {"session_shift": drawn, "sign_flip": []})
    one = found["direction_auc"]["nulls"]
    assert list(one) == ["session_shift"]
    assert one["session_shift"]["p_value"] == pytest.approx(3 / 4)
    top = summary(own, {"session_shift": drawn[:1]})["direction_auc"]["nulls"]["session_shift"]
    assert top["p_value"] == pytest.approx(1 / 2)


def test_free_shift_moves_labels_by_bars_and_differs_between_replicates():
    _, folds = scored_tables(2000)
    shifts = set()
    for replicate in range(4):
        moved = shift_labels(folds, seed=5, replicate=replicate, kind="free_shift")
        row = int(np.flatnonzero(moved["uniqueness"].notna())[0])
        source = int(np.flatnonzero(folds["uniqueness"] == moved["uniqueness"].iloc[row])[0])
        assert 200 <= source - row <= 1800
        shifts.add((source - row) % 50)
        known = moved["label"].notna()
        pd.testing.assert_series_equal(
            moved["t1"][known],
            folds["end"]
            .iloc[np.flatnonzero(known) + moved["bars_held"][known]]
            .set_axis(moved.index[known]),
            check_names=False,
        )
    assert len(shifts) > 1
