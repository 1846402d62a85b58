"""One check: what was measured, where it warns, and where it stops the run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mlfactory.errors import UserError

Limits = Mapping[str, Mapping[str, float | None]]
"""The config's ``checks``: ``warn`` and ``fail`` of each measure, None for never."""

Outcome = Literal["pass", "warn", "fail"]

AT_LEAST = frozenset({"label_share", "class_share", "uniqueness"})
"""Measures whose limits are lower ones; the others must not be above theirs."""


@dataclass(frozen=True)
class Check:
    """What was measured and what it means.

    Attributes
    ----------
    group
        ``features``, ``labels`` or ``leaks``.
    measure
        The key under the config's ``checks``; a leak's name.
    of
        What it was measured of: a horizon, or the worst feature.
    value
        The worst value.
    warn, fail
        Its limits; None for never.
    outcome
        Of the worst value.
    beyond
        How many of those that were measured are beyond the limit that the outcome is of.
    """

    group: str
    measure: str
    of: str
    value: float
    warn: float | None
    fail: float | None
    outcome: Outcome
    beyond: int = 0


def judged(group: str, measure: str, values: Mapping[str, float], limits: Limits) -> Check:
    """The check of a measure: its worst value against the limits.

    Parameters
    ----------
    values
        What was measured, by what it was measured of; not empty.
    """
    least = measure in AT_LEAST
    of = (min if least else max)(values, key=lambda name: values[name])

    def beyond(limit: float | None) -> int:
        if limit is None:
            return 0
        return sum(v < limit if least else v > limit for v in values.values())

    warn, fail = limits[measure]["warn"], limits[measure]["fail"]
    failed, warned = beyond(fail), beyond(warn)
    outcome: Outcome = "fail" if failed else "warn" if warned else "pass"
    return Check(group, measure, of, float(values[of]), warn, fail, outcome, failed or warned)


def content(checks: Sequence[Check]) -> dict[str, Any]:
    """The content of ``audit.json``."""
    outcomes = [check.outcome for check in checks]
    counts = {outcome: outcomes.count(outcome) for outcome in ("pass", "warn", "fail")}
    return {"counts": counts, "checks": [asdict(check) for check in checks]}


def refuse(checks: Sequence[Check], symbol: str) -> None:
    """Stop the run where a check fails.

    Raises
    ------
    UserError
        It names the first failed check with its value, its limit and the way out, and says how
        many there are.
    """
    failed = [check for check in checks if check.outcome == "fail"]
    if not failed:
        return
    first = failed[0]
    more = f" ({len(failed)} checks fail)" if len(failed) > 1 else ""
    if first.group == "leaks":
        raise UserError(
            f"{symbol}: {first.measure} in {first.of}: {first.value:.0f}, and there must be "
            f"none{more}; the code leaks: trust nothing made from these files"
        )
    side = "below" if first.measure in AT_LEAST else "above"
    raise UserError(
        f"{symbol}: {first.measure} of {first.of} is {first.value:.4g}, {side} the limit "
        f"{first.fail:g}{more}; look at the data, or change checks.{first.measure}.fail"
    )
