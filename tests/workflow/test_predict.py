"""New rows, given to the models that a run has fitted."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from clone import call, snakemake
from test_backtest_files import market_of_run

from mlfactory import backtest_files, config, ledger, tables
from mlfactory.backtest import Trader
from mlfactory.bundles import Bundle

CONFIG = ("--configfile", "config/test.yaml")
RESULTS = "results/DEMO"
RAW = f"{RESULTS}/synthetic_1m.parquet"


def predicted(folder, *words, model="lightgbm", raw=RAW, output="out.parquet"):
    """The finished process of ``./pipeline predict``; what it wrote, by time."""
    arguments = ("--symbol", "DEMO", "--horizon", "20", "--model", model, "--input", raw)
    run = call(folder, "./pipeline", "predict", *arguments, "--output", output, *CONFIG, *words)
    path = folder / output
    read = pd.read_csv if path.suffix == ".csv" else pd.read_parquet
    return run, read(path).set_index("datetime") if path.exists() else None


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory):
    """A copy of the finished workflow that these tests write into, and add raw files to."""
    folder = tmp_path_factory.mktemp("predict") / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


def refused(run):
    """The one line of a refusal."""
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("model", "of_split"),
    [
        ("lightgbm", "predictions/lightgbm_h20_{}.parquet"),
        ("voting", "ensembles/voting_h20/{}.parquet"),
    ],
)
def test_whole_file_gives_the_predictions_of_the_run_to_the_byte(folder, model, of_split):
    run, table = predicted(folder, model=model, output=f"{model}.parquet")
    assert run.returncode == 0, run.stderr
    for split in ("val", "test"):
        batch = pd.read_parquet(folder / RESULTS / of_split.format(split)).set_index("datetime")
        same = table.loc[batch.index, batch.columns]
        pd.testing.assert_frame_equal(same, batch, check_exact=True)
        traded = pd.read_parquet(folder / RESULTS / f"backtest/{model}_h20_{split}/trades.parquet")
        signal = table.loc[traded["datetime"], "signal"]
        assert signal.tolist() == traded["side"].tolist()
    train = pd.read_parquet(folder / RESULTS / "splits/train.parquet")
    lines = run.stdout.splitlines()
    assert lines[0].startswith(f"DEMO h20 {model}: {len(table)} of ")
    assert lines[2].startswith(f"warning: {len(train)} of these bars are no later than that")
    assert lines[-1] == f"written: {model}.parquet"


def test_last_bars_of_a_tail_are_those_of_the_whole_file(folder):
    """The warm-up and a little more, not the file's first row; features within 1e-5."""
    whole = pd.read_parquet(folder / RESULTS / "predictions/logistic_h20_test.parquet")
    rows = pd.read_parquet(folder / RAW)
    rows.iloc[len(rows) // 8 :].to_csv(folder / "tail.csv", index=False)
    run, table = predicted(
        folder, "--last", "7", model="logistic", raw="tail.csv", output="new/last.csv"
    )
    assert run.returncode == 0, run.stderr
    assert len(table) == 7
    whole = whole.set_index("datetime").iloc[-7:]
    np.testing.assert_allclose(table[whole.columns], whole, atol=1e-5)
    assert list(table.columns[-2:]) == ["signal", "contracts"]
    assert "drift: cannot be told from 7 new rows" in run.stdout


def test_features_on_the_tail_are_within_1e_5_of_the_batch_run(folder):
    from mlfactory import contracts, predict, trained

    settings = config.load([folder / "config/test.yaml"], root=folder)
    settings["results"] = str(folder / "results")
    fitted = trained.load(settings, "DEMO", 20, "lightgbm")
    terms = contracts.get(contracts.load(folder / "config/contracts.yaml"), "DEMO")
    new = predict.new_rows(folder / RAW, settings, fitted, terms, last=50)
    batch = pd.read_parquet(folder / RESULTS / "features.parquet").iloc[-50:, 1:]
    scale = tables.read_split(folder / RESULTS / "splits/train.parquet").iloc[:, 3:].std()
    assert tuple(batch.columns) == new.features.names
    found = new.features.values[new.rows]
    np.testing.assert_allclose(found / scale.to_numpy(), batch / scale, atol=1e-5)


def test_missing_warm_up_is_refused(folder):
    rows = pd.read_parquet(folder / RAW)
    rows.iloc[-3000:].to_parquet(folder / "short.parquet")
    line = refused(predicted(folder, raw="short.parquet", output="none.parquet")[0])
    assert line.startswith("error: short.parquet: ")
    assert "leave 0 with complete features, 1 are asked for; features look back" in line
    assert line.endswith("give the rows of that time too, before the first one to predict")
    assert not (folder / "none.parquet").exists()


def test_another_contract_is_refused(folder):
    shutil.copy(folder / RAW, folder / "ES_1m.parquet")
    line = refused(predicted(folder, raw="ES_1m.parquet")[0])
    assert line == (
        "error: ES_1m.parquet: is named after ES, the model is of DEMO; give the rows of DEMO, or "
        "rename the file"
    )


def test_contract_codes_of_another_root_are_refused(folder):
    from mlfactory.errors import UserError
    from mlfactory.predict import _require_own_contracts

    own, path = pd.Series(["MESH5", "MESM5", None]), folder / "new.parquet"
    _require_own_contracts(pd.Series(["MESZ25", None]), own, path, "MES")
    _require_own_contracts(pd.Series(["ESZ5"]), pd.Series([None, None]), path, "MES")
    with pytest.raises(UserError, match=r"holds contract ESZ5, the run of MES read MESM5"):
        _require_own_contracts(pd.Series(["MESZ5", "ESZ5"]), own, path, "MES")


def test_model_of_another_contract_is_refused(folder):
    """A results folder that was copied is still of the contract that it was fitted on."""
    shutil.copytree(folder / RESULTS, folder / "results/DEMONULL", dirs_exist_ok=True)
    words = ("--symbol", "DEMONULL", "--horizon", "20", "--model", "lightgbm")
    run = call(folder, "./pipeline", "predict", *words, "--input", RAW, *CONFIG)
    line = refused(run)
    assert "fold0: was fitted on DEMO, not on DEMONULL; a model is of one contract" in line


def test_another_feature_list_is_refused(folder):
    (folder / "fewer.yaml").write_text("features: {timeframes: [1h]}\n")
    line = refused(predicted(folder, "fewer.yaml")[0])
    assert line.startswith("error: results/DEMO/features.json: the models read another feature ")
    assert "the configuration now lacks tf_30min_open, tf_30min_high, tf_30min_low" in line
    (folder / "other.yaml").write_text("bars: {interval: 10min}\n")
    line = refused(predicted(folder, "other.yaml")[0])
    assert "was fitted on bars of 5min, bars.interval is 10min" in line


def test_model_that_was_not_fitted_or_is_not_known_is_refused(folder):
    line = refused(predicted(folder, model="lightgmb")[0])
    assert "--model lightgmb is none of the configured models and ensembles" in line
    assert "lightgbm" in line
    (folder / "more.yaml").write_text("models: [logistic, lightgbm, xgboost]\n")
    line = refused(predicted(folder, "more.yaml", model="xgboost")[0])
    assert line == (
        "error: results/DEMO/models/xgboost/h20/fold0: no fitted model; run ./pipeline run "
        "--symbols DEMO --horizons 20 with the same configuration first, or predict with that of a "
        "run that has one (--quick, --configfile)"
    )


def test_run_that_has_not_come_to_its_backtest_has_no_signal(folder):
    path = folder / RESULTS / "backtest/thresholds_h20.json"
    path.rename(folder / "thresholds.json")
    line = refused(predicted(folder)[0])
    (folder / "thresholds.json").rename(path)
    assert line == (
        "error: results/DEMO/backtest/thresholds_h20.json: no such file, and without a threshold "
        "no signal; run ./pipeline run --symbols DEMO --horizons 20 backtest with the same "
        "configuration"
    )


def test_size_of_the_last_bar_counts_the_bets_that_are_active(folder):
    """The last bars alone have the sizes that they have in the whole file."""
    path = folder / RESULTS / "backtest/thresholds_h20.json"
    kept = path.read_text()
    content = json.loads(kept)
    content["trading"]["trader"] |= {"size": "probability", "max_contracts": 20}
    content["models"]["logistic"]["threshold"] = 0.0
    path.write_text(json.dumps(content))
    _, whole = predicted(folder, model="logistic", output="all_sizes.parquet")
    _, last = predicted(folder, "--last", "9", model="logistic", output="last_sizes.parquet")
    path.write_text(kept)
    assert whole["contracts"].nunique() > 5
    assert last["contracts"].tolist() == whole["contracts"].iloc[-9:].tolist()
    assert last["contracts"].sum() > 0


def test_signals_that_pass_the_filter_are_those_of_the_backtest(copy):
    """A run with the filter on; the signals of its validation and test, all of them, are given."""
    (copy / "mine.yaml").write_text(
        "backtest: {signal: p_difference, meta_label: {enabled: true, least: 0.5}}"
    )
    settings = ("config/test.yaml", "mine.yaml")
    done = snakemake(copy, f"{RESULTS}/backtest/h20.json", config=settings)
    assert done.returncode == 0, done.stderr[-3000:]
    path = copy / RESULTS / "backtest/thresholds_h20.json"
    found = tables.read_json(path)
    told = tables.read_json(copy / RESULTS / "backtest/h20.json")["meta_label"]
    assert set(told["models"]) == {"logistic", "lightgbm", "voting", "blend"}
    lines = ledger.read(copy / ledger.of_symbol("DEMO"))
    tried = {line["study"] for line in lines if line["study"].startswith("threshold_blend_h20")}
    assert len(tried) == 2
    chosen = found["models"]["logistic"]
    counts = told["models"]["logistic"]
    assert counts == chosen["meta_filter"]["out_of_fold"]
    assert 0 < counts["passed"] < counts["signals"]
    chosen["threshold"] = 0.0
    path.write_text(json.dumps(found))
    run, table = predicted(copy, "mine.yaml", model="logistic")
    assert run.returncode == 0, run.stderr
    assert "; only where the meta-label filter gives 0.5 or more" in run.stdout
    market = market_of_run(copy, config.load([copy / name for name in settings]))
    trader = Trader(**found["trading"]["trader"])
    n_strict = n_free = 0
    for split in ("val", "test"):
        given = pd.read_parquet(copy / RESULTS / f"predictions/logistic_h20_{split}.parquet")
        rows = market.rows(given["datetime"])
        strict, free = (
            backtest_files.wanted(market, trader, given, chosen | {"meta_filter": judge})[rows]
            for judge in (chosen["meta_filter"], None)
        )
        assert table.loc[given["datetime"], "signal"].tolist() == strict.tolist()
        n_strict, n_free = (n_strict + np.count_nonzero(strict), n_free + np.count_nonzero(free))
    assert 0 < n_strict < n_free


def test_two_horizons_are_refused(folder):
    words = ("--model", "lightgbm", "--input", RAW)
    line = refused(call(folder, "./pipeline", "predict", *words, *CONFIG))
    assert line == "error: predict takes one of horizons, these are [5, 20]; add --horizons"


def test_old_model_and_drifted_rows_are_refused_where_asked(folder):
    """A market that goes on otherwise: bars four times as high as their other prices."""
    line = refused(predicted(folder, "--max-age-days", "1")[0])
    assert "--max-age-days is 1: run again with newer rows, or raise it" in line
    rows = pd.read_parquet(folder / RAW)
    later = np.arange(len(rows)) > 0.85 * len(rows)
    for name in ("open", "high", "low", "close"):
        rows.loc[later, name] *= 4.0 if name == "high" else 1.0
    rows.to_parquet(folder / "wild.parquet")
    run, _ = predicted(folder, raw="wild.parquet", output="wild_out.parquet")
    assert run.returncode == 0, run.stderr
    assert "0 of 20 stretches as long within the training rows were farther" in run.stdout
    line = refused(predicted(folder, "--refuse-drift", raw="wild.parquet")[0])
    assert "are farther from the training rows than any stretch of these" in line


def test_bundles_know_the_contract_that_they_were_fitted_on(finished):
    for path in ("models/lightgbm/h20/fold0", "ensembles/voting_h20/model"):
        assert Bundle.load(finished / RESULTS / path).origin["symbol"] == "DEMO"
