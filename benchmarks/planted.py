"""How well the planted market can be predicted at best: log-loss gain and direction AUC.

    python benchmarks/planted.py [--strength 1.0] [--markets 20] [--months 6] [--seed 7]

Long independent markets of the same law are labelled by the pipeline's own labeller, and the class
frequencies are tabulated by all that the law lets matter: the chance of neutral by the expected
move in barrier widths and by the trend's size; the direction of the rest by the trend t-statistic
that makes the drift state and by how much of it the newer half of its returns makes (what the
state will soon be). The tables then predict a market that they have not seen.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from mlfactory import contracts, labels, metrics, quality
from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.barriers import barrier_width
from mlfactory.bars import make_bars
from mlfactory.calendar import sessions
from mlfactory.cleaning import clean
from mlfactory.synthetic import Law, bar_truth, market

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
DEMO = contracts.load(ROOT / "config" / "contracts.yaml")["DEMO"]
START = CONFIG["synthetic"]["DEMO"]["start"]
BARRIERS = CONFIG["labels"]["barriers"]["default"][20]
MINUTE = pd.Timedelta("1min")
PRIOR_ROWS = 50.0
"""Rows that the class prior counts for in every cell."""

Labeller = Callable[[pd.DataFrame], pd.DataFrame]
"""Raw minutes to one row a bar: ``datetime``, ``label``, ``width`` (ATR / close)."""


@dataclass(frozen=True)
class Cells:
    """Edges of the cells in each coordinate, from the simulated markets' quantiles."""

    move: Float64Array1D
    size: Float64Array1D
    tstat: Float64Array1D
    recent: Float64Array1D

    def of(self, rows: pd.DataFrame) -> tuple[Int64Array1D, Int64Array1D]:
        """Numbers of the neutral cell and of the direction cell of each row, (n,) each."""
        neutral = _cell(rows["move"], self.move) * (len(self.size) + 1)
        direction = _cell(rows["tstat"], self.tstat) * (len(self.recent) + 1)
        return (
            neutral + _cell(rows["tstat"].abs(), self.size),
            direction + _cell(rows["recent"], self.recent),
        )


@dataclass(frozen=True)
class Oracle:
    """Class frequencies of simulated markets by cell; ``prior`` is that of all their rows."""

    cells: Cells
    p_neutral: Float64Array1D
    p_long: Float64Array1D
    prior: Float64Array1D

    def predict(self, rows: pd.DataFrame) -> Float64Array2D:
        """Probabilities (n, 3) in label order."""
        neutral_cell, direction_cell = self.cells.of(rows)
        neutral, long = self.p_neutral[neutral_cell], self.p_long[direction_cell]
        return np.column_stack([(1 - neutral) * (1 - long), neutral, (1 - neutral) * long])


def bars_of(minutes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars and cleaned raw rows of a market's minutes, as the pipeline makes them."""
    schedule = sessions(DEMO.calendar, minutes["datetime"].iloc[0], minutes["datetime"].iloc[-1])
    raw = minutes.astype({"volume": "float64"}).assign(contract=None)
    rows, _ = clean(raw, schedule, interval=MINUTE, contract=DEMO, settings=CONFIG["cleaning"])
    bars, raw_bars, _ = make_bars(
        rows,
        schedule,
        raw_interval=MINUTE,
        bar_interval=pd.Timedelta(CONFIG["bars"]["interval"]),
        max_gap=pd.Timedelta(CONFIG["bars"]["max_gap"]),
    )
    return bars, raw_bars


def pipeline_labels(minutes: pd.DataFrame) -> pd.DataFrame:
    """Label a market's minutes as the pipeline labels DEMO at h20."""
    bars, raw_bars = bars_of(minutes)
    settings = CONFIG["labels"]
    atr = {key: settings[key] for key in ("atr_period", "atr_floor_ticks")}
    labelled = labels.label_bars(
        bars,
        raw_bars,
        horizon=20,
        contract=DEMO,
        raw_interval=MINUTE,
        cross_sessions=settings["cross_sessions"],
        **atr,
        **BARRIERS,
    )
    floor = atr["atr_floor_ticks"] * DEMO.tick_size
    width = barrier_width(bars, atr_period=atr["atr_period"], floor=floor)
    return labelled[["datetime", "label"]].assign(width=width / bars["close"].to_numpy())


def rows_of_market(law: Law, *, months: int, seed: int, label: Labeller) -> pd.DataFrame:
    """Labelled bars of one market with what the law lets matter: ``move`` in barrier widths."""
    minutes = market(
        kind=law.kind,
        start=START,
        months=months,
        seed=seed,
        strength=law.strength,
        calendar=DEMO.calendar,
        tick_size=law.tick_size,
    )
    known = bar_truth(
        law,
        start=START,
        months=months,
        seed=seed,
        calendar=DEMO.calendar,
        bars=BARRIERS["max_bars"],
    )
    rows = label(minutes).merge(known, on="datetime", validate="one_to_one").dropna()
    return rows.assign(move=rows["forward_move"] / rows["width"], label=rows["label"].astype("i1"))


def learn(rows: pd.DataFrame) -> Oracle:
    """Tabulate the class frequencies of simulated markets."""
    cells = Cells(
        move=_edges(rows["move"], 16),
        size=_edges(rows["tstat"].abs(), 4),
        tstat=_edges(rows["tstat"], 12),
        recent=_edges(rows["recent"], 6),
    )
    neutral_cell, direction_cell = cells.of(rows)
    y = rows["label"].to_numpy()
    directed = y != quality.NEUTRAL
    return Oracle(
        cells,
        _frequency(neutral_cell, ~directed, 16 * 4),
        _frequency(direction_cell[directed], y[directed] == quality.LONG, 12 * 6),
        np.bincount(y, minlength=3) / len(y),
    )


def best_possible(
    law: Law,
    *,
    seed: int,
    months: int = 6,
    markets: int = 20,
    market_seed: int = 1000,
    label: Labeller = pipeline_labels,
) -> dict[str, float]:
    """Scores of the best possible prediction on the market of ``seed``.

    Parameters
    ----------
    markets
        Independent markets tabulated, seeds ``market_seed`` onwards; ``seed`` must not be one.

    Returns
    -------
    ``rows``, ``log_loss``, ``prior_log_loss``, ``gain`` (nats a row), ``direction_gain`` (nats a
    non-neutral row against the direction prior), ``direction_auc``, ``neutral_share``.
    """
    if market_seed <= seed < market_seed + markets:
        raise ValueError(f"market {seed} is one of those that are tabulated")
    simulated = [
        rows_of_market(law, months=months, seed=market_seed + i, label=label)
        for i in range(markets)
    ]
    oracle = learn(pd.concat(simulated, ignore_index=True))
    return scores(oracle, rows_of_market(law, months=months, seed=seed, label=label))


def scores(oracle: Oracle, rows: pd.DataFrame) -> dict[str, float]:
    """Scores of an oracle on labelled rows; see ``best_possible``."""
    y = rows["label"].to_numpy()
    probabilities = oracle.predict(rows)
    prior = np.tile(oracle.prior, (len(y), 1))
    directed = y != quality.NEUTRAL
    loss, prior_loss = (metrics.log_losses(y, p).mean() for p in (probabilities, prior))
    side, prior_side = (
        metrics.direction_log_losses(y[directed], metrics.direction(p[directed])).mean()
        for p in (probabilities, prior)
    )
    auc = metrics.block_weighted_auc(
        y[directed] == quality.LONG,
        metrics.direction(probabilities[directed]),
        np.zeros(directed.sum(), dtype=np.int64),
        np.ones((1, 1)),
    )
    return {
        "rows": len(y),
        "log_loss": float(loss),
        "prior_log_loss": float(prior_loss),
        "gain": float(prior_loss - loss),
        "direction_gain": float(prior_side - side),
        "direction_auc": float(auc[0]),
        "neutral_share": float(1 - directed.mean()),
    }


def _edges(values: pd.Series, n_cells: int) -> Float64Array1D:
    return np.quantile(values, np.arange(1, n_cells) / n_cells)


def _cell(values: pd.Series, edges: Float64Array1D) -> Int64Array1D:
    return np.searchsorted(edges, values.to_numpy(), side="right")


def _frequency(cell: Int64Array1D, hit: np.ndarray, n_cells: int) -> Float64Array1D:
    """Share of hits in each cell, drawn to that of all rows by ``PRIOR_ROWS`` rows."""
    hits = np.bincount(cell, weights=hit, minlength=n_cells) + PRIOR_ROWS * hit.mean()
    return hits / (np.bincount(cell, minlength=n_cells) + PRIOR_ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--markets", type=int, default=20)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    for kind in ("planted", "null"):
        law = Law(kind=kind, strength=arguments.strength)
        found = best_possible(
            law, seed=arguments.seed, months=arguments.months, markets=arguments.markets
        )
        print(kind, *(f"{name} {value:.5g}" for name, value in found.items()), sep="  ")


if __name__ == "__main__":
    main()
