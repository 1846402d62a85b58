"""When a model that goes round by round stops."""

import math
from collections.abc import Callable
from typing import Any

from mlfactory.errors import UserError
from mlfactory.models._parameters import Parameter, check_block

_WITHOUT = {"enabled": Parameter(bool)}
_WITH = _WITHOUT | {"patience": Parameter(int, low=1), "min_delta": Parameter(float, low=0)}


def check_early_stopping(where: str, block: dict[str, Any], stops_early: bool) -> None:
    """Refuse an unfit ``early_stopping`` block of a model that can stop early, or cannot."""
    check_block(where, block, _WITH if stops_early else _WITHOUT)
    if block["enabled"] and not stops_early:
        raise UserError(f"{where}.enabled=True must be false: nothing to stop")


class Patience:
    """The rule of early stopping, the same for every model that goes round by round.

    Parameters
    ----------
    rounds
        How many may pass without gain.
    min_delta
        What is no gain.
    start
        Loss before the first round; a model that never does better keeps 0 rounds.
    give_up
        See `is_over`.
    at_most
        Rounds that there are at all.

    Examples
    --------
    >>> patience = Patience(rounds=2, min_delta=0.1)
    >>> [patience.is_over(loss) for loss in (1.0, 0.8, 0.75, 0.79)]
    [False, False, False, True]
    >>> patience.best_round  # counted from 1; 0.75 is no gain of more than 0.1
    2
    """

    def __init__(
        self,
        rounds: float,
        min_delta: float,
        start: float = math.inf,
        give_up: Callable[[list[float]], bool] | None = None,
        at_most: float = math.inf,
    ) -> None:
        self.rounds = rounds
        self.give_up = give_up
        self.at_most = at_most
        self.min_delta = min_delta
        self.start = start
        self.losses: list[float] = []
        self.best_round = 0

    def is_over(self, loss: float) -> bool:
        """Note the next round's validation loss; whether ``rounds`` have passed without gain.

        Or whether ``give_up``, asked with all losses so far, says to end for another reason.
        """
        self.losses.append(loss)
        best = self.losses[self.best_round - 1] if self.best_round else self.start
        if loss < best - self.min_delta:
            self.best_round = len(self.losses)
        if self.give_up is not None and self.give_up(self.losses):
            return True
        done = len(self.losses)
        return done >= self.at_most or done - self.best_round >= self.rounds
