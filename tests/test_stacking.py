import numpy as np
import pandas as pd
import pytest

from mlfactory import schemas, tables
from mlfactory.ensembles import fit_ensemble, predict_ensemble
from mlfactory.oof import fit_fold
from mlfactory.stacking import by_member, stacking_dataset, uncalibrated, unstack
from training import logistic, training_tables

EMBARGO = {"sessions": 0, "min_bars": 4}
VOTING = {
    "model": {"type": "voting", "family": "ensemble"},
    "decomposition": "multiclass",
    "needs": {"scaling": False, "sequence_length": 1},
    "training": {"weighting": "equal"},
    "early_stopping": {"enabled": False},
}


@pytest.fixture(scope="module")
def stacked():
    train, folds = training_tables()
    parts = {}
    for name, training in (("one", {}), ("two", {"C": [1e-5]})):
        parts[name] = [
            fit_fold(
                train,
                folds,
                fold=fold,
                embargo=EMBARGO,
                model=logistic(**training),
                fit_share=0.8,
                weights="equal",
                threads=1,
                seed=0,
                origin={},
            )[1]
            for fold in range(3)
        ]
    return folds, parts, stacking_dataset(folds, parts, weights="uniqueness")


def test_stacking_dataset_has_exactly_the_contracts_columns(stacked):
    folds, parts, stack = stacked
    tables.check(stack, schemas.stacking_dataset(["one", "two"]), "stack")
    assert len(stack) == len(folds)
    assert stack["sample_weight"].mean() == pytest.approx(1)
    assert stack["sample_weight"].isna().equals(stack["y_true"].isna())
    equal = stacking_dataset(folds, parts, weights="equal")["sample_weight"]
    assert set(equal.dropna()) == {1.0}
    assert stack["sample_weight"].nunique() > 100


def test_agreement_confidence_and_entropy_are_those_of_the_members(stacked):
    _, _, stack = stacked
    p = np.stack([stack[list(schemas.member_columns(m))].to_numpy() for m in ("one", "two")])
    agree = p[0].argmax(axis=1) == p[1].argmax(axis=1)
    assert stack["models_agree"].tolist() == agree.tolist()
    assert not agree.all()
    np.testing.assert_allclose(stack["avg_confidence"], p.max(axis=2).mean(axis=0), rtol=1e-5)
    entropy = -(p * np.log(p)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(stack["avg_entropy"], entropy, rtol=1e-4)


def test_models_are_joined_by_time_not_by_position(stacked):
    folds, parts, stack = stacked
    shuffled = {
        "one": parts["one"][::-1],
        "two": [t.sample(frac=1, random_state=1) for t in parts["two"]],
    }
    assert stacking_dataset(folds, shuffled, weights="uniqueness").equals(stack)


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:2], lambda t: [*t, t[0]], lambda t: [t[0].iloc[1:], *t[1:]]]
)
def test_missing_or_repeated_row_is_refused(stacked, spoil):
    folds, parts, _ = stacked
    with pytest.raises(ValueError, match="one: its out-of-fold predictions are not those"):
        stacking_dataset(folds, {"one": spoil(parts["one"])}, weights="equal")


def test_unstacking_gives_the_predictions_back(stacked):
    _, parts, stack = stacked
    got = unstack(stack, ["one", "two"])["two"]
    assert got.iloc[:200].equals(parts["two"][0])


def test_tables_are_assigned_to_models_in_the_order_of_expansion():
    assert by_member(["a", "b"], [1, 2, 3, 4]) == {"a": [1, 2], "b": [3, 4]}


def ensemble(stacked, **change):
    folds, _, stack = stacked
    given = {
        "model": VOTING,
        "members": ["one", "two"],
        "embargo": EMBARGO,
        "weights": "uniqueness",
        "seed": 0,
        "origin": {},
    }
    return fit_ensemble(stack, folds, **given | change)


def test_voting_is_the_mean_of_its_members_in_and_out_of_sample(stacked):
    _, _, stack = stacked
    bundle, predicted = ensemble(stacked)
    mean = (stack["one_prob_long"] + stack["two_prob_long"]) / 2
    np.testing.assert_allclose(predicted["prob_long"], mean, rtol=1e-5)
    parts = unstack(stack, ["one", "two"])
    again = predict_ensemble(bundle, ["one", "two"], list(parts.values()))
    np.testing.assert_allclose(again["prob_long"], mean, rtol=1e-5)


def test_ensemble_reads_only_its_members(stacked):
    _, _, stack = stacked
    _, predicted = ensemble(stacked, members=["two"])
    np.testing.assert_allclose(predicted["prob_long"], stack["two_prob_long"], rtol=1e-5)


def test_weights_of_a_held_out_fold_come_from_the_other_folds(stacked):
    folds, parts, stack = stacked
    weighted = VOTING | {"training": {"weighting": "log_loss"}}
    _, honest = ensemble(stacked, model=weighted)
    spoilt = stack.copy()
    fold = stack["fold"] == 1
    spoilt.loc[fold, "y_true"] = (2 - spoilt.loc[fold, "y_true"]).astype("Int8")
    _, poisoned = ensemble((folds, parts, spoilt), model=weighted)
    assert honest[fold].equals(poisoned[fold])
    assert not honest[~fold].equals(poisoned[~fold])


def test_splits_predicted_for_different_rows_are_refused(stacked):
    _, _, stack = stacked
    bundle, _ = ensemble(stacked)
    one, two = unstack(stack, ["one", "two"]).values()
    with pytest.raises(ValueError, match="predicted different rows"):
        predict_ensemble(bundle, ["one", "two"], [one, two.iloc[1:]])


def test_stacking_dataset_is_built_of_walk_forward_predictions_too(stacked):
    folds, parts, whole = stacked
    refit = (np.arange(400) // 100).astype(np.int16)
    walked = {
        model: [pd.concat(tables_).iloc[200:].reset_index(drop=True).assign(refit=refit)]
        for model, tables_ in parts.items()
    }
    stack = stacking_dataset(folds, walked, weights="equal")
    tables.check(stack, schemas.stacking_dataset(["one", "two"]), "stack")
    assert stack["fold"].tolist() == refit.tolist()
    same = [c for c in stack.columns if c not in ("fold", "sample_weight")]
    assert stack[same].equals(whole[same].iloc[200:].reset_index(drop=True))
    _, predicted = fit_ensemble(
        stack,
        folds,
        model=VOTING,
        members=["one", "two"],
        embargo=EMBARGO,
        weights="equal",
        seed=0,
        origin={},
    )
    assert predicted["datetime"].equals(stack["datetime"])


def test_predictions_before_calibration_are_joined_as_those_after_it(stacked):
    table, parts, stack = stacked
    names = list(parts)
    of_folds = [
        part.assign(**{f"uncalibrated_{c}": part[c] for c in schemas.PROBABILITIES})
        .assign(**dict.fromkeys(schemas.PROBABILITIES, 0.5))
        .sample(frac=1, random_state=0)
        for name in names
        for part in reversed(parts[name])
    ]
    before = uncalibrated(table, names, of_folds)
    for name, plain in unstack(stack, names).items():
        pd.testing.assert_frame_equal(before[name], plain)
    assert uncalibrated(table, [], []) == {}
    with pytest.raises(ValueError, match="are not those of the"):
        uncalibrated(table, names, [of_folds[0], *of_folds[:-1]])
