"""What the predictions would have earned after costs, and whether that is evidence of anything."""

from typing import Any

import numpy as np
import pandas as pd

from mlfactory.performance import LEAST_TRADED_SESSIONS, underwater
from mlfactory.report._base import (
    Block,
    Chart,
    Chip,
    Facts,
    Figure,
    Note,
    Section,
    Table,
    axis,
    layout,
    model_colour,
    number,
    with_interval,
    words,
)
from mlfactory.report.evidence import Evidence, HorizonEvidence

SAMPLES = {
    "walkforward": "walk-forward, each prediction by a model of its past; thresholds of all rows",
    "test": "test, after all choices",
    "val": "validation",
    "walkforward_test": "walked forward on test: each prediction by a model of its past",
    "walkforward_val": "walked forward on validation: each prediction by a model of its past",
    "oof": "out of fold: research, models also learnt from later rows, thresholds were chosen here",
}
"""The samples in the order in which they are worth something, and what each is."""

TONES = {"evidence": "good"}
HELD = "one contract held"
LARGE = 1000
"""Currency from which on cents are not shown."""
LEAST_TRADES = 30
"""Trades below which their sums by group say nothing."""
GROUPS = {
    "hour": "hour of entry, exchange time",
    "weekday": "weekday of entry",
    "side": "side",
    "volatility": "volatility at the signal",
    "exit": "why the position ended",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def section(evidence: Evidence) -> Section:
    """Each horizon: what the choice was worth, a table a sample, equity, costs, and where from."""
    blocks: list[Block] = []
    for part in evidence.horizons:
        if not part.assessment["samples"]:
            words_ = "No sample was traded; backtest.samples is empty in the config."
            blocks.append(Note(words_, part.horizon))
            continue
        lead = next(name for name in SAMPLES if name in part.assessment["samples"])
        currency = words(evidence.contract.currency)
        blocks.append(_choice(part))
        blocks += _filtered(part)
        blocks += [
            _table(part, sample, folded=sample not in (lead, "test"))
            for sample in SAMPLES
            if sample in part.assessment["samples"]
        ]
        blocks += _retrained(part, currency)
        blocks += [_equity(part, lead, currency), _underwater(part, lead, currency)]
        blocks.append(_slippages(part, lead))
        blocks += _where_from(part, lead, currency)
    return Section("backtest", "Backtest after costs", tuple(blocks))


def _choice(part: HorizonEvidence) -> Facts:
    """What chance could have done with so many trials."""
    found = part.assessment
    ability = found["superior_predictive_ability"]
    any_ratio = next(
        (m["sharpe"] for s in found["samples"].values() for m in s.values() if m["sharpe"]), None
    )
    highest = "n/a" if any_ratio is None else number(any_ratio["expected_maximum"], 2)
    return Facts(
        (
            ("configurations ever tried on this symbol", f"{found['trials']:,}"),
            ("highest Sharpe ratio that so many show by luck", highest),
            (
                "probability that the choice out of fold is overfitted",
                number(found["probability_of_overfitting"], 2),
            ),
            (
                "p-value of the best of all, by Hansen's test",
                "n/a" if ability is None else number(ability["consistent"], 3),
            ),
            ("looks at the test split so far", f"{found['looks']:,}"),
        ),
        part.horizon,
    )


def _filtered(part: HorizonEvidence) -> list[Block]:
    """That signals were filtered, and what that did out of fold; nothing where they were not."""
    found = part.assessment["meta_label"]
    if found is None:
        return []
    passed = [
        f"{name} {one['passed']:,} of {one['signals']:,} ({_share(one['passed_paid'])} of them "
        f"paid, {_share(one['paid'])} of all)"
        for name, one in found["models"].items()
    ]
    return [
        Note(
            "The meta-label filter is on: a position is wanted only where a second regression "
            f"gives it a chance of {found['least']:g} or more to earn its costs. Out of fold it "
            "passed, of the bars whose edge has a side, "
            f"{'; '.join(passed)}.",
            part.horizon,
        )
    ]


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.0%}"


def _table(part: HorizonEvidence, sample: str, *, folded: bool) -> Table:
    rows = tuple(_row(name, one) for name, one in part.assessment["samples"][sample].items())
    return Table(
        f"{SAMPLES[sample].partition(',')[0].partition(':')[0].capitalize()}, h{part.horizon}",
        (
            *("model", "threshold", "trades", "net", "before costs", "Sharpe ratio, annual"),
            *("deflated", "p after all", "verdict", "deepest drawdown", "hit rate"),
        ),
        rows,
        note=(
            f"{SAMPLES[sample].capitalize()}. Currency of the contract; Sharpe ratio by session "
            "with its autocorrelation-robust interval. Deflated: the probability that it is above "
            "the luck of all trials. p after all: one less that, after Holm's correction for the "
            "models side by side. A model whose threshold is none earned nothing out of fold, or "
            f"traded in fewer than {LEAST_TRADED_SESSIONS} sessions there. No position is taken at "
            "a bar whose label would reach over the session's end: no model learnt from such bars."
        ),
        horizon=part.horizon,
        folded=folded,
    )


def _retrained(part: HorizonEvidence, currency: str) -> list[Block]:
    """What refits on the way through validation and test earned more than one fit before them."""
    rows = []
    for split, models in part.assessment["retrained"].items():
        found = part.assessment["samples"]
        once, again = found[split], found[f"walkforward_{split}"]
        rows += [
            (
                {"val": "validation"}.get(split, split),
                name,
                f"{once[name]['trades']:,}",
                f"{again[name]['trades']:,}",
                _money(once[name]["net"]),
                _money(again[name]["net"]),
                with_interval(more, _digits(more["value"])),
            )
            for name, more in models.items()
            if once[name]["trades"] or again[name]["trades"]
        ]
    if not rows:
        return []
    head = ("split", "model", "trades, fitted once", "retrained")
    return [
        Table(
            f"Fitted once, or retrained on the way, h{part.horizon}",
            (*head, f"net, fitted once, {currency}", "retrained", "difference"),
            tuple(rows),
            note=(
                "The same thresholds. Fitted once: on the training split. Retrained: every few "
                "sessions through validation and test, each prediction by a model of its past. An "
                "interval below 0 says that retraining as configured costs money; models that "
                "trade neither way are left out."
            ),
            horizon=part.horizon,
        )
    ]


def _digits(amount: float | None) -> int:
    """Decimals of an amount of currency: none of large ones."""
    return 0 if amount is None or abs(amount) >= LARGE else 2


def _money(amount: float | None) -> str:
    return number(amount, _digits(amount))


def _row(name: str, one: dict[str, Any]) -> tuple[str | Chip, ...]:
    ratio, threshold = one["sharpe"], one["threshold"]
    return (
        name,
        "none" if threshold is None else f"{threshold:g}",
        f"{one['trades']:,}",
        _money(one["net"]),
        _money(one["gross"]),
        "n/a" if ratio is None else with_interval(ratio, 2),
        "n/a" if ratio is None else number(ratio["deflated"], 3),
        number(one["p_holm"], 3),
        Chip(one["verdict"], TONES.get(one["verdict"], "flat")),
        _money(one["max_drawdown"]),
        "n/a" if one["hit_rate"] is None else f"{one['hit_rate']:.0%}",
    )


def _traded(part: HorizonEvidence, sample: str) -> dict[str, pd.DataFrame]:
    """Equity of the models that traded at all."""
    found = part.assessment["samples"][sample]
    return {name: part.equity[sample][name] for name, one in found.items() if one["trades"]}


def _lines(
    series: dict[str, tuple[pd.Series, Any]], *, dash: str = "solid"
) -> list[dict[str, Any]]:
    return [
        {
            **{"type": "scatter", "mode": "lines", "name": words(name)},
            **{"x": dates.dt.strftime("%Y-%m-%d").tolist(), "y": np.round(values, 2).tolist()},
            "line": {"color": _colour(name), "width": 1.6, "dash": dash},
        }
        for name, (dates, values) in series.items()
    ]


def _colour(name: str) -> str:
    return "@soft" if name == HELD else model_colour(name)


def _legend(names: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, _colour(name)) for name in names)


def _equity(part: HorizonEvidence, sample: str, currency: str) -> Chart:
    tables = _traded(part, sample)
    after = {name: (t["date"], t["equity"].to_numpy()) for name, t in tables.items()}
    before = {name: (t["date"], t["gross"].cumsum().to_numpy()) for name, t in tables.items()}
    held = next(iter(part.equity[sample].values()))
    after[HELD] = (held["date"], held["held"].cumsum().to_numpy())
    shape = layout(xaxis=axis("", type="date"), yaxis=axis(currency, zeroline=True))
    return Chart(
        f"Equity, {sample}, h{part.horizon}",
        "Profit so far, after costs (lines) and before them (dotted)",
        "a dotted line that rises while its line falls: the costs eat what is there",
        (Figure((*_lines(after), *_lines(before, dash="dot")), shape, 320),),
        _legend(after),
        part.horizon,
    )


def _underwater(part: HorizonEvidence, sample: str, currency: str) -> Chart:
    below = {
        name: (table["date"], underwater(table["equity"].to_numpy()))
        for name, table in _traded(part, sample).items()
    }
    shape = layout(xaxis=axis("", type="date"), yaxis=axis(currency, rangemode="tozero"))
    return Chart(
        f"Under water, {sample}, h{part.horizon}",
        "How far equity after costs lies below its highest so far",
        "a line that never comes back to 0",
        (Figure(tuple(_lines(below)), shape, 220),),
        _legend(below),
        part.horizon,
        half=True,
    )


def _slippages(part: HorizonEvidence, sample: str) -> Chart:
    traces: list[dict[str, Any]] = [
        {
            **{"type": "scatter", "mode": "lines+markers", "name": words(name)},
            "x": [at["times"] for at in one["slippage_times"]],
            "y": [at["sharpe"] for at in one["slippage_times"]],
            "line": {"color": model_colour(name), "width": 1.6},
        }
        for name, one in part.assessment["samples"][sample].items()
        if one["trades"]
    ]
    shape = layout(
        xaxis=axis("times the contract's slippage", zeroline=False),
        yaxis=axis("Sharpe ratio, annual", zeroline=True),
    )
    return Chart(
        f"What larger positions would pay, {sample}, h{part.horizon}",
        "The same trades at no slippage, the contract's, and up to eight times it",
        "a ratio above 0 only at the left: there is no room for a second contract",
        (Figure(tuple(traces), shape, 220),),
        _legend(_traded(part, sample)),
        part.horizon,
        half=True,
    )


def _where_from(part: HorizonEvidence, sample: str, currency: str) -> list[Block]:
    """Profit of the model with the highest ratio, of those with some trades, by group."""
    models = part.assessment["samples"][sample]
    rated = {
        name: one["sharpe"]["value"]
        for name, one in models.items()
        if one["sharpe"] and one["trades"] >= LEAST_TRADES
    }
    if not rated:
        return []
    best = max(rated, key=lambda name: rated[name])
    groups = models[best]["groups"]
    figures = tuple(_bars(groups[key], title, currency) for key, title in GROUPS.items())
    return [
        Chart(
            f"Where the profit is from: {best}, {sample}, h{part.horizon}",
            "Net profit of the model with the highest ratio by group, with two standard errors "
            "of each sum",
            "one group that earns all of it, or errors that all reach over 0",
            figures,
            horizon=part.horizon,
        )
    ]


def _bars(groups: list[dict[str, Any]], title: str, currency: str) -> Figure:
    names = [
        WEEKDAYS[g["group"]] if title.startswith("weekday") else str(g["group"]) for g in groups
    ]
    reach = [0.0 if g["high"] is None else g["high"] - g["net"] for g in groups]
    trace = {
        **{"type": "bar", "x": names, "y": [round(g["net"], 2) for g in groups]},
        "error_y": {"type": "data", "array": reach, "color": "@soft", "thickness": 1},
        "marker": {"color": ["#0E86D4" if g["net"] > 0 else "#D55E00" for g in groups]},
        "customdata": [g["trades"] for g in groups],
        "hovertemplate": "%{x}: %{y} of %{customdata} trades<extra></extra>",
    }
    shape = layout(
        xaxis=axis("", type="category"),
        yaxis=axis(currency, zeroline=True),
        margin={"l": 56, "r": 8, "t": 6, "b": 40},
    )
    return Figure((trace,), shape, 190, title)
