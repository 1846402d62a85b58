"""The workflow with a model that wants a selection."""

import pytest
from clone import OOF, planned

from mlfactory import tables

CONFIG = ("config/test.yaml", "chosen.yaml")


def test_selection_of_a_fold_is_a_file_and_its_model_reads_what_it_names(chosen):
    ranking = tables.read_json(chosen / "results/DEMO/selection/h20/fold0.json")
    record = tables.read_json(chosen / "results/DEMO/models/svm/h20/fold0/training_metrics.json")
    read = set(record["importance"])
    assert len(ranking["features"]) > len(read)
    assert 0 < len(read) <= 20
    assert read < set(ranking["features"])
    assert ranking["rows"] == record["rows"]


def test_models_that_read_all_features_have_no_selection(finished):
    assert not (finished / "results/DEMO/selection").exists()
    assert "select_features" not in planned(finished, "--forceall")[0]


@pytest.mark.parametrize("second", ["svm", "gru"])
def test_selection_is_made_once_for_all_models_that_want_one(chosen, second):
    config = ["--config", f"models=[svm,{second}]" if second != "svm" else "models=[svm]"]
    files = [OOF.format(name) for name in {"svm", second}]
    jobs, _ = planned(chosen, *files, "--forcerun", "select_features", *config, config=CONFIG)
    assert jobs["select_features"] == 1
