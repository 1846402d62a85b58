"""When the fit of a trial is given up."""

import pytest

from mlfactory import tuning
from mlfactory.early_ends import Race, hopeless
from mlfactory.models._early_stopping import Patience
from test_tuning import Table, network, tune
from training import training_tables


def test_fit_gives_up_when_told_and_keeps_its_best_round():
    patience = Patience(50, 0.0, give_up=hopeless(0.5, 40))
    losses = [1 - 0.001 * i for i in range(40)]
    over = [patience.is_over(loss) for loss in losses[:16]]
    assert over == [False] * 15 + [True]
    assert patience.best_round == 16
    assert not any(map(Patience(50, 0.0, give_up=hopeless(0.97, 40)).is_over, losses))


def test_fit_ends_after_as_many_rounds_as_there_may_be_at_most():
    patience = Patience(50, 0.0, at_most=3)
    assert [patience.is_over(1 - 0.1 * i) for i in range(3)] == [False, False, True]
    assert patience.best_round == 3


class Raced(Table):
    """Trials of a network, whose losses on some rows are listed by epoch."""

    def loss(self, parameters, fold, every, give_up=None):
        assert give_up is None
        self.whole.append((parameters["x"], fold, every))
        return super().loss(parameters, fold, every)

    def raced(self, parameters, race):
        curve = self.some[parameters["x"]]
        self.epochs.append(next(n for n in range(1, 5) if race(curve[:n]) or n == 4))
        race.end()
        return race.least


def test_trials_of_a_network_race_by_epochs_and_the_best_of_two_meets_the_default():
    after_one = [0.9, 0.8, 0.85, 0.7, 0.75, 0.76, 0.77, 0.72]
    after_four = [0.78, 0.79, 0.1, 0.4, 0.1, 0.1, 0.1, 0.6]
    curves = [[one, 0.95, 0.95, four] for one, four in zip(after_one, after_four, strict=True)]
    first = [0.9, 0.1, 0.1, 0.81, 0.1, 0.1, 0.1, 0.80]
    table = Raced(curves, first, [0.9] * 8, "gru")
    table.epochs, table.whole = [], []
    found = tuning.search(table, name="x", n_trials=8, spread=0.0, pruning=True)
    # After one epoch the best so far are ahead, and two of the first eight; after four only the
    # default and the fourth. The last is the best of those behind.
    assert table.epochs == [4, 4, 1, 4, 1, 1, 1, 4]
    behind = [trial for trial in found["trials"] if not trial["all_rows"]]
    assert [trial["losses"] for trial in behind] == [[0.79], [0.85], [0.75], [0.76], [0.77]]
    assert {trial["state"] for trial in behind} == {"pruned"}
    assert table.whole[:3] == [(0, 0, 1), (3, 0, 1), (7, 0, 1)]
    assert table.whole[3:] == [(x, fold, 1) for x in (0, 7) for fold in (1, 2)]
    assert found["parameters"] == {"x": 7}


class Told:
    """What a race tells of a trial, which is ahead until the loss after an epoch is above .95."""

    def __init__(self):
        self.told = []

    def report(self, loss, step):
        self.told.append((step, loss))

    def should_prune(self):
        return self.told[-1][1] > 0.95


@pytest.mark.parametrize(
    ("stages", "told", "least"),
    [
        ([[0.9, 0.7, 0.6000001, 0.8]], [(1, 0.9), (4, 0.6)], 0.6),
        ([[0.9, 0.7, 0.6, 0.8], [0.5, 0.4, 0.3, 0.2]], [(1, 0.9), (4, 0.6)], 0.2),
        ([[0.9, 0.7]], [(1, 0.9), (4, 0.7)], 0.7),
        ([[0.9, 0.7], [0.5, 0.4, 0.3, 0.2]], [(1, 0.9)], 0.2),
        ([[0.96]], [(1, 0.96)], 0.96),
    ],
    ids=["four epochs", "two stages", "ended early", "first of two ended early", "behind"],
)
def test_race_is_judged_by_the_first_stage_after_one_epoch_and_after_four(stages, told, least):
    race = Race(Told())
    asked = [race(stage[:epoch]) for stage in stages for epoch in range(1, len(stage) + 1)]
    race.end()
    assert race.trial.told == told
    assert race.least == least
    assert any(asked) == race.lost == (least > 0.95)


@pytest.mark.parametrize("decomposition", ["multiclass", "two_stage"])
def test_search_of_a_network_scores_the_default_and_one_other_in_all_inner_folds(decomposition):
    model = network() | {"decomposition": decomposition}
    found = tune(*training_tables(), model=model, trials=6)
    scored = [len(trial["losses"]) for trial in found["trials"]]
    assert scored[0] == 3
    assert sorted(scored) == [1, 1, 1, 1, 3, 3]
    raced = [trial["losses"][0] for trial in found["trials"] if not trial["all_rows"]]
    assert len(raced) == len(set(raced)) == 3
