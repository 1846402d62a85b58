"""When the fit of a trial is given up: it cannot win, or others did better in as many epochs."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Trial

LEEWAY = 3.0
"""How many times as far a loss may still fall as its course so far tells; see `hopeless`."""

AHEAD = 4
"""One fit in so many goes on in a race, to so many times as many epochs."""

RUNGS = (1, AHEAD)
"""Epochs after which a race is judged; the last of them ends it."""

DIGITS = 6
"""Scores are rounded before the sampler sees them, so that last bits choose no other path."""


def hopeless(target: float, rounds: int) -> Callable[[list[float]], bool]:
    """Whether a fit cannot be thought to reach a loss of ``target`` in its ``rounds``.

    Asked after every 16 rounds. A loss falls ever slower: if each half of the rounds so far is
    followed by such halves in which it falls by as much less as in the second than in the first,
    what is left to fall is a geometric series. It is given up where `LEEWAY` times that, or going
    on as in the second half, does not suffice.

    Examples
    --------
    >>> straight = [1 - 0.001 * i for i in range(32)]
    >>> hopeless(0.9, 100)(straight), hopeless(0.9, 200)(straight)
    (True, False)
    >>> slower = [0.9 + 0.1 * 0.9**i for i in range(32)]  # towards 0.9
    >>> hopeless(0.88, 500)(slower), hopeless(0.9, 500)(slower)
    (True, False)
    """

    def give_up(losses: list[float]) -> bool:
        done = len(losses)
        if done % 16:
            return False
        half = done // 2
        first, second = losses[0] - losses[half - 1], losses[half - 1] - losses[-1]
        left = max(second, 0.0) / half * (rounds - done)
        if 0 < second < first:
            left = min(left, LEEWAY * second * second / (first - second))
        return min(losses) - left > target

    return give_up


class Race:
    """Whether a fit falls behind those of earlier trials after as many epochs.

    Successive halving: after `RUNGS` epochs the least loss so far must be among the best of what
    trials had come to by then, one in `AHEAD`. After one epoch that mostly tells too low learning
    rates from others, which is most of what can be told (``docs/benchmarks.md``). Of a model of two
    stages the first alone is judged.

    Parameters
    ----------
    trial
        Of a study whose pruner is a ``SuccessiveHalvingPruner`` that keeps one in `AHEAD`.

    Attributes
    ----------
    lost
        Whether the fit fell behind.
    least
        Its least loss after an epoch, of a model of two stages of both where both were fitted.
    """

    def __init__(self, trial: "Trial") -> None:
        self.trial = trial
        self.lost = False
        self.least = math.inf
        self._judged = 0

    def __call__(self, losses: list[float]) -> bool:
        """Whether to give up the fit whose losses by epoch these are, the last one now."""
        epochs = len(losses)
        if epochs == 1 and self._judged:  # a second stage
            self._judged = RUNGS[-1]
        self.least = round(min(losses), DIGITS)
        if epochs in RUNGS:
            self._judge(epochs)
        return self.lost

    def end(self) -> None:
        """Judge a fit that ended before it was last judged, by what it came to."""
        if not self.lost:
            self._judge(RUNGS[-1])

    def _judge(self, epochs: int) -> None:
        if epochs > self._judged:
            self._judged = epochs
            self.trial.report(self.least, epochs)
            self.lost = self.trial.should_prune()
