"""What a list of trades was worth: profit, risk, costs, and how sure any of it is.

Figures that a sample cannot give (no trade, one session) are None.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from mlfactory import sharpe
from mlfactory._typing import Float64Array1D

SLIPPAGES = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Times the contract's slippage at which profit is shown: what more contracts would pay."""


LEAST_TRADED_SESSIONS = 10
"""Sessions with a profit or a loss below which a ratio of theirs is that of one or two trades."""


def measurable(net: Float64Array1D) -> bool:
    """Whether (s,) profits by session are of enough sessions that a ratio of them says anything."""
    return int(np.count_nonzero(net)) >= LEAST_TRADED_SESSIONS


def summary(
    trades: pd.DataFrame,
    equity: pd.DataFrame,
    *,
    sessions_per_year: int,
    confidence: float,
    trials: int,
    trial_variance: float | None,
) -> dict[str, Any]:
    """Everything that is said of one model's trades in one sample.

    Parameters
    ----------
    trades, equity
        Tables of schemas TRADES and EQUITY.
    sessions_per_year
        For annual figures.
    confidence
        Of the Sharpe ratio's interval.
    trials, trial_variance
        How many configurations were ever tried on this symbol, and the variance of their Sharpe
        ratios per session, for the deflated ratio; see `trial_statistics`.

    Returns
    -------
    ``sharpe`` (annual, with ``low`` and ``high``, ``per_session``, ``probabilistic``,
    ``deflated``, ``minimum_sessions``), and the figures of `profit`, `risk`, `trading` and
    `at_slippages`.
    """
    net = equity["net"].to_numpy()
    return {
        "sessions": len(equity),
        "trades": len(trades),
        "sharpe": ratio(
            net,
            sessions_per_year=sessions_per_year,
            confidence=confidence,
            trials=trials,
            trial_variance=trial_variance,
        ),
        "held_sharpe": _annual(equity["held"].to_numpy(), sessions_per_year),
        **profit(trades, equity),
        **risk(net, sessions_per_year),
        **trading(trades, equity, sessions_per_year),
        "slippage_times": at_slippages(equity, sessions_per_year),
    }


def ratio(
    net: Float64Array1D,
    *,
    sessions_per_year: int,
    confidence: float,
    trials: int,
    trial_variance: float | None,
) -> dict[str, Any] | None:
    """The annual Sharpe ratio of (s,) profits by session, and what makes it credible or not.

    Where the trials' variance is not known, it is that of a ratio that is truly 0, 1 / s. None
    where the profits are not `measurable`, or do not vary.
    """
    of = sharpe.moments(net) if measurable(net) else None
    if of is None:
        return None
    variance = 1 / of.n if trial_variance is None else trial_variance
    year = float(np.sqrt(sessions_per_year))
    reach = float(ndtri((1 + confidence) / 2)) * sharpe.standard_error(net)
    return {
        "value": year * of.ratio,
        "low": year * (of.ratio - reach),
        "high": year * (of.ratio + reach),
        "per_session": of.ratio,
        "skewness": of.skewness,
        "kurtosis": of.kurtosis,
        "probabilistic": sharpe.probabilistic(of),
        "deflated": sharpe.deflated(of, trials=trials, variance=variance),
        "expected_maximum": year * sharpe.expected_maximum(trials, variance),
        "trials": trials,
        "minimum_sessions": sharpe.minimum_track_record(of, confidence=confidence),
    }


def _annual(net: Float64Array1D, sessions_per_year: int) -> float | None:
    of = sharpe.moments(net) if measurable(net) else None
    return None if of is None else float(np.sqrt(sessions_per_year)) * of.ratio


def difference(
    net: Float64Array1D, than: Float64Array1D, confidence: float
) -> dict[str, float | None]:
    """How much more one way of trading earned than another over the same sessions.

    Parameters
    ----------
    net, than
        (s,) profits by session of the two, currency.
    confidence
        Of the interval.

    Returns
    -------
    ``value``, the difference of the sums, with ``low`` and ``high`` by its autocorrelation-robust
    standard error (see `sharpe.error_of_mean`); they are None below three sessions.
    """
    more = net - than
    total = float(more.sum())
    if len(more) < 3:
        return {"value": total, "low": None, "high": None}
    reach = float(ndtri(0.5 + confidence / 2)) * sharpe.error_of_mean(more - more.mean())
    return {"value": total, "low": total - len(more) * reach, "high": total + len(more) * reach}


def profit(trades: pd.DataFrame, equity: pd.DataFrame) -> dict[str, Any]:
    """Sums in currency, ``hit_rate``, ``profit_factor`` and the mean trade, all after costs."""
    net = trades["net"].to_numpy()
    won, lost = net[net > 0].sum(), -net[net < 0].sum()
    sums = {name: float(equity[name].sum()) for name in ("gross", "slippage", "commission", "net")}
    paid = sums["slippage"] + sums["commission"]
    turned_over = float(np.abs(trades["gross"]).sum())
    return sums | {
        "held": float(equity["held"].sum()),
        "hit_rate": float(np.mean(net > 0)) if len(net) else None,
        "profit_factor": float(won / lost) if lost > 0 else None,
        "mean_trade": float(net.mean()) if len(net) else None,
        "cost_share": paid / turned_over if turned_over > 0 else None,
    }


def underwater(equity: Float64Array1D) -> Float64Array1D:
    """How far (s,) equity is below its highest so far, 0 at the start; 0 or below."""
    return equity - np.maximum.accumulate(np.maximum(equity, 0.0))


def risk(net: Float64Array1D, sessions_per_year: int) -> dict[str, Any]:
    """Drawdown in currency and sessions, and the ratios of Calmar and Sortino, annual.

    Calmar's is profit a year over the deepest drawdown, here of the sample; Sortino's divides by
    the root mean square of losses alone. Sources: Young, Futures, October 1991; Sortino and Price,
    Journal of Investing 3(3), 1994.
    """
    below = underwater(np.cumsum(net))
    deepest = float(-below.min()) if len(below) else 0.0
    longest = current = 0
    for depth in below:
        current = current + 1 if depth < 0 else 0
        longest = max(longest, current)
    a_year = float(net.mean()) * sessions_per_year if len(net) else 0.0
    losses = float(np.sqrt(np.mean(np.minimum(net, 0.0) ** 2))) if len(net) else 0.0
    return {
        "max_drawdown": deepest,
        "longest_underwater": longest,
        "calmar": a_year / deepest if deepest > 0 else None,
        "sortino": a_year / (losses * np.sqrt(sessions_per_year)) if losses > 0 else None,
    }


def trading(trades: pd.DataFrame, equity: pd.DataFrame, sessions_per_year: int) -> dict[str, Any]:
    """``exposure``, ``turnover`` (contracts bought and sold a year), and how long trades last."""
    sessions = len(equity)
    turned = float(equity["contracts_traded"].sum())
    return {
        "exposure": float(equity["exposure"].mean()) if sessions else None,
        "turnover": turned / sessions * sessions_per_year if sessions else None,
        "trades_per_session": len(trades) / sessions if sessions else None,
        "mean_bars_held": float(trades["bars_held"].mean()) if len(trades) else None,
    }


def at_slippages(equity: pd.DataFrame, sessions_per_year: int) -> list[dict[str, Any]]:
    """Profit and annual Sharpe ratio of the same trades at other slippages."""
    before = (equity["gross"] - equity["commission"]).to_numpy()
    found = []
    for times in SLIPPAGES:
        net = before - times * equity["slippage"].to_numpy()
        found.append(
            {"times": times, "net": float(net.sum()), "sharpe": _annual(net, sessions_per_year)}
        )
    return found


def by_group(trades: pd.DataFrame, timezone: str) -> dict[str, list[dict[str, Any]]]:
    """Net profit of trades by hour and weekday of their entry, exit, side and volatility.

    Parameters
    ----------
    trades
        Schema TRADES.
    timezone
        The exchange's zone, in which hours and weekdays are counted.

    Returns
    -------
    For each way to group: the ``group``, its ``trades`` and ``net``, and the ``low`` and ``high``
    end of two standard errors of the sum.
    """
    local = trades["entry_time"].dt.tz_convert(timezone)
    ways: Mapping[str, pd.Series] = {
        "hour": local.dt.hour,
        "weekday": local.dt.day_of_week,
        "exit": trades["exit"],
        "side": trades["side"].map({1: "long", -1: "short"}),
        "volatility": trades["volatile"].map({True: "volatile", False: "calm"}),
    }
    return {name: _groups(trades["net"], way) for name, way in ways.items()}


def _groups(net: pd.Series, way: pd.Series) -> list[dict[str, Any]]:
    found = []
    for group, profits in net.groupby(way, sort=True):
        total, n = float(profits.sum()), len(profits)
        reach = 2 * float(profits.std()) * np.sqrt(n) if n > 1 else None
        found.append(
            {"group": group, "trades": n, "net": total}
            | {"low": None if reach is None else total - reach}
            | {"high": None if reach is None else total + reach}
        )
    return found


def trial_statistics(trials: list[dict[str, Any]]) -> tuple[int, float | None]:
    """How many configurations were tried, and the variance of the Sharpe ratios that are known.

    Parameters
    ----------
    trials
        The ledger's lines, oldest first. Every line counts; those with a ``sharpe`` say how far
        ratios spread.

    Returns
    -------
    The number, and the largest variance that the first two, three and so on of the known ratios
    ever had, None below two: one more trial, wherever its ratio lies, makes no other one more
    credible.
    """
    known = np.array([t["sharpe"] for t in trials if t.get("sharpe") is not None])
    if len(known) < 2:
        return len(trials), None
    n = np.arange(1, len(known) + 1)
    about = known - known.mean()
    squares = np.cumsum(about**2) - np.cumsum(about) ** 2 / n
    return len(trials), max(float((squares[1:] / (n[1:] - 1)).max()), 0.0)
