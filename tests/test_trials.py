"""One trial of a search: which rows it sees, what they weigh, and what trials share."""

from dataclasses import replace

import numpy as np
import pytest

from mlfactory import registry
from mlfactory.early_ends import RUNGS, Race
from mlfactory.inner_folds import inner_split
from test_tuning import SETTINGS, small, trials_of
from training import training_tables


@pytest.fixture(scope="module")
def tables():
    return training_tables()


def trial_on_sixty_rows(tables, name, **early_stopping):
    """One trial in three, of 60 rows to fit and 60 held out: the rows it saw, and its loss."""
    seen = {}

    class Seen(registry.get(name)):
        def fit(self, X_train, y_train, X_val, y_val, **given):
            seen.update(train=X_train.rows, stop=X_val.rows)
            assert (y_train == trials.data.label[X_train.rows]).all()
            assert (y_val == trials.data.label[X_val.rows]).all()
            return {"validation_log_loss": 9.0}

        def predict(self, X):
            seen["scored"] = X.rows
            return np.full((len(X), 3), 1 / 3)

    def made(model, *_):
        length = model["needs"]["sequence_length"]
        return Seen(model["training"], model["early_stopping"], 1, sequence_length=length)

    model = small(name)
    model["early_stopping"] |= early_stopping
    trials = trials_of(*tables, model)
    part = trials.parts[0]
    part = replace(part, train=part.train[:60], held_out=part.held_out[:60])
    trials = replace(trials, parts=(part,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "make", made)
        return seen, trials.loss({}, 0, 3), part, trials.data


def test_a_trial_fits_and_scores_one_row_in_so_many(tables):
    seen, loss, part, _ = trial_on_sixty_rows(tables, "lightgbm")
    assert (seen["train"] == part.train[::3]).all()
    assert (seen["stop"] == part.held_out[::3]).all()
    assert loss == 9.0  # on the rows that stopped it


def test_a_trial_of_a_network_takes_blocks_and_is_not_scored_on_what_stops_it(tables):
    seen, loss, part, data = trial_on_sixty_rows(tables, "tcn")
    head, tail = inner_split(data, part.train, SETTINGS["fit_share"])
    assert len(tail) == 9 < len(part.train) - len(head) + 1
    assert (seen["train"] == head[np.arange(len(head)) % 3 == 0]).all()
    assert (seen["stop"] == tail).all()
    assert (seen["scored"] == part.held_out[np.arange(60) // 2 % 3 == 0]).all()
    assert loss == pytest.approx(np.log(3), abs=1e-6)


class Behind(Race):
    """A race that is lost after so many epochs, or never."""

    def __init__(self, after=None):
        super().__init__(None)
        self.after, self.stages = after, []

    def __call__(self, losses):
        if len(losses) == 1:
            self.stages.append([])
        self.stages[-1] = list(losses)
        self.least = min(losses)
        self.lost = len(losses) == self.after
        return self.lost

    def end(self):
        self.ended = True


@pytest.mark.parametrize(
    ("decomposition", "after", "epochs"),
    [
        ("multiclass", None, [RUNGS[-1]]),
        ("multiclass", 2, [2]),
        ("two_stage", None, [RUNGS[-1]] * 2),
        ("two_stage", 2, [2]),
    ],
)
def test_race_ends_after_its_last_judgement_or_where_it_is_lost(
    tables, decomposition, after, epochs
):
    model = small("tcn") | {"decomposition": decomposition}
    model["training"] |= {"epochs": 9, "learning_rate": 0.3}  # worse than the class shares
    race = Behind(after)
    loss = trials_of(*tables, model).raced({}, race)
    assert [len(stage) for stage in race.stages] == epochs
    assert loss == min(race.stages[-1])
    assert race.ended


def test_first_stages_of_a_race_are_judged_by_their_own_loss(tables):
    model = small("tcn") | {"decomposition": "two_stage"}
    model["training"] |= {"epochs": 2}
    trials = trials_of(*tables, model)
    races = Behind(), Behind()
    for race in races:
        trials.raced({}, race)
    assert races[0].stages == races[1].stages


def test_a_network_that_is_never_stopped_is_fitted_on_all_rows_to_fit(tables):
    seen, loss, part, _ = trial_on_sixty_rows(tables, "tcn", enabled=False)
    assert (seen["train"] == part.train[np.arange(60) // 2 % 3 == 0]).all()
    assert "scored" not in seen
    assert loss == 9.0


@pytest.mark.parametrize("decomposition", ["multiclass", "two_stage"])
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "random_forest"])
def test_trials_share_binned_rows_and_lose_what_each_loses_by_itself(tables, name, decomposition):
    trials = trials_of(*tables, small(name) | {"decomposition": decomposition})
    leaves = {
        "lightgbm": {"min_data_in_leaf": 5},
        "xgboost": {"min_child_weight": 9},
        "catboost": {"l2_leaf_reg": 9.0},
        "random_forest": {"min_samples_leaf": 20},
    }
    binned = 1 if name == "random_forest" else 2  # it needs no held-out rows in bins
    places = [(fold, every) for fold in (0, 1) for every in (1, 4)]

    def loss_at_all(parameters):
        return [trials.loss(parameters, *place) for place in places]

    first = loss_at_all({})
    kept = {place: flat(trials.shared[place]) for place in places}
    stages = 1 if decomposition == "multiclass" else 2
    assert all(len(of) == binned * stages for of in kept.values())
    second = loss_at_all(leaves[name])
    assert {place: flat(trials.shared[place]) for place in places} == kept
    by_itself = [replace(trials, shared=Nothing()).loss(leaves[name], *place) for place in places]
    assert second == by_itself
    assert second != first


class Nothing(dict):
    """What trials keep for each other, where each keeps all to itself."""

    def setdefault(self, key, default=None):
        return None


def flat(binned):
    """What is kept, of both stages where there are two."""
    of_stages = [value for value in binned.values() if isinstance(value, dict)]
    return {id(x) for of in of_stages or [binned] for x in of.values()}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("xgboost", {"reg_alpha": 3.0, "min_child_weight": 9, "gamma": 1.0}),
        ("catboost", {"l2_leaf_reg": 40.0, "random_strength": 0.0}),
        ("logistic", {}),
    ],
)
def test_a_row_weighs_as_much_as_those_it_stands_for(tables, name, parameters):
    """Four copies of each row, and one in four of them: the same fit, penalties and all."""
    model = small(name, features="all")
    shares = ("subsample", "colsample_bytree", "rsm")
    whole = {key: 1.0 for key in shares if key in model["training"]}
    trials = trials_of(*tables, model)
    copies = tuple(
        replace(part, train=np.repeat(part.train, 4), held_out=np.repeat(part.held_out, 4))
        for part in trials.parts
    )
    of_copies = replace(trials, parts=copies)
    given = parameters | whole
    loss = of_copies.loss(given, 0, 4)
    assert loss == pytest.approx(of_copies.loss(given, 0, 1), abs=2e-5)
    assert abs(loss - trials.loss(given, 0, 1)) > 1e-4
