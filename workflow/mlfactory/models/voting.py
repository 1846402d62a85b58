"""Soft voting: the mean of the members' probabilities, plain or weighted."""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D
from mlfactory.models._base import MIN_PROBABILITY, Model
from mlfactory.models._members import members
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import N_CLASSES, FeatureRows, Labelled
from mlfactory.registry import register


@register("voting")
class Voting(Model):
    """Mean of the members' probabilities.

    Its features are the members' predictions: columns ``{member}_prob_short``, ``_neutral`` and
    ``_long``, member after member. ``weighting: equal`` gives each member the same weight;
    ``log_loss`` the weights, non-negative with sum 1, of least weighted log-loss on the rows
    fitted on; ``greedy`` those of a selection with replacement on the same rows. Nothing is
    searched on validation rows.
    """

    STOPS_EARLY = False
    LIBRARY = "numpy"
    FILES = ("weights.json",)
    PARAMETERS: ClassVar[dict[str, Parameter]] = {
        "weighting": Parameter(str, choices=("equal", "log_loss", "greedy")),
    }

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        names = members(train.X.names)
        self.weights = np.full(len(names), 1 / len(names))
        if self.training["weighting"] != "equal":
            by_member = train.X.matrix().reshape(len(train.X), len(names), N_CLASSES)
            given = by_member[np.arange(len(train.y)), :, train.y].astype(np.float64)
            given = np.maximum(given, MIN_PROBABILITY)
            found = {"log_loss": mixture_weights, "greedy": greedy_weights}
            self.weights = found[self.training["weighting"]](given, train.weight)
        return {"weights": dict(zip(names, self.weights.tolist(), strict=True))}

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        by_member = X.matrix().reshape(len(X), len(self.weights), N_CLASSES)
        probabilities: Float64Array2D = (by_member * self.weights[:, None]).sum(axis=1)
        return probabilities[:, list(self.classes)]

    def get_feature_importance(self) -> dict[str, float]:
        """The members' weights, spread evenly over their three columns."""
        return self._shares(np.repeat(self.weights, N_CLASSES))

    def _write_state(self, path: Path) -> None:
        text = json.dumps({"weights": self.weights.tolist()}) + "\n"
        (path / "weights.json").write_text(text, encoding="utf-8")

    def _read_state(self, path: Path) -> None:
        text = (path / "weights.json").read_text(encoding="utf-8")
        self.weights = np.array(json.loads(text)["weights"])


def mixture_weights(given: Float64Array2D, row_weight: Float64Array1D) -> Float64Array1D:
    """Weights of least log-loss for a mean of predictions, by expectation-maximisation.

    The log-loss is convex in the weights and every step lowers it; steps end when one gains less
    than 1e-9, or after 1000. Members that say the same keep equal weights.

    Parameters
    ----------
    given
        (m, members) probability that each member gave to what happened.
    row_weight
        (m,) weight of each row.

    Returns
    -------
    (members,) non-negative, sum 1.

    Examples
    --------
    >>> mixture_weights(np.array([[0.8, 0.2], [0.6, 0.4], [0.7, 0.3]]), np.ones(3)).round(3)
    array([1., 0.])
    """
    shares = row_weight / row_weight.sum()
    weights = np.full(given.shape[1], 1 / given.shape[1])
    loss = np.inf
    for _ in range(1000):
        mixed = (given * weights).sum(axis=1)
        previous, loss = loss, -float((shares * np.log(mixed)).sum())
        if previous - loss < 1e-9:
            break
        weights = weights * (given * (shares / mixed)[:, None]).sum(axis=0)
    result: Float64Array1D = weights / weights.sum()
    return result


GREEDY_ROUNDS = 50
"""Members that are added; a weight is a multiple of one over their number."""


def greedy_weights(given: Float64Array2D, row_weight: Float64Array1D) -> Float64Array1D:
    """Weights by greedy selection with replacement.

    Member after member is added to the mean, each time the one with which its log-loss is least,
    `GREEDY_ROUNDS` times; the best mean on the way is taken. Ties go to the first.

    Parameters
    ----------
    given, row_weight
        See `mixture_weights`.

    Returns
    -------
    (members,) non-negative, sum 1. Source: Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble
    Selection from Libraries of Models, ICML 2004, without its bagging.

    Examples
    --------
    >>> greedy_weights(np.array([[0.8, 0.2], [0.2, 0.8]]), np.ones(2))
    array([0.5, 0.5])
    """
    shares = row_weight / row_weight.sum()
    counts = np.zeros(given.shape[1])
    total, least, kept = np.zeros(len(given)), np.inf, counts
    for chosen in range(GREEDY_ROUNDS):
        mixed = (total[:, None] + given) / (chosen + 1)
        losses = -(shares[:, None] * np.log(mixed)).sum(axis=0)
        best = int(np.argmin(losses))
        counts[best] += 1
        total += given[:, best]
        if losses[best] < least:
            least, kept = float(losses[best]), counts.copy()
    result: Float64Array1D = kept / kept.sum()
    return result
