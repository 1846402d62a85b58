"""Blending: the regression of stacking, on validation rows, which no member trained on."""

from mlfactory.models._meta import MetaRegression
from mlfactory.registry import register


@register("blending")
class Blending(MetaRegression):
    """To be fitted on the members' predictions of the first part of the validation split.

    Which rows it is fitted on is its caller's choice. Its features then come from the very members
    that it will weigh later, where stacking's come from the members of other folds; it has fewer
    rows to learn from.
    """
