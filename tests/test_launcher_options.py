"""How the launcher reads its command line; tests/workflow/test_launcher.py runs its commands."""

import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest

from mlfactory.config import ROOT


@pytest.fixture
def pipeline(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("pipeline", str(ROOT / "pipeline"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("pipeline", loader))
    loader.exec_module(module)
    return module


def test_installer_shows_errors_and_no_warnings(pipeline):
    """A wheel that is not there is a warning, that it looks like a file, and an error."""
    command = (sys.executable, *pipeline.PIP[1:], "none-1-py3-none-any.whl")
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert [line.partition(":")[0] for line in run.stderr.split("\n") if line] == ["ERROR"]
    assert "none-1-py3-none-any.whl" in run.stderr


def test_run_that_is_killed_says_so_and_how_to_go_on(pipeline, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["./pipeline", "run", "--symbols", "MES"])
    with pytest.raises(SystemExit) as end:
        pipeline.must("sh", "-c", "kill -9 $$")
    assert end.value.code == 137
    assert capsys.readouterr().err.splitlines() == [
        "error: sh was killed by signal 9, perhaps for memory",
        "to go on: ./pipeline run --symbols MES",
    ]


@pytest.fixture
def options(pipeline, monkeypatch):
    """The options that a command line stands for."""

    def parse(*words):
        monkeypatch.setattr(sys, "argv", ["./pipeline", *words])
        return pipeline.parse()

    return parse


def test_several_values_may_stand_between_commas_or_spaces(options):
    given = options("run", "--horizons", "20,10", "5", "--symbols", "MES,ES", "SPY")
    assert given.horizons == [20, 10, 5]
    assert given.symbols == ["MES", "ES", "SPY"]


@pytest.mark.parametrize(
    "words",
    [
        ("report",),
        ("scores", "results/MES/bars.parquet"),
        ("--", "report", "--keep-going"),
        ("--", "--jobs", "SPY"),
        ("--", "results/MES/bars.parquet"),
    ],
)
def test_targets_files_and_options_go_to_snakemake(options, words):
    assert options("run", *words).snakemake == [word for word in words if word != "--"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("SPY",), "SPY is no target; the contract is chosen by --symbols SPY"),
        (("--", "SPY"), "SPY is no target; the contract is chosen by --symbols SPY"),
        (("score",), "score is no target; did you mean scores?"),
        (("--", "report", "feature"), "feature is no target; did you mean features?"),
        (("q",), "q is no target; there are all, bars, features, labels, dataset, oof, stack, "),
        (("--horizons", "20,x"), "argument --horizons/--horizon: 'x' is not a whole number from 1"),
    ],
)
def test_word_that_is_no_target_is_one_line_with_the_way_out(options, words, line):
    for command in (["run"], ["rerun", "stack"]):
        with pytest.raises(SystemExit) as end:
            options(*command, *words)
        assert str(end.value).startswith(f"error: {line}")
