import pandas as pd
import pytest
from clone import call, contents, copy_workflow, planned, snakemake

from mlfactory import schemas, tables

MODELS = ["logistic", "lightgbm"]
TABLES = ("results/**/*.parquet", "results/**/*.json")


def test_run_ends_with_every_file_of_the_contract(finished):
    results = finished / "results/DEMO"
    for horizon in (5, 20):
        stack = tables.read_stack(results / f"stacking_dataset_h{horizon}.parquet", MODELS)
        assert stack["y_true"].notna().mean() > 0.8
        assert tables.read_json(results / f"scores_h{horizon}.json")["models"].keys() == {
            *MODELS,
            "voting",
        }
        for model in MODELS:
            walked = results / f"walkforward/{model}_h{horizon}.parquet"
            assert tables.read(walked, schemas.WALK_FORWARD)["refit"].iloc[0] == 0
            folder = results / f"models/{model}/h{horizon}/foldfull"
            names = {path.name for path in folder.iterdir()}
            assert {"training_metrics.json", "model_config.yaml", "bundle.json"} <= names
    for split in ("val", "test"):
        features = tables.read_split(results / f"splits/{split}.parquet")
        for file in (f"predictions/lightgbm_h20_{split}", f"ensembles/voting_h20/{split}"):
            table = tables.read(results / f"{file}.parquet", schemas.PREDICTIONS)
            assert table["datetime"].equals(features["datetime"])
    assert len(tables.read_json(results / "features.json")["features"]) == 179


def test_every_job_leaves_a_log_and_its_measured_cost(finished):
    results = finished / "results/DEMO"
    logs = {path.stem for path in (results / "logs").iterdir()}
    assert logs == {path.stem for path in (results / "benchmarks").iterdir()}
    assert "fit_lightgbm_h20_fold0" in logs


def test_training_files_hold_no_row_of_validation_or_test(finished):
    results = finished / "results/DEMO"
    bars = tables.read(results / "bars.parquet", schemas.BARS)
    train, *_ = tables.read_json(results / "splits/split_config.json")["splits"]
    border = bars["datetime"].iloc[train["stop"] + train["purged_bars"]]
    assert (
        bars["session"].iloc[train["stop"] + train["purged_bars"] - 1]
        < bars["session"].iloc[train["stop"] + train["purged_bars"]]
    )
    for horizon in (5, 20):
        folds = tables.read(results / f"folds_h{horizon}.parquet", schemas.FOLDS)
        assert folds["label"].iloc[-1] is not pd.NA
        assert folds["t1"].max() <= border


def test_second_run_does_nothing(finished):
    jobs, _ = planned(finished)
    assert jobs == {}


def test_touching_an_input_without_changing_it_does_nothing(copy):
    (copy / "results/DEMO/bars.parquet").touch()
    jobs, _ = planned(copy)
    assert jobs == {}


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_edited_model_reruns_its_fits_and_what_follows_only(copy):
    replace(copy / "workflow/mlfactory/models/lightgbm.py", '"verbosity": -1', '"verbosity": -2')
    jobs, planned_jobs = planned(copy)
    assert set(jobs) == {
        *("fit_boosting", "fit_boosting_full", "stack_predictions", "predict_splits"),
        "walk_forward_boosting",
        *("fit_ensemble", "predict_ensemble", "fit_blend", "fit_null_blend", "score_models"),
        *("choose_thresholds", "backtest_predictions", "backtest_out_of_fold"),
        *("backtest_walk_forward", "assess_backtests"),
        *("write_manifest", "make_report"),
    }
    assert jobs["fit_boosting"] == 8
    assert jobs["predict_splits"] == 2
    assert not [job for job in planned_jobs if "logistic" in job]


def test_edited_model_yaml_reruns_its_fits_and_what_follows_only(copy):
    replace(copy / "config/models/lightgbm.yaml", "num_leaves: ", "num_leaves: 1")
    jobs, planned_jobs = planned(copy)
    assert jobs["fit_boosting"] == 8
    assert "fit_classical" not in jobs
    assert not [job for job in planned_jobs if "logistic" in job]


def test_edited_feature_family_reruns_features_and_not_bars(copy):
    replace(
        copy / "workflow/mlfactory/features/trend.py",
        "def compute(",
        "def also():\n    pass\n\n\ndef compute(",
    )
    jobs, _ = planned(copy)
    assert "compute_features" in jobs
    assert not {"simulate_market", "clean_bars", "label_bars"} & set(jobs)


def test_edited_contract_reruns_its_bars_and_another_contract_nothing(copy):
    path = copy / "config/contracts.yaml"
    head, demo = path.read_text().split("\nDEMO:", 1)
    path.write_text(head.replace("tick_size: 0.25", "tick_size: 0.5") + "\nDEMO:" + demo)
    assert planned(copy)[0] == {}
    path.write_text(head + "\nDEMO:" + demo.replace("calm: 0.5", "calm: 0.75", 1))
    assert {"clean_bars", "label_bars"} <= set(planned(copy)[0])


def test_edited_table_format_or_script_reruns_what_uses_it(copy):
    replace(
        copy / "workflow/scripts/label_bars.py",
        "runtime.setup(snakemake)",
        "runtime.setup(snakemake)\nprint()",
    )
    jobs, _ = planned(copy)
    assert "label_bars" in jobs
    assert "clean_bars" not in jobs
    replace(copy / "workflow/mlfactory/tables.py", "compression_level=1", "compression_level=2")
    assert "simulate_market" in planned(copy)[0]


def test_edited_comment_reruns_nothing(copy):
    path = copy / "workflow/mlfactory/labels.py"
    path.write_text(path.read_text() + "\n# a remark\n")
    assert planned(copy)[0] == {}


def test_changed_barrier_of_one_horizon_reruns_that_horizon_only(copy):
    (copy / "mine.yaml").write_text(
        (copy / "config/test.yaml").read_text()
        + "labels: {barriers: {DEMO: {5: {k_up: 2.0, k_down: 2.0, max_bars: 12}}}}\n"
    )
    jobs, planned_jobs = planned(copy, config="mine.yaml")
    assert jobs["label_bars"] == 1
    assert jobs["score_models"] == 1
    shared = (
        *("all", "make the report of DEMO", "publish the scaled splits of DEMO"),
        *("check the dataset of DEMO", "write what the run of DEMO is made of"),
    )
    assert all("h5" in job or "horizon 5" in job for job in planned_jobs if job not in shared)


def test_missing_file_is_made_again_with_the_same_bytes(copy):
    before = contents(copy, *TABLES)
    (copy / "results/DEMO/oof/lightgbm_h5_fold1.parquet").unlink()
    (copy / (stack := "results/DEMO/stacking_dataset_h5.parquet")).unlink()
    run = snakemake(copy, stack, "results/DEMO/scores_h5.json")
    assert run.returncode == 0, run.stderr[-3000:]
    assert contents(copy, *TABLES) == before


def test_bare_snakemake_makes_the_file_that_is_named(copy):
    (copy / "results/DEMO/stacking_dataset_h20.parquet").unlink()
    run = snakemake(copy, "results/DEMO/stacking_dataset_h20.parquet")
    assert run.returncode == 0, run.stderr[-3000:]
    assert (copy / "results/DEMO/stacking_dataset_h20.parquet").exists()


def test_two_symbols_in_one_run_are_refused_even_as_files(copy):
    files = [f"results/{symbol}/labels_h20.parquet" for symbol in ("DEMO", "DEMONULL")]
    run = snakemake(copy, "--dry-run", "--forceall", *files)
    assert run.returncode == 1
    assert "symbols DEMO, DEMONULL in one run: one contract a run is the rule" in run.stderr
    allowed = snakemake(
        copy, "--dry-run", "--forceall", *files, "--config", "allow_batch_symbols=true"
    )
    assert allowed.returncode == 0


@pytest.mark.parametrize(
    ("target", "jobs"),
    [
        ("bars", {"clean_bars"}),
        ("features", {"compute_features"}),
        ("labels", {"label_bars"}),
        ("oof", {"fit_boosting", "fit_classical"}),
        ("walkforward", {"walk_forward_boosting", "walk_forward_classical"}),
        ("stack", {"stack_predictions"}),
        ("dataset", {"scale_splits", "write_manifest"}),
        ("scores", {"score_models"}),
        ("report", {"make_report"}),
    ],
)
def test_named_target_ends_with_its_own_jobs(finished, target, jobs):
    done, _ = planned(finished, target, "--forcerun", *jobs)
    assert jobs <= set(done)
    assert "predict_ensemble" not in done


def test_dry_run_and_rule_graph_need_no_data(tmp_path):
    folder = copy_workflow(tmp_path / "fresh")
    jobs, _ = planned(folder)
    assert jobs["simulate_market"] == 1
    graph = call(
        folder, "snakemake", "--rulegraph", "mermaid-js", "--configfile", "config/test.yaml"
    )
    assert graph.returncode == 0
    assert "clean_bars" in graph.stdout


def test_scores_are_shown_as_a_table(finished):
    shown = call(
        finished, "python", "-m", "mlfactory.cli", "scores", "--configfile", "config/test.yaml"
    )
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    for model, times in {**dict.fromkeys(MODELS, 4), "voting": 2}.items():
        assert len([line for line in lines if line.startswith(f"{model} ")]) == times
    assert [" ".join(line.split()[2:3]) for line in lines if line.startswith("DEMO h")] == [
        *("walk-forward,", "out-of-fold,") * 2
    ]


def test_demo_bars_are_of_the_configured_market_only(finished):
    bars = tables.read(finished / "results/DEMO/bars.parquet", schemas.BARS)
    assert bars["datetime"].iloc[-1] < pd.Timestamp("2024-02-03", tz="UTC")
