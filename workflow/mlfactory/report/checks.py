"""What was checked of the dataset, its labels and its folds, and what warns."""

from typing import Any

from mlfactory.checks.check import AT_LEAST
from mlfactory.report._base import Block, Chart, Chip, Figure, Section, Table, axis, layout
from mlfactory.report.evidence import Evidence

TONES = {"pass": "good", "warn": "fair"}
"""A check that fails stops the run before there is a page."""

SHIFT, LARGE_SHIFT = 0.1, 0.25
"""The stability index's customary marks."""

MOST_DRIFTING = 15

OF_LABELS = {
    "label_share": "have a label",
    "class_share": "rarest class",
    "ambiguous_share": "ambiguous, raw rows",
    "ambiguous_bar_share": "ambiguous, bars alone",
    "holding_share": "mean holding / max_bars",
    "uniqueness": "mean uniqueness",
}


def section(evidence: Evidence) -> Section:
    """The checks, what drifts most, and the labels' integrity by horizon."""
    audit = evidence.audit
    blocks: list[Block] = [_checks(audit), _drift(audit), _labels(audit)]
    return Section("checks", "Checks", tuple(blocks))


def _limit(check: dict[str, Any], key: str) -> str:
    side = "below" if check["measure"] in AT_LEAST else "above"
    return "never" if check[key] is None else f"{side} {check[key]:g}"


def _checks(audit: dict[str, Any]) -> Table:
    rows = tuple(
        (
            check["measure"].replace("_", " "),
            Chip(check["outcome"], TONES[check["outcome"]]),
            "n/a" if check["value"] is None else f"{check['value']:.4g}",
            check["of"],
            f"{check['beyond']:,}" if check["beyond"] else "",
            _limit(check, "warn"),
            _limit(check, "fail"),
        )
        for check in audit["checks"]
    )
    header = ("check", "outcome", "worst value", "of", "how many", "warns", "stops")
    counts = ", ".join(f"{n} {outcome}" for outcome, n in audit["counts"].items() if n)
    return Table(
        f"What was checked: {counts}",
        header,
        rows,
        note=(
            "Leaks are counted in the files themselves and must be 0. A drift is no leak: rows of "
            "a later time are distributed otherwise, and a model must bear that."
        ),
    )


def drifting(audit: dict[str, Any]) -> list[tuple[str, float, float]]:
    """(feature, index of validation, of test) of those that drift most, the largest first."""
    val, test = audit["features"]["psi_val"], audit["features"]["psi_test"]
    names = sorted(val, key=lambda name: max(val[name], test[name]), reverse=True)
    return [(name, val[name], test[name]) for name in names[:MOST_DRIFTING]]


def _drift(audit: dict[str, Any]) -> Chart:
    colours = {"validation": "#0E86D4", "test": "#8B6FD6"}
    names, val, test = zip(*drifting(audit), strict=True)
    bars = tuple(
        {
            **{"type": "bar", "orientation": "h", "name": split, "y": names, "x": values},
            "marker": {"color": colours[split]},
            "hovertemplate": f"%{{y}}, {split}: %{{x:.3f}}<extra></extra>",
        }
        for split, values in zip(colours, (val, test), strict=True)
    )
    shape = layout(
        xaxis=axis("population stability index against training"),
        yaxis=axis(autorange="reversed", type="category"),
        barmode="group",
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    n_large = sum(value > LARGE_SHIFT for value in audit["features"]["psi_test"].values())
    return Chart(
        "What drifts most",
        f"How far features of later rows are distributed otherwise than in training: {SHIFT} is a "
        f"shift, {LARGE_SHIFT} a large one; {n_large} of {len(audit['features']['psi_test'])} "
        "features are beyond it in test",
        "features that models lean on among them (see importance): they are asked of what they "
        "have not seen",
        (Figure(bars, shape, 90 + 26 * len(names)),),
        tuple(colours.items()),
    )


def _labels(audit: dict[str, Any]) -> Table:
    rows = tuple(
        (f"h{h}", *("n/a" if of[key] is None else f"{of[key]:.2%}" for key in OF_LABELS))
        for h, of in audit["labels"].items()
    )
    return Table(
        "Labels of the training rows",
        ("horizon", *OF_LABELS.values()),
        rows,
        note=(
            "Ambiguous paths meet both barriers within one row; with bars alone that many labels "
            "would have been guesses. Uniqueness 5% means that about twenty labels overlap."
        ),
    )
