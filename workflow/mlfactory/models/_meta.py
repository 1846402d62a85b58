"""The regression of ensembles: logistic, on the members' log-probabilities."""

from mlfactory._typing import Float64Array2D
from mlfactory.models._base import FeatureRows
from mlfactory.models._logistic import RidgeLogistic
from mlfactory.models._members import log_probabilities


class MetaRegression(RidgeLogistic):
    """Weighs the logarithms of the members' probabilities.

    A member that is right but too sure gets a coefficient below 1, one that says nothing gets 0
    (Wolpert 1992). Nothing is searched on validation rows.
    """

    STOPS_EARLY = False

    def _inputs(self, X: FeatureRows) -> Float64Array2D:
        return log_probabilities(X)
