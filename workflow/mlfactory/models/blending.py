"""Blending: the regression of stacking, on validation rows, which no member trained on."""

from mlfactory.models._meta import MetaRegression
from mlfactory.registry import register


@register("blending")
class Blending(MetaRegression):
    """Fitted on the members' predictions of the first part of the validation split.

    Its features then come from the very members that it will weigh later, where stacking's come
    from the members of other folds; it has fewer rows to learn from.
    """
