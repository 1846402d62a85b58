"""What scores claim: one rule, for the table at the end of a run and for the report."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

CLASS_PRIOR, INFORMATION = "gain_class_prior", "gain_volatility_clock_prior"
DIRECTION = "direction_gain"
QUESTIONS = (INFORMATION, DIRECTION)
"""The gains that verdicts are on."""

ENOUGH_DRAWS = 5
"""Null replicates from which on the highest of them says what chance can do."""


FEW_DRAWS = 40
"""Draws of a probe's null below which a quantile of 95 % is that of one or two of them."""


class Verdict(StrEnum):
    """Where the whole interval of a gain lies."""

    UNKNOWN = "cannot be measured"
    NO_NULL = "above baseline, no null drawn"
    NOT_BASELINE = "not above baseline"
    NOT_CLASS_PRIOR = "not above the class prior"
    BOTH = "above baseline and null"
    NULL = "above null, not baseline"
    BASELINE = "above baseline, not null"
    NEITHER = "above neither"


def rivals(key: str) -> tuple[str, ...]:
    """The kinds of null that a score is compared with.

    Flipped signs keep volatility, and with it what can be known beyond volatility and clock: they
    are nulls of direction alone. Freely shifted labels keep nothing: they show that the procedure
    finds nothing in nothing, and are no rival of any score.
    """
    return ("session_shift", "sign_flip") if "direction" in key else ("session_shift",)


def nulls(scores: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The score of each null replicate that it is compared with and that has one."""
    return [one for kind in rivals(key) for one in drawn_of_kind(scores, kind, key)]


def drawn_of_kind(scores: Mapping[str, Any], kind: str, key: str) -> list[dict[str, Any]]:
    """The score of each replicate of one kind of null that has one."""
    replicates = [one[key] for one in scores["nulls"].get(kind, [])]
    return [null for null in replicates if null["value"] is not None]


def height(drawn: list[dict[str, Any]]) -> float:
    """How high the null reaches: its highest value, or with few draws the top of its intervals.

    One draw has chance of its own, which only its interval shows; without one it reaches anywhere.
    """
    if len(drawn) >= ENOUGH_DRAWS:
        return max(null["value"] for null in drawn)
    return max(float("inf") if null["high"] is None else null["high"] for null in drawn)


def verdict(scores: Mapping[str, Any], key: str) -> Verdict:
    """The verdict on one model's gain, `INFORMATION` or `DIRECTION`.

    A gain over volatility and clock must be one over the class prior too: on few rows that
    baseline may be the worse of the two, and then a gain over it says nothing.
    """
    low, drawn = scores[key]["low"], nulls(scores, key)
    if low is None:
        return Verdict.UNKNOWN
    if low > 0 and key == INFORMATION and not _above_class_prior(scores):
        return Verdict.NOT_CLASS_PRIOR
    if not drawn:
        return Verdict.NO_NULL if low > 0 else Verdict.NOT_BASELINE
    if low > height(drawn):
        return Verdict.BOTH if low > 0 else Verdict.NULL
    return Verdict.BASELINE if low > 0 else Verdict.NEITHER


def _above_class_prior(scores: Mapping[str, Any]) -> bool:
    low = scores[CLASS_PRIOR]["low"]
    return low is not None and low > 0


def passed(scores: Mapping[str, Any], key: str) -> int | None:
    """How many models are above baseline and null; None where no null was drawn.

    Parameters
    ----------
    scores
        The content of a ``scores_h{horizon}.json``.
    """
    models = scores["models"].values()
    if not any(nulls(model, key) for model in models):
        return None
    return sum(verdict(model, key) == Verdict.BOTH for model in models)


def evident(scores: Mapping[str, Any], key: str) -> int:
    """How many models' gains are evidence of anything after all corrections."""
    return sum(model[key]["evidence"] for model in scores["models"].values())


def verdict_line(scores: Mapping[str, Any], horizon: int) -> str:
    """How many models are evidence, how many above baseline and null, and by which rule."""
    n, counts = len(scores["models"]), [passed(scores, key) for key in QUESTIONS]
    if None in counts:
        return f"h{horizon}: no null was drawn, so nothing is claimed; see nulls in the config"
    draws = max(len(nulls(model, INFORMATION)) for model in scores["models"].values())
    null = "its null's" if draws < ENOUGH_DRAWS else f"the highest of its {draws} nulls"
    sure = [evident(scores, key) for key in QUESTIONS]
    return (
        f"h{horizon}: evidence after all corrections: {sure[0]} of {n} models beyond "
        f"volatility+clock, {sure[1]} of {n} in direction; above baseline and null before them: "
        f"{counts[0]} and {counts[1]} (rule: the whole interval above 0, over the class prior "
        f"too, and above {null}; see the report)"
    )


def blended(scores: Mapping[str, Any]) -> dict[str, Any]:
    """The models that are judged on validation, having no prediction out of fold; by name."""
    validation = scores.get("validation") or {}
    return {name: validation["models"][name] for name in validation.get("blends", ())}


NAMES = {INFORMATION: "volatility+clock", DIRECTION: "direction"}
KINDS = {"session_shift": "shifted labels", "sign_flip": "flipped signs"}
DECIDING = {"baseline": "the baseline", "class_prior": "the class prior"} | KINDS
"""What a gain must be above, and which of them a p-value is of: the one it is least above."""


def model_verdicts(scores: Mapping[str, Any], horizon: int) -> list[str]:
    """A line a model and ensemble: what it claims, what nulls score, p-values, evidence or none.

    And before them what the p-values are of. Empty where no null was drawn.
    """
    models = scores["models"]
    readings = [model[key] for model in models.values() for key in QUESTIONS]
    known = [one for one in readings if one["p_value"] is not None]
    if not known:
        return []
    trials = max(one["trials"] for one in known)
    searched = f" and up to {trials} trials of a search on the scored rows" if trials > 1 else ""
    head = (
        f"h{horizon}: p: the chance of so high a gain if there were none over what it is least "
        "above, which is named: the baseline, the class prior or a null; after all: the same "
        f"corrected (Holm) for the {len(known)} gains of this horizon{searched}"
    )
    return [head, *(f"h{horizon} {name}: {sentence(one)}" for name, one in models.items())]


def blend_verdicts(scores: Mapping[str, Any], horizon: int) -> list[str]:
    """A line a blend, in the form of `model_verdicts`: what it claims on validation."""
    return [
        f"h{horizon} {name}, on the second part of validation: {sentence(one)}"
        for name, one in blended(scores).items()
    ]


def sentence(scores: Mapping[str, Any]) -> str:
    """One model's verdict in words."""
    found = [NAMES[key] for key in QUESTIONS if scores[key]["evidence"]]
    said = f"evidence of {' and '.join(found)}" if found else "no evidence"
    return f"{said}; " + "; ".join(_claim(scores, key) for key in QUESTIONS)


def _claim(scores: Mapping[str, Any], key: str) -> str:
    """A gain with its interval, the mean of each kind of null, and the p-values."""
    score = scores[key]
    if score["p_value"] is None:
        return f"{NAMES[key]} cannot be measured"
    parts = [f"{NAMES[key]} {score['value']:.4f} [{score['low']:.4f}, {score['high']:.4f}]"]
    for kind in rivals(key):
        if drawn := drawn_of_kind(scores, kind, key):
            mean = sum(one["value"] for one in drawn) / len(drawn)
            parts.append(f"{KINDS[kind]} {mean:.4f}")
    p, after = _p_in_words(score["p_value"]), _p_in_words(score["p_holm"])
    parts.append(f"p {p} by {decided_by(scores, key)}, after all {after}")
    return ", ".join(parts)


def decided_by(scores: Mapping[str, Any], key: str) -> str:
    """What a gain is least above; the class prior with the gain over it."""
    name = scores[key]["decided_by"]
    if name != "class_prior":
        return DECIDING[name]
    prior = scores[CLASS_PRIOR]
    found = f"{prior['value']:.4f} [{prior['low']:.4f}, {prior['high']:.4f}]"
    return f"{DECIDING[name]}, gain over it {found}"


def _p_in_words(p_value: float) -> str:
    return "below 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def baseline_losses(scores: Mapping[str, Any]) -> dict[str, float]:
    """Log-loss of both baselines, by the name of the gain over them."""
    model = next(iter(scores["models"].values()))
    loss = model["log_loss"]["value"]
    return {gain: loss + model[gain]["value"] for gain in (CLASS_PRIOR, INFORMATION)}


def worse_baseline(scores: Mapping[str, Any], horizon: int) -> str | None:
    """What to read where volatility and clock predict worse than the class frequencies do."""
    loss = baseline_losses(scores)
    if loss[INFORMATION] <= loss[CLASS_PRIOR]:
        return None
    return (
        f"h{horizon}: the volatility+clock baseline ({loss[INFORMATION]:.3f}) is worse than the "
        f"class prior ({loss[CLASS_PRIOR]:.3f}) on these rows: read the gain over the class prior"
    )


def probe_lines(scores: Mapping[str, Any], horizon: int) -> list[str]:
    """What the closed-form probe scores in direction beside each of its nulls; empty without."""
    found = scores.get("probe") or {}
    lines = []
    for key, name, digits in ((DIRECTION, "direction gain", 4), ("direction_auc", "AUC", 3)):
        one = found.get(key, {"nulls": {}})
        parts = [_in_words(kind, drawn, digits) for kind, drawn in one["nulls"].items()]
        if parts:
            value = f"{one['value']:.{digits}f}"
            lines.append(f"h{horizon}: probe (ridge): {name} {value}; nulls: {'; '.join(parts)}")
    return lines


def _in_words(kind: str, drawn: Mapping[str, Any], digits: int) -> str:
    count, mean = drawn["count"], f"{drawn['mean']:.{digits}f}"
    most = f"95 % below {drawn['quantiles']['0.95']:.{digits}f} of {count}"
    if count < FEW_DRAWS:
        most = f"highest of {count} {drawn['values'][-1]:.{digits}f}"
    p = f"p {drawn['p_value']:.3f}"
    if drawn["p_value"] <= 1 / (count + 1) + 1e-9:
        p += f", the least that {count} can show"
    return f"{kind.replace('_', ' ')} {mean}, {most} ({p})"
