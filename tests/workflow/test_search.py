"""The workflow with barriers that were searched on the beginning of the training split."""

import shutil

import numpy as np
import pytest
from clone import contents, planned, snakemake

from mlfactory import ledger, schemas, tables
from mlfactory.times import nanoseconds

CONFIG = ("config/test.yaml", "search.yaml")
MODELS = ["logistic"]


@pytest.fixture
def results(searched):
    return searched / "results/DEMO"


def held_out(results):
    """Which training rows some fold holds out, and when their bars open."""
    folds = tables.read(results / "folds_h5.parquet", schemas.FOLDS)
    return folds["fold"].notna().to_numpy(), folds


def test_searched_rows_are_the_first_and_no_fold_holds_them_out(results):
    found = tables.read_json(results / "barriers_h5.json")
    train = tables.read_split(results / "splits/train.parquet")
    held, folds = held_out(results)
    assert found["source"] == "searched"
    assert found["searched_rows"] == int(0.4 * len(train))
    assert np.flatnonzero(held).tolist() == list(range(found["searched_rows"], len(train)))
    assert set(folds["fold"].dropna()) == {0, 1}
    assert str(train["datetime"][found["searched_rows"] - 1]) == found["searched"]["last"]


def test_searched_rows_are_neither_predicted_nor_stacked_nor_scored(results):
    held, folds = held_out(results)
    stack = tables.read_stack(results / "stacking_dataset_h5.parquet", MODELS)
    assert stack["datetime"].tolist() == folds["datetime"][held].tolist()
    predicted = [
        *results.glob("oof/logistic_h5_*.parquet"),
        results / "ensembles/voting_h5/oof.parquet",
    ]
    assert len(predicted) == 3
    for path in predicted:
        table = tables.read(path, schemas.PREDICTIONS)
        assert table["datetime"].min() >= folds["datetime"][held].min()
    scored = tables.read_json(results / "scores_h5.json")["data"]["rows"]
    assert scored == (folds["label"].notna() & held).sum()


def test_searched_rows_are_trained_on(results):
    held, folds = held_out(results)
    fold = folds["fold"].fillna(-1).to_numpy() == 0
    # Fold 0 comes right after the searched rows: of them only those that reach into it are purged.
    start, end = nanoseconds(folds["datetime"]), nanoseconds(folds["t1"].fillna(folds["end"]))
    before = ~held & (end < start[fold].min()) & folds["label"].notna()
    metrics = tables.read_json(results / "models/logistic/h5/fold0/training_metrics.json")
    assert before.sum() > 1000
    assert metrics["rows"] > before.sum()


def test_labels_and_published_manifest_are_of_the_barriers_that_were_found(results, finished):
    found = tables.read_json(results / "barriers_h5.json")["barriers"]
    manifest = tables.read_json(results / "splits/scaled/dataset_manifest.json")
    assert manifest["horizons"]["5"]["barriers"] == found
    labels = tables.read(results / "labels_h5.parquet", schemas.LABELS)
    assert labels["bars_held"].max() == found["max_bars"]
    taken = tables.read_json(finished / "results/DEMO/barriers_h5.json")
    assert taken["source"] == "configured"
    assert taken["barriers"] == {"k_up": 1.35, "k_down": 1.1, "max_bars": 12}


def test_nothing_is_left_to_do(searched):
    assert planned(searched, config=CONFIG)[0] == {}


def test_search_that_runs_again_gives_the_same_bytes_and_is_in_the_ledger_once(searched, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(searched, folder, symlinks=True)
    files = ("results/DEMO/barriers_h5.json", str(ledger.of_symbol("DEMO")))
    before = contents(folder, *files)
    (folder / files[0]).unlink()
    run = snakemake(folder, files[0], config=CONFIG)
    assert run.returncode == 0, run.stderr[-3000:]
    assert contents(folder, *files) == before
    noted = [trial["study"].partition(":")[0] for trial in ledger.read(folder / files[1])]
    assert noted.count("barriers_h5") == 20
