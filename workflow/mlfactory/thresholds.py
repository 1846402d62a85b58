"""From which edge on a model is traded: what paid best out of fold, or not to trade at all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlfactory.backtest import Market, Trader, booked, costs
from mlfactory.stacking import probabilities


def sharpe_per_session(net: np.ndarray) -> float:
    """Mean over standard deviation of (s,) profits, 0 where they do not vary."""
    spread = float(np.std(net, ddof=1)) if len(net) > 1 else 0.0
    return float(np.mean(net)) / spread if spread > 0 else 0.0


def choose(
    market: Market, trader: Trader, predicted: pd.DataFrame, candidates: Sequence[float]
) -> dict[str, Any]:
    """Trade a model's out-of-fold predictions at every threshold.

    Parameters
    ----------
    market, trader
        See `backtest`.
    predicted
        The model's predictions of the held-out rows, schema PREDICTIONS.
    candidates
        Thresholds in the units of the trader's signal; not to trade is one more, which earns 0.

    Returns
    -------
    ``threshold``, the one with the highest Sharpe ratio after costs, None where none earns
    anything; and ``trials``, each with its ``number``, ``threshold``, ``sharpe`` (per session,
    after costs), ``sessions``, ``trades`` and ``net`` in currency. The best of several is
    flattered; all of them belong into the ledger.
    """
    rows = market.rows(predicted["datetime"])
    p, per_trade = probabilities(predicted), costs(market.fills, market.contract)
    session = market.bars["session"].to_numpy()
    sampled = np.unique(session[rows])
    trials = []
    for number, threshold in enumerate(candidates):
        wanted = trader.wanted(market, p, rows, threshold)
        taken = trader.taken(market, wanted, per_trade)
        found = booked(market, taken, per_trade)
        net = found.net[np.isin(found.session, sampled) | (found.net != 0)]
        trials.append(
            {
                "number": number,
                "threshold": threshold,
                "sharpe": sharpe_per_session(net),
                "sessions": len(net),
                "trades": int(np.count_nonzero(taken)),
                "net": float(net.sum()),
            }
        )
    best = max(trials, key=lambda trial: trial["sharpe"])
    return {"threshold": best["threshold"] if best["sharpe"] > 0 else None, "trials": trials}


def studies(
    found: Mapping[str, dict[str, Any]], *, horizon: int, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Each model's trials as studies for the ledger.

    Parameters
    ----------
    found
        By model what `choose` gave.
    settings
        What the trials depend on besides; another signal or size is another study.
    """
    return [
        {
            "study": {"name": f"threshold_{model}_h{horizon}", "settings": dict(settings)},
            "trials": one["trials"],
        }
        for model, one in found.items()
    ]
