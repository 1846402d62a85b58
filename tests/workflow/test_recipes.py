"""The README's recipes for a further model, feature, horizon and contract do what they say."""

import re
import shutil

import pandas as pd
import pytest
import yaml
from clone import call, copy_workflow, planned, snakemake

from mlfactory import schemas, tables


@pytest.fixture
def folder(tmp_path):
    return copy_workflow(tmp_path / "workflow")


def edit(path, *replacements):
    text = path.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


def overlay(folder, content):
    """The tests' configuration with more merged over it."""
    (folder / "mine.yaml").write_text(yaml.safe_dump(content))
    return ["config/test.yaml", "mine.yaml"]


def test_a_model_is_one_file_one_yaml_and_its_name(copy):
    models, yamls = copy / "workflow/mlfactory/models", copy / "config/models"
    shutil.copy(models / "tcn.py", models / "waves.py")
    edit(models / "waves.py", ('@register("tcn")', '@register("waves")'))
    shutil.copy(yamls / "tcn.yaml", yamls / "waves.yaml")
    edit(yamls / "waves.yaml", ("type: tcn", "type: waves"), ("epochs: 20", "epochs: 2"))
    config = overlay(copy, {"models": ["waves"], "horizons": [20], "nulls": {"session_shift": 0}})
    plan = snakemake(copy, "--dry-run", "oof", config=config).stdout
    assert plan.count("gpu=1: fit DEMO waves h20 fold ") == 2
    table = call(
        *(copy, "./pipeline", "run", "--dry-run", "--symbols", "DEMO"),
        *("--configfile", *config, "--cores", "1"),
    )
    assert re.search(r"gpu=1: fit DEMO waves h20 fold \d, and 1 more such", table.stdout)
    run = snakemake(copy, "stack", config=config)
    assert run.returncode == 0, run.stderr[-3000:]
    stack = copy / "results/DEMO/stacking_dataset_h20.parquet"
    assert len(tables.read_stack(stack, ["waves"])) > 1000


def test_a_feature_is_a_line_and_a_column_of_its_family(copy):
    edit(
        copy / "workflow/mlfactory/features/moving_average.py",
        (
            "FEATURES = (\n",
            'FEATURES = (\n    Feature("own_range", 1, "own", "ratio", "high / low"),\n',
        ),
        (
            "    return columns | {",
            '    return columns | {\n        "own_range": inputs.high / inputs.low,',
        ),
    )
    run = snakemake(copy, "features")
    assert run.returncode == 0, run.stderr[-3000:]
    features = pd.read_parquet(copy / "results/DEMO/features.parquet")
    bars = tables.read(copy / "results/DEMO/bars.parquet", schemas.BARS)
    whole = features["own_range"].notna().to_numpy()
    assert whole.any()
    expected = (bars["high"] / bars["low"]).astype("float32")
    pd.testing.assert_series_equal(
        features.loc[whole, "own_range"], expected[whole], check_names=False
    )


def test_a_horizon_is_its_number_its_barriers_and_a_purge_that_reaches_as_far(folder):
    barriers = {"default": {30: {"k_up": 3.3, "k_down": 3.3, "max_bars": 75}}}
    content = {"horizons": [30], "labels": {"barriers": barriers}}
    refused = snakemake(folder, "--dry-run", "labels", config=overlay(folder, content))
    assert refused.returncode == 1
    assert "splits.purge_bars=60 is shorter than labels.barriers.default.30" in refused.stderr
    content["splits"] = {"purge_bars": 75}
    _, jobs = planned(folder, "labels", config=overlay(folder, content))
    assert "label DEMO at horizon 30" in jobs


def test_a_contract_is_an_entry_as_the_message_about_an_unknown_one_shows(folder):
    run = call(folder, "./pipeline", "validate", "--symbols", "XYZ")
    assert run.returncode == 1
    entry = re.search(r"XYZ: \{[^{}]*(\{[^{}]*\}[^{}]*)*\}", run.stderr)[0]
    with (folder / "config/contracts.yaml").open("a") as file:
        file.write(f"{entry}\n")
    content = {"symbols": ["XYZ"], "synthetic": {"XYZ": {"kind": "null", "start": "2024-01-02"}}}
    content["synthetic"]["XYZ"] |= {"months": 1, "seed": 1, "strength": 0.0}
    run = snakemake(folder, "bars", config=overlay(folder, content))
    assert run.returncode == 0, run.stderr[-3000:]
    assert len(tables.read(folder / "results/XYZ/bars.parquet", schemas.BARS)) > 1000
