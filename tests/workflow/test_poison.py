"""The workflow run twice; the second file has noise from where the last training label ends."""

import shutil

import numpy as np
import pytest
from clone import contents, copy_workflow, snakemake

from mlfactory import config, contracts, schemas, synthetic, tables

SYMBOL = "MES"
RAW = f"data/raw/{SYMBOL}_1m.parquet"
HORIZON = 20
OVERLAY = """symbols: [MES]
horizons: [20]
models: [logistic, lightgbm]
ensembles: [voting]
folds: {n_splits: 2}
features: {timeframes: [30min, 1h]}
splits: {embargo_sessions: 1, min_sessions: {train: 5, val: 1, test: 1}}
scores: {samples: 100}
nulls: {session_shift: 0, probe: {shifts: 5, sign_flips: 1}}
"""
SEARCH = """labels: {search: {enabled: true, share: 0.4, trials: 20, startup_trials: 5}}
"""
TARGETS = (
    "scores",
    "results/MES/predictions/logistic_h20_val.parquet",
    "results/MES/backtest/thresholds_h20.json",
)
OF_TRAINING = (
    "splits/train.parquet",
    "folds_h*.parquet",
    "models/**/*",
    "oof/**/*",
    "walkforward/*",
    "stacking_dataset_h*.parquet",
    "ensembles/*/oof.parquet",
    "backtest/thresholds_h*.json",
)
"""What is made from the training split alone; the rest has rows of validation and test."""


def market():
    """A month of simulated minutes as a file of the user's."""
    contract = contracts.load(config.ROOT / "config/contracts.yaml")[SYMBOL]
    return synthetic.market(
        kind="planted",
        start="2024-01-02",
        months=1,
        seed=7,
        strength=1.0,
        calendar=contract.calendar,
        tick_size=contract.tick_size,
    )


def poisoned(rows, start):
    """The same minutes, with possible prices and volumes that say nothing from ``start`` on."""
    generator = np.random.default_rng(5)
    later = (rows["datetime"] >= start).to_numpy()
    noisy = rows.copy()
    taken = rows[later].sample(frac=1.0, random_state=5).reset_index(drop=True)
    shift = 0.25 * generator.integers(-400, 400, len(taken))
    for name in ("open", "high", "low", "close"):
        noisy.loc[later, name] = taken[name].to_numpy() + shift
    noisy.loc[later, "volume"] = taken["volume"].to_numpy() * 3
    return noisy


def run(folder, rows, *, targets=TARGETS, overlay=OVERLAY):
    """A copy of the workflow that has run on these minutes."""
    folder = copy_workflow(folder)
    tables.write(rows, folder / RAW, schemas.RAW)
    return go_on(folder, targets=targets, overlay=overlay)


def go_on(folder, *, targets, overlay):
    """Run a copy that has its minutes; its results."""
    (folder / "mine.yaml").write_text(overlay)
    made = snakemake(folder, *targets, config="mine.yaml")
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-6000:]
    return folder / "results" / SYMBOL


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return run(tmp_path_factory.mktemp("honest") / "workflow", market())


def last_label_end(results):
    """When the window of the last training row's label ends."""
    bars = tables.read(results / "bars.parquet", schemas.BARS)
    train, *_ = tables.read_json(results / "splits/split_config.json")["splits"]
    max_bars = config.barriers(config.load([]), SYMBOL, HORIZON)["max_bars"]
    assert train["purged_bars"] >= max_bars
    return bars["datetime"].iloc[train["stop"] + max_bars]


def test_nothing_made_from_the_training_split_sees_what_comes_after_its_labels(honest, tmp_path):
    start = last_label_end(honest)
    spoilt = run(tmp_path / "spoilt", poisoned(market(), start))
    before, after = contents(honest, *OF_TRAINING), contents(spoilt, *OF_TRAINING)
    assert {name.split("/")[0] for name in before} >= {
        *("splits", "models", "oof", "walkforward", "backtest")
    }
    assert len([name for name in before if name.startswith("models/")]) > 10
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
    one, other = (tables.read_json(made / f"scores_h{HORIZON}.json") for made in (honest, spoilt))
    assert one.pop("validation") != other.pop("validation")
    assert one == other
    later = ("splits/val.parquet", "splits/test.parquet", "predictions/*.parquet")
    one, other = contents(honest, *later), contents(spoilt, *later)
    assert [name for name in one if one[name] == other[name]] == []


def test_barriers_that_were_found_see_nothing_after_the_searched_rows(honest, tmp_path):
    file = f"barriers_h{HORIZON}.json"
    given = {"targets": [f"results/{SYMBOL}/{file}"], "overlay": OVERLAY + SEARCH}
    shutil.copytree(honest.parents[1], tmp_path / "before", symlinks=True)
    before = go_on(tmp_path / "before", **given)
    found = tables.read_json(before / file)
    train = tables.read_split(before / "splits/train.parquet")
    start = train["datetime"][found["searched_rows"]]
    assert str(train["datetime"][found["searched_rows"] - 1]) == found["searched"]["last"]
    after = run(tmp_path / "after", poisoned(market(), start), **given)
    assert contents(before, file) == contents(after, file)
    assert contents(before, "splits/train.parquet") != contents(after, "splits/train.parquet")
