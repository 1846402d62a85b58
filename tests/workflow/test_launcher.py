import re
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from clone import ROOT, call, contents, copy_workflow, environment

from mlfactory import schemas, synthetic, tables

RUN_BY_CI = ("./pipeline demo", "./pipeline lint", "./pipeline test")


LESS = (
    ("config", r"(?m)^models: .*$", "models: [logistic, lightgbm]"),
    ("config", r"(?m)^ensembles: .*$", "ensembles: [voting]"),
    ("config", "n_splits: 5", "n_splits: 2"),
    ("config", "retrain_sessions: 20", "retrain_sessions: 50"),
    ("config", r"probe: {[^}]*}", "probe: {shifts: 5, sign_flips: 1}"),
    ("quick", r"(?m)^models: .*$", "models: [logistic, lightgbm]"),
    ("quick", "n_splits: 3", "n_splits: 2"),
    ("quick", r"probe: {[^}]*}", "probe: {shifts: 5, sign_flips: 1}"),
)
"""(overlay, pattern, replacement): what lets the README's commands end sooner."""


@pytest.fixture(scope="session")
def with_data(tmp_path_factory):
    """A fresh copy of the workflow with six months of simulated minutes as MES, and less to do."""
    folder = copy_workflow(tmp_path_factory.mktemp("with_data") / "workflow")
    for name, pattern, words in LESS:
        path = folder / f"config/{name}.yaml"
        text, found = re.subn(pattern, words, path.read_text())
        assert found == 1, (name, pattern)
        path.write_text(text)
    market = synthetic.market(
        kind="planted",
        start="2024-01-02",
        months=6,
        seed=3,
        strength=1.0,
        calendar="CME_Equity",
        tick_size=0.25,
    )
    tables.write(market, folder / "data/raw/MES_1m.parquet", schemas.RAW)
    shutil.copy(folder / "data/raw/MES_1m.parquet", folder / "new.parquet")
    return folder


def readme_commands():
    """Every command line in the README's shell blocks, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    return [line.split(" #")[0].strip() for line in lines if line.strip()]


def test_ci_runs_the_readmes_own_set_up_and_test_commands():
    ci = (ROOT / ".ci/run").read_text()
    assert all(command in ci.splitlines() for command in RUN_BY_CI)
    assert {"./pipeline demo", "./pipeline test"} <= set(readme_commands())


MES_COMMANDS = [
    command
    for command in dict.fromkeys(readme_commands())
    if command not in RUN_BY_CI and not command.startswith(("git clone", "source "))
]


@pytest.mark.parametrize("command", MES_COMMANDS)
def test_readme_command_works(with_data, command):
    run = call(with_data, "bash", "-c", command)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]


def test_quick_run_has_its_own_folder_and_ends_with_a_table(with_data):
    run = call(with_data, "./pipeline", "run", "--symbols", "MES", "--quick")
    assert run.returncode == 0, run.stderr[-4000:]
    assert (with_data / "results/quick/MES/stacking_dataset_h20.parquet").exists()
    for model in ("logistic", "lightgbm", "voting"):
        assert re.search(rf"^{model} .*\[.*\].* null ", run.stdout, re.MULTILINE)


def test_validate_says_what_a_run_would_be_worth_and_writes_nothing(with_data):
    before = contents(with_data, "results/**/*")
    run = call(with_data, "./pipeline", "validate", "--symbols", "MES")
    assert run.returncode == 0, run.stderr
    assert re.search(r"MES: \d+ bars of warm-up, \d+ rows after it, \d+ of them purged", run.stdout)
    assert re.search(r"MES: test: \d+ rows, \d+ sessions", run.stdout)
    labelled = r"MES: h20 \([^)]*\): \d+% of the training rows have a label \(short \d+%"
    assert re.search(labelled, run.stdout)
    assert re.search(r"standard error of \d\.\d", run.stdout)
    assert contents(with_data, "results/**/*") == before


def spoilt(market, kind):
    """(file name, content) of raw data with one mistake."""
    if kind == "naive times":
        return "ES_1m.parquet", market.assign(datetime=market["datetime"].dt.tz_localize(None))
    if kind == "missing column":
        return "ES_1m.parquet", market.drop(columns="volume")
    if kind == "five minutes":
        return "ES_1m.parquet", market[market["datetime"].dt.minute % 5 == 0]
    if kind == "impossible":
        bad = market.index % 100 == 7
        return "ES_1m.parquet", market.assign(high=market["high"].where(~bad, market["low"] - 1))
    if kind == "too little":
        return "ES_1m.parquet", market.iloc[:20000]
    raise ValueError(kind)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("naive times", ["ES_1m.parquet", "raw: {ES: {timezone:"]),
        ("missing column", ["ES_1m.parquet", "volume"]),
        ("five minutes", ["ES_1m.parquet", "5min", "1min"]),
        ("impossible", ["ES_1m.parquet", "max_impossible_share", "limit 0.10%", "row 8"]),
        ("too little", ["ES: too little data", "sessions would be enough"]),
    ],
)
def test_raw_file_that_cannot_be_used_is_one_line_and_no_output(tmp_path, with_data, kind, words):
    folder = copy_workflow(tmp_path / "workflow")
    name, frame = spoilt(pd.read_parquet(with_data / "data/raw/MES_1m.parquet"), kind)
    frame.to_parquet(folder / "data/raw" / name)
    for command in ("validate", "run"):
        run = call(folder, "./pipeline", command, "--symbols", "ES", "--horizons", "20")
        assert run.returncode == 1
        assert len(run.stderr.strip().splitlines()) == 1
        assert all(word in run.stderr for word in words), run.stderr
        assert not (folder / "results").exists()
    bare = call(folder, "snakemake", "--cores", "1", "results/ES/stacking_dataset_h20.parquet")
    assert bare.returncode == 1
    assert "error: " in bare.stderr
    assert "Traceback" not in bare.stderr.split("Logfile")[0]
    assert not list(folder.glob("results/ES/*stack*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--symbols", "MES"], ["data/raw/MES_1m.parquet: no such file"]),
        (["--symbols", "XYZ"], ["XYZ", "config/contracts.yaml", "tick_size"]),
        (["--symbols", "../MES"], ["'../MES' is not a symbol"]),
        (["--symbols", "MES", "ES"], ["symbols MES, ES in one run", "allow_batch_symbols"]),
        (["--symbols", "DEMO", "--horizons", "7"], ["horizon 7 has no barriers"]),
        (["--symbols", "DEMO", "--horizons", "x"], ["--horizons", "'x'"]),
        (["--configfile", "none.yaml"], ["none.yaml: no such file"]),
        (["SPY"], ["SPY is no target", "--symbols SPY"]),
        (["--quick", "--horizons", "5", "20"], ["--quick takes one horizon"]),
    ],
)
def test_mistake_on_the_command_line_is_one_line_and_no_output(tmp_path, arguments, words):
    folder = copy_workflow(tmp_path / "workflow")
    run = call(folder, "./pipeline", "run", *arguments)
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert all(word in run.stderr for word in words), run.stderr
    assert not (folder / "results").exists()


def test_ctrl_c_while_files_are_looked_at_is_one_line(tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    process = subprocess.Popen(
        ["./pipeline", "status"], cwd=folder, env=environment(folder), stderr=subprocess.PIPE
    )
    while not list(folder.glob(".snakemake/mlfactory/running/*")) and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == b"stopped\n"
    assert process.returncode == 130


def test_status_without_the_raw_file_says_what_is_done_and_then_that_it_is_missing(
    with_data, tmp_path
):
    folder = tmp_path / "workflow"
    shutil.copytree(with_data, folder, symlinks=True)
    run = call(folder, "./pipeline", "run", "bars", "--symbols", "MES")
    assert run.returncode == 0, run.stderr
    (folder / "data/raw/MES_1m.parquet").unlink()
    status = call(folder, "./pipeline", "status", "--symbols", "MES")
    assert status.returncode == 1
    head, *lines = status.stdout.splitlines()
    assert head == "MES, horizons 5, 10, 15, 20, in results/"
    assert "bars 3 files there" in [" ".join(line.split()) for line in lines]
    assert re.fullmatch(r"error: data/raw/MES_1m\.parquet: no such file; .*\n", status.stderr)


def test_option_that_snakemake_does_not_know_is_one_line(with_data):
    for command in ("run", "status"):
        run = call(with_data, "./pipeline", command, "--symbols", "MES", "--", "--foo")
        assert run.returncode != 0
        assert run.stderr == "error: unrecognized arguments: --foo; see snakemake --help\n"


def test_empty_overlay_is_the_same_one_line_of_every_command(tmp_path):
    folder = copy_workflow(tmp_path / "workflow")
    (folder / "empty.yaml").touch()
    for command in ("validate", "run", "status"):
        run = call(folder, "./pipeline", command, "--configfile", "empty.yaml")
        assert run.returncode == 1
        assert re.fullmatch("error: empty.yaml: is empty; .*\n", run.stderr), run.stderr
