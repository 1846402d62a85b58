"""Which of a model's signals to follow: a regression learns which of them paid out of fold.

Meta-labelling: the model chooses the side, a second one whether to bet. Source: Lopez de Prado,
Advances in Financial Machine Learning, 2018, sections 3.6 and 3.7. Positions are those of the
backtest, at its fills and after its costs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from mlfactory import signals
from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int32Array1D,
    Int64Array1D,
)
from mlfactory.backtest import Market, Trader, net_of_one
from mlfactory.costs import costs
from mlfactory.folds import embargo_bars
from mlfactory.labels import average_uniqueness
from mlfactory.purging import training_rows
from mlfactory.quality import LONG, NEUTRAL, SHORT
from mlfactory.stacking import probabilities
from mlfactory.times import nanoseconds

INPUTS = (
    *("long", "log_side_to_neutral", "log_other_to_neutral", "edge", "entropy"),
    *("log_volatility", "hours", "hours_squared"),
)
"""What is known at a bar's end, seen from the signal's side: whether that is long, two log-odds,
what speaks for it, the entropy of the three probabilities in nats, average true range over price,
and how long the session has been open, which has a middle."""

LEAST_SIGNALS = 100
"""Signals below which a fit learns their share that paid, and nothing else."""
RIDGE = 1.0
"""Penalty of half the squared weights of standardised inputs, beside the summed log-loss."""
SAME = 1e-6
"""Standard deviation below which an input is a constant; probabilities are in single precision."""
TINY = 1e-6
"""Probability, and volatility, that a logarithm takes in place of one below."""


def inputs(
    market: Market, p: Float64Array2D, rows: Int64Array1D, edge: Float64Array1D
) -> Float64Array2D:
    """What the filter reads of some bars, (m, 8) in the order of `INPUTS`; NaN where edge is.

    Parameters
    ----------
    p, rows
        (m, 3) probabilities in label order, and their bars.
    edge
        (m,) see `signals.edge`; its sign is the side.
    """
    long = edge > 0
    logs = np.log(np.maximum(p, TINY))
    of_side = np.where(long, logs[:, LONG], logs[:, SHORT])
    of_other = np.where(long, logs[:, SHORT], logs[:, LONG])
    bars = market.bars.iloc[rows]
    volatility = np.maximum(market.fills.width[rows] / bars["close"].to_numpy(), TINY)
    hours = (bars["datetime"] - bars["session_open"]).dt.total_seconds().to_numpy() / 3600
    found = np.column_stack(
        [
            *(long, of_side - logs[:, NEUTRAL], of_other - logs[:, NEUTRAL], np.abs(edge)),
            *(-(p * logs).sum(axis=1), np.log(volatility), hours, hours**2),
        ]
    )
    found[np.isnan(edge)] = np.nan
    return found


def meta_labels(market: Market, side: Int32Array1D, rows: Int64Array1D) -> Int8Array1D:
    """Whether a position on each bar's side earned more than its costs.

    Parameters
    ----------
    side, rows
        (m,) 1 long, -1 short, 0 neither, and their bars.

    Returns
    -------
    (m,) 1 where it paid, 0 where it did not, -1 where there is no side, no position can be taken,
    or the bar is not ``in_session``.
    """
    of_long, of_short = net_of_one(market, costs(market.fills, market.contract))
    paid = np.where(side > 0, of_long[rows], of_short[rows]) > 0
    known = (side != 0) & (market.fills.possible & market.in_session)[rows]
    return np.where(known, paid, -1).astype(np.int8)


def fit(
    market: Market,
    trader: Trader,
    predicted: pd.DataFrame,
    fold: Int64Array1D,
    *,
    least: float,
    embargo: Mapping[str, int],
) -> dict[str, Any]:
    """A filter of one model's signals: a fit without each fold, and one on all of them.

    Parameters
    ----------
    market, trader
        See `backtest`.
    predicted
        The model's out-of-fold predictions, schema PREDICTIONS.
    fold
        (m,) the fold that held each of them out.
    least
        The chance of paying from which on a signal passes.
    embargo
        ``sessions`` and ``min_bars`` left out after a held-out block.

    Returns
    -------
    Plain values. ``fits``, each with the fold that it leaves out under ``without``, None of the
    one on all; ``blocks``, from which bar on which fold was held out, up to ``last``; and
    ``out_of_fold``: the number of ``signals`` and of those that ``passed``, and the share of each
    that paid. A signal is a bar whose edge has a side, whatever the threshold. A fit trains on no
    signal between whose bar and exit lies one of a signal of the fold left out, nor on those of
    the embargo after it.
    """
    p, rows = probabilities(predicted), market.rows(predicted["datetime"])
    edge = trader.edge(market, p, rows)
    x = inputs(market, p, rows, edge)
    label = meta_labels(market, signals.side(edge, 0.0), rows)
    end = np.maximum(market.fills.exit_bar[rows], rows)
    bars = embargo_bars(market.bars.iloc[rows], **embargo)
    fits = []
    for number in np.unique(fold):
        train = training_rows(rows, end, fold == number, bars) & (label >= 0)
        own = _regression(x[train], label[train], _distinct(rows[train], end[train]))
        fits.append({"without": int(number)} | own)
    known = label >= 0
    own = _regression(x[known], label[known], _distinct(rows[known], end[known]))
    fits.append({"without": None} | own)
    first = np.flatnonzero(np.diff(fold, prepend=fold[0] - 1))
    times = predicted["datetime"]
    found: dict[str, Any] = {
        "least": least,
        "inputs": list(INPUTS),
        "fits": fits,
        "blocks": [{"first": str(times.iloc[i]), "fold": int(fold[i])} for i in first],
        "last": str(times.iloc[-1]),
    }
    follows = passed(found, market, trader, p, rows)[rows] & known
    shares = [float(label[of].mean()) if of.any() else None for of in (known, follows)]
    counts = {"signals": int(known.sum()), "passed": int(follows.sum())}
    return found | {"out_of_fold": counts | {"paid": shares[0], "passed_paid": shares[1]}}


def passed(
    found: Mapping[str, Any],
    market: Market,
    trader: Trader,
    p: Float64Array2D,
    rows: Int64Array1D,
) -> BoolArray1D:
    """Which bars' signals are followed, by a fit that left them out, (n,) of the market.

    Parameters
    ----------
    found
        What `fit` gave, or the same read again. From the first to the last bar that it was fitted
        on, a bar is judged by the fit without the fold that was held out then, in whichever sample
        it is traded; every other one by the fit on all.
    p, rows
        (m, 3) probabilities in label order, and their bars.
    """
    edge = trader.edge(market, p, rows)
    x = inputs(market, p, rows, edge)
    judge = _without(found, nanoseconds(market.bars["datetime"])[rows])
    chance = np.full(len(rows), np.nan)
    for one in found["fits"]:
        judged = judge == (-1 if one["without"] is None else one["without"])
        scaled = (x[judged] - np.array(one["centre"])) / np.array(one["scale"])
        chance[judged] = expit(scaled @ np.array(one["weights"]) + one["intercept"])
    follows = np.zeros(len(market.bars), dtype=bool)
    follows[rows] = chance >= found["least"]
    return follows


def _without(found: Mapping[str, Any], time: Int64Array1D) -> Int64Array1D:
    """The fold that the fit for each of these times must leave out; -1 for none."""
    times = [*(block["first"] for block in found["blocks"]), found["last"]]
    *first, last = (pd.Timestamp(text).as_unit("ns").value for text in times)
    fold = np.array([-1, *(block["fold"] for block in found["blocks"])])
    return np.where(time > last, -1, fold[np.searchsorted(first, time, side="right")])


def _distinct(start: Int64Array1D, end: Int64Array1D) -> float:
    """The share of these positions that counts, as those under way at once tell much the same."""
    held = np.zeros(int(end.max(initial=0)) + 1, dtype=np.int32)
    held[start] = end - start
    return float(average_uniqueness(held)[start].mean()) if len(start) else 1.0


def _regression(x: Float64Array2D, label: Int8Array1D, distinct: float) -> dict[str, Any]:
    """Linear log-odds of having paid, by penalised likelihood, which is convex (L-BFGS).

    All signals weigh alike, or short positions would count for more than long ones; ``distinct``
    scales them against the penalty.
    """
    n, k = x.shape
    share = (float(label.sum()) + 1) / (n + 2)
    told = {"signals": n, "paid": int(label.sum())}
    if n < LEAST_SIGNALS or told["paid"] in (0, n):
        nothing = {"centre": [0.0] * k, "scale": [1.0] * k, "weights": [0.0] * k}
        return told | nothing | {"intercept": float(logit(share))}
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale < SAME] = 1.0
    z = np.column_stack([(x - centre) / scale, np.ones(n)])
    sign = np.where(label == 1, 1.0, -1.0)

    def loss(w: Float64Array1D) -> tuple[float, Float64Array1D]:
        margin = sign * (z @ w)
        ridge = np.r_[w[:-1], 0.0]
        value = distinct * np.logaddexp(0.0, -margin).sum() + 0.5 * RIDGE * (ridge**2).sum()
        return float(value), -distinct * (z.T @ (sign * expit(-margin))) + RIDGE * ridge

    start = np.r_[np.zeros(k), logit(share)]
    options = {"gtol": 1e-6, "ftol": 1e-13}
    w = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    given = {"centre": centre.tolist(), "scale": scale.tolist(), "weights": w[:-1].tolist()}
    return told | given | {"intercept": float(w[-1])}
