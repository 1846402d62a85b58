"""A filter of signals: what it learns, what it must not see, and that it is one and the same."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from market import bars_of
from mlfactory import backtest_files, meta_filter, thresholds
from mlfactory.backtest import net_of_one
from mlfactory.costs import costs
from mlfactory.labels import average_uniqueness
from mlfactory.purging import embargoed, training_rows
from mlfactory.signals import side
from mlfactory.stacking import probabilities
from traded_market import BARRIERS, FLAT, market_of, random_market, trader

ROWS = np.arange(10, 1580)
FOLD = np.repeat(np.arange(4), [400, 400, 400, 370])
EMBARGO = {"sessions": 1, "min_bars": 0}
"""Sessions of these markets have 23 bars."""


@pytest.fixture(scope="module")
def market():
    """A random walk whose sessions open when their first bar does."""
    made = random_market(5, n=1600)[0]
    opened = made.bars.groupby("session")["datetime"].transform("min")
    return replace(made, bars=made.bars.assign(session_open=opened))


def table_of(market, p, rows=ROWS):
    columns = zip(("prob_short", "prob_neutral", "prob_long"), p.T.astype("f4"), strict=True)
    datetime = market.bars["datetime"].iloc[rows].reset_index(drop=True)
    return pd.DataFrame({"datetime": datetime, **dict(columns)})


def of_two_minds(market, *, right=0.9, seed=0):
    """Signals of one edge: where few bars are expected to end neutral, ``right`` of them pay."""
    generator = np.random.default_rng(seed)
    long_pays, short_pays = (net > 0 for net in net_of_one(market, all_costs(market)))
    gains = np.where(long_pays[ROWS], 1, np.where(short_pays[ROWS], -1, 0))
    guess = generator.choice([-1, 1], len(ROWS))
    clear = generator.random(len(ROWS)) < 0.5
    known = clear & (gains != 0) & (generator.random(len(ROWS)) < right)
    chosen = np.where(known, gains, guess)
    neutral = np.where(clear, 0.1, 0.5)
    rest = (1 - neutral - 0.3) / 2
    p = np.column_stack(
        [rest + 0.3 * (chosen < 0), neutral, rest + 0.3 * (chosen > 0)],
    )
    return table_of(market, p)


def coin_flips(market, seed):
    return table_of(market, np.random.default_rng(seed).dirichlet([2, 1, 2], len(ROWS)))


def all_costs(market):
    return costs(market.fills, market.contract)


def filter_of(market, table, *, fold=FOLD, least=0.5, embargo=EMBARGO):
    return meta_filter.fit(market, trader(), table, fold, least=least, embargo=embargo)


def passed_by(found, market, table):
    p, rows = probabilities(table), market.rows(table["datetime"])
    return meta_filter.passed(found, market, trader(), p, rows)


def best(market, table, filters):
    found = thresholds.choose(market, trader(), {"a": table}, [0.0, 0.2], seed=0, filters=filters)
    return max(trial["sharpe"] for trial in found["models"]["a"]["trials"]), found["models"]["a"]


def test_filter_gains_where_it_can_tell_which_signals_pay(market):
    """One threshold cannot: all edges are alike. What is expected of the neutral class can."""
    table = of_two_minds(market)
    found = filter_of(market, table)
    told = found["out_of_fold"]
    assert 0.3 < told["passed"] / told["signals"] < 0.7
    assert told["passed_paid"] > told["paid"] + 0.1
    without, _ = best(market, table, None)
    with_filter, chosen = best(market, table, {"a": found})
    assert with_filter > without + 0.3
    assert chosen["meta_filter"] == found


def test_filter_of_coin_flips_finds_nothing(market):
    """No more of the signals that pass pay than of all, nor do they earn, over seeds."""
    gains, ratios = [], []
    for seed in range(10):
        table = coin_flips(market, seed)
        found = filter_of(market, table, least=0.4)
        told = found["out_of_fold"]
        assert told["passed"] > 100
        gains.append(told["passed_paid"] - told["paid"])
        nets, _ = thresholds.trial_profits(market, trader(), table, [0.0], found)
        ratios.append(thresholds.sharpe_per_session(nets[:, 0]))
    for values in (gains, ratios):
        assert np.mean(values) < 2 * np.std(values, ddof=1) / np.sqrt(len(values))


def left_out(market, held_out):
    """Naive: the rows that may not train a filter that judges these."""
    end = np.maximum(market.fills.exit_bar, np.arange(len(market.bars)))
    found = []
    for t in ROWS:
        meets = any(t <= end[s] and s <= end[t] for s in held_out)
        after = any(0 < t - end[s] <= 23 for s in held_out)
        found.append(meets or after)
    return ROWS[found]


def poisoned(market, table, rows):
    """What signals of these bars say and earn is another thing."""
    fills = market.fills
    long, short = fills.exit_long.copy(), fills.exit_short.copy()
    paid = [net[rows] > 0 for net in net_of_one(market, all_costs(market))]
    long[rows] = fills.entry[rows] + np.where(paid[0], -5, 5)
    short[rows] = fills.entry[rows] + np.where(paid[1], 5, -5)
    table = table.copy()
    columns = ["prob_short", "prob_neutral", "prob_long"]
    table.loc[np.isin(ROWS, rows), columns] = np.array([0.25, 0.05, 0.7], dtype="f4")
    return replace(market, fills=replace(fills, exit_long=long, exit_short=short)), table


def changed(market, number):
    """What changes of the judgement of a fold when it and what overlaps it become others."""
    table, rows = of_two_minds(market), ROWS[number == FOLD]
    other, said = poisoned(market, table, left_out(market, rows))
    honest, spoilt = filter_of(market, table), filter_of(other, said)
    found = ["fit"] if honest["fits"][number] != spoilt["fits"][number] else []
    by_outcome = filter_of(other, table)  # what is predicted stays
    one, two = (passed_by(judge, market, table)[rows] for judge in (honest, by_outcome))
    return found + ([] if one.tolist() == two.tolist() else ["passed"])


LEAKS = {
    "filter fitted on the fold that it judges": {
        "training_rows": lambda start, end, held_out, embargo: np.ones(len(start), dtype=bool)
    },
    "no purge in a filter": {
        "training_rows": lambda start, end, held_out, embargo: (
            ~held_out & ~embargoed(start, end, held_out, embargo)
        )
    },
    "no embargo in a filter": {
        "training_rows": lambda start, end, held_out, embargo: training_rows(
            start, end, held_out, 0
        )
    },
    "held-out bars judged by the fit on all": {
        "_without": lambda found, time: np.full(len(time), -1)
    },
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(market, monkeypatch, leak):
    for name, leaking in LEAKS[leak].items():
        monkeypatch.setattr(meta_filter, name, leaking)
    assert changed(market, 1) != []


@pytest.mark.parametrize("number", [0, 1, 3])
def test_fit_that_judges_a_fold_knows_nothing_of_it_nor_of_what_overlaps_it(market, number):
    assert changed(market, number) == []
    table = of_two_minds(market)
    honest = filter_of(market, table)["fits"]
    out = left_out(market, ROWS[number == FOLD])
    assert len(out) > (number == FOLD).sum()
    spoilt = filter_of(*poisoned(market, table, out))["fits"]
    assert spoilt[number] == honest[number]
    assert spoilt[-1] != honest[-1]
    trains = np.setdiff1d(ROWS[market.fills.possible[ROWS]], out)
    nearest = [trains[trains < out[0]][-1:], trains[trains > out[-1]][:1]]
    for rows in nearest:
        if len(rows):
            assert filter_of(*poisoned(market, table, rows))["fits"][number] != honest[number]


def test_embargo_is_that_of_the_folds(market):
    table = of_two_minds(market)
    one, longer = (
        filter_of(market, table, embargo=EMBARGO | {"min_bars": n})["fits"][1] for n in (0, 200)
    )
    assert 170 <= one["signals"] - longer["signals"] <= 177


def test_bars_that_end_in_no_session_train_nothing(market):
    table = of_two_minds(market)
    late = np.arange(len(market.bars)) % 23 > 15
    closed = replace(market, in_session=~late)
    honest = filter_of(closed, table)
    rows = ROWS[late[ROWS]]
    spoilt = filter_of(*poisoned(closed, table, rows))
    assert spoilt["fits"] == honest["fits"]
    assert honest["fits"][-1]["signals"] < filter_of(market, table)["fits"][-1]["signals"]


def test_noise_after_the_held_out_rows_changes_no_coefficient(market):
    """Prices after the last signal's longest life become others, as in validation and test."""
    n = 1000
    cut = ROWS[n - 1] + market.barriers["max_bars"] + 2
    raw, bars = market.raw_bars.copy(), market.bars.copy()
    for frame, later in ((raw, raw["bar"] > cut), (bars, bars.index > cut)):
        for name in ("open", "high", "low", "close"):
            frame.loc[later, name] *= 1.5
    terms = {"commission_per_contract": 1.24, "slippage_ticks": market.contract.slippage_ticks}
    given = {"atr_period": 5, "atr_floor_ticks": 2.3}
    noised = market_of(bars, raw, terms, market.barriers, **given)
    table = of_two_minds(market)[:n]
    one, other = (filter_of(m, table, fold=FOLD[:n]) for m in (market, noised))
    assert one == other


def test_bar_is_judged_by_the_fit_without_it_in_every_sample(market):
    """Held out, walked over, or new: who judges depends on the bar alone, after json too."""
    table = of_two_minds(market)
    found = json.loads(json.dumps(filter_of(market, table)))
    everywhere = passed_by(found, market, table)
    for number in range(4):
        part = table[number == FOLD]
        alone = {**found, "fits": [found["fits"][number]], "blocks": [], "last": "1970-01-01"}
        alone["fits"][0] = alone["fits"][0] | {"without": None}
        rows = market.rows(part["datetime"])
        assert passed_by(alone, market, part)[rows].tolist() == everywhere[rows].tolist()
        assert passed_by(found, market, part)[rows].tolist() == everywhere[rows].tolist()
    early = {**found, "last": str(table["datetime"].iloc[99])}
    whole = {**found, "fits": found["fits"][-1:], "blocks": []}
    later = ROWS[100:]
    assert (passed_by(early, market, table)[later] == passed_by(whole, market, table)[later]).all()
    assert (passed_by(found, market, table) != passed_by(whole, market, table)).any()


def test_only_signals_that_pass_are_wanted(market):
    table = of_two_minds(market)
    found = filter_of(market, table, least=0.45)
    given = {"threshold": 0.1}
    free, strict = (
        backtest_files.wanted(market, trader(), table, given | {"meta_filter": one})
        for one in (None, found)
    )
    passed = passed_by(found, market, table)
    assert strict.tolist() == np.where(passed, free, 0).tolist()
    assert 0 < np.count_nonzero(strict) < np.count_nonzero(free)
    none = found | {"least": 0.999}
    assert not backtest_files.wanted(market, trader(), table, given | {"meta_filter": none}).any()


def test_regression_is_scikit_learns(market):
    table = of_two_minds(market)
    rows, p = market.rows(table["datetime"]), probabilities(table)
    edge = trader().edge(market, p, rows)
    x = meta_filter.inputs(market, p, rows, edge)
    label = meta_filter.meta_labels(market, side(edge, 0.0), rows)
    x, label, known = x[label >= 0], label[label >= 0], rows[label >= 0]
    found = filter_of(market, table)["fits"][-1]
    assert (found["signals"], found["paid"]) == (len(label), label.sum())
    z = (x - found["centre"]) / found["scale"]
    held = np.zeros(len(market.bars), dtype=np.int32)
    held[known] = market.fills.exit_bar[known] - known
    distinct = np.nanmean(average_uniqueness(held))
    assert 0.1 < distinct < 0.9
    expected = LogisticRegression(C=distinct, tol=1e-10, max_iter=2000).fit(z, label)
    np.testing.assert_allclose(found["weights"], expected.coef_[0], atol=1e-4)
    assert found["intercept"] == pytest.approx(expected.intercept_[0], abs=1e-4)


def test_few_signals_teach_their_share_only(market):
    table = of_two_minds(market)[: meta_filter.LEAST_SIGNALS - 1]
    fold = np.zeros(len(table), dtype=int)
    whole = filter_of(market, table, fold=fold)["fits"][-1]
    assert not any(whole["weights"])
    share = (whole["paid"] + 1) / (whole["signals"] + 2)
    assert 1 / (1 + np.exp(-whole["intercept"])) == pytest.approx(share)


def test_meta_labels_by_hand():
    """In at 100.25, out at 102: a long's 8.75 cover 3.74 of costs, a short loses them."""
    bars, raw = bars_of([FLAT, (100.25, 101, 100, 101), (101, 102.5, 101, 102.5), FLAT], per_bar=1)
    market, everywhere = market_of(bars, raw, barriers=BARRIERS), np.arange(4)
    for one, paid in ((1, 1), (-1, 0), (0, -1)):
        sides = np.array([one, 0, 0, 1], dtype=np.int32)
        assert meta_filter.meta_labels(market, sides, everywhere).tolist() == [paid, -1, -1, -1]
    closed = replace(market, in_session=np.zeros(4, dtype=bool))
    assert (meta_filter.meta_labels(closed, np.ones(4, dtype=np.int32), everywhere) == -1).all()


def test_predictions_of_other_rows_than_the_stacking_dataset_are_refused(
    market, tmp_path, monkeypatch
):
    table = of_two_minds(market)
    stack = table.assign(fold=FOLD)
    monkeypatch.setattr(backtest_files.tables, "read_stack", lambda path, models: stack)
    settings = {"least": 0.5, "embargo": EMBARGO}
    given = (market, trader(), {"a": table[1:].reset_index(drop=True)}, "stack", ["a"])
    with pytest.raises(ValueError, match="a: its predictions are not of the stacking dataset"):
        backtest_files.filters(*given, settings)
    assert backtest_files.filters(*given, None) == {}
