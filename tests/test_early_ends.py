"""When the fit of a trial is given up."""

from mlfactory import tuning
from mlfactory.early_ends import Race, hopeless
from mlfactory.models._early_stopping import Patience
from test_tuning import Table


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
    """Trials of a network, whose losses are listed by epoch where they race."""

    def loss(self, parameters, fold, every, give_up=None):
        x = parameters["x"]
        if give_up is None:
            self.whole.append((x, fold, every))
            return super().loss(parameters, fold, every)
        seen = next(n for n in range(1, 5) if give_up(self.some[x][:n]) or n == 4)
        self.epochs.append(seen)
        return min(self.some[x][:seen])


def test_trials_of_a_network_race_by_epochs_and_the_best_of_two_meets_the_default():
    after_one = [0.9, 0.8, 0.85, 0.7, 0.75, 0.76, 0.77, 0.72]
    after_four = [0.9, 0.79, 0.1, 0.4, 0.1, 0.1, 0.1, 0.6]
    curves = [[one, 0.95, 0.95, four] for one, four in zip(after_one, after_four, strict=True)]
    first = [0.9, 0.80, 0.1, 0.81, 0.1, 0.1, 0.1, 0.1]
    table = Raced(curves, first, [0.9] * 8, "gru")
    table.epochs, table.whole = [], []
    found = tuning.search(table, name="x", n_trials=8, spread=0.0, pruning=True)
    # After one epoch the best so far are ahead, and two of the first eight; after four the last
    # of them is behind.
    assert table.epochs == [4, 4, 1, 4, 1, 1, 1, 4]
    behind = [trial for trial in found["trials"] if not trial["all_rows"]]
    assert [trial["losses"] for trial in behind] == [[0.85], [0.75], [0.76], [0.77], [0.6]]
    assert {trial["state"] for trial in behind} == {"pruned"}
    assert table.whole[:3] == [(0, 0, 1), (1, 0, 1), (3, 0, 1)]
    assert table.whole[3:] == [(x, fold, 1) for x in (0, 1) for fold in (1, 2)]
    assert found["parameters"] == {"x": 1}


def test_race_is_judged_once_after_as_many_epochs():
    class Trial:
        def __init__(self):
            self.told = []

        def report(self, loss, step):
            self.told.append((step, loss))

        def should_prune(self):
            return False

    race = Race(Trial())
    stages = [[0.9, 0.7, 0.6, 0.8, 0.1], [0.2, 0.1]]  # the second of two is not judged
    for stage in stages:
        assert not any(race(stage[:epoch]) for epoch in range(1, len(stage) + 1))
    assert race.trial.told == [(1, 0.9), (4, 0.6)]
