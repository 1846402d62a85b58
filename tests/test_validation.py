"""The validation split in two parts: blending learns on the first, all are scored on the second."""

import numpy as np
import pandas as pd
import pytest

from mlfactory import config, ensembles, schemas, tables, validation, verdicts
from mlfactory.comparisons import best_members
from mlfactory.errors import UserError
from mlfactory.nulls import shift_labels
from mlfactory.scores import score_models
from mlfactory.validation_scores import score_validation
from test_scores import SETTINGS, oracle, predictions, scored_tables

MEMBERS = ["knows", "guesses"]


def split_tables(n=1200, n_val=400, seed=0):
    """(train, folds, val, val_folds): the first rows train, the later ones are validation."""
    train, folds = scored_tables(n + n_val, seed=seed)
    val_folds = folds.iloc[n:].reset_index(drop=True)
    val_folds["fold"] = pd.array([0] * n_val, dtype="Int16")
    parts = train.iloc[:n], folds.iloc[:n], train.iloc[n:].reset_index(drop=True)
    return (*(part.reset_index(drop=True) for part in parts), val_folds)


def of_members(val, val_folds, seed=3):
    guesses = np.random.default_rng(seed).dirichlet([4, 4, 4], len(val))
    return {"knows": oracle(val, val_folds), "guesses": predictions(val_folds, guesses)}


def how(kind="blending", **training):
    model = config.load_models([kind])[kind]
    model["training"] |= training
    origin = {"symbol": "DEMO", "horizon": "20", "ensemble": "mine"}
    return {"model": model, "members": MEMBERS, "weights": "equal", "seed": 0, "origin": origin}


def blend(val_folds, of, **training):
    return ensembles.fit_blend(val_folds, [of[m] for m in MEMBERS], **how(**training))


def null_blend(val_folds, of, replicate=0):
    given = [of[m] for m in MEMBERS]
    return ensembles.fit_null_blend(val_folds, given, replicate=replicate, **how(C=[1.0]))


def test_second_part_begins_with_a_session_near_the_middle():
    session = pd.Series(np.repeat([5, 6, 7, 8], [10, 50, 20, 30]))
    assert validation.second_part(session) == 60
    assert validation.second_part(pd.Series(np.repeat([5, 6], [10, 90]))) == 10
    assert validation.second_part(pd.Series(np.full(21, 5))) == 10


def test_rows_to_blend_are_labelled_before_the_second_part_begins():
    *_, folds = split_tables()
    cut = validation.second_part(folds["session"])
    rows = np.flatnonzero(validation.rows_to_blend(folds))
    assert rows.max() < cut
    assert (folds["t1"].iloc[rows] <= folds["datetime"].iloc[cut]).all()
    left_out = np.setdiff1d(np.arange(cut), rows)
    late = folds["t1"].iloc[left_out] >= folds["datetime"].iloc[cut]
    assert (late | folds["label"].iloc[left_out].isna()).all()
    assert late.sum() >= 5


def test_blend_trusts_the_member_that_knows_and_predicts_the_second_part_alone():
    _, _, val, folds = split_tables()
    bundle, table = blend(folds, of_members(val, folds), C=[1.0], non_negative=True)
    cut = validation.second_part(folds["session"])
    assert table["datetime"].tolist() == folds["datetime"].iloc[cut:].tolist()
    shares = ensembles.weights_of(bundle)["members"]
    assert list(shares) == MEMBERS
    assert shares["knows"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)


def test_blend_depends_on_nothing_of_the_second_part():
    """Labels of the second part, and of rows that reach into it, change no prediction."""
    _, _, val, folds = split_tables()
    of = of_members(val, folds)
    _, honest = blend(folds, of)
    spoilt = folds.copy()
    hidden = ~validation.rows_to_blend(folds)
    spoilt["label"] = (2 - spoilt["label"]).where(pd.Series(hidden), spoilt["label"]).astype("Int8")
    for name in ("uniqueness", "quality"):
        spoilt[name] = spoilt[name].mask(hidden, spoilt[name] / 3)
    _, other = blend(spoilt, of)
    pd.testing.assert_frame_equal(honest, other, check_exact=True)


def test_blend_that_reads_the_second_part_is_caught(monkeypatch):
    monkeypatch.setattr(ensembles, "rows_to_blend", lambda folds: folds["label"].notna().to_numpy())
    with pytest.raises(AssertionError):
        test_blend_depends_on_nothing_of_the_second_part()


def test_blend_without_a_row_to_learn_from_is_refused():
    _, _, val, folds = split_tables(n_val=12)
    with pytest.raises(UserError, match=r"mine: no row of the first part .* splits.val_share"):
        blend(folds.assign(label=pd.array([pd.NA] * 12, dtype="Int8")), of_members(val, folds))


def test_scores_of_validation_are_of_its_second_part_and_beside_the_best_member():
    train, folds, val, val_folds = split_tables(n=1500, n_val=900)
    members = {"mine": MEMBERS}
    of_train, of_val = of_members(train, folds), of_members(val, val_folds)
    k_fold = score_models(train, folds, of_train, {}, **SETTINGS)
    best = best_members(k_fold, members)
    assert best == {"mine": "knows"}
    _, blended = blend(val_folds, of_val, C=[1.0])
    found = score_validation(
        train, folds, val, val_folds, of_val | {"mine": blended}, best, **SETTINGS
    )
    cut = validation.second_part(val_folds["session"])
    labelled = val_folds["label"].iloc[cut:].notna().sum()
    assert found["data"]["rows"] == labelled
    against = found["models"]["mine"]["against_best"]
    assert against["member"] == "knows"
    loss = {name: one["log_loss"]["value"] for name, one in found["models"].items()}
    assert against["value"] == pytest.approx(loss["mine"] - loss["knows"])
    assert against["low"] <= against["value"] <= against["high"]
    assert "against_best" not in found["models"]["knows"]
    assert found["models"]["guesses"]["gain_class_prior"]["high"] < 0


def test_baselines_of_validation_are_fitted_on_training_rows_alone():
    train, folds, val, val_folds = split_tables(n=900, n_val=600)
    of = of_members(val, val_folds)
    one = score_validation(train, folds, val, val_folds, of, {}, **SETTINGS)
    cut = validation.second_part(val_folds["session"])
    spoilt = val_folds.copy()
    first = np.arange(len(spoilt)) < cut
    spoilt["label"] = (2 - spoilt["label"]).where(pd.Series(first), spoilt["label"]).astype("Int8")
    other = score_validation(train, folds, val, spoilt, of, {}, **SETTINGS)
    assert one["models"] == other["models"]


def test_ensembles_out_of_fold_stand_beside_their_best_member_too():
    train, folds = scored_tables(1200)
    of = of_members(train, folds)
    mine = {"mine": of["knows"]}
    found = score_models(train, folds, of | mine, {}, ensembles={"mine": MEMBERS}, **SETTINGS)
    against = found["models"]["mine"]["against_best"]
    assert (against["member"], against["value"]) == ("knows", 0.0)
    assert against["low"] == against["high"] == 0.0


def test_difference_over_a_single_session_has_no_interval():
    train, folds, val, val_folds = split_tables(n=900, n_val=100)
    of = of_members(val, val_folds)
    best = {"mine": "knows"}
    found = score_validation(
        train, folds, val, val_folds, of | {"mine": of["guesses"]}, best, **SETTINGS
    )
    assert found["data"]["blocks"] == {"1": 1}
    against = found["models"]["mine"]["against_best"]
    assert against["value"] > 0
    assert against["low"] is against["high"] is None


def test_validation_without_a_move_is_not_scored():
    train, folds, val, val_folds = split_tables(n=900, n_val=400)
    of = of_members(val, val_folds)
    cut = validation.second_part(val_folds["session"])
    quiet = val_folds.copy()
    quiet.loc[cut:, "label"] = quiet["label"].iloc[cut:].where(quiet["label"].isna(), 1)
    assert score_validation(train, folds, val, quiet, of, {}, **SETTINGS) is None
    unknown = val_folds.copy()
    unknown.loc[cut:, "label"] = pd.NA
    assert score_validation(train, folds, val, unknown, of, {}, **SETTINGS) is None


def judged_blend(known, judged=None, *, whole=False):
    """The blend's scores on validation; of a market that a member knows, or none does."""
    train, folds, val, val_folds = split_tables(n=1500, n_val=1500)
    of = of_members(val, val_folds)
    if not known:
        noise = np.random.default_rng(5).dirichlet([4, 4, 4], len(val))
        of["knows"] = predictions(val_folds, noise)
    _, blended = blend(val_folds, of, C=[1.0])
    found = score_validation(
        *(train, folds, val, val_folds, of | {"mine": blended}, {}),
        blends=["mine"],
        null_blends=[{"mine": null_blend(val_folds, of)}],
        judged=judged,
        **SETTINGS,
    )
    return found if whole else found["models"]


def test_blend_of_a_member_that_knows_is_evidence_on_validation_and_noise_is_none():
    known, none = judged_blend(True)["mine"], judged_blend(False)["mine"]
    assert known["gain_volatility_clock_prior"]["evidence"]
    assert known["direction_gain"]["evidence"]
    assert not none["gain_volatility_clock_prior"]["evidence"]
    assert not none["direction_gain"]["evidence"]
    (null,) = known["nulls"]["session_shift"]
    assert null["direction_gain"]["value"] < known["direction_gain"]["low"]


def test_claims_out_of_fold_count_in_the_correction_of_a_blend():
    claim = {"p_value": 0.5, "trials": 1}
    others = {
        f"model {i}": {"gain_volatility_clock_prior": claim, "direction_gain": claim}
        for i in range(20)
    }
    alone, beside = judged_blend(True)["mine"], judged_blend(True, others)["mine"]
    p = alone["direction_gain"]["p_value"]
    assert p == beside["direction_gain"]["p_value"] > 0
    assert alone["direction_gain"]["p_holm"] <= 2 * p
    assert beside["direction_gain"]["p_holm"] >= 41 * p


def test_models_other_than_blends_are_not_judged_on_validation():
    validation = judged_blend(True, whole=True)
    assert list(verdicts.blended({"validation": validation})) == ["mine"]
    assert verdicts.blended({"validation": None}) == {}
    assert "p_value" not in validation["models"]["knows"]["direction_gain"]
    (line,) = verdicts.blend_verdicts({"validation": validation}, 20)
    assert line.startswith("h20 mine, on the second part of validation: evidence of")


def test_null_blend_learns_nothing_and_is_of_the_same_rows():
    _, _, val, folds = split_tables(n_val=1500)
    of = of_members(val, folds)
    _, true = blend(folds, of, C=[1.0])
    null = null_blend(folds, of)
    assert null["datetime"].tolist() == true["datetime"].tolist()
    assert not np.allclose(null["prob_long"], true["prob_long"], atol=0.05)
    assert null_blend(folds, of, replicate=1)["prob_long"].tolist() != null["prob_long"].tolist()


def test_null_of_a_blend_is_scored_on_the_moved_labels():
    train, folds, val, val_folds = split_tables(n=1500, n_val=1500)
    of = of_members(val, val_folds)
    _, blended = blend(val_folds, of, C=[1.0])
    moved = shift_labels(val_folds, seed=SETTINGS["seed"], replicate=0)
    known = 0.05 + 0.85 * np.eye(3)[moved["label"].fillna(1).to_numpy(dtype=int)]
    found = score_validation(
        *(train, folds, val, val_folds, of | {"mine": blended}, {}),
        blends=["mine"],
        null_blends=[{"mine": predictions(val_folds, known).iloc[-len(blended) :]}],
        **SETTINGS,
    )
    (null,) = found["models"]["mine"]["nulls"]["session_shift"]
    assert null["direction_auc"]["value"] > 0.99


def test_validation_of_few_sessions_draws_no_null_and_claims_nothing():
    train, folds, val, val_folds = split_tables(n=900, n_val=400)
    assert val_folds["session"].nunique() < 10
    of = of_members(val, val_folds)
    null = null_blend(val_folds, of)
    assert null.empty
    tables.check(null, schemas.PREDICTIONS, "null")
    _, blended = blend(val_folds, of)
    found = score_validation(
        *(train, folds, val, val_folds, of | {"mine": blended}, {}),
        blends=["mine"],
        null_blends=[{"mine": null}],
        **SETTINGS,
    )
    assert found["models"]["mine"]["direction_gain"]["p_value"] is None
    (line,) = verdicts.blend_verdicts({"validation": found}, 20)
    assert "cannot be measured" in line
