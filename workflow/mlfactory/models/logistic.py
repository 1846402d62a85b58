"""Multinomial logistic regression of features, its ridge penalty found along a path."""

from mlfactory.models._logistic import RidgeLogistic
from mlfactory.registry import register


@register("logistic")
class Logistic(RidgeLogistic):
    """Log-odds linear in the features, which must be scaled."""
