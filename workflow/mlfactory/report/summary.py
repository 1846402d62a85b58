"""What a reader should know after ten seconds."""

from typing import Any

from mlfactory.report._base import Block, Chip, Facts, Note, Section, Table, number, with_interval
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.verdicts import (
    CLASS_PRIOR,
    DECIDING,
    DIRECTION,
    ENOUGH_DRAWS,
    INFORMATION,
    NAMES,
    QUESTIONS,
    Verdict,
    blended,
    drawn_of_kind,
    evident,
    height,
    nulls,
    passed,
    rivals,
    verdict,
    worse_baseline,
)

TONES = {
    Verdict.BOTH: "good",
    Verdict.NULL: "fair",
    Verdict.NO_NULL: "fair",
}
"""Of what is not claimed: flat."""

WALKED = (
    "Before betting on any of this: these are walk-forward scores, each prediction by a model of "
    "its past, and pay no cost; what is left after costs is further down, under Backtest."
)
K_FOLD = (
    "Before betting on any of this: these are k-fold scores, so a model also learns from later "
    "data than it predicts, and pay no cost; what is left after costs is further down, under "
    "Backtest."
)


BLENDED = (
    " Blends learn on the first part of validation and are judged on its second, their null on "
    "its labels moved by whole sessions; they are corrected for all claims out of fold too."
)


def section(evidence: Evidence) -> Section:
    """The verdict of each horizon, then of each model."""
    walked = all(part.walked for part in evidence.horizons)
    blocks: list[Block] = [_headlines(evidence), Note(WALKED if walked else K_FOLD, warning=True)]
    for part in evidence.horizons:
        worse = worse_baseline(part.headline, part.horizon)
        blocks += [Note(f"{worse}.", part.horizon, warning=True)] if worse else []
        corrected = _corrected(part, len(evidence.horizons))
        blocks += [_verdicts(part), corrected, _scored(part)]
    return Section("summary", "In ten seconds", tuple(blocks))


def reading(scores: dict[str, Any], key: str) -> Chip:
    """The verdict on a gain, in its colour."""
    found = verdict(scores, key)
    return Chip(found.value, TONES.get(found, "flat"))


def measured(scores: dict[str, Any], key: str, digits: int = 4) -> str:
    """``value [low, high], null mean``."""
    drawn = [null["value"] for null in nulls(scores, key)]
    text = f"null {number(sum(drawn) / len(drawn), digits)}" if drawn else "no null"
    return f"{with_interval(scores[key], digits)}, {text}"


def beside_null(scores: dict[str, Any], key: str) -> str:
    """A gain and, in a line of its own, its null: the mean, and what a verdict compares with."""
    drawn = nulls(scores, key)
    if not drawn:
        return f"{with_interval(scores[key])}\nno null"
    mean, top = sum(null["value"] for null in drawn) / len(drawn), height(drawn)
    shown = "anywhere" if top == float("inf") else number(top)
    return f"{with_interval(scores[key])}\nnull {number(mean)} (up to {shown})"


def _best(models: dict[str, Any], key: str) -> str:
    return max(models, key=lambda name: models[name][key]["value"] or float("-inf"))


def _headline(scores: dict[str, Any], key: str) -> tuple[str | Chip, ...]:
    """How many models pass, and the best of them; without a null none can."""
    models, count = scores["models"], passed(scores, key)
    best = _best(models, key)
    shown = f"{best}: {beside_null(models[best], key)}"
    if count is None:
        unknown = Chip("unknown: no null drawn", "flat")
        return unknown, unknown, shown
    return _counted(count, len(models)), _counted(evident(scores, key), len(models)), shown


def _counted(count: int, n: int) -> Chip:
    tone = "good" if count == n else "fair" if count else "flat"
    return Chip(f"{count} of {n} models", tone)


def _headlines(evidence: Evidence) -> Table:
    rows = []
    for part in evidence.horizons:
        for name, key in (("beyond volatility and clock", INFORMATION), ("direction", DIRECTION)):
            rows.append((f"h{part.horizon}: {name}", *_headline(part.headline, key)))
    n_read = sum(2 * len(part.headline["models"]) for part in evidence.horizons)
    tail = (1 - evidence.horizons[0].headline["settings"]["bootstrap"]["confidence"]) / 2
    return Table(
        "Is there anything to find?",
        (
            *("horizon, question", "above baseline and null", "evidence after all corrections"),
            "highest gain in log-loss, nats",
        ),
        tuple(rows),
        note=(
            "A model counts when its whole interval lies above 0 (its baseline) and its null, and "
            "its gain over the class frequencies above 0 too. The null is the same procedure on "
            "labels of which features say nothing: its mean and, in brackets, how far up it "
            f"reaches: the highest of its draws, or with fewer than {ENOUGH_DRAWS} the top of "
            f"their intervals. Baselines: volatility and time of day; "
            f"the share of long among rows that moved. Of {n_read} readings {tail * n_read:.1f} "
            "would lie above 0 by luck alone, and the highest is flattered: it is evidence only "
            "where its p-value is low after the correction for all of its horizon's, below."
        ),
    )


def _verdicts(part: HorizonEvidence) -> Table:
    rows = tuple(
        (
            model,
            beside_null(scores, INFORMATION),
            beside_null(scores, CLASS_PRIOR),
            reading(scores, INFORMATION),
            beside_null(scores, DIRECTION),
            reading(scores, DIRECTION),
        )
        for model, scores in part.headline["models"].items()
    )
    header = (
        *("model", "gain over volatility and clock, nats", "over the class prior"),
        *("reading", "direction: gain, nats", "reading"),
    )
    return Table("Model by model", header, rows, horizon=part.horizon)


def _other_horizons(n_horizons: int) -> str:
    """That each further horizon is a further look."""
    return "" if n_horizons < 2 else f", not for there being {n_horizons} horizons to look at"


def _corrected(part: HorizonEvidence, n_horizons: int) -> Table:
    """The verdict on each claim of each model and ensemble, with what it rests on."""
    models = part.headline["models"]
    blends = {f"{name}, on validation": one for name, one in blended(part.scores).items()}
    rows = tuple(
        (
            f"{model}: {NAMES[key]}",
            with_interval(scores[key]),
            _null_mean(scores, "session_shift", key),
            _null_mean(scores, "sign_flip", key),
            _p(scores[key]["p_value"]),
            DECIDING.get(scores[key]["decided_by"], "n/a"),
            _p(scores[key]["p_holm"]),
            _said(scores[key]),
        )
        for model, scores in (models | blends).items()
        for key in QUESTIONS
    )
    trials = max(scores[key]["trials"] for scores in models.values() for key in QUESTIONS)
    searched = (
        f", after up to {trials:,} trials of a search that saw the scored rows"
        if trials > 1
        else ""
    )
    return Table(
        "Evidence, or none",
        (
            *("claim", "gain, nats", "null: labels shifted", "null: signs flipped"),
            *("p", "by", "p after all", "verdict"),
        ),
        rows,
        note=(
            "p: the chance of so high a gain if there were none over what it is least above, which "
            "stands under by: the baseline, the class prior (for a gain over volatility and clock) "
            "or a null. p after all: the same after Holm's correction for every line of this "
            f"table{searched}{_other_horizons(n_horizons)}. Evidence: below 0.05, and above "
            "baseline and null by intervals too. Flipped signs keep volatility, so they are a null "
            f"of direction alone.{BLENDED if blends else ''}"
        ),
        horizon=part.horizon,
    )


def _p(value: float | None) -> str:
    """A p-value; none is 0."""
    return "below 0.0001" if value is not None and value < 0.0001 else number(value, 4)


def _null_mean(scores: dict[str, Any], kind: str, key: str) -> str:
    if kind not in rivals(key):
        return "no null of this"
    drawn = drawn_of_kind(scores, kind, key)
    return number(sum(one["value"] for one in drawn) / len(drawn)) if drawn else "none drawn"


def _said(score: dict[str, Any]) -> Chip:
    if score["p_value"] is None:
        return Chip("cannot be measured", "flat")
    return Chip("evidence", "good") if score["evidence"] else Chip("no evidence", "flat")


def blocks_in_words(blocks: dict[str, int]) -> str:
    """What the intervals resample, such as: 90 of 1 session(s) or 18 of 5 session(s)."""
    parts = [f"{count:,} of {sessions} session(s)" for sessions, count in blocks.items()]
    return " or ".join(parts) + (", the wider interval" if len(parts) > 1 else "")


def _scored(part: HorizonEvidence) -> Facts:
    data, settings = part.headline["data"], part.headline["settings"]["bootstrap"]
    replicates = {len(nulls(s, "log_loss")) for s in part.headline["models"].values()}
    return Facts(
        (
            ("rows scored", f"{data['rows']:,} ({data['rows'] / len(part.folds):.0%} of training)"),
            ("effective rows (labels overlap)", f"{data['effective_rows']:,.0f}"),
            ("session blocks resampled", blocks_in_words(data["blocks"])),
            ("interval", f"{settings['confidence']:.0%}, {settings['samples']} resamples"),
            ("null draws", ", ".join(map(str, sorted(replicates)))),
        ),
        horizon=part.horizon,
    )
