"""Which rows train, which are held out, and what lies between, in time."""

from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import BoolArray1D, Int8Array1D, Int64Array1D
from mlfactory.folds import embargo_bars, embargoed, intervals, overlapping
from mlfactory.report._base import Block, Chart, Figure, Section, Table, axis, layout
from mlfactory.report.evidence import Evidence, HorizonEvidence
from mlfactory.times import nanoseconds

ROLES = {
    "training": "#94A3B8",
    "held out": "#009E73",
    "purged": "#D6336C",
    "embargoed": "#F0B429",
    "no label": "#D7DEE8",
}
SPLITS = {
    "train": "#94A3B8",
    "val": "#0E86D4",
    "test": "#8B6FD6",
    "warm-up": "#CBB994",
    "purged": "#D6336C",
    "embargoed": "#F0B429",
}
NO_LABEL = 4

MARGIN_BARS = 40
"""Bars of training and of held-out rows that the close-up shows on either side."""


def section(evidence: Evidence) -> Section:
    """The splits, then each horizon's folds, whole and close up."""
    blocks: list[Block] = [_splits(evidence)]
    for part in evidence.horizons:
        roles = fold_roles(part.folds, evidence.settings["folds"]["embargo"])
        blocks += [_folds(part, roles), _close_up(part, roles), _counts(part, roles)]
    return Section("folds", "Fold timeline", tuple(blocks))


def roles_of(
    start: Int64Array1D, end: Int64Array1D, held_out: BoolArray1D, embargo: int
) -> Int8Array1D:
    """What each row is to one fold, (n,): its place in ``ROLES``, labelled or not."""
    purged = overlapping(start, end, held_out)
    waiting = embargoed(start, end, held_out, embargo)
    return np.select([held_out, purged, waiting], [1, 2, 3], 0).astype(np.int8)


def fold_roles(folds: pd.DataFrame, embargo: dict[str, int]) -> dict[int, Int8Array1D]:
    """The roles of all rows in each fold, by the same functions that the fits use.

    Rows that would train the fold but have no label have a role of their own.
    """
    start, end = intervals(folds)
    fold = folds["fold"].fillna(-1).to_numpy(dtype=np.int64)
    bars = embargo_bars(folds, **embargo)
    roles = {}
    for k in np.unique(fold[fold >= 0]).tolist():
        roles[k] = roles_of(start, end, fold == k, bars)
        roles[k][(roles[k] == 0) & folds["label"].isna().to_numpy()] = NO_LABEL
    return roles


def runs(role: Int8Array1D) -> list[tuple[int, int, int]]:
    """(role, first row, row after the last) of each stretch of equal roles."""
    first = np.flatnonzero(np.diff(role, prepend=-1) != 0)
    after = np.append(first[1:], len(role))
    return [(int(role[a]), int(a), int(b)) for a, b in zip(first, after, strict=True)]


def _bars(
    stretches: list[tuple[str, str, float, float, str]], colours: dict[str, str]
) -> tuple[dict[str, Any], ...]:
    """Horizontal bars, one trace a kind; a stretch is line, kind, start, length and hover text."""
    traces = []
    for kind, colour in colours.items():
        mine = [s for s in stretches if s[1] == kind]
        if mine:
            lines, _, starts, lengths, texts = map(list, zip(*mine, strict=True))
            traces.append(
                {
                    **{"type": "bar", "orientation": "h", "name": kind, "width": 0.7},
                    **{"y": lines, "base": starts, "x": lengths, "customdata": texts},
                    "marker": {"color": colour, "line": {"width": 0}},
                    "hovertemplate": "%{customdata}<extra></extra>",
                }
            )
    return tuple(traces)


def _in_time(
    line: str, kind: str, time: Int64Array1D, first: int, after: int
) -> tuple[str, str, float, float, str]:
    """A stretch of rows as milliseconds since 1970, with its rows in the hover text."""
    last = min(after, len(time) - 1)
    text = f"{line}, {kind}: {after - first:,} bars from {_day(time[first])} to {_day(time[last])}"
    return line, kind, float(time[first] // 10**6), float((time[last] - time[first]) // 10**6), text


def _day(ns: int) -> str:
    return str(pd.Timestamp(int(ns)))[:16]


def _layout(xaxis: dict[str, Any]) -> dict[str, Any]:
    return layout(
        barmode="overlay",
        xaxis=xaxis,
        yaxis=axis(autorange="reversed", type="category", showgrid=False),
        margin={"l": 10, "r": 14, "t": 6, "b": 44},
    )


def split_stretches(config: dict[str, Any], n_bars: int) -> list[tuple[str, int, int]]:
    """(kind, first row, row after the last) of the warm-up, the splits and what lies between."""
    stretches = [("warm-up", 0, config["warmup"]["bars"])]
    splits = config["splits"]
    for split, following in zip(splits, [*splits[1:], None], strict=True):
        stop, purged = split["stop"], split["purged_bars"]
        stretches.append((split["name"], split["start"], stop))
        stretches.append(("purged", stop, stop + purged))
        if following is not None:
            stretches.append(("embargoed", stop + purged, following["start"]))
    return [(kind, first, after) for kind, first, after in stretches if first < after <= n_bars]


def _splits(evidence: Evidence) -> Chart:
    time = nanoseconds(evidence.bars["datetime"])
    stretches = split_stretches(evidence.split_config, len(time))
    drawn = [_in_time("splits", kind, time, first, after) for kind, first, after in stretches]
    counted = ", ".join(f"{kind} {after - first:,}" for kind, first, after in stretches)
    shape = _layout(axis("bar open, UTC", type="date"))
    shape["yaxis"]["showticklabels"] = False
    return Chart(
        "Training, validation, test",
        f"The file in time, in bars: {counted}",
        "no gap at a border, or a test split of a few weeks: nothing can be concluded from it",
        (Figure(_bars(drawn, SPLITS), shape, 120),),
        tuple(SPLITS.items()),
    )


def _folds(part: HorizonEvidence, roles: dict[int, Int8Array1D]) -> Chart:
    time = nanoseconds(part.folds["datetime"])
    names = list(ROLES)
    drawn = [
        _in_time(f"fold {k}", names[kind], time, first, after)
        for k, role in roles.items()
        for kind, first, after in runs(role)
    ]
    return Chart(
        f"Folds in time, h{part.horizon}",
        "Each line is one fit: the block that it is scored on, and the rows that train it; purged "
        "and embargoed rows do neither, nor do rows without a label (too thin to see here? the "
        "close-up below)",
        "grey that touches green: rows would then be trained on that overlap what is scored",
        (
            Figure(
                _bars(drawn, ROLES),
                _layout(axis("bar open, UTC", type="date")),
                80 + 36 * len(roles),
            ),
        ),
        tuple(ROLES.items()),
        part.horizon,
    )


def close_up(role: Int8Array1D, *, after: bool) -> list[tuple[int, int, int]]:
    """Stretches around one end of the held-out block, in bars from it; empty at the split's end.

    Parameters
    ----------
    role
        As `roles_of` gives it.
    after
        Whether the end, not the start, of the held-out block is looked at.

    Returns
    -------
    (role, first bar, bar after the last), counted from the border: `MARGIN_BARS` of the block, all
    that is purged or embargoed, and as many training rows.
    """
    held = np.flatnonzero(role == 1)
    border = int(held[-1]) + 1 if after else int(held[0])
    outside = role[border:] if after else role[:border][::-1]
    if not len(outside):
        return []
    idle = np.flatnonzero((outside == 2) | (outside == 3))
    reach = (int(idle[-1]) + 1 if len(idle) else 0) + MARGIN_BARS
    before, behind = (MARGIN_BARS, reach) if after else (reach, MARGIN_BARS)
    first, last = max(border - before, 0), min(border + behind, len(role))
    return [(kind, first + a - border, first + b - border) for kind, a, b in runs(role[first:last])]


def _note(line: str, window: list[tuple[int, int, int]], kind: int) -> dict[str, Any]:
    """How many rows of the window are of a kind, written on its longest stretch; empty for none."""
    mine = [(last - first, first, last) for k, first, last in window if k == kind]
    if not mine:
        return {}
    _, first, last = max(mine)
    total = f"{sum(length for length, _, _ in mine):,}"
    place = {"x": (first + last) / 2, "y": line, "text": total, "showarrow": False}
    return {**place, "font": {"color": "#10151c"}}


def _side(roles: dict[int, Int8Array1D], after: bool) -> Figure:
    names, drawn, annotations = list(ROLES), [], []
    for k, role in roles.items():
        window = close_up(role, after=after)
        for kind, first, last in window:
            text = f"fold {k}, {names[kind]}: bars {first} to {last - 1} from the border"
            drawn.append((f"fold {k}", names[kind], float(first), float(last - first), text))
        annotations += [_note(f"fold {k}", window, kind) for kind in (2, 3)]
    end = "end" if after else "start"
    shape = _layout(axis(f"bars from the {end} of the held-out block"))
    shape["annotations"] = [note for note in annotations if note]
    return Figure(
        _bars(drawn, ROLES),
        shape,
        80 + 36 * len(roles),
        "after the held-out block" if after else "before the held-out block",
    )


def _close_up(part: HorizonEvidence, roles: dict[int, Int8Array1D]) -> Chart:
    figures = tuple(figure for figure in (_side(roles, False), _side(roles, True)) if figure.data)
    return Chart(
        f"Around the held-out blocks, h{part.horizon}",
        "Both ends of each held-out block, bar by bar, and how many rows are purged (their labels "
        "overlap held-out ones) or embargoed (they begin too soon after)",
        "no pink before green, or an embargo of less than a session",
        figures,
        tuple(ROLES.items()),
        part.horizon,
    )


def _counts(part: HorizonEvidence, roles: dict[int, Int8Array1D]) -> Table:
    time = nanoseconds(part.folds["datetime"])
    rows = []
    for k, role in roles.items():
        held = np.flatnonzero(role == 1)
        numbers = [int((role == kind).sum()) for kind in (1, 2, 3, 0, NO_LABEL)]
        rows.append(
            (
                f"fold {k}",
                _day(time[held[0]]),
                _day(time[held[-1]]),
                *(f"{n:,}" for n in numbers),
            )
        )
    header = (
        *("fold", "held out from", "to (UTC)", "held out", "purged", "embargoed"),
        *("trained on", "no label"),
    )
    return Table(
        f"Rows of each fold, h{part.horizon}",
        header,
        tuple(rows),
        note="Held out: every row is predicted, those with a label are scored.",
        horizon=part.horizon,
    )
