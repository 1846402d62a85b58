"""From which edge on a model is traded: what paid best out of fold, or not to trade at all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import meta_filter
from mlfactory._typing import Float64Array2D
from mlfactory.backtest import Market, Trader
from mlfactory.booking import booked
from mlfactory.costs import costs
from mlfactory.data_snooping import superior_predictive_ability
from mlfactory.overfitting import probability_of_overfitting
from mlfactory.performance import LEAST_TRADED_SESSIONS
from mlfactory.stacking import probabilities


def sharpe_per_session(net: np.ndarray) -> float:
    """Mean over standard deviation of (s,) profits, 0 where they do not vary."""
    spread = float(np.std(net, ddof=1)) if len(net) > 1 else 0.0
    return float(np.mean(net)) / spread if spread > 0 else 0.0


def trial_profits(
    market: Market,
    trader: Trader,
    predicted: pd.DataFrame,
    candidates: Sequence[float],
    judge: Mapping[str, Any] | None = None,
) -> tuple[Float64Array2D, list[int]]:
    """Profit after costs by session of the market at every threshold, and the number of trades.

    Parameters
    ----------
    market, trader
        See `backtest`.
    predicted
        One model's predictions, schema PREDICTIONS.
    candidates
        Thresholds in the units of the trader's signal.
    judge
        What `meta_filter.fit` gave; None: every signal is followed.

    Returns
    -------
    (sessions, candidates), and one number a candidate.
    """
    rows = market.rows(predicted["datetime"])
    p, per_trade = probabilities(predicted), costs(market.fills, market.contract)
    passed = None if judge is None else meta_filter.passed(judge, market, trader, p, rows)
    nets, counts = [], []
    for threshold in candidates:
        wanted = trader.wanted(market, p, rows, threshold, passed)
        taken = trader.taken(market, wanted, per_trade)
        nets.append(booked(market, taken, per_trade).net)
        counts.append(int(np.count_nonzero(taken)))
    return np.column_stack(nets), counts


def choose(
    market: Market,
    trader: Trader,
    predicted: Mapping[str, pd.DataFrame],
    candidates: Sequence[float],
    *,
    seed: int,
    filters: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Trade every model's out-of-fold predictions at every threshold.

    Parameters
    ----------
    market, trader
        See `backtest`.
    predicted
        By model the predictions of the held-out rows, schema PREDICTIONS, all of the same rows.
    candidates
        Thresholds in the units of the trader's signal; not to trade is one more, which earns 0.
    seed
        Of the bootstrap.
    filters
        By model what `meta_filter.fit` gave; of others every signal is followed.

    Returns
    -------
    Under ``models``, by model, ``threshold``, the one with the highest Sharpe ratio after costs,
    of those with a profit or a loss in enough sessions, None where none of these earns anything;
    ``meta_filter``, its filter or None; and ``trials``, each with its ``number``, ``threshold``,
    ``sharpe`` (per session, after costs), ``sessions``, ``trades``, ``traded_sessions`` and
    ``net`` in currency. The best of several is flattered: all of them belong into the ledger. Under
    ``probability_of_overfitting`` and ``superior_predictive_ability`` what the choice among all
    models and thresholds is worth; None where there are too few sessions.
    """
    session = market.bars["session"].to_numpy()
    sampled = np.zeros(len(np.unique(session)), dtype=bool)
    number = np.cumsum(np.diff(session, prepend=session[0] - 1) != 0) - 1
    profits, judges = {}, {model: (filters or {}).get(model) for model in predicted}
    for model, table in predicted.items():
        profits[model] = trial_profits(market, trader, table, candidates, judges[model])
        sampled[number[market.rows(table["datetime"])]] = True
        sampled |= (profits[model][0] != 0).any(axis=1)
    models: dict[str, dict[str, Any]] = {}
    for model, (nets, counts) in profits.items():
        trials = [
            {
                "number": i,
                "threshold": threshold,
                "sharpe": sharpe_per_session(net),
                "sessions": len(net),
                "trades": counts[i],
                "traded_sessions": int(np.count_nonzero(net)),
                "net": float(net.sum()),
            }
            for i, (threshold, net) in enumerate(zip(candidates, nets[sampled].T, strict=True))
        ]
        enough = [t for t in trials if t["traded_sessions"] >= LEAST_TRADED_SESSIONS]
        best = max(enough, key=lambda trial: trial["sharpe"], default=None)
        chosen = best["threshold"] if best and best["sharpe"] > 0 else None
        models[model] = {"threshold": chosen, "meta_filter": judges[model], "trials": trials}
    together = np.column_stack([nets[sampled] for nets, _ in profits.values()])
    return {
        "models": models,
        "probability_of_overfitting": probability_of_overfitting(together),
        "superior_predictive_ability": superior_predictive_ability(together, seed=seed),
    }


def studies(
    found: Mapping[str, dict[str, Any]], *, horizon: int, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Each model's trials as studies for the ledger.

    Parameters
    ----------
    found
        By model what `choose` gave under ``models``.
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
