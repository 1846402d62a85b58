"""Slow, obvious twins of the recursions of ``mlfactory._markets``."""

import itertools
import math
import statistics

import numpy as np


def autoregression(shocks, persistence):
    values = [shocks[0]]
    for shock in shocks[1:]:
        values.append(persistence * values[-1] + math.sqrt(1 - persistence**2) * shock)
    return np.array(values)


def trend_tstat(closes):
    """t-statistic of the last 20 log returns of a list of closes; 0 with fewer."""
    if len(closes) < 21:
        return 0.0
    logs = [math.log(close) for close in closes[-21:]]
    returns = [after - before for before, after in itertools.pairwise(logs)]
    spread = statistics.stdev(returns)
    return statistics.fmean(returns) / spread * math.sqrt(20) if spread > 1e-12 else 0.0


def print_prices(slot, absent, sigma, gap, shock, jump, extremes, start, tick, drift, threshold):
    """Minute by minute; the state is worked out anew from all closes of past slots."""
    rows = []
    log_price = math.log(start)
    for i in range(len(slot)):
        printed = {}
        for j in range(i):
            if slot[j] < slot[i] and not absent[j]:
                printed[slot[j]] = rows[j][3]
        tstat = trend_tstat(list(printed.values()))
        state = (tstat > threshold) - (tstat < -threshold)
        opening = log_price + gap[i]
        change = sigma[i] * (shock[i] + drift * state) - sigma[i] ** 2 / 2 + jump[i]
        reach = [math.sqrt(change**2 - 2 * sigma[i] ** 2 * math.log(u)) for u in extremes[i]]
        log_price = opening + change
        path = [
            opening,
            opening + (change + reach[0]) / 2,
            opening + (change - reach[1]) / 2,
            log_price,
        ]
        ticks = [round(math.exp(value) / tick) * tick for value in path]
        rows.append([math.nan] * 4 if absent[i] else ticks)
    return np.array(rows)


def forward_volatility(end, pattern, parts, persistences, spreads, minutes):
    """Standard deviation of the next minutes' move by averaging over simulated volatilities."""
    draws = np.random.default_rng(0).standard_normal((len(spreads), 4000, minutes))
    log = np.zeros((4000, minutes))
    for part, (rho, spread) in enumerate(zip(persistences, spreads, strict=True)):
        value = np.full(4000, parts[part, end])
        for ahead in range(minutes):
            value = rho * value + math.sqrt(1 - rho**2) * draws[part, :, ahead]
            log[:, ahead] += spread * value - spread**2
    variance = (np.exp(2 * log) * pattern[end + 1 : end + 1 + minutes] ** 2).sum(axis=1)
    return math.sqrt(variance.mean())
