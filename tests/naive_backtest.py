"""The backtest's slow twin: raw row by raw row, event by event, with a list of open positions."""

import math
from statistics import NormalDist, median


def is_volatile(width, session):
    by_session = {}
    for w, s in zip(width, session, strict=True):
        by_session.setdefault(s, []).append(w)
    order = list(by_session)
    usual = {}
    for i, s in enumerate(order):
        before = [
            [w for w in by_session[e] if not math.isnan(w)] for e in order[max(0, i - 20) : i]
        ]
        before = [median(ws) for ws in before if ws]
        usual[s] = median(before) if len(before) >= 5 else None
    return [
        usual[s] is None or math.isnan(w) or w > 1.5 * usual[s]
        for w, s in zip(width, session, strict=True)
    ]


def stretch_end(bars, b, over_night):
    """Why bar b is the last of its stretch; None where it is not."""
    if b == len(bars["close"]) - 1:
        return "end"
    new_session = bars["session"][b + 1] != bars["session"][b]
    if bars["segment"][b + 1] == bars["segment"][b] and (over_night or not new_session):
        return None
    if bars["contract"][b + 1] != bars["contract"][b]:
        return "roll"
    return "session" if new_session and not over_night else "hole"


def on_tick(price, tick, toward):
    return tick * toward(round(price / tick, 6))


class Account:
    """Cash, open positions and what was traded."""

    def __init__(self, terms, rules):
        self.terms, self.rules = terms, rules
        self.capital = rules.get("capital", 0.0)
        self.open, self.closed = [], []

    def slippage(self, price, volatile):
        return self.terms.slippage(price, volatile=volatile) * self.terms.multiplier

    def enter(self, t, side, size, row, price, upper, lower, volatile):
        self.open.append(
            {"t": t, "side": side, "size": size, "entry_row": row, "entry": price, "upper": upper}
            | {"lower": lower, "entry_volatile": volatile, "hole": False}
        )

    def leave(self, position, row, price, why, bar, volatile):
        self.open.remove(position)
        size, entry = position["size"], position["entry"]
        gross = position["side"] * (price - entry) * self.terms.multiplier * size
        paid = self.slippage(entry, position["entry_volatile"]) + self.slippage(price, volatile)
        commission = self.terms.commission(entry) * self.terms.multiplier * size
        net = gross - paid * size - commission
        self.closed.append(
            position
            | {"exit_row": row, "exit": price, "why": why, "exit_bar": bar, "gross": gross}
            | {"slippage": paid * size, "commission": commission, "net": net}
        )
        self.capital += net

    def room(self, wanted):
        """Contracts of those wanted for which there is room."""
        held = sum(position["size"] for position in self.open)
        if self.rules["one_position"] and held:
            return 0
        most = self.rules["max_contracts"]
        if self.rules.get("margin"):
            most = min(most, math.floor(max(self.capital, 0.0) / self.rules["margin"]))
        return max(min(wanted, most - held), 0)


def event_by_event(bars, raw, width, wanted, terms, barriers, rules, over_night):
    """Every closed position, in the order of entries.

    ``bars`` and ``raw`` are mappings of lists; ``wanted`` holds signed contracts by bar.
    """
    account, pending = Account(terms, rules), None
    volatile = is_volatile(width, bars["session"])
    n_raw = len(raw["open"])
    for j in range(n_raw):
        bar = raw["bar"][j]
        opening, high, low = raw["open"][j], raw["high"][j], raw["low"][j]
        for position in [p for p in account.open if p["hole"]]:
            account.leave(position, j, opening, "hole", bar, volatile[bar - 1])
        if pending:
            account.enter(*pending[:3], j, opening, *pending[3:])
            pending = None
        for position in list(account.open):
            upper, lower = position["upper"], position["lower"]
            at_upper = min(on_tick(upper, terms.tick_size, math.ceil), high)
            at_lower = max(on_tick(lower, terms.tick_size, math.floor), low)
            long = position["side"] > 0
            if opening >= upper:
                hit, price = "upper", max(at_upper, opening)
            elif opening <= lower:
                hit, price = "lower", min(at_lower, opening)
            elif high >= upper and low <= lower:
                hit, price = ("lower", at_lower) if long else ("upper", at_upper)
            elif high >= upper:
                hit, price = "upper", at_upper
            elif low <= lower:
                hit, price = "lower", at_lower
            else:
                continue
            why = "target" if (hit == "upper") == long else "stop"
            account.leave(position, j, price, why, bar, volatile[bar - 1])
        if j + 1 < n_raw and raw["bar"][j + 1] == bar:
            continue
        why = stretch_end(bars, bar, over_night)
        for position in list(account.open):
            if bar == position["t"] + barriers["max_bars"]:
                account.leave(position, j, raw["close"][j], "vertical", bar, volatile[bar - 1])
            elif why == "hole":
                position["hole"] = True
            elif why:
                account.leave(position, j, raw["close"][j], why, bar, volatile[bar - 1])
        if wanted[bar] and not math.isnan(width[bar]) and not why:
            size = account.room(abs(wanted[bar]))
            if size:
                close = bars["close"][bar]
                upper = close + barriers["k_up"] * width[bar]
                lower = close - barriers["k_down"] * width[bar]
                side = 1 if wanted[bar] > 0 else -1
                pending = (bar, side, size, upper, lower, volatile[bar])
    return sorted(account.closed, key=lambda position: position["t"])


def by_session(closed, bars, multiplier):
    """Gross profit by session, open positions valued at each session's last close."""
    sessions = list(dict.fromkeys(bars["session"]))
    last = {
        s: max(b for b in range(len(bars["close"])) if bars["session"][b] == s) for s in sessions
    }
    out = dict.fromkeys(sessions, 0.0)
    for position in closed:
        begins = sessions.index(bars["session"][position["t"] + 1])
        ends = sessions.index(bars["session"][position["exit_bar"]])
        value = position["entry"]
        for i in range(begins, ends + 1):
            now = position["exit"] if i == ends else bars["close"][last[sessions[i]]]
            out[sessions[i]] += position["side"] * (now - value) * multiplier * position["size"]
            value = now
    return list(out.values())


def bet_size(p, side):
    chosen = min(max(p, 1e-9), 1 - 1e-9)
    z = (chosen - 1 / 3) / math.sqrt(chosen * (1 - chosen))
    return side * max(2 * NormalDist().cdf(z) - 1, 0.0)


def average_active(size, exit_bar):
    out = []
    for t in range(len(size)):
        active = [
            size[i] for i in range(t + 1) if size[i] and exit_bar[i] > i and i <= t < exit_bar[i]
        ]
        has_bet = size[t] and exit_bar[t] > t
        out.append(sum(active) / len(active) if has_bet else 0.0)
    return out
