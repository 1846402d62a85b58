"""How the launcher reads its command line; tests/workflow/test_launcher.py runs its commands."""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tomllib

import pytest

from mlfactory.config import ROOT
from mlfactory.stages import STAGES


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
        ("oof", "--", "--rerun-triggers", "mtime"),
    ],
)
def test_targets_files_and_options_go_to_snakemake(options, words):
    assert options("run", *words).snakemake == [word for word in words if word != "--"]


def test_options_of_snakemake_may_follow_a_target_and_options_of_the_command(options):
    parsed = options("run", "oof", "--symbols", "MES", "--cores", "1", "--", "--keep-going")
    assert parsed.snakemake == ["oof", "--keep-going"]
    assert (parsed.symbols, parsed.cores) == (["MES"], 1)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("SPY",), "SPY is no target; the contract is chosen by --symbols SPY"),
        (("--", "SPY"), "SPY is no target; the contract is chosen by --symbols SPY"),
        (("score",), "score is no target; did you mean scores?"),
        (("--", "report", "feature"), "feature is no target; did you mean features?"),
        (("q",), "q is no target; there are all, bars, features, labels, dataset, oof, "),
        (("--horizons", "20,x"), "argument --horizons/--horizon: 'x' is not a whole number from 1"),
        (
            ("--keep-going",),
            "unknown option --keep-going; options of Snakemake stand after --; see",
        ),
    ],
)
def test_word_that_is_no_target_is_one_line_with_the_way_out(options, words, line):
    for command in (["run"], ["rerun", "stack"]):
        with pytest.raises(SystemExit) as end:
            options(*command, *words)
        assert str(end.value).startswith(f"error: {line}")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("run", "--sybmols", "SPY"),
            "unknown option --sybmols; did you mean --symbols? see {run}",
        ),
        (
            ("validate", "--horizon=20", "--configfiel=x"),
            "unknown option --configfiel; did you mean",
        ),
        (
            ("run", "--symbols", "spy"),
            "argument --symbols/--symbol: 'spy' is not a symbol: capital",
        ),
        (
            ("validate", "SPY"),
            "SPY is no option; the contract is chosen by --symbols SPY; see {val",
        ),
        (
            ("validate", "spy"),
            "spy is no option; the contract is chosen by --symbols SPY; see {val",
        ),
        (("status", "SPY"), "SPY is no target; the contract is chosen by --symbols SPY"),
        (("lint", "all"), "all is no option; see {lint}"),
        (("runn",), "runn is no command; did you mean run? see {}"),
        (
            ("zzz",),
            "zzz is no command; there are demo, run, rerun, status, validate, predict, test, lint; "
            "see",
        ),
        ((), "the following arguments are required: command; see {}"),
    ],
)
def test_word_that_is_not_known_is_one_line_with_what_was_meant_and_the_help_page(
    options, words, line
):
    pages = {"run": "./pipeline run --help", "lint": "./pipeline lint --help"}
    expected = line.replace("{}", "./pipeline --help").replace("{val", "./pipeline validate --help")
    for name, page in pages.items():
        expected = expected.replace(f"{{{name}}}", page)
    with pytest.raises(SystemExit) as end:
        options(*words)
    assert str(end.value).startswith(f"error: {expected}")


def test_symbol_in_small_letters_is_answered_with_the_one_in_capitals(options):
    with pytest.raises(SystemExit, match=r"did you mean SPY\? see \./pipeline run --help$"):
        options("run", "--symbols", "spy")


def help_page(options, capsys, command):
    with pytest.raises(SystemExit) as end:
        options(command, "--help")
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "run", "rerun", "status", "validate", "test"])
def test_every_option_has_a_text_on_its_help_page(options, capsys, command):
    page = help_page(options, capsys, command)
    entries = re.findall(r"^  (\S.*\n(?: {24}.*\n)*)", page.partition("\n\n")[2], re.MULTILINE)
    assert len(entries) > 1
    assert [entry for entry in entries if not re.search(r"(  |\n {24})\S+ \S+", entry)] == []


def test_help_of_rerun_lists_every_stage(options, capsys):
    words = re.findall(r"\w+", help_page(options, capsys, "rerun"))
    assert STAGES.keys() <= set(words)


def test_version_is_that_of_the_project(options, capsys):
    with pytest.raises(SystemExit):
        options("--version")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"{project['name']} {project['version']}\n"


def test_quick_stands_for_its_configuration_in_validate_too(options, pipeline):
    given = options("validate", "--quick")
    pipeline.stand_for(given)
    assert given.configfile == [ROOT / "config/quick.yaml"]
    assert given.horizons == [20]


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        (("run", "--configfile", "config/demo.yaml"), ["report"]),
        (("status", "--configfile", "config/demo.yaml"), ["report"]),
        (("run", "all", "--configfile", "config/demo.yaml"), ["all"]),
        (("run", "--configfile", "config/test.yaml"), []),
    ],
)
def test_of_the_demo_its_report_is_asked_for(options, pipeline, monkeypatch, words, targets):
    monkeypatch.chdir(ROOT)
    given = options(*words)
    pipeline.stand_for(given)
    assert given.snakemake == targets


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("run", "--symbols", "MES"), "stopped; the same command resumes\n"),
        (("validate", "--audit"), "stopped\n"),
        (("status",), "stopped\n"),
    ],
)
def test_only_what_resumes_says_so_when_it_is_stopped(pipeline, monkeypatch, capsys, words, line):
    monkeypatch.setattr(sys, "argv", ["./pipeline", *words])
    with pytest.raises(SystemExit):
        pipeline.end_by_ctrl_c()
    assert capsys.readouterr().err == line


def test_of_snakemakes_usage_only_the_error_is_shown(pipeline, capfd):
    lines = [b"usage: snakemake [-h]\n", b"  [--x]\n", b"snakemake: error: unrecognized: --foo\n"]
    pipeline.show(lines)
    assert capfd.readouterr().err == "error: unrecognized: --foo; see snakemake --help\n"
    pipeline.show([b"a line: error: of a job\n"])
    assert capfd.readouterr().err == "a line: error: of a job\n"


def test_profile_is_one_of_the_folder_by_name_or_any_by_its_path(options, tmp_path):
    (tmp_path / "profile.yaml").write_text("jobs: 3\n")
    assert options("run", "--profile", "slurm").profile == ROOT / "profiles/slurm"
    assert options("demo", "--profile", f"{tmp_path}/").profile == tmp_path
    assert options("status").profile is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slrm", "did you mean slurm?"),
        ("there", "there are default, gpu, slurm"),
        ("/no/such", "'/no/such' is no folder of profiles/"),
    ],
)
def test_profile_that_there_is_not_is_one_line(options, name, words):
    with pytest.raises(SystemExit, match=re.escape(words)) as end:
        options("run", "--profile", name)
    assert "\n" not in end.value.code


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (("run", "--cores", "3"), ["--cores", "3"]),
        (("run", "--profile", "gpu"), ["--profile", f"{ROOT}/profiles/gpu"]),
        (
            ("run", "--profile", "gpu", "--cores", "3"),
            ["--profile", f"{ROOT}/profiles/gpu", "--cores", "3"],
        ),
        (("status",), ["--cores", "1"]),
    ],
)
def test_cores_are_as_typed_or_as_the_profile_says(options, pipeline, words, chosen):
    command = [str(word) for word in pipeline.snakemake(options(*words))]
    snakefile = ["--snakefile", str(ROOT / "Snakefile")]
    assert command == [str(pipeline.BIN / "snakemake"), *chosen, *snakefile]


@pytest.fixture
def installed(pipeline, monkeypatch, tmp_path):
    """The launcher with an empty environment of its own, and the commands that it runs."""
    commands = []
    monkeypatch.delenv("MLFACTORY_VENV", raising=False)
    monkeypatch.setattr(pipeline, "VENV", tmp_path)
    monkeypatch.setattr(pipeline, "must", lambda *words, **_: commands.append(words))
    return commands


def test_executor_of_a_profile_is_installed_once_for_each_content_of_its_lock(
    installed, pipeline, tmp_path, capsys
):
    pipeline.set_up_executor(ROOT / "profiles/slurm")
    pipeline.set_up_executor(ROOT / "profiles/slurm")
    pipeline.set_up_executor(ROOT / "profiles/gpu")
    lock = ROOT / "requirements-slurm.lock"
    assert installed == [(*pipeline.PIP, "--no-deps", "--requirement", lock)]
    assert "adding the slurm executor" in capsys.readouterr().err
    (tmp_path / lock.name).write_text("another version")
    pipeline.set_up_executor(ROOT / "profiles/slurm")
    assert len(installed) == 2


def test_environment_of_the_users_own_is_not_changed_for_a_profile(
    installed, pipeline, monkeypatch, tmp_path
):
    monkeypatch.setenv("MLFACTORY_VENV", str(tmp_path))
    with pytest.raises(SystemExit, match=r"no slurm executor .* add it: .*slurm\.lock"):
        pipeline.set_up_executor(ROOT / "profiles/slurm")
    (tmp_path / "lib/python3.11/site-packages/snakemake_executor_plugin_slurm").mkdir(parents=True)
    pipeline.set_up_executor(ROOT / "profiles/slurm")
    assert installed == []


def test_pins_of_the_executor_are_what_the_project_asks_for():
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements-slurm.lock").read_text().splitlines()
    pinned = [line.partition("==")[0] for line in lines if not line.startswith("#")]
    assert extra["optional-dependencies"]["slurm"][0].partition(">=")[0] in pinned
