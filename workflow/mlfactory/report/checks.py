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

PHRASES = {
    "clipped_share": "values of a feature that scaling clips, share of training",
    "psi_val": "drift of a feature, validation against training (stability index)",
    "psi_test": "drift of a feature, test against training (stability index)",
    "label_share": "training rows that have a label, share",
    "class_share": "rarest class, share of the labels",
    "ambiguous_share": "labels whose path meets both barriers in one raw row, share",
    "ambiguous_bar_share": "the same if the path were the bars alone",
    "holding_share": "bars that a label lasts, mean share of max_bars",
    "uniqueness": "uniqueness of the labels, mean (1 / labels under way)",
}
"""What the config's ``checks`` measure; a leak's name is a phrase already."""

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
    read = evidence.read_features
    blocks: list[Block] = [_checks(audit, read), _drift(audit, read), _labels(audit)]
    return Section("checks", "Checks", tuple(blocks))


def _limit(check: dict[str, Any], key: str) -> str:
    side = "below" if check["measure"] in AT_LEAST else "above"
    return "never" if check[key] is None else f"{side} {check[key]:g}"


def _of_read(beyond: set[str], read: frozenset[str]) -> str:
    return f"{len(beyond & read)} of the {len(read)} that models read"


def _beyond(check: dict[str, Any], audit: dict[str, Any], read: frozenset[str]) -> str:
    """How many are beyond the limit; of features also how many that models read."""
    if not check["beyond"]:
        return ""
    if check["group"] != "features":
        return f"{check['beyond']:,}"
    values, limit = audit["features"][check["measure"]], check[check["outcome"]]
    beyond = {name for name, value in values.items() if value > limit}
    return f"{len(beyond)} of {len(values)}; {_of_read(beyond, read)}"


def _checks(audit: dict[str, Any], read: frozenset[str]) -> Table:
    rows = tuple(
        (
            PHRASES.get(check["measure"], check["measure"]),
            Chip(check["outcome"], TONES[check["outcome"]]),
            "n/a" if check["value"] is None else f"{check['value']:.4g}",
            check["of"],
            _beyond(check, audit, read),
            f"{_limit(check, 'warn')} / {_limit(check, 'fail')}",
        )
        for check in audit["checks"]
    )
    header = ("check", "outcome", "worst value", "of", "how many", "warns / stops")
    counts = ", ".join(f"{n} {outcome}" for outcome, n in audit["counts"].items() if n)
    return Table(
        f"What was checked: {counts}",
        header,
        rows,
        note=(
            "Leaks are counted in the files themselves and must be 0. A drift is no leak: rows of "
            "a later time are distributed otherwise, and a model must bear that. The limits are "
            "those under checks in the configuration."
        ),
    )


def drifting(audit: dict[str, Any]) -> list[tuple[str, float, float]]:
    """(feature, index of validation, of test) of those that drift most, the largest first."""
    val, test = audit["features"]["psi_val"], audit["features"]["psi_test"]
    names = sorted(val, key=lambda name: max(val[name], test[name]), reverse=True)
    return [(name, val[name], test[name]) for name in names[:MOST_DRIFTING]]


def _drift(audit: dict[str, Any], read: frozenset[str]) -> Chart:
    colours = {"validation": "#0E86D4", "test": "#8B6FD6"}
    names, val, test = zip(*drifting(audit), strict=True)
    marked = [f"<b>{name}</b>" if name in read else name for name in names]
    bars = tuple(
        {
            **{"type": "bar", "orientation": "h", "name": split, "y": marked, "x": values},
            "marker": {"color": colours[split]},
            "hovertemplate": f"%{{y}}, {split}: %{{x:.3f}}<extra></extra>",
        }
        for split, values in zip(colours, (val, test), strict=True)
    )
    shape = layout(
        xaxis=axis("stability index"),
        yaxis=axis(autorange="reversed", type="category"),
        barmode="group",
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )
    of_test = audit["features"]["psi_test"]
    large = {name for name, value in of_test.items() if value > LARGE_SHIFT}
    return Chart(
        "What drifts most",
        "How far features of later rows are distributed otherwise than in training, by the "
        f"population stability index: {SHIFT} is a "
        f"shift, {LARGE_SHIFT} a large one; {len(large)} of {len(of_test)} features are beyond it "
        f"in test, {_of_read(large, read)}; bold: a model reads it",
        "bold features among them that models lean on (see importance): they are asked of what "
        "they have not seen",
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
