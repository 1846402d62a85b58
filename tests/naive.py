"""Slow, obvious twins of the package's kernels."""

import math


def true_ranges(high, low, close, restarts):
    ranges = []
    for t in range(len(close)):
        reach = [high[t] - low[t]]
        if t and not restarts[t]:
            reach += [abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1])]
        ranges.append(max(reach))
    return ranges


def average_true_range(high, low, close, restarts, period):
    ranges = true_ranges(high, low, close, restarts)
    out = [math.nan] * len(close)
    for t in range(period - 1, len(close)):
        if t == period - 1:
            out[t] = sum(ranges[:period]) / period
        else:
            out[t] = (out[t - 1] * (period - 1) + ranges[t]) / period
    return out


def label(bars, raw, width, t, k_up, k_down, max_bars, cross_sessions):
    """(outcome, deciding raw row, exit price, bars held) of one bar, by looking at everything.

    ``outcome`` is "unknown" when the window is not whole, else short, neutral, long, ambiguous.
    """
    ahead = []
    for bar in range(t + 1, t + max_bars + 1):
        if bar >= len(bars["close"]) or bars["segment"][bar] != bars["segment"][t]:
            return "unknown", None, None, None
        if not cross_sessions and bars["session"][bar] != bars["session"][t]:
            return "unknown", None, None, None
        ahead.append(bar)
    if math.isnan(width[t]):
        return "unknown", None, None, None
    upper = bars["close"][t] + k_up * width[t]
    lower = bars["close"][t] - k_down * width[t]
    path = [j for j, bar in enumerate(raw["bar"]) if bar in ahead]
    for j in path:
        held = raw["bar"][j] - t
        if raw["open"][j] >= upper:
            return "long", j, raw["open"][j], held
        if raw["open"][j] <= lower:
            return "short", j, raw["open"][j], held
        touched = raw["high"][j] >= upper, raw["low"][j] <= lower
        if all(touched):
            return "ambiguous", j, None, held
        if touched[0]:
            return "long", j, upper, held
        if touched[1]:
            return "short", j, lower, held
    return "neutral", path[-1], bars["close"][ahead[-1]], max_bars


def excursions(bars, raw, t, outcome, row, price):
    """The worst and the best of a path, seen from its side, as fractions of the entry."""
    close, path = bars["close"][t], [r for r in range(row + 1) if raw["bar"][r] > t]
    highs = [close, *(raw["high"][r] for r in path)]
    lows = [close, *(raw["low"][r] for r in path)]
    if outcome == "long":  # out at the barrier: what the row did beyond it is nobody's
        highs[-1] = price
    if outcome == "short":
        lows[-1] = price
    up, down = max(highs) / close - 1, 1 - min(lows) / close
    return (up, down) if outcome == "short" else (down, up)


def quality(bars, raw, width, t, outcome, row, price, held, *, horizon, k_up, k_down):
    """The score of one bar's path, by walking its raw rows one by one."""
    entry = bars["close"][t]
    above, below = k_up * width[t], k_down * width[t]
    path = [j for j in range(row + 1) if raw["bar"][j] > t]

    def depth(value):
        """How far a price is on the wrong side of the entry, as a share of its barrier."""
        if value >= entry:
            return 0.0 if outcome == "long" else (value - entry) / above
        return 0.0 if outcome == "short" else (entry - value) / below

    ups = [(raw["high"][j] - entry) / above for j in path]
    downs = [(entry - raw["low"][j]) / below for j in path]
    if outcome == "long":
        pain, gain = max(0.0, *downs), (price - entry) / above
    elif outcome == "short":
        pain, gain = max(0.0, *ups), (entry - price) / below
    else:
        pain, gain = max(0.0, *ups, *downs), 1 - depth(price)
    pain, gain = min(pain, 1), min(gain, 1)
    under = sum(depth(raw["close"][j]) for j in path[:-1]) + depth(price)
    speed = math.exp(-(((held - 1.5 * horizon) / (1.5 * horizon)) ** 2))
    drawdown = 1 - min(under / len(path), 1)
    return (
        0.2 * speed + 0.25 * (1 - pain) + 0.2 * gain + 0.2 * gain / (gain + pain) + 0.15 * drawdown
    )


def average_uniqueness(held):
    under_way = [
        sum(1 for t in range(len(held)) if held[t] and t < bar <= t + held[t])
        for bar in range(len(held) + 1)
    ]
    out = []
    for t, length in enumerate(held):
        spans = [1 / under_way[bar] for bar in range(t + 1, t + length + 1)]
        out.append(sum(spans) / length if length else math.nan)
    return out


def training_rows(start, end, held_out, embargo):
    """Rows that neither overlap a held-out row nor are among the first after one has ended."""
    n = len(start)
    keep = []
    for i in range(n):
        allowed = not held_out[i]
        for j in range(n):
            if not held_out[j]:
                continue
            if start[i] <= end[j] and end[i] >= start[j]:
                allowed = False
            after = [k for k in range(n) if start[k] > end[j]][:embargo]
            if i in after:
                allowed = False
        keep.append(allowed)
    return keep


def auc(positive, score, weight):
    won = total = 0.0
    for i in range(len(score)):
        for j in range(len(score)):
            if positive[i] and not positive[j]:
                pair = weight[i] * weight[j]
                total += pair
                won += pair * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0)
    return won / total


def purged_rows(start, end, session, held_out, embargo_bars=0, embargo=0, embargo_sessions=0):
    """Rows that may train, by comparing every row with every held-out one."""
    n = len(start)
    blocks = [i for i in range(n) if held_out[i]]
    keep = []
    for i in range(n):
        allowed = not held_out[i]
        for j in blocks:
            allowed &= start[i] > end[j] or end[i] < start[j]
            begun = [k for k in range(n) if start[k] <= end[j]]
            later = [k for k in range(n) if start[k] > end[j]]
            allowed &= i not in later[:embargo_bars]
            allowed &= not (embargo and end[j] < start[i] <= end[j] + embargo)
            if embargo_sessions and i in later:
                passed = [s for s in sorted(set(session)) if s > session[begun[-1]]]
                allowed &= session[i] in passed[embargo_sessions:]
        if allowed:
            keep.append(i)
    return keep


def walk_forward(start, end, session, first, retrain, rolling):
    """(training rows, predicted rows) of each block of sessions, numbered from 0."""
    out = []
    for begin in range(first, max(session) + 1, retrain):
        test = [i for i in range(len(start)) if begin <= session[i] < begin + retrain]
        oldest = begin - rolling if rolling else 0
        past = [i for i in range(test[0]) if session[i] >= oldest]
        out.append(([i for i in past if end[i] < start[test[0]]], test))
    return out
