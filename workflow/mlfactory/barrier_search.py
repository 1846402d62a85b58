"""The search for a horizon's barriers, on the beginning of the training split.

Barriers are scored by what a fixed probe earns with them after costs. The best of many is flattered
by their number: its score is no claim, and the rows behind it are never scored again.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlfactory._typing import Int8Array1D
from mlfactory.barrier_files import SEARCHED, net_sharpes
from mlfactory.contracts import Contract
from mlfactory.errors import UserError
from mlfactory.probe import Probe, sharpe, trades
from mlfactory.quality import LONG, SHORT
from mlfactory.schemas import CLASSES
from mlfactory.stretch import Outcomes, Stretch, outcomes, stretch

if TYPE_CHECKING:
    from optuna import Study

LEAST_SHARE, MOST_NEUTRAL = 0.10, 0.40
"""Each class has at least this share of the labels, and neutral at most that."""

NULL_SEARCHES = 3
"""Further searches, as long, that give each row the features of another: what luck finds."""

_DIGITS = 6
"""Scores are rounded before the sampler sees them, so that last bits choose no other path."""


def class_shares(label: Int8Array1D) -> dict[str, float]:
    """Share of each class among the rows that have one; 0 where none has."""
    counts = np.bincount(label[label >= 0], minlength=len(CLASSES))
    shares = (counts / max(counts.sum(), 1)).round(_DIGITS)
    return dict(zip(CLASSES, shares.tolist(), strict=True))


def constraints(shares: dict[str, float]) -> dict[str, float]:
    """By how much each bound on the class shares is broken; 0 or below where it is kept."""
    broken = {f"{name} below {LEAST_SHARE:g}": LEAST_SHARE - shares[name] for name in CLASSES}
    broken[f"neutral above {MOST_NEUTRAL:g}"] = shares["neutral"] - MOST_NEUTRAL
    return {name: round(value, _DIGITS) for name, value in broken.items()}


def _traded(data: Stretch, found: Outcomes, side: Int8Array1D) -> tuple[int, float, float]:
    """Number of trades, and their Sharpe ratio a session before and after costs."""
    side = np.where(found.tradable, side, 0)
    rows = trades(side, data.rows, found.held)
    gross = np.where(side[rows] > 0, found.long[rows], found.short[rows])
    session, n_sessions = data.session[rows], int(data.session[-1]) + 1
    ratios = [sharpe(r, session, n_sessions) for r in (gross, gross - data.cost[rows])]
    return len(rows), round(ratios[0], _DIGITS), round(ratios[1], _DIGITS)


def score(
    data: Stretch, probe: Probe, k_up: float, k_down: float, max_bars: int, shift: int = 0
) -> dict[str, Any]:
    """What a set of barriers is worth to the probe.

    Parameters
    ----------
    data, probe
        The searched rows, and the probe on them.
    k_up, k_down, max_bars
        In ATRs, and in bars.
    shift
        Where not 0, each row has the features of the row that many after it, circularly, in
        training and in trading: they say nothing of what becomes of it.

    Returns
    -------
    ``gross_sharpe`` and ``net_sharpe`` (a session, before and after the round trip's cost) of the
    probe's out-of-fold trades, one at a time; ``trades``, ``shares`` of the classes and
    ``constraints``. A row without a label counts as neither side and, where its path was ambiguous,
    as a loss when it is traded.
    """
    found = outcomes(data, k_up, k_down, max_bars)
    y = (found.label == LONG).astype(np.float64) - (found.label == SHORT)
    count, gross, net = _traded(data, found, np.roll(probe.sides(np.roll(y, shift)), -shift))
    shares = class_shares(found.label)
    return {
        "net_sharpe": net,
        "gross_sharpe": gross,
        "trades": count,
        "shares": shares,
        "constraints": constraints(shares),
    }


def study_name(horizon: int) -> str:
    """What the ledger calls the search of a horizon."""
    return f"barriers_h{horizon}"


def _study(horizon: int, sampler: str, startup_trials: int, seed: int) -> "Study":
    """A study with one aim, or for ``nsga2`` with two."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    samplers = optuna.samplers
    aims = {"tpe": 1, "nsga2": 2}[sampler]
    chosen = (
        samplers.TPESampler(n_startup_trials=startup_trials, multivariate=True, seed=seed)
        if sampler == "tpe"
        else samplers.NSGAIISampler(population_size=startup_trials, seed=seed)
    )
    name = study_name(horizon)
    return optuna.create_study(study_name=name, directions=["maximize"] * aims, sampler=chosen)


def _tried(
    study: "Study", data: Stretch, probe: Probe, k_range: tuple[float, float], shift: int
) -> dict[str, Any]:
    """Ask for barriers, score them, tell the sampler; the trial's record."""
    trial = study.ask()
    terms = {
        "k_up": round(trial.suggest_float("k_up", *k_range), 2),
        "k_down": round(trial.suggest_float("k_down", *k_range), 2),
        "max_bars": trial.suggest_int("max_bars", 2 * data.horizon, 3 * data.horizon),
    }
    scored = score(data, probe, **terms, shift=shift)
    for name, value in scored["constraints"].items():
        trial.set_constraint(name, value)
    values = [scored["net_sharpe"], min(scored["shares"].values())][: len(study.directions)]
    study.tell(trial, values)
    feasible = max(scored["constraints"].values()) <= 0
    return {"number": trial.number, **terms, "values": values, "feasible": feasible, **scored}


def best_trial(records: list[dict[str, Any]], symbol: str, horizon: int) -> dict[str, Any]:
    """The record of the highest net Sharpe ratio that keeps all constraints; of equals the first.

    Raises
    ------
    UserError
        When no trial keeps them.
    """
    feasible = [record for record in records if record["feasible"]]
    if not feasible:
        raise UserError(
            f"{symbol}: labels.search.trials={len(records)} at horizon {horizon} found no barriers "
            f"with {LEAST_SHARE:.0%} of each class and at most {MOST_NEUTRAL:.0%} neutral; raise "
            "trials, move k_min and k_max, or set enabled: false"
        )
    return max(feasible, key=lambda record: record["net_sharpe"])


def search(
    bars: pd.DataFrame,
    raw_bars: pd.DataFrame,
    train: pd.DataFrame,
    *,
    horizon: int,
    contract: Contract,
    share: float,
    trials: int,
    startup_trials: int,
    sampler: str,
    k_min: float,
    k_max: float,
    atr_period: int,
    atr_floor_ticks: float,
    cross_sessions: bool | None,
    seed: int,
) -> dict[str, Any]:
    """Search the barriers of one horizon.

    Parameters
    ----------
    bars, raw_bars
        Tables of schemas BARS and RAW_BARS.
    train
        The training split; of it and of the bars only the first ``share`` is read, and what came
        before.
    horizon
        In bars; ``max_bars`` is searched from two to three horizons.
    contract
        For the tick size and the round-trip cost.
    share, trials, startup_trials, sampler, k_min, k_max
        The config's ``labels.search``. ``tpe`` maximises the net Sharpe ratio, ``nsga2`` that and
        the share of the rarest class; both choose the highest net Sharpe ratio among the trials
        that keep the constraints.
    atr_period, atr_floor_ticks, cross_sessions
        See `labels.label_bars`.
    seed
        Of the sampler.

    Returns
    -------
    The content of ``barriers_h{horizon}.json``: as `barrier_files.configured` has it, and what was
    ``searched``, the ``study``, the number of the ``best`` trial and every one of the ``trials``;
    under ``nulls`` the net Sharpe ratios of each of `NULL_SEARCHES` searches with nothing to find.

    Raises
    ------
    UserError
        When there are too few rows, or no trial keeps the constraints.
    """
    from threadpoolctl import threadpool_limits

    data = stretch(
        bars,
        raw_bars,
        train,
        share=share,
        horizon=horizon,
        contract=contract,
        atr_period=atr_period,
        atr_floor_ticks=atr_floor_ticks,
        cross_sessions=cross_sessions,
    )
    with threadpool_limits(limits=1):
        probe = Probe(data.features, data.rows, data.rows + 3 * horizon)

        def tried(shift: int) -> list[dict[str, Any]]:
            study = _study(horizon, sampler, startup_trials, seed)
            return [_tried(study, data, probe, (k_min, k_max), shift) for _ in range(trials)]

        records = tried(0)
        steps = range(1, NULL_SEARCHES + 1)
        nulls = [net_sharpes(tried(i * len(data.rows) // (NULL_SEARCHES + 1))) for i in steps]
    best = best_trial(records, contract.symbol, horizon)
    return {
        "source": SEARCHED,
        "horizon": horizon,
        "barriers": {name: best[name] for name in ("k_up", "k_down", "max_bars")},
        "searched_rows": len(data.bars[0]),
        "searched": {
            "first": str(data.time[0]),
            "last": str(data.time[1]),
            "rows_used": len(data.rows),
            "sessions": int(data.session[-1]) + 1,
        },
        "study": {
            **{"name": study_name(horizon), "sampler": sampler, "seed": seed, "trials": trials},
            **{"startup_trials": startup_trials, "k_min": k_min, "k_max": k_max, "share": share},
            "max_bars": [2 * horizon, 3 * horizon],
        },
        "best": best["number"],
        "nulls": nulls,
        "trials": records,
    }
