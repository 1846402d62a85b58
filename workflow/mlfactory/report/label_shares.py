"""Labels of the training split, by class and horizon."""

import numpy as np
import pandas as pd

from mlfactory.report._base import CLASS_COLOURS, Block, Chart, Figure, Section, axis, layout
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.schemas import CLASSES

LEGEND = tuple(CLASS_COLOURS.items())

MAX_BINS = 60
"""Points of a line over time, and bars of a histogram."""

UNKNOWN = {
    "no event": "#9AA5B1",
    "both barriers in one raw row": "#E6A700",
    "barrier does not clear the cost": "#CC79A7",
    "window cut by session, hole, roll or file": "#8B6FD6",
}


def section(evidence: Evidence) -> Section:
    """Shares over horizons, then each horizon over time and by how long labels last."""
    blocks: list[Block] = [_shares(evidence)]
    for part in evidence.horizons:
        blocks += [_over_time(part), _held(part)]
    return Section("labels", "Labels", tuple(blocks))


def counts(labels: pd.DataFrame) -> dict[str, int]:
    """Rows of each class."""
    label = labels["label"].dropna().to_numpy(dtype=np.int64)
    return dict(zip(CLASSES, np.bincount(label, minlength=3).tolist(), strict=True))


def unknown(labels: pd.DataFrame) -> dict[str, int]:
    """Rows without a label, by reason, in the order of ``UNKNOWN``."""
    none = labels["label"].isna() & labels["event"]
    ambiguous = none & labels["ambiguous"]
    dear = none & ~labels["ambiguous"] & ~labels["tradable"]
    cut = none & ~ambiguous & ~dear
    numbers = ((~labels["event"]).sum(), ambiguous.sum(), dear.sum(), cut.sum())
    return dict(zip(UNKNOWN, map(int, numbers), strict=True))


def _percent(table: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    return (100 * table.div(rows, axis=0)).round(3)


def _stacked(names: list[str], shares: pd.DataFrame, colours: dict[str, str]) -> tuple:
    """Horizontal bars, one part a column of ``shares`` (percent)."""
    return tuple(
        {
            **{
                "type": "bar",
                "orientation": "h",
                "name": key,
                "y": names,
                "x": shares[key].tolist(),
            },
            "marker": {"color": colour},
            "hovertemplate": f"%{{y}} {key}: %{{x:.2f}}%<extra></extra>",
        }
        for key, colour in colours.items()
    )


def cut_mostly(why: pd.DataFrame) -> bool:
    """Whether most rows that lack the label of an event do so because their window is cut.

    Parameters
    ----------
    why
        One row a horizon, columns as in ``UNKNOWN``.
    """
    no_event, *_, cut = UNKNOWN
    lacking = why.drop(columns=no_event).to_numpy().sum()
    return bool(why[cut].sum() > lacking / 2)


def _lacking(why: pd.DataFrame) -> str:
    """What the sentence says of rows without a label."""
    if not why.to_numpy().any():
        return "; every row has a label"
    mostly = (
        ", most of them because max_bars reaches over a session's end, a hole, a roll or the end "
        "of the file"
    )
    return f"; and rows without a label, by reason{mostly if cut_mostly(why) else ''}"


def _alarming(evidence: Evidence, *, cut: bool) -> str:
    """The limits of the checks, and what is wrong where they are broken."""
    warns = {check["measure"]: check["warn"] for check in evidence.audit["checks"]}
    rarest, labelled = warns.get("class_share"), warns.get("label_share")
    window = "max_bars is long beside a session" if cut else "the barriers do not fit"
    limits = []
    if rarest:
        limits.append(f"a class under {100 * rarest:g}% of the labels (the barriers do not fit)")
    if labelled:
        limits.append(f"fewer than {100 * labelled:g}% of the rows labelled ({window})")
    return ", or ".join(limits) or "no limit is configured (checks: class_share, label_share)"


def _shares(evidence: Evidence) -> Chart:
    """Both figures; that of the rows without a label only where there are some."""
    names = [f"h{part.horizon}" for part in evidence.horizons]
    known = pd.DataFrame([counts(part.labels) for part in evidence.horizons])
    bars = _stacked(names, _percent(known, known.sum(axis=1)), CLASS_COLOURS)
    for bar in bars:
        bar |= {"texttemplate": "%{x:.0f}%", "textposition": "inside", "textangle": 0}
        bar |= {"insidetextanchor": "middle"}
    why = pd.DataFrame([unknown(part.labels) for part in evidence.horizons])
    lost = _percent(why, why.sum(axis=1) + known.sum(axis=1))
    reasons = {name: colour for name, colour in UNKNOWN.items() if why[name].any()}
    height, order = 90 + 34 * len(names), axis(autorange="reversed", type="category")
    figures = [
        Figure(
            data,
            layout(xaxis=axis(title, rangemode="tozero"), yaxis=order, barmode="stack"),
            height,
            title,
        )
        for data, title in (
            (bars, "% of labelled rows"),
            (_stacked(names, lost, reasons), "rows without a label, % of training rows"),
        )
    ]
    return Chart(
        "Classes by horizon",
        f"Share of each class among labelled rows of the training split{_lacking(why)}",
        _alarming(evidence, cut=cut_mostly(why)),
        tuple(figures if reasons else figures[:1]),
        (*LEGEND, *reasons.items()),
    )


def over_time(labels: pd.DataFrame) -> pd.DataFrame:
    """Share of each class in up to `MAX_BINS` runs of labelled rows; index: their first bar."""
    known = labels[labels["label"].notna()]
    part = np.arange(len(known)) * min(MAX_BINS, max(1, len(known) // 200)) // max(1, len(known))
    classes = np.eye(3)[known["label"].to_numpy(dtype=np.int64)]
    shares = pd.DataFrame(classes, columns=list(CLASSES)).groupby(part).mean()
    first = known["datetime"].groupby(part).first()
    return shares.set_axis(first.dt.strftime("%Y-%m-%d %H:%M"), axis=0)


def _over_time(part: HorizonEvidence) -> Chart:
    shares = over_time(part.labels)
    lines = tuple(
        {
            **{"type": "scatter", "mode": "lines", "name": name, "x": shares.index.tolist()},
            "y": (100 * shares[name]).round(2).tolist(),
            "line": {"color": colour, "width": 1.8},
            "hovertemplate": f"%{{x}} {name}: %{{y:.1f}}%<extra></extra>",
        }
        for name, colour in CLASS_COLOURS.items()
    )
    shape = layout(xaxis=axis("bar open, UTC", type="date"), yaxis=axis("% of labelled rows"))
    return Chart(
        f"Classes over time, h{part.horizon}",
        "Share of each class along the training split",
        "a trend or a step: what a model learns of class frequencies early is then wrong later",
        (Figure(lines, shape, 260),),
        LEGEND,
        part.horizon,
        half=True,
    )


def _held(part: HorizonEvidence) -> Chart:
    known = part.labels[part.labels["label"].notna()]
    held = known["bars_held"].to_numpy(dtype=np.int64)
    width = int(np.ceil(held.max() / MAX_BINS))
    edges = np.arange(1, held.max() + width + 1, width)
    label = known["label"].to_numpy(dtype=np.int64)
    bars = tuple(
        {
            **{"type": "bar", "name": name, "x": edges[:-1].tolist()},
            "y": np.histogram(held[label == c], edges)[0].tolist(),
            "marker": {"color": CLASS_COLOURS[name], "line": {"width": 0}},
            "hovertemplate": f"%{{x}} bars, {name}: %{{y:,}} rows<extra></extra>",
        }
        for c, name in enumerate(CLASSES)
    )
    shape = layout(
        xaxis=axis("bars until the label is known"),
        yaxis=axis("training rows"),
        barmode="stack",
        bargap=0.05,
    )
    return Chart(
        f"How long labels last, h{part.horizon}",
        "Bars until a barrier is met; neutral labels end at the vertical barrier",
        "a pile at the first bars (barriers inside the noise), or most rows at the end (too wide)",
        (Figure(bars, shape, 260),),
        LEGEND,
        part.horizon,
        half=True,
    )
