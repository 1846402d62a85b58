"""What a reader should know after ten seconds."""

from typing import Any

from mlfactory.report._base import Block, Chip, Facts, Note, Section, Table, number, with_interval
from mlfactory.report.evidence import Evidence, HorizonEvidence

INFORMATION, DIRECTION = "gain_volatility_clock_prior", "direction_gain"

ENOUGH_DRAWS = 5
"""Null replicates from which on the highest of them says what chance can do."""

BEFORE_BETTING = (
    "Before betting on any of this: these are k-fold scores, so a model also learns from later "
    "data than it predicts; they pay no cost; and the test labels are unread."
)


def section(evidence: Evidence) -> Section:
    """The verdict of each horizon, then of each model."""
    blocks: list[Block] = [_headlines(evidence), Note(BEFORE_BETTING)]
    for part in evidence.horizons:
        blocks += [_verdicts(part), _scored(part)]
    return Section("summary", "In ten seconds", tuple(blocks))


def nulls(scores: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The score of each null replicate that has one."""
    replicates = [replicate[key] for kind in scores["nulls"].values() for replicate in kind]
    return [null for null in replicates if null["value"] is not None]


def verdict(scores: dict[str, Any], key: str) -> Chip:
    """Where a gain's whole interval lies: above its baseline (0), above its null, or neither."""
    low, drawn = scores[key]["low"], nulls(scores, key)
    if low is None:
        return Chip("cannot be measured", "flat")
    if not drawn:
        text = "above baseline, no null drawn" if low > 0 else "not above baseline"
        return Chip(text, "fair" if low > 0 else "flat")
    above_null = low > height(drawn)
    if low > 0 and above_null and not _above_class_prior(scores, key):
        return Chip("not above the class prior", "flat")
    if low > 0 and above_null:
        return Chip("above baseline and null", "good")
    if above_null:
        return Chip("above null, not baseline", "fair")
    return Chip("above baseline, not null" if low > 0 else "above neither", "flat")


def height(drawn: list[dict[str, Any]]) -> float:
    """How high the null reaches: its highest value, or with few draws the top of its intervals.

    One draw has chance of its own, which only its interval shows; without one it reaches anywhere.
    """
    if len(drawn) >= ENOUGH_DRAWS:
        return max(null["value"] for null in drawn)
    return max(float("inf") if null["high"] is None else null["high"] for null in drawn)


def _above_class_prior(scores: dict[str, Any], key: str) -> bool:
    """Whether a gain over volatility and clock is one over the class frequencies too.

    On few rows that baseline may be the worse of the two; then a gain over it says nothing.
    """
    low = scores["gain_class_prior"]["low"] if key == INFORMATION else None
    return key != INFORMATION or (low is not None and low > 0)


def measured(scores: dict[str, Any], key: str, digits: int = 4) -> str:
    """``value [low, high], null mean``."""
    drawn = [null["value"] for null in nulls(scores, key)]
    text = f"null {number(sum(drawn) / len(drawn), digits)}" if drawn else "no null"
    return f"{with_interval(scores[key], digits)}, {text}"


def _best(models: dict[str, Any], key: str) -> str:
    return max(models, key=lambda name: models[name][key]["value"] or float("-inf"))


def _headline(models: dict[str, Any], key: str) -> tuple[str | Chip, ...]:
    """How many models pass, and the best of them; without a null none can."""
    best = _best(models, key)
    if not nulls(models[best], key):
        return Chip("unknown: no null drawn", "flat"), f"{best}: {measured(models[best], key)}"
    passed = sum(verdict(scores, key).tone == "good" for scores in models.values())
    tone = "good" if passed == len(models) else "fair" if passed else "flat"
    return Chip(f"{passed} of {len(models)} models", tone), f"{best}: {measured(models[best], key)}"


def _headlines(evidence: Evidence) -> Table:
    rows = []
    for part in evidence.horizons:
        models = part.scores["models"]
        for name, key in (("beyond volatility and clock", INFORMATION), ("direction", DIRECTION)):
            rows.append((f"h{part.horizon}: {name}", *_headline(models, key)))
    n_read = sum(2 * len(part.scores["models"]) for part in evidence.horizons)
    tail = (1 - evidence.horizons[0].scores["settings"]["bootstrap"]["confidence"]) / 2
    return Table(
        "Is there anything to find?",
        ("horizon, question", "above baseline and null", "highest gain in log-loss, nats"),
        tuple(rows),
        note=(
            "A model counts when its whole interval lies above 0 (its baseline) and its null, and "
            "its gain over the class frequencies above 0 too. The null is the same procedure on "
            "labels of which features say nothing: the highest of its draws, or with fewer than "
            f"{ENOUGH_DRAWS} the top of their intervals. Baselines: volatility and time of day; "
            f"the share of long among rows that moved. Of {n_read} readings {tail * n_read:.1f} "
            "would lie above 0 by luck alone, and the highest is flattered."
        ),
    )


def _verdicts(part: HorizonEvidence) -> Table:
    rows = tuple(
        (
            model,
            measured(scores, INFORMATION),
            verdict(scores, INFORMATION),
            measured(scores, DIRECTION),
            verdict(scores, DIRECTION),
        )
        for model, scores in part.scores["models"].items()
    )
    header = (
        *("model", "beyond volatility and clock: gain, nats", "reading"),
        *("direction: gain, nats", "reading"),
    )
    return Table("Model by model", header, rows, horizon=part.horizon)


def _scored(part: HorizonEvidence) -> Facts:
    data, settings = part.scores["data"], part.scores["settings"]["bootstrap"]
    held_out = int(part.folds["fold"].notna().sum())
    replicates = {len(nulls(s, "log_loss")) for s in part.scores["models"].values()}
    return Facts(
        (
            ("rows scored", f"{data['rows']:,} ({data['rows'] / held_out:.0%} of those held out)"),
            ("effective rows (labels overlap)", f"{data['effective_rows']:,.0f}"),
            ("session blocks resampled", f"{data['blocks']:,}"),
            ("interval", f"{settings['confidence']:.0%}, {settings['samples']} resamples"),
            ("null draws", ", ".join(map(str, sorted(replicates)))),
        ),
        horizon=part.horizon,
    )
