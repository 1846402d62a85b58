from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlfactory import ledger, looks, thresholds
from mlfactory.errors import UserError
from mlfactory.stacking import probabilities
from traded_market import market_of, random_market, trader

CANDIDATES = [0.0, 0.2, 0.5]


def predicted(market, rows, seed, *, strength=0.0):
    """Predictions that know the outcome as far as ``strength`` says."""
    generator = np.random.default_rng(seed)
    p = generator.dirichlet([2, 1, 2], len(rows))
    gain = market.fills.exit_long[rows] - market.fills.entry[rows]
    right = np.where(gain > 0, 2, 0)
    p[np.arange(len(rows)), right] += strength
    p /= p.sum(axis=1, keepdims=True)
    columns = dict(zip(("prob_short", "prob_neutral", "prob_long"), p.T.astype("f4"), strict=True))
    return pd.DataFrame({"datetime": market.bars["datetime"].iloc[rows].to_numpy(), **columns})


@pytest.fixture(scope="module")
def market():
    return random_market(5, n=600)[0]


def table_of(market, rows, seed, **given):
    table = predicted(market, rows, seed, **given)
    return table.assign(datetime=market.bars["datetime"].iloc[rows].reset_index(drop=True))


def chosen(market, table, candidates=CANDIDATES):
    """The choice for one model."""
    found = thresholds.choose(market, trader(), {"a": table}, candidates, seed=0)
    return found["models"]["a"]


def test_choice_among_models_says_what_it_is_worth():
    """One of three knows the outcome: choosing is no overfitting, and no luck."""
    market = random_market(5, n=1600)[0]
    rows = np.arange(10, 1580)
    tables = {str(seed): table_of(market, rows, seed) for seed in range(2)}
    found = thresholds.choose(market, trader(), tables, CANDIDATES, seed=0)
    assert found["superior_predictive_ability"]["consistent"] > 0.2
    tables["knows"] = table_of(market, rows, 7, strength=1.0)
    found = thresholds.choose(market, trader(), tables, CANDIDATES, seed=0)
    assert found["superior_predictive_ability"]["consistent"] < 0.01
    assert found["probability_of_overfitting"] < 0.1


def test_threshold_that_is_passed_in_a_few_sessions_only_is_not_chosen(market):
    """One bar whose signal is strong and right would have the highest ratio of all."""
    rows = np.arange(10, 580)
    table = table_of(market, rows, 1)
    strong = int(np.nanargmax(market.fills.exit_long[rows] - market.fills.entry[rows]))
    table.loc[strong, ["prob_short", "prob_neutral", "prob_long"]] = [0.0, 0.0, 1.0]
    found = chosen(market, table, [0.0, 0.99])
    lucky = found["trials"][1]
    assert lucky["traded_sessions"] == 1
    assert lucky["sharpe"] > 0 > found["trials"][0]["sharpe"]
    assert found["threshold"] is None


def test_no_position_is_taken_where_a_label_would_outlive_the_session(market):
    rows = np.arange(10, 580)
    late = np.arange(len(market.bars)) % 50 > 40
    closed = replace(market, in_session=~late)
    p = probabilities(table_of(market, rows, 1, strength=1.0))
    always, then = (trader().wanted(m, p, rows, 0.0) for m in (market, closed))
    assert always[late].any()
    assert not then[late].any()
    assert (then[~late] == always[~late]).all()


def test_model_that_knows_something_is_traded_and_one_that_does_not_is_not(market):
    rows = np.arange(10, 580)
    knows = chosen(market, table_of(market, rows, 1, strength=1.0))
    best = max(knows["trials"], key=lambda trial: trial["sharpe"])
    assert knows["threshold"] == best["threshold"]
    assert best["sharpe"] > 0.3
    guesses = chosen(market, table_of(market, rows, 1))
    assert all(trial["sharpe"] < 0 for trial in guesses["trials"])
    assert guesses["threshold"] is None


def test_every_threshold_tried_goes_into_the_ledger_once(market, tmp_path):
    rows = np.arange(10, 580)
    found = {
        name: chosen(market, table_of(market, rows, seed)) for seed, name in enumerate(("a", "b"))
    }
    path = tmp_path / ledger.NAME
    for _ in range(2):
        for study in thresholds.studies(found, horizon=20, settings={"size": "one"}):
            ledger.add(study, path)
    lines = ledger.read(path)
    assert len(lines) == 6
    assert {line["study"].partition(":")[0] for line in lines} == {
        "threshold_a_h20",
        "threshold_b_h20",
    }
    assert [line["threshold"] for line in lines[:3]] == CANDIDATES
    for study in thresholds.studies(found, horizon=20, settings={"size": "probability"}):
        ledger.add(study, path)
    assert len(ledger.read(path)) == 12


def test_sessions_without_a_trade_count_as_nothing_earned(market):
    rows = np.arange(0, 600)
    found = chosen(market, table_of(market, rows, 3), [0.9999])
    assert found["trials"][0]["trades"] == 0
    assert found["trials"][0]["sessions"] == market.bars["session"].nunique()
    assert found["trials"][0]["sharpe"] == 0.0
    assert found["threshold"] is None


def test_threshold_depends_on_nothing_after_the_held_out_rows(market):
    """Prices after the last trade's longest life become noise; the choice and its figures stay."""
    rows = np.arange(10, 300)
    given = table_of(market, rows, 1, strength=0.5)
    cut = rows[-1] + market.barriers["max_bars"] + 2
    raw, bars = market.raw_bars.copy(), market.bars.copy()
    for frame, later in ((raw, raw["bar"] > cut), (bars, bars.index > cut)):
        for name in ("open", "high", "low", "close"):
            frame.loc[later, name] *= 1.5
    noised = market_of(
        bars,
        raw,
        {"commission_per_contract": 1.24, "slippage_ticks": _slippage()},
        market.barriers,
        atr_period=5,
        atr_floor_ticks=2.3,
    )
    one, other = (chosen(m, given) for m in (market, noised))
    assert one == other


def _slippage():
    from mlfactory.contracts import Slippage

    return Slippage(0.5, 1.0)


def test_looks_are_counted_once_each_and_a_broken_line_is_named(tmp_path):
    path, seen = tmp_path / "MES" / looks.NAME, tmp_path / "predictions"
    assert looks.read(path) == []
    wildcards, chosen = {"symbol": "MES", "horizon": "20"}, {"voting": {"threshold": 0.1}}

    def look(content, code="abc", **more):
        seen.write_bytes(content)
        looks.add(looks.of_run(wildcards | more, chosen, [seen], code), path)
        return len(looks.read(path))

    assert [look(b"one"), look(b"one"), look(b"two"), look(b"two", code="abd")] == [1, 1, 2, 3]
    assert look(b"two", horizon="5") == 4
    chosen["voting"]["threshold"] = None
    assert look(b"two") == 5
    first, *_, last = looks.read(path)
    assert (first["thresholds"], last["thresholds"]) == ({"voting": 0.1}, {"voting": None})
    chosen["voting"]["meta_filter"] = {"least": 0.5}
    assert look(b"two") == 6
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(UserError, match=r"line 7 is not json .* cut off .* delete it"):
        looks.read(path)
