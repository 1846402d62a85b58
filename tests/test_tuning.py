import json
from functools import partial

import numpy as np
import pytest

from mlfactory import tuning
from mlfactory.config import load_models
from mlfactory.oof import fold_rows, training_set, tune_fold
from mlfactory.search_space import space
from test_oof import poisoned
from training import training_tables

SETTINGS = {
    "embargo": {"sessions": 0, "min_bars": 4},
    "trials": 8,
    "inner_folds": 3,
    "spread": 0.1,
    "pruning": True,
    "weights": "uniqueness",
    "fit_share": 0.85,
    "threads": 1,
    "seed": 3,
}


def small(name="lightgbm", **needs):
    model = load_models([name])[name]
    model["training"] |= {"rounds": 40} if "rounds" in model["training"] else {}
    model["needs"] = model["needs"] | needs
    return model


def tune(train, folds, fold="1", model=None, **change):
    origin = {"model": "lightgbm", "horizon": "5", "fold": fold}
    return tune_fold(train, folds, model=model or small(), origin=origin, **SETTINGS | change)


@pytest.fixture(scope="module")
def tables():
    return training_tables()


@pytest.fixture(scope="module")
def found(tables):
    return tune(*tables)


def test_first_trial_is_the_default_and_the_best_is_never_worse(tables, found):
    own = small()["training"]
    assert found["trials"][0]["parameters"] == {k: own[k] for k in small()["search_space"]}
    assert found["objective"]["best"] <= found["objective"]["default"]
    assert found["trials"][0]["all_rows"]
    assert found["trials"][found["best"]]["all_rows"]
    assert found["parameters"] == found["trials"][found["best"]]["parameters"]


def test_values_listed_first_follow_the_default_each_by_itself(tables):
    model = small("xgboost")
    own = {key: model["training"][key] for key in model["search_space"]}
    tried = [trial["parameters"] for trial in tune(*tables, model=model, trials=4)["trials"]]
    assert tried[:3] == [own, own | {"max_depth": 1}, own | {"max_depth": 2}]
    assert tried[3] not in tried[:3]
    del model["search_space"]["max_depth"]["first"]
    assert tune(*tables, model=model, trials=2)["trials"][1]["parameters"] != tried[1]


def test_values_of_a_choice_can_be_tried_first_too(tables):
    model = small("xgboost")
    model["search_space"] = {"max_depth": {"choices": [1, 2, 5], "first": [5]}}
    tried = [trial["parameters"] for trial in tune(*tables, model=model, trials=2)["trials"]]
    assert tried == [{"max_depth": 3}, {"max_depth": 5}]


@pytest.mark.parametrize("trials", [1, 2])
def test_a_budget_below_what_is_listed_first_ends_there(tables, trials):
    found = tune(*tables, model=small("xgboost"), trials=trials)
    assert [trial["state"] for trial in found["trials"]] == ["complete"] * trials
    assert all(trial["all_rows"] for trial in found["trials"])
    assert found["best"] in range(trials)


@pytest.mark.parametrize("pruning", [True, False])
def test_a_space_of_fewer_points_than_trials_is_tried_whole(tables, pruning):
    model = small("logistic")
    model["search_space"] = {"screened": {"choices": [2, 5, 40]}}
    found = tune(*tables, model=model, trials=9, pruning=pruning)
    tried = [trial["parameters"]["screened"] for trial in found["trials"]]
    assert tried == [30, 2, 5, 40]  # its own, then all others
    assert found["study"]["trials"] == 4
    assert len({trial["losses"][0] for trial in found["trials"]}) > 1
    assert all(trial["all_rows"] for trial in found["trials"])
    fewer = tune(*tables, model=model, trials=3, pruning=pruning)["trials"]
    assert len(fewer) == 3


def test_the_best_meet_those_that_the_search_began_with_on_all_rows(tables):
    model = small("xgboost")
    tried = tune(*tables, model=model, trials=12)["trials"]
    met = [trial for trial in tried if trial["all_rows"]]
    whole = [trial for trial in met if trial["state"] == "complete"]
    ended = [trial for trial in met if trial["state"] == "pruned"]
    assert {0, 1, 2} < {trial["number"] for trial in met}
    assert whole[0]["number"] == 0
    assert len(whole) == 1 + tuning.BY_FOLDS.last
    assert len(ended) >= 1
    anew = trials_of(*tables, model)
    for trial in met:
        folds = range(len(trial["losses"]))
        assert trial["losses"] == [anew.loss(trial["parameters"], fold, 1) for fold in folds]


class Table:
    """Trials of a model with one parameter, whose losses by inner fold are listed.

    The first fold's are of all rows, or of some; the others' the same for both.
    """

    seed = 0
    parts = (0, 1, 2)

    def __init__(self, some, first, rest, name="logistic"):
        self.some, self.first, self.rest = some, first, rest
        self.model = {
            "model": {"type": name},
            "training": {"x": 0},
            "search_space": {"x": {"choices": [*range(len(some))]}},
        }

    def loss(self, parameters, fold, every, give_up=None):
        if fold:
            return self.rest[parameters["x"]]
        return (self.first if every == 1 else self.some)[parameters["x"]]

    def others(self, parameters, every):
        return [self.loss(parameters, fold, every) for fold in (1, 2)]


FINALS = {
    "other folds' loss on some rows": (
        [0.9, 0.8, 0.8, 0.8, 0.8],
        [0.9, 0.60, 0.61, 0.62, 0.63],
        [0.9, 0.93, 0.9, 0.5, 0.4],
        {0, 1, 2, 3, 4},
        {0, 3, 4},
    ),
    "the first fold's loss on all rows": (
        [0.9, 0.8, 0.79, 0.78],
        [0.9, 0.5, 0.6, 0.9],
        [0.9, 0.9, 0.9, 0.9],
        {0, 1, 2, 3},
        {0, 1, 2},
    ),
    "other folds' loss of what ended in the first": (
        [0.9, 0.8, 0.85, 0.86, 0.87, 0.88],
        [0.9, 0.8, 0.80, 0.85, 0.1, 0.1],
        [0.9, 0.9, 0.99, 0.5, 0.1, 0.1],
        {0, 1, 2, 3},
        {0, 1, 3},
    ),
    "that it went on, though the others ended better": (
        [0.9, 0.8, 0.85, 0.86, 0.87, 0.88],
        [0.9, 0.8, 0.85, 0.86, 0.1, 0.1],
        [0.9, 2.0, 0.9, 0.9, 0.1, 0.1],
        {0, 1, 2, 3},
        {0, 2, 3},
    ),
}
"""What counts: losses of the first fold on some rows and on all, of the others; who is among the
finalists, and who is scored in all folds."""


@pytest.mark.parametrize("counts", FINALS)
def test_finalists_and_the_last_of_them_are_chosen_by_all_that_is_known(counts):
    some, first, rest, finalists, last = FINALS[counts]
    table = Table(some, first, rest)
    tried = tuning.search(table, name="x", n_trials=9, spread=0.0, pruning=True)["trials"]
    met = [trial for trial in tried if trial["all_rows"]]
    assert {trial["number"] for trial in met} == finalists
    assert {trial["number"] for trial in met if len(trial["losses"]) == 3} == last


def test_fit_is_given_up_against_the_rounds_of_its_model_and_else_never():
    falling = [1 - 0.01 * i for i in range(16)]  # .85 after 16 rounds, .81 after 20

    class Asked(Table):
        def loss(self, parameters, fold, every, give_up=None):
            if fold == 0 and every > 1:
                self.asked.append(give_up and give_up(falling))
            return super().loss(parameters, fold, every, give_up)

    def asked(name, **training):
        losses = [0.83] * 12
        table = Asked(losses, losses, losses, name)
        table.asked = []
        table.model["training"] |= training
        tuning.search(table, name="x", n_trials=12, spread=0.0, pruning=True)
        return table.asked[-1]

    assert asked("lightgbm", rounds=17)
    assert asked("lightgbm", rounds=20) is False
    assert asked("logistic") is None


def test_every_trial_is_recorded_and_most_end_after_one_inner_fold(found):
    states = [trial["state"] for trial in found["trials"]]
    assert [trial["number"] for trial in found["trials"]] == list(range(8))
    assert 2 <= states.count("pruned") < 8
    for trial in found["trials"]:
        assert len(trial["losses"]) == (1 if trial["state"] == "pruned" else 3)


def test_objective_is_the_mean_and_a_share_of_the_spread_over_all_inner_folds(tables):
    for spread in (0.0, 2.0):
        trials = tune(*tables, spread=spread, trials=3, pruning=False)["trials"]
        for trial in trials:
            expected = np.mean(trial["losses"]) + spread * np.std(trial["losses"])
            assert trial["objective"] == pytest.approx(expected, abs=1e-6)
            assert len(trial["losses"]) == 3


def trials_of(train, folds, model):
    data = training_set(train, folds)
    return tuning.trials_on(
        data,
        fold_rows(data, 1, 4)[0],
        model=model,
        features=data.features.names,
        n_folds=3,
        embargo_bars=4,
        **{key: SETTINGS[key] for key in ("weights", "fit_share", "threads", "seed")},
    )


def test_same_seed_same_bytes_and_another_seed_other_trials(tables, found):
    assert json.dumps(tune(*tables)) == json.dumps(found)
    assert tune(*tables, seed=4)["trials"][3]["parameters"] != found["trials"][3]["parameters"]


def violations(model=None):
    """Whether a fold's search changes when all that it must not see is replaced by noise."""
    train, folds = training_tables(noise=3)
    looks_back = model is not None and model["needs"]["sequences"]
    embargo = 60 if looks_back else 4  # as many rows as a window has
    given = {"model": model, "trials": 5, "embargo": {"sessions": 0, "min_bars": embargo}}
    honest = tune(train, folds, **given)
    spoilt = tune(*poisoned(train, folds, 1, embargo, looks_back=looks_back), **given)
    assert len({trial["losses"][0] for trial in honest["trials"]}) == 5
    return json.dumps(honest) != json.dumps(spoilt)


def test_search_sees_nothing_of_the_fold_that_is_scored():
    assert not violations()


def test_search_with_scaler_and_selection_sees_nothing_of_the_fold_that_is_scored():
    assert not violations(small("svm", features="selected-3"))


def network():
    model = small("tcn", features="selected-3")
    model["training"] |= {"epochs": 2, "batch": 64}
    return model


def test_search_of_a_network_sees_nothing_of_the_fold_that_is_scored():
    assert not violations(network())


def test_share_that_is_fitted_moves_a_networks_trials_and_no_others(tables):
    for model, moves in ((network(), True), (small(), False)):
        shares = [tune(*tables, model=model, trials=2, fit_share=share) for share in (0.7, 0.85)]
        assert (shares[0]["trials"] != shares[1]["trials"]) == moves


def leak_rows(monkeypatch):
    make = tuning.trials_on

    def of_all_rows(data, rows, **settings):
        return make(data, np.flatnonzero(data.labelled), **settings)

    monkeypatch.setattr(tuning, "trials_on", of_all_rows)


def leak_scored_fold(monkeypatch):
    split = tuning.inner_folds

    def on_the_scored(data, rows, *arguments):
        scored = np.flatnonzero((data.fold == 1) & data.labelled)
        return [(train, scored) for train, _ in split(data, rows, *arguments)]

    monkeypatch.setattr(tuning, "inner_folds", on_the_scored)


def leak_stop(monkeypatch):
    split = tuning.inner_split

    def on_the_scored(data, rows, fit_share):
        scored = np.flatnonzero((data.fold == 1) & data.labelled)
        return split(data, rows, fit_share)[0], scored

    monkeypatch.setattr(tuning, "inner_split", on_the_scored)


def leak_scaler(monkeypatch):
    fit, make = tuning.RobustScaler.fit, tuning.trials_on

    def of_all_rows(data, rows, **settings):
        whole = classmethod(
            lambda cls, values: fit(data.features.named(settings["features"]).values)
        )
        monkeypatch.setattr(tuning.RobustScaler, "fit", whole)
        return make(data, rows, **settings)

    monkeypatch.setattr(tuning, "trials_on", of_all_rows)


LEAKS = {
    "tuning on all rows": (leak_rows, partial(small, "lightgbm")),
    "tuning on the folds that are scored": (leak_scored_fold, partial(small, "lightgbm")),
    "tuning with a scaler of all rows": (leak_scaler, partial(small, "svm", features="all")),
    "tuning stopped early on the fold that is scored": (leak_stop, network),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(monkeypatch, leak):
    plant, model = LEAKS[leak]
    plant(monkeypatch)
    assert violations(model())


def test_space_holds_the_models_own_parameters():
    for name in ("lightgbm", "xgboost", "logistic", "svm", "gru"):
        model = load_models([name])[name]
        for key, of in space(model).items():
            own = model["training"][key]
            assert own in of["choices"] if "choices" in of else of["low"] <= own <= of["high"]
