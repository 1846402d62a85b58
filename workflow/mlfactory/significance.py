"""p-values of gains over their baselines and over what the same procedure gains on nulls."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import stdtrit
from scipy.stats import t as student

from mlfactory.multiple_testing import LEVEL, holm
from mlfactory.verdicts import (
    CLASS_PRIOR,
    ENOUGH_DRAWS,
    QUESTIONS,
    Verdict,
    drawn_of_kind,
    rivals,
    verdict,
)

Score = Mapping[str, Any]
"""A score with its interval: ``value``, ``low``, ``high``, and of how many ``blocks``."""


def p_above_zero(score: Score, confidence: float) -> float:
    """One-sided p-value of a score that is truly 0 or below.

    Student's distribution of the score over its standard error, with one degree of freedom less
    than blocks were resampled: a bootstrap's own shares end at one in as many as there are
    resamples, which is too coarse for a correction by the number of readings.

    Parameters
    ----------
    score
        Its standard error is taken from the longer half of its interval.
    confidence
        Of the interval.
    """
    return _upper_tail(score["value"], _standard_error(score, confidence), score["blocks"])


def p_above_null(score: Score, drawn: Sequence[Score], confidence: float) -> float:
    """One-sided p-value of a score that is one more draw of its null.

    The difference from the mean of r draws has a variance of v (1 + 1 / r). v is the largest of
    what is known of one draw's: the squared standard error of the score, the mean of those of the
    draws, and the variance between the draws, which alone has seen other fits.

    Parameters
    ----------
    score, confidence
        See `p_above_zero`.
    drawn
        The null's draws, one or more. Where none of fewer than `ENOUGH_DRAWS` has an interval,
        how far a draw may lie is not known, and the p-value is 1.
    """
    values = np.array([one["value"] for one in drawn])
    known = [one for one in drawn if one["low"] is not None and one["blocks"] > 1]
    errors = [_standard_error(one, confidence) for one in known]
    if not errors and len(drawn) < ENOUGH_DRAWS:
        return 1.0
    variances = [_standard_error(score, confidence) ** 2]
    variances += [float(np.mean(np.square(errors)))] if errors else []
    variances += [float(values.var(ddof=1))] if len(drawn) > 1 else []
    error = float(np.sqrt(max(variances) * (1 + 1 / len(drawn))))
    return _upper_tail(score["value"] - float(values.mean()), error, score["blocks"])


def p_value(scores: Mapping[str, Any], key: str, confidence: float) -> tuple[float, str] | None:
    """p-value of a model's gain: that it is no gain, or no more than that of a null; what decides.

    The largest of the p-values of each that must be beaten (0, each kind of null, and the class
    prior too where the gain is over volatility and clock): all of them are to be rejected, and then
    the largest is a p-value of at least one being true. Source: Berger, Multiparameter Hypothesis
    Testing and Acceptance Sampling, Technometrics 24(4), 1982.

    Parameters
    ----------
    scores
        One model's, with its ``nulls``.
    key
        One of `verdicts.QUESTIONS`.

    Returns
    -------
    The p-value, and the one of `verdicts.DECIDING` that it is of. None where nothing can be said:
    no null was drawn, or the gain has no interval, or one of a single block.
    """
    drawn = {kind: drawn_of_kind(scores, kind, key) for kind in rivals(key)}
    kinds = {kind: replicates for kind, replicates in drawn.items() if replicates}
    must = {"baseline": scores[key]}
    if key == QUESTIONS[0]:
        must["class_prior"] = scores[CLASS_PRIOR]
    if not kinds or any(one["low"] is None or one["blocks"] < 2 for one in must.values()):
        return None
    found = {name: p_above_zero(one, confidence) for name, one in must.items()}
    for kind, replicates in kinds.items():
        found[kind] = p_above_null(scores[key], replicates, confidence)
    decides = max(found, key=lambda name: found[name])
    return found[decides], decides


def judge(
    models: Mapping[str, dict[str, Any]],
    *,
    confidence: float,
    trials: Mapping[str, int],
    beside: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Add to each model's two gains what is claimed of them.

    That is ``p_value``, ``decided_by``, ``trials``, ``p_holm`` and ``evidence``.

    Parameters
    ----------
    models
        By model and ensemble its scores with their ``nulls``.
    confidence
        Of the intervals.
    trials
        Of how many configurations a model's was chosen by the rows that it is scored on; see
        `shared_trials`. 1 for one that is not named.
    beside
        Models that were judged before, on other rows, whose gains are counted in the correction.

    Notes
    -----
    ``p_holm`` is the p-value times the trials (Bonferroni), then corrected by Holm for all gains
    of all models in the table and ``beside`` it. Evidence is one below `LEVEL` whose reading by
    intervals is `BOTH`.
    """
    p_values = {}
    for name, scores in models.items():
        tried = trials.get(name, 1)
        for key in QUESTIONS:
            score = scores[key]
            found = p_value(scores, key, confidence)
            p, decides = found or (None, None)
            score |= {"p_value": p, "decided_by": decides, "trials": tried}
            score |= {"p_holm": None, "evidence": False}
            if p is not None:
                p_values[name, key] = min(tried * p, 1.0)
    claims = [one[key] for one in beside.values() for key in QUESTIONS]
    others = [min(c["trials"] * c["p_value"], 1.0) for c in claims if c["p_value"] is not None]
    after_all = holm([*p_values.values(), *others])[: len(p_values)]
    for (name, key), corrected in zip(p_values, after_all, strict=True):
        good = corrected < LEVEL and verdict(models[name], key) == Verdict.BOTH
        models[name][key] |= {"p_holm": corrected, "evidence": good}


def shared_trials(
    ledger: Sequence[Mapping[str, Any]],
    models: Sequence[str],
    horizon: int,
    ensembles: Mapping[str, Sequence[str]],
) -> dict[str, int]:
    """By model how many configurations were ever searched for it on the whole training split.

    Parameters
    ----------
    ledger
        Every trial ever made on this symbol.
    models
        Those whose parameters such a search chose.
    horizon
        In bars.
    ensembles
        The members of each ensemble; it counts the trials of all of them.
    """
    named = [str(trial["study"]).split(":")[0] for trial in ledger]
    found = {m: max(named.count(f"tuning_{m}_h{horizon}_foldfull"), 1) for m in models}
    of_members = {e: sum(found.get(m, 0) for m in of) for e, of in ensembles.items()}
    return found | {e: max(n, 1) for e, n in of_members.items()}


def _standard_error(score: Score, confidence: float) -> float:
    """What the interval is Student's of, see `statistics.stretch`."""
    half = max(score["value"] - score["low"], score["high"] - score["value"])
    return float(half / stdtrit(score["blocks"] - 1, (1 + confidence) / 2))


def _upper_tail(distance: float, error: float, blocks: int) -> float:
    """1 for what has no error: nothing was resampled that varies."""
    return float(student.sf(distance / error, blocks - 1)) if error > 0 else 1.0
