"""What a whole run leaves of its backtests, and what it remembers of them."""

import dataclasses
from types import SimpleNamespace

import pandas as pd
import pytest
from clone import snakemake

from mlfactory import (
    backtest_files,
    config,
    contracts,
    ledger,
    looks,
    schemas,
    stacking,
    tables,
    thresholds,
)
from mlfactory.backtest import Trader

BASE = ("lightgbm", "logistic")
PRICES = ("open", "high", "low", "close")


def results(folder):
    return folder / "results/DEMO"


def test_every_backtest_sums_to_its_equity_and_its_list_has_every_trade(finished):
    folders = sorted(path for path in (results(finished) / "backtest").iterdir() if path.is_dir())
    assert len(folders) == 2 * (4 + 4 + 3 + 2)  # val, test, oof, walkforward at two horizons
    count = 0
    for folder in folders:
        trades = tables.read(folder / "trades.parquet", schemas.TRADES)
        equity = tables.read(folder / "equity.parquet", schemas.EQUITY)
        for name in ("gross", "slippage", "commission", "net"):
            assert trades[name].sum() == pytest.approx(equity[name].sum(), abs=1e-6), folder.name
        if len(equity):
            assert equity["equity"].iloc[-1] == pytest.approx(trades["net"].sum(), abs=1e-6)
        assert len((folder / "trades.csv").read_text().splitlines()) == len(trades) + 1
        count += len(trades)
    assert count > 0


def test_every_threshold_tried_is_in_the_ledger(finished):
    lines = ledger.read(finished / ledger.of_symbol("DEMO"))
    tried = [line for line in lines if line["study"].startswith("threshold_")]
    candidates = config.load([])["backtest"]["thresholds"]
    assert len(tried) == 2 * 4 * len(candidates)


def test_a_look_at_test_is_remembered_and_one_out_of_fold_is_not(copy):
    path = copy / looks.of_symbol("DEMO")
    assert [look["horizon"] for look in looks.read(path)].count(20) == 1
    assert len(looks.read(path)) == 2
    path.unlink()
    again = [f"results/DEMO/backtest/logistic_h20_{s}/equity.parquet" for s in ("oof", "test")]
    done = snakemake(copy, "--force", *again, cores=1)
    assert done.returncode == 0, done.stderr[-3000:]
    added = looks.read(path)
    assert [look["horizon"] for look in added] == [20]
    assert snakemake(copy, "--force", *again, cores=1).returncode == 0
    assert looks.read(path) == added
    assert set(added[0]["thresholds"]) == {"lightgbm", "logistic", "voting", "blend"}


def test_retrained_models_are_traded_beside_the_single_fit(copy):
    (copy / "mine.yaml").write_text("walk_forward: {val_and_test: true, retrain_sessions: 1}")
    target = "results/DEMO/backtest/h5.json"
    done = snakemake(copy, target, config=("config/test.yaml", "mine.yaml"))
    assert done.returncode == 0, done.stderr[-3000:]
    found = tables.read_json(copy / target)
    assert set(found["retrained"]) == {"val", "test"}
    for split, models in found["retrained"].items():
        assert set(models) == set(BASE)
        walked = results(copy) / f"walkforward/logistic_h5_{split}.parquet"
        once = results(copy) / f"predictions/logistic_h5_{split}.parquet"
        one, other = (tables.read(path, schemas.PREDICTIONS) for path in (once, walked))
        assert one["datetime"].equals(other["datetime"])
        assert not one.equals(other)
    looks_at = [look["horizon"] for look in looks.read(copy / looks.of_symbol("DEMO"))]
    assert looks_at.count(5) == 2


def market_of_run(finished, settings):
    """The market of a finished run at horizon 20, as its backtest sees it."""
    folder = results(finished)
    return backtest_files.market(
        SimpleNamespace(
            bars=folder / "bars.parquet",
            raw_bars=folder / "raw_bars.parquet",
            account=folder / "bars.json",
            barriers=folder / "barriers_h20.json",
        ),
        dataclasses.asdict(contracts.load(finished / "config/contracts.yaml")["DEMO"]),
        config.label_settings(settings),
        config.trading(settings),
    )


def noised(market, cut, settings):
    """The same market with other prices after a bar."""
    bars, raw_bars = market.bars.copy(), market.raw_bars.copy()
    bars.loc[bars.index > cut, list(PRICES)] *= 1.5
    raw_bars.loc[raw_bars["bar"] > cut, list(PRICES)] *= 1.5
    return backtest_files.market_of(
        bars,
        raw_bars,
        contract=market.contract,
        barriers=market.barriers,
        raw_interval=market.raw_interval,
        bar_interval=pd.Timedelta(settings["bars"]["interval"]),
        labels=config.label_settings(settings),
        trading=config.trading(settings),
    )


def test_thresholds_and_filters_of_a_run_do_not_depend_on_validation_and_test(finished):
    """Prices after the last out-of-fold row's longest life become others; the choice stays."""
    folder, settings = results(finished), config.load([finished / "config/test.yaml"])
    stack = str(folder / "stacking_dataset_h20.parquet")
    predicted = stacking.unstack(tables.read_stack(stack, list(BASE)), list(BASE))
    found = tables.read_json(folder / "backtest/thresholds_h20.json")
    market = market_of_run(finished, settings)
    last = max(int(market.rows(table["datetime"])[-1]) for table in predicted.values())
    cut = last + market.barriers["max_bars"]
    val = tables.read(folder / "predictions/logistic_h20_val.parquet", schemas.PREDICTIONS)
    assert cut < market.rows(val["datetime"])[0]
    candidates, trader = settings["backtest"]["thresholds"], Trader(**found["trading"]["trader"])
    given = {"least": 0.5, "embargo": settings["folds"]["embargo"]}
    filters = []
    for at in (market, noised(market, cut, settings)):
        chosen = thresholds.choose(at, trader, predicted, candidates, seed=settings["seed"])
        assert chosen["models"] == {model: found["models"][model] for model in BASE}
        filters.append(backtest_files.filters(at, trader, predicted, stack, BASE, given))
    assert filters[0] == filters[1]
    assert any(filters[0]["logistic"]["fits"][-1]["weights"])
