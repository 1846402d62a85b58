"""Stacking: a regression on what the members predict out of fold."""

from mlfactory.models._meta import MetaRegression
from mlfactory.registry import register


@register("stacking")
class Stacking(MetaRegression):
    """Fitted on the members' out-of-fold predictions of the training split."""
