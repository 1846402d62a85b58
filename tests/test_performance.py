import json

import numpy as np
import pandas as pd
import pytest

from mlfactory import ledger, performance, tables
from mlfactory.booking import equity, trades
from mlfactory.costs import costs
from traded_market import random_market, trader

YEAR = {"sessions_per_year": 252, "confidence": 0.95}


def test_difference_of_two_ways_is_that_of_their_sums_within_two_standard_errors():
    generator = np.random.default_rng(2)
    one, other = generator.normal(3, 1, 4000), generator.normal(1, 2, 4000)
    found = performance.difference(one, other, 0.95)
    assert found["value"] == pytest.approx(one.sum() - other.sum())
    half = 1.96 * np.sqrt(4000 * 5)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(half, rel=0.1)
    assert (found["high"] + found["low"]) / 2 == pytest.approx(found["value"])
    few = performance.difference(one[:2], other[:2], 0.95)
    assert few["low"] is few["high"] is None


def sample(seed=1, n=600):
    market, wanted = random_market(seed, n=n)
    per_trade = costs(market.fills, market.contract)
    taken = trader(max_contracts=4).taken(market, wanted, per_trade)
    return trades(market, taken, per_trade), equity(market, taken, per_trade, np.arange(n))


def by_hand():
    """Five sessions, four trades: +30, -10, -40 and +25 after costs."""
    net = [30.0, -10.0, -40.0, 0.0, 25.0]
    by_session = pd.DataFrame(
        {
            "gross": [33.0, -7.0, -37.0, 0.0, 28.0],
            "slippage": [2.0, 2.0, 2.0, 0.0, 2.0],
            "commission": [1.0, 1.0, 1.0, 0.0, 1.0],
            "net": net,
            "held": [5.0, 5.0, -5.0, 10.0, 5.0],
            "exposure": [0.5, 0.25, 0.25, 0.0, 0.5],
            "contracts_traded": [2, 2, 2, 0, 2],
        }
    )
    hours = ["2024-01-02 15:00", "2024-01-03 15:30", "2024-01-04 16:00", "2024-01-09 15:00"]
    of_trades = pd.DataFrame(
        {
            "entry_time": pd.to_datetime(hours, utc=True),
            "exit": ["target", "stop", "stop", "vertical"],
            "side": [1, -1, 1, 1],
            "volatile": [False, False, True, False],
            "bars_held": [3, 5, 7, 9],
            "gross": [33.0, -7.0, -37.0, 28.0],
            "net": [30.0, -10.0, -40.0, 25.0],
        }
    )
    return of_trades, by_session


def test_figures_by_hand(monkeypatch):
    monkeypatch.setattr(performance, "LEAST_TRADED_SESSIONS", 3)
    of_trades, by_session = by_hand()
    found = performance.summary(of_trades, by_session, **YEAR, trials=1, trial_variance=0.0)
    assert (found["net"], found["gross"], found["slippage"], found["commission"]) == (5, 17, 8, 4)
    assert found["held"] == 20
    assert found["hit_rate"] == 0.5
    assert found["profit_factor"] == pytest.approx(55 / 50)
    assert found["mean_trade"] == 1.25
    assert found["cost_share"] == pytest.approx(12 / 105)
    # equity 30, 20, -20, -20, 5: 50 below its highest, and never above it again
    assert (found["max_drawdown"], found["longest_underwater"]) == (50.0, 4)
    assert found["calmar"] == pytest.approx(1.0 * 252 / 50)
    assert found["sortino"] == pytest.approx(252 / (np.sqrt((100 + 1600) / 5) * np.sqrt(252)))
    assert found["exposure"] == pytest.approx(0.3)
    assert found["turnover"] == pytest.approx(8 / 5 * 252)
    assert found["mean_bars_held"] == 6
    net = np.array([30.0, -10, -40, 0, 25])
    annual = net.mean() / net.std(ddof=1) * np.sqrt(252)
    assert found["sharpe"]["value"] == pytest.approx(annual)
    assert found["sharpe"]["low"] < annual < found["sharpe"]["high"]
    at = {one["times"]: one["net"] for one in found["slippage_times"]}
    assert at == {0.0: 13.0, 1.0: 5.0, 2.0: -3.0, 4.0: -19.0, 8.0: -51.0}


def test_groups_by_hand():
    of_trades, _ = by_hand()
    found = performance.by_group(of_trades, "America/New_York")
    assert [(g["group"], g["trades"], g["net"]) for g in found["hour"]] == [
        (10, 3, 45.0),
        (11, 1, -40.0),
    ]
    assert [g["group"] for g in found["weekday"]] == [1, 2, 3]
    assert {g["group"]: g["net"] for g in found["exit"]} == {
        "stop": -50.0,
        "target": 30.0,
        "vertical": 25.0,
    }
    assert {g["group"]: g["net"] for g in found["side"]} == {"long": 15.0, "short": -10.0}
    volatile = {g["group"]: g for g in found["volatility"]}
    assert volatile["volatile"]["low"] is None
    reach = 2 * np.std([30, -10, 25], ddof=1) * np.sqrt(3)
    assert volatile["calm"]["high"] == pytest.approx(45 + reach)


def test_sums_of_every_group_are_the_trades(tmp_path):
    of_trades, by_session = sample()
    for groups in performance.by_group(of_trades, "UTC").values():
        assert sum(g["net"] for g in groups) == pytest.approx(of_trades["net"].sum())
        assert sum(g["trades"] for g in groups) == len(of_trades)
    found = performance.summary(of_trades, by_session, **YEAR, trials=7, trial_variance=0.01)
    assert found["net"] == pytest.approx(of_trades["net"].sum())
    tables.write_json(found, tmp_path / "summary.json")
    assert "NaN" not in (tmp_path / "summary.json").read_text()


@pytest.mark.parametrize("sessions", [0, 1, 5])
def test_no_trade_has_no_figures_and_no_nan(sessions):
    of_trades, by_session = sample()
    empty, quiet = of_trades.iloc[:0], by_session.iloc[:sessions].copy()
    for name in ("gross", "slippage", "commission", "net", "equity", "exposure"):
        quiet[name] = 0.0
    quiet["contracts_traded"] = 0
    found = performance.summary(empty, quiet, **YEAR, trials=3, trial_variance=0.01)
    for name in ("sharpe", "hit_rate", "profit_factor", "cost_share", "calmar", "sortino"):
        assert found[name] is None
    assert found["net"] == 0
    json.dumps(found, allow_nan=False)
    assert all(groups == [] for groups in performance.by_group(empty, "UTC").values())


@pytest.mark.parametrize("traded", [1, 9, 10])
def test_ratio_of_a_few_sessions_with_a_trade_cannot_be_measured(traded):
    """One gain among idle sessions would show a ratio of sqrt(252 / sessions), whatever it is."""
    net = np.zeros(164)
    net[:traded] = 0.173 + 0.01 * np.arange(traded)
    found = performance.ratio(net, **YEAR, trials=3, trial_variance=0.01)
    assert (found is None) == (traded < 10)


LINES = {
    "the search of barriers": {"value": 1.0},
    "in the middle of all": {"sharpe": 0.075},
    "far below": {"sharpe": -3.0},
    "far above": {"sharpe": 3.0},
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("known", [0, 2, 4, 40])
def test_deflated_ratio_falls_when_the_ledger_has_a_line_more(tmp_path, line, known):
    of_trades, by_session = sample()
    path = tmp_path / ledger.NAME
    spread = [{"number": i, "sharpe": 0.05 * (i % 4)} for i in range(known)]
    others = [{"number": i} for i in range(2)]
    ledger.add({"study": {"name": "first"}, "trials": others + spread}, path)

    def deflated():
        trials, variance = performance.trial_statistics(ledger.read(path))
        found = performance.summary(
            of_trades, by_session, **YEAR, trials=trials, trial_variance=variance
        )
        return found["sharpe"]["expected_maximum"], found["sharpe"]["probabilistic"]

    before, probabilistic = deflated()
    ledger.add({"study": {"name": "more"}, "trials": [{"number": 0, **LINES[line]}]}, path)
    after, same = deflated()
    assert 0 < before < after
    assert same == probabilistic


def test_unknown_spread_of_trials_is_that_of_ratios_that_are_truly_zero():
    net = np.random.default_rng(0).normal(size=400)
    terms = {"sessions_per_year": 252, "confidence": 0.95, "trials": 20}
    unknown = performance.ratio(net, **terms, trial_variance=None)
    assert unknown == performance.ratio(net, **terms, trial_variance=1 / 400)
    assert unknown["deflated"] < unknown["probabilistic"]


def test_ratio_of_what_was_drawn_is_in_its_interval_as_often_as_it_says():
    generator = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        net = 0.08 + generator.standard_t(6, size=250)
        found = performance.ratio(net, **YEAR, trials=1, trial_variance=0.0)
        true = 0.08 / np.sqrt(6 / 4) * np.sqrt(252)
        held += found["low"] < true < found["high"]
    assert 0.90 < held / 300 < 0.98


def test_trials_without_a_ratio_count_and_say_nothing_of_the_spread():
    lines = [{"sharpe": 0.1}, {"sharpe": 0.3}, {"value": 5.0}, {"sharpe": None}]
    assert performance.trial_statistics(lines) == (4, pytest.approx(0.02))
    assert performance.trial_statistics(lines[1:]) == (3, None)
    assert performance.trial_statistics([]) == (0, None)


def test_spread_of_trials_is_the_largest_so_far():
    ratios = np.random.default_rng(4).normal(size=30).tolist()
    slow = [np.var(ratios[:n], ddof=1) for n in range(2, 31)]
    found = performance.trial_statistics([{"sharpe": ratio} for ratio in ratios])
    assert found == (30, pytest.approx(max(slow)))
    assert max(slow) > slow[-1]
