"""Slow, obvious twin of the barrier search's score: look at every row, and trade one by one."""

import math

import numpy as np
from sklearn.linear_model import Ridge

import naive

SIDES = {"short": -1, "neutral": 0, "long": 1}


def fold_of(m, n_folds):
    """The fold of each of m rows: contiguous, the first ones a row longer where m is uneven."""
    sizes = [m // n_folds + (1 if fold < m % n_folds else 0) for fold in range(n_folds)]
    return [fold for fold, size in enumerate(sizes) for _ in range(size)]


def sides(features, y, start, end, n_folds=5):
    """The side of each row by scikit-learn's ridge, fitted anew in every fold."""
    fold = fold_of(len(y), n_folds)
    out = [0] * len(y)
    for number in range(n_folds):
        held_out = [i for i in range(len(y)) if fold[i] == number]
        train = [
            i
            for i in range(len(y))
            if fold[i] != number
            and not any(start[i] <= end[j] and end[i] >= start[j] for j in held_out)
        ]
        model = Ridge(alpha=len(train)).fit(features[train], y[train])
        mean = y[train].mean()
        fitted = model.predict(features[train]) - mean
        edge = math.sqrt(sum(fitted**2) / len(train))
        for i, value in zip(held_out, model.predict(features[held_out]) - mean, strict=True):
            out[i] = 1 if value > edge else -1 if value < -edge else 0
    return out


def score(market, width, features, rows, cost, *, k_up, k_down, max_bars, window):
    """The trial's scores.

    ``market`` is (bars, raw rows, bar after the searched ones); ``rows`` are bar numbers of the
    file, ``width`` and ``cost`` (price units) of all bars.
    """
    bars, raw, stop = market
    bars = bars.iloc[:stop]
    known = {}
    for t in rows:
        assert t + window < stop
        ahead = raw[(raw["bar"] > t) & (raw["bar"] <= t + max_bars)].reset_index(drop=True)
        known[t] = naive.label(bars, ahead, width, t, k_up, k_down, max_bars, True)
    clears = {t: min(k_up, k_down) * width[t] > cost[t] for t in rows}
    y = [SIDES.get(known[t][0], 0) if clears[t] else 0 for t in rows]
    labelled = [known[t][0] for t in rows if clears[t] and known[t][0] != "ambiguous"]
    shares = {c: round(labelled.count(c) / max(len(labelled), 1), 6) for c in SIDES}
    ends = [t + window for t in rows]
    gross, net, count = {}, {}, 0
    free_from = 0
    for t, side in zip(rows, sides(features, np.array(y, dtype=float), rows, ends), strict=True):
        if side == 0 or not clears[t] or t < free_from:
            continue
        outcome, _, price, held = known[t]
        close = bars["close"][t]
        if outcome == "ambiguous":
            earned = -(k_down if side > 0 else k_up) * width[t] / close
        else:
            earned = side * (price / close - 1)
        session = bars["session"][t]
        gross[session] = gross.get(session, 0.0) + earned
        net[session] = net.get(session, 0.0) + earned - cost[t] / close
        count += 1
        free_from = t + held
    sessions = sorted({bars["session"][t] for t in rows})
    return {
        "gross_sharpe": sharpe([gross.get(s, 0.0) for s in sessions]),
        "net_sharpe": sharpe([net.get(s, 0.0) for s in sessions]),
        "trades": count,
        "shares": shares,
    }


def sharpe(sums):
    mean = sum(sums) / len(sums)
    spread = math.sqrt(sum((x - mean) ** 2 for x in sums) / (len(sums) - 1))
    return mean / spread if spread else 0.0
