"""What the launcher shows of a run: progress, a failed job in one line, status, rerun."""

import json
import os
import pty
import re
import shutil

from clone import call, contents, environment

from mlfactory import stages

TEST = ("--configfile", "config/test.yaml")
TABLES = ("results/**/*.parquet", "results/**/*.json")
FIT = r"(null \d: fit|fit|walk forward) DEMO .*"
"""The name of a job that fits a model; which of them is first to run is Snakemake's choice."""


def break_fits(folder, how="1 / 0"):
    """Let every fit end with an error; what was there before."""
    module = folder / "workflow/mlfactory/oof.py"
    text = module.read_text()
    broken = f"import os\n\n\ndef training_set(*_):\n    {how}\n\n\ndef _("
    module.write_text(text.replace("def training_set(", broken))
    return module, text


def test_failed_job_is_one_line_and_status_names_it_and_the_next_run_mends_it(copy, finished):
    module, text = break_fits(copy)
    run = call(copy, "./pipeline", "run", *TEST, "--cores", "1")
    assert run.returncode == 1
    assert "RuleException" not in run.stdout + run.stderr
    lines = run.stderr.strip().splitlines()
    assert lines[-1] == "to go on: ./pipeline run --configfile config/test.yaml --cores 1"
    assert len(lines) == 2
    assert re.fullmatch(
        rf"error: {FIT}: ZeroDivisionError: division by zero; log: .*\.log",
        lines[0],
    )
    status = call(copy, "./pipeline", "status", *TEST)
    assert status.returncode == 0, status.stderr
    assert re.search(
        r"^oof +\d+ files: \d+ to make \(settings or code changed\)", status.stdout, re.M
    )
    assert re.search(r"^bars +3 files: 3 done$", status.stdout, re.M)
    assert re.search(r"^the last run failed in rule (fit|walk_forward)_\w+$", status.stdout, re.M)
    assert "    ZeroDivisionError: division by zero" in status.stdout.splitlines()
    assert (
        status.stdout.splitlines()[-1] == "to go on: ./pipeline run --configfile config/test.yaml"
    )
    module.write_text(text)
    again = call(copy, "./pipeline", "run", *TEST)
    assert again.returncode == 0, again.stderr
    assert contents(copy, *TABLES) == contents(finished, *TABLES)
    status = call(copy, "./pipeline", "status", *TEST)
    assert status.stdout.splitlines()[-1].endswith("nothing to do")
    assert "failed" not in status.stdout


def test_job_that_is_killed_is_one_line_too_and_leaves_nothing_half_written(copy):
    shutil.rmtree(copy / "results/DEMO/models")
    break_fits(copy, "os.kill(os.getpid(), 9)")
    run = call(copy, "./pipeline", "run", *TEST)
    assert run.returncode == 1
    *errors, on = run.stderr.strip().splitlines()
    assert 1 <= len(errors) <= os.cpu_count()
    assert on == "to go on: ./pipeline run --configfile config/test.yaml"
    for line in errors:
        assert re.fullmatch(rf"error: {FIT}: ended without a word; was it killed.*\.log", line)
    assert not list(copy.glob("results/DEMO/models/*/*/*/*"))
    status = call(copy, "./pipeline", "status", *TEST)
    assert re.search(rf"^error: {FIT}: ended without a word", status.stdout, re.M)
    assert re.search(r"^full +4 files: 4 to make \(missing\)$", status.stdout, re.M)


def test_finished_run_says_that_there_is_nothing_to_do_and_progress_is_plain_lines(copy):
    run = call(copy, "./pipeline", "run", *TEST)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "nothing to do: every file is there and up to date"
    (copy / "results/DEMO/scores_h5.json").unlink()
    run = call(copy, "./pipeline", "run", *TEST)
    assert run.stdout.startswith("DEMO: synthetic_1m.parquet: ")
    assert re.search(r"^\d+ jobs? to run$", run.stdout, re.M)
    assert re.search(r"^1/\d score DEMO h5 \(\d+\.\d s\)", run.stdout, re.M)
    assert "\r" not in run.stdout


def test_lock_of_a_killed_run_is_taken_off_by_the_next(copy):
    (copy / ".snakemake/locks").mkdir(exist_ok=True)
    (copy / ".snakemake/locks/0.output.lock").write_text("results/DEMO/report.html\n")
    (copy / "results/DEMO/report.html").unlink()
    status = call(copy, "./pipeline", "status", *TEST)
    assert "the last run was killed; what it had finished stays" in status.stdout.splitlines()
    run = call(copy, "./pipeline", "run", *TEST)
    assert run.returncode == 0, run.stderr
    assert run.stderr == "the last run was killed; its lock is taken off\n"


def test_deleted_file_is_made_again_though_what_follows_from_it_is_there(copy, finished):
    made = "results/DEMO/ensembles/voting_h5/oof.parquet"
    (copy / made).unlink()
    status = call(copy, "./pipeline", "status", *TEST)
    assert re.search(r"^ensembles .*\b1 to make \(missing\)", status.stdout, re.M)
    run = call(copy, "./pipeline", "run", *TEST)
    assert run.returncode == 0, run.stderr
    assert f"deleted, to be made again with what follows: {made}" in run.stdout.splitlines()
    assert contents(copy, *TABLES) == contents(finished, *TABLES)


def test_rerun_forces_a_stage_and_what_follows(copy):
    dry = call(copy, "./pipeline", "rerun", "stack", *TEST, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert dry.stderr == ""
    lines = dry.stdout.splitlines()
    jobs = {line.split()[0]: int(line.split()[1]) for line in lines}
    assert all(line.split()[2] in ("job", "jobs") for line in lines)
    assert {"stack": 4, "scores": 2}.items() <= jobs.items()
    assert not {"bars", "labels", "oof"} & jobs.keys()
    assert jobs.pop("total") == sum(jobs.values())
    wrong = call(copy, "./pipeline", "rerun", "stacks", *TEST)
    assert wrong.returncode == 1
    assert wrong.stderr == "error: 'stacks' is no stage; did you mean stack?\n"


def on_terminal(folder, *command):
    """Run a command on a pseudo-terminal of 120 columns; its status and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environment(folder) | {"COLUMNS": "120", "TERM": "xterm"})
    shown = b""
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:  # how a pseudo-terminal ends
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_on_a_terminal_one_line_is_redrawn_with_what_runs_and_the_time_left(copy):
    shutil.rmtree(copy / "results/DEMO/models/lightgbm/h20/fold0")
    durations = copy / ".snakemake/mlfactory/durations.json"
    durations.parent.mkdir(exist_ok=True)
    usual = {rule: 2.0 for rules in stages.STAGES.values() for rule in rules}
    durations.write_text(json.dumps(usual | {"stack_predictions": 30.0}))
    status, shown = on_terminal(copy, "./pipeline", "run", "stack", *TEST)
    assert status == 0, shown
    drawn = re.findall(r"\r(\d+/\d+,[^\r]* fit DEMO lightgbm[^\r]*)", shown)
    assert any(re.search(r"\d/\d+, about \d+ (s|min) left, fit DEMO", line) for line in drawn), (
        shown
    )
    assert max(map(len, drawn)) < 120
    assert re.search(r"^\d+ jobs to run", shown, re.M)
