"""What the rules of the backtest read: one horizon's market, and each model's predictions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlfactory import contracts, meta_filter, schemas, tables
from mlfactory._typing import Int32Array1D
from mlfactory.backtest import Market, Trader
from mlfactory.booking import equity, trades
from mlfactory.costs import costs
from mlfactory.fills import fills
from mlfactory.labels import in_session
from mlfactory.stacking import probabilities, unstack


def market(
    files: Any,
    contract: Mapping[str, Any],
    labels: Mapping[str, Any],
    trading: Mapping[str, Any],
) -> Market:
    """The market of a rule's input files.

    Parameters
    ----------
    files
        ``bars``, ``raw_bars``, ``account`` and ``barriers``: paths.
    contract
        Its terms as plain values.
    labels
        The config's settings of labels, see `config.label_settings`.
    trading
        See `config.trading`.
    """
    account = tables.read_json(files.account)
    return market_of(
        tables.read(files.bars, schemas.BARS),
        tables.read(files.raw_bars, schemas.RAW_BARS),
        contract=contracts.from_terms(contract),
        barriers=tables.read_json(files.barriers)["barriers"],
        raw_interval=pd.Timedelta(account["raw_interval"]),
        bar_interval=pd.Timedelta(account["bar_interval"]),
        labels=labels,
        trading=trading,
    )


def market_of(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    *,
    contract: contracts.Contract,
    barriers: Mapping[str, Any],
    raw_interval: pd.Timedelta,
    bar_interval: pd.Timedelta,
    labels: Mapping[str, Any],
    trading: Mapping[str, Any],
) -> Market:
    """The market of bars and raw rows.

    Parameters
    ----------
    bars, raw_bars, contract, barriers
        See `fills.fills`.
    raw_interval, bar_interval
        Lengths of a raw row and of a bar.
    labels, trading
        See `market`.
    """
    found = fills(
        bars,
        raw_bars,
        contract=contract,
        barriers=barriers,
        **{key: labels[key] for key in ("atr_period", "atr_floor_ticks", "cross_sessions")},
        flat_at_session_end=trading["flat_at_session_end"],
    )
    return Market(
        bars,
        raw_bars,
        found,
        contract,
        barriers,
        raw_interval,
        in_session(bars, barriers["max_bars"], bar_interval, labels["cross_sessions"]),
    )


def predictions(
    stack: str | Sequence[str],
    stacked: Sequence[str],
    paths: Sequence[str],
    models: Sequence[str],
    *,
    schema: str = "PREDICTIONS",
) -> dict[str, pd.DataFrame]:
    """Predictions by model: those of a stacking dataset, if one is given, then those of files.

    Parameters
    ----------
    stack, stacked
        The stacking dataset, and its base models; nothing, and none.
    paths, models
        A file a model.
    schema
        The files' schema, ``PREDICTIONS`` or ``WALK_FORWARD``.
    """
    from_stack = unstack(tables.read_stack(str(stack), stacked), list(stacked)) if stacked else {}
    of_schema = getattr(schemas, schema)
    return from_stack | {
        model: tables.read(path, of_schema) for model, path in zip(models, paths, strict=True)
    }


def filters(
    at: Market,
    trader: Trader,
    predicted: Mapping[str, pd.DataFrame],
    stack: str,
    stacked: Sequence[str],
    settings: Mapping[str, Any] | None,
) -> dict[str, dict[str, Any]]:
    """A filter of each model's signals, see `meta_filter.fit`; none without settings.

    Parameters
    ----------
    at
        The market.
    predicted
        By model the predictions of the rows of the stacking dataset.
    stack, stacked
        The stacking dataset, whose folds these are, and its base models.
    settings
        ``least`` and ``embargo``; None: no filters.
    """
    if settings is None:
        return {}
    dataset = tables.read_stack(stack, stacked)
    fold = dataset["fold"].to_numpy(np.int64)
    for model, table in predicted.items():
        if not table["datetime"].equals(dataset["datetime"]):
            raise ValueError(f"{model}: its predictions are not of the stacking dataset's rows")
    return {m: meta_filter.fit(at, trader, t, fold, **settings) for m, t in predicted.items()}


def wanted(
    at: Market, trader: Trader, predicted: pd.DataFrame, chosen: Mapping[str, Any]
) -> Int32Array1D:
    """Signed contracts that one model's predictions want at each bar of the market.

    Parameters
    ----------
    at
        The market.
    predicted
        Times and probabilities of the bars that may be traded.
    chosen
        The model's ``threshold`` and ``meta_filter``, see `thresholds.choose`.
    """
    rows, p, judge = at.rows(predicted["datetime"]), probabilities(predicted), chosen["meta_filter"]
    passed = None if judge is None else meta_filter.passed(judge, at, trader, p, rows)
    return trader.wanted(at, p, rows, chosen["threshold"], passed)


def traded(
    at: Market, trader: Trader, predicted: pd.DataFrame, chosen: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The trades of one model's predictions, and the equity by session.

    Parameters
    ----------
    at, trader, predicted, chosen
        See `wanted`.
    """
    rows, per_trade = at.rows(predicted["datetime"]), costs(at.fills, at.contract)
    taken = trader.taken(at, wanted(at, trader, predicted, chosen), per_trade)
    return trades(at, taken, per_trade), equity(at, taken, per_trade, rows)


def by_sample(
    samples: Mapping[str, Sequence[str]], trades_paths: Sequence[str], equity_paths: Sequence[str]
) -> dict[str, dict[str, tuple[pd.DataFrame, pd.DataFrame]]]:
    """Trades and equity by sample and model, from files sample by sample.

    Parameters
    ----------
    samples
        The models of each sample, in the files' order.
    trades_paths, equity_paths
        A file a model of each sample.
    """
    read = zip(
        tables.read_all(trades_paths, schemas.TRADES),
        tables.read_all(equity_paths, schemas.EQUITY),
        strict=True,
    )
    found = {name: {m: next(read) for m in models} for name, models in samples.items()}
    if next(read, None) is not None:
        raise ValueError("more files of backtests than models of samples")
    return found
