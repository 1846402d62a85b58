"""The dataset that others read: with pandas alone, and by no fold."""

import hashlib
import re
import subprocess
import sys

from clone import ROOT, planned, snakemake

from mlfactory import config, schemas, tables

SCALED = "results/DEMO/splits/scaled"

READER = """
import sys
import pandas as pd

train, val, test = (
    pd.read_parquet(f"results/DEMO/splits/scaled/{name}_scaled.parquet")
    for name in ("train", "val", "test")
)
assert "mlfactory" not in sys.modules
for table in (train, val, test):
    features = list(table.columns[2:-4])
    assert list(table.columns[:2]) == ["datetime", "symbol"]
    assert list(table.columns[-4:]) == [
        "label_h5", "label_h20", "sample_weight_h5", "sample_weight_h20",
    ]
    assert (table[features].dtypes == "float32").all()
    assert table[features].abs().max().max() <= 5
    assert table[features].notna().all().all()
    assert str(table["datetime"].dt.tz) == "UTC"
    assert table["datetime"].is_monotonic_increasing
    assert set(table["label_h5"].dropna()) <= {0, 1, 2}
    assert set(table["sample_weight_h5"].dropna()) <= {0.5, 1, 1.5}
assert train["datetime"].max() < val["datetime"].min() < test["datetime"].min()
print(len(features))
"""


def n_features(folder):
    """How many features the tests' configuration makes."""
    return tables.read_json(folder / "results/DEMO/features.json")["n_features"]


def alone(folder, code):
    """Run code in a process that knows the libraries and not this package."""
    run = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def test_dataset_is_read_with_pandas_alone(finished):
    assert int(alone(finished, READER)) == n_features(finished)


def test_the_readmes_lines_of_pandas_run_as_they_stand(finished):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    lines = [line for line in blocks[0].splitlines() if line and not line.startswith("import")]
    assert len(lines) == 2
    shape = alone(finished, blocks[0] + "\nprint(X.shape[1], len(X) == len(y))")
    assert shape.split() == [str(n_features(finished)), "True"]


def test_files_are_as_their_schema_and_manifest_say(finished):
    manifest = tables.read_json(finished / SCALED / "dataset_manifest.json")
    for name, expected in manifest["sha256"].items():
        content = (finished / SCALED / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected
    assert len(manifest["sha256"]) == 5
    described = tables.read_json(finished / SCALED / "feature_set_manifest.json")
    names = [feature["name"] for feature in described["features"]]
    for split in ("train", "val", "test"):
        schema = schemas.published(names, (5, 20))
        table = tables.read(finished / SCALED / f"{split}_scaled.parquet", schema)
        source = tables.read_split(finished / f"results/DEMO/splits/{split}.parquet")
        assert table["datetime"].equals(source["datetime"])
        assert manifest["splits"][split]["rows"] == len(table)


def test_no_fold_reads_the_published_dataset(finished):
    jobs, _ = planned(finished, "--forceall", "oof", "stack", "scores")
    assert {"fit_boosting", "fit_classical", "split_bars", "score_models"} <= set(jobs)
    assert "scale_splits" not in jobs


def test_dataset_is_made_without_fitting_anything(finished):
    jobs, _ = planned(finished, "--forceall", "dataset")
    assert {"scale_splits", "check_dataset", "write_manifest"} <= set(jobs)
    assert not [job for job in jobs if job.startswith("fit_")]


def test_manifest_of_the_run_holds_the_hash_of_its_raw_file(finished):
    results = finished / "results/DEMO"
    manifest = tables.read_json(results / "manifest.json")
    raw = (results / "synthetic_1m.parquet").read_bytes()
    assert manifest["raw"]["sha256"] == hashlib.sha256(raw).hexdigest()
    assert manifest["config"]["content"]["symbols"] == ["DEMO"]
    assert {"clean_bars", "fit_fold lightgbm"} <= manifest["code"]["steps"].keys()


def test_every_limit_of_the_config_is_of_a_check_and_no_leak_is_found(finished):
    audit = tables.read_json(finished / "results/DEMO/audit.json")
    by_group = {"leaks": [], "features": [], "labels": []}
    for check in audit["checks"]:
        by_group[check["group"]].append(check)
    measures = [check["measure"] for check in by_group["features"] + by_group["labels"]]
    assert measures == list(config.load([])["checks"])
    assert [check["value"] for check in by_group["leaks"]] == [0, 0, 0, 0]


def test_check_that_fails_stops_the_run_in_one_line(copy):
    (copy / "strict.yaml").write_text("checks: {psi_test: {warn: 0, fail: 0}}")
    run = snakemake(copy, "dataset", config=("config/test.yaml", "strict.yaml"))
    assert run.returncode == 1
    (line,) = {line for line in run.stderr.splitlines() if line.startswith("error: DEMO: psi_test")}
    assert "above the limit 0" in line
    assert "change checks.psi_test.fail" in line
    assert not (copy / "results/DEMO/audit.json").exists()


def test_bars_that_are_no_events_have_no_label_where_only_events_are_sampled(copy):
    (copy / "events.yaml").write_text(
        "horizons: [5]\nlabels: {events: {kind: cusum, threshold_atr: 2.0}}"
    )
    run = snakemake(copy, "dataset", config=("config/test.yaml", "events.yaml"))
    assert run.returncode == 0, run.stderr[-3000:]
    labels = tables.read(copy / "results/DEMO/labels_h5.parquet", schemas.LABELS)
    assert 0.02 < labels["event"].mean() < 0.5
    assert labels.loc[~labels["event"], "label"].isna().all()
    audit = tables.read_json(copy / "results/DEMO/audit.json")
    assert audit["labels"]["5"]["label_share"] < 0.5
