"""How likely each model's gain is by chance, after the number of models that were tried."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from mlfactory.multiple_testing import holm
from mlfactory.verdicts import (
    CLASS_PRIOR,
    DIRECTION,
    ENOUGH_DRAWS,
    INFORMATION,
    Verdict,
    nulls,
    verdict,
)

LEVEL = 0.05
QUESTIONS = {INFORMATION: "beyond volatility+clock", DIRECTION: "direction"}


def p_value(scores: Mapping[str, Any], key: str, confidence: float) -> float | None:
    """One-sided p-value of a gain: that it is no higher than its baseline, or than its null.

    Both must be wrong for a claim, so the larger of the two counts; of a gain over volatility and
    clock that over the class prior too. A gain is taken to be normal about its value, with the
    standard error that its bootstrap interval implies. Of few null draws each has an error of its
    own, and the difference to their mean is judged; from `ENOUGH_DRAWS` on their own spread is.

    Parameters
    ----------
    scores
        Of one model.
    key
        `INFORMATION` or `DIRECTION`.
    confidence
        Of the intervals.

    Returns
    -------
    None where there is no null, or no interval.
    """
    drawn = nulls(scores, key)
    keys = (key, CLASS_PRIOR) if key == INFORMATION else (key,)
    if not drawn or any(scores[k]["low"] is None for k in keys):
        return None
    over_baseline = [_above(scores[k]["value"], _error(scores[k], confidence)) for k in keys]
    mean = float(np.mean([null["value"] for null in drawn]))
    own = _error(scores[key], confidence)
    if len(drawn) >= ENOUGH_DRAWS:
        error = float(np.hypot(own, np.std([null["value"] for null in drawn], ddof=1)))
    else:
        errors = [_error(null, confidence) for null in drawn]
        error = float(np.hypot(own, np.sqrt(np.sum(np.square(errors))) / len(errors)))
    return max(*over_baseline, _above(scores[key]["value"] - mean, error))


def _error(score: Mapping[str, Any], confidence: float) -> float:
    """The standard error that an interval implies; without one it is unbounded."""
    if score["low"] is None or score["high"] is None:
        return float("inf")
    return float((score["high"] - score["low"]) / (2 * ndtri((1 + confidence) / 2)))


def _above(value: float, error: float) -> float:
    """The probability of such a value, or a higher one, where the truth is 0."""
    if error == 0:
        return 0.0 if value > 0 else 1.0
    return float(ndtr(-value / error))


def corrected(scores: Mapping[str, Any], key: str) -> dict[str, float | None]:
    """Each model's p-value after Holm's correction for all models of the table.

    Parameters
    ----------
    scores
        The content of a ``scores_h{horizon}.json``, or its ``walk_forward``.
    key
        `INFORMATION` or `DIRECTION`.
    """
    confidence = scores["settings"]["bootstrap"]["confidence"]
    found = {name: p_value(one, key, confidence) for name, one in scores["models"].items()}
    known = {name: p for name, p in found.items() if p is not None}
    after = dict(zip(known, holm(list(known.values())), strict=True))
    return {name: after.get(name) for name in found}


def is_evidence(one: Mapping[str, Any], key: str, p_after: float | None) -> bool:
    """Whether a gain is above baseline and null, and its corrected p-value below `LEVEL`."""
    return p_after is not None and p_after < LEVEL and verdict(one, key) == Verdict.BOTH


def lines(scores: Mapping[str, Any], horizon: int) -> list[str]:
    """A line a model: what was claimed, what the null scores, the p-value, and what it comes to."""
    after = {key: corrected(scores, key) for key in QUESTIONS}
    found = []
    for name, one in scores["models"].items():
        parts = [_in_words(one, key, after[key][name]) for key in QUESTIONS]
        found.append(f"h{horizon}: {name}: {'; '.join(parts)}")
    return found


def _in_words(one: Mapping[str, Any], key: str, p_after: float | None) -> str:
    drawn = nulls(one, key)
    if p_after is None or not drawn:
        return f"{QUESTIONS[key]}: no null to judge by"
    mean = float(np.mean([null["value"] for null in drawn]))
    said = "evidence" if is_evidence(one, key, p_after) else "no evidence"
    return (
        f"{QUESTIONS[key]} {one[key]['value']:.4f}, null {mean:.4f}, "
        f"p {p_after:.3f} after all models: {said}"
    )
