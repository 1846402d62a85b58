"""Faults of machine, disk and hand in a small workflow: one line each, and the next call mends."""

import os
import re
import shutil
import subprocess
import threading
import time

import pytest
from clone import SMALLEST, call, contents, copy_workflow, environment

from mistakes import minutes, write

FAULTS = "faults.yaml"
RUN = (
    *("snakemake", "--logger", "mlfactory", "--nocolor", "--configfile", FAULTS, "--cores", "2"),
    "--",
)
LAUNCHER = ("./pipeline", "run", "--configfile", FAULTS, "--cores", "2", "--")
"""It finds what is gone though what follows from it is there, as Snakemake alone does not."""

FIT = "results/DEMO/oof/lightgbm_h5_fold0.parquet"
TABLES = ("results/**/*.parquet", "results/**/*.json")


def run(folder, *targets):
    """Make these files; the finished process."""
    return call(folder, *RUN, *targets)


def error_of(failed):
    """The one line in which a run that has failed says why."""
    assert failed.returncode == 1, failed.stdout + failed.stderr
    said = failed.stdout + failed.stderr
    assert "Traceback" not in said
    errors = [line for line in said.splitlines() if "rror" in line]
    assert len(errors) == 1, errors
    return errors[0]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A small workflow that has run until one fold's predictions; not changed."""
    folder = copy_workflow(tmp_path_factory.mktemp("fitted") / "workflow")
    (folder / FAULTS).write_text(SMALLEST)
    done = run(folder, FIT)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture
def copy(fitted, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(fitted, tmp_path / "copy", symlinks=True)


def break_fit(folder, how):
    """Let LightGBM's fits end with an error."""
    module = folder / "workflow/mlfactory/models/lightgbm.py"
    text = module.read_text()
    place = re.search(r"    def _fit\((?s:.*?)\) -> dict\[str, Any\]:\n", text)
    module.write_text(f"{text[: place.end()]}        {how}\n{text[place.end() :]}")


def test_fit_that_runs_out_of_memory_is_one_line_with_the_way_out(copy):
    break_fit(copy, "raise MemoryError('Unable to allocate 3 GiB')")
    error = error_of(run(copy, FIT))
    assert error.startswith(
        "error: fit DEMO lightgbm h5 fold 0: memory ran out (MemoryError: Unable to allocate 3 "
        "GiB); run fewer jobs at once by --cores, or make the model smaller in "
        "config/models/lightgbm.yaml; a cluster submits it again with more"
    )
    assert error.endswith("; log: results/DEMO/logs/fit_lightgbm_h5_fold0.log")
    assert not (copy / FIT).exists()


def test_gpu_that_fails_midway_is_one_line_that_names_it(copy, monkeypatch):
    break_fit(copy, "raise RuntimeError('CUDA error: unspecified launch failure\\nand more')")
    yaml = copy / "config/models/lightgbm.yaml"
    yaml.write_text(yaml.read_text().replace("use_gpu: false", "use_gpu: true"))
    driver = copy / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho '0, GPU-a'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{copy}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(copy))  # where the locks of GPUs are
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert error_of(run(copy, FIT)).startswith(
        "error: fit DEMO lightgbm h5 fold 0: GPU GPU-a failed (RuntimeError: CUDA error: "
        "unspecified launch failure); run again; "
    )
    assert not (copy / FIT).exists()


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    path.write_bytes(damaged)


@pytest.mark.parametrize(
    ("name", "damage", "job", "target"),
    [
        ("synthetic_1m.parquet", truncate, "clean the raw rows of DEMO", "bars.parquet"),
        ("features.parquet", truncate, "split DEMO into", "oof/lightgbm_h5_fold0.parquet"),
        ("labels_h5.parquet", flip_a_bit, "assign DEMO training rows", "folds_h5.parquet"),
    ],
)
def test_damaged_table_is_named_set_aside_and_made_again_by_the_next_call(
    copy, fitted, name, damage, job, target
):
    path = copy / "results/DEMO" / name
    damage(path)
    spoilt = path.read_bytes()
    error = error_of(run(copy, f"results/DEMO/{target}"))
    assert error.startswith(f"error: {job}")
    assert f": results/DEMO/{name}: is damaged (" in error
    assert f"it is set aside as .{name}.damaged: run again to make it anew" in error
    assert not path.exists()
    assert path.with_name(f".{name}.damaged").read_bytes() == spoilt
    again = call(copy, *LAUNCHER, f"results/DEMO/{target}")
    assert again.returncode == 0, again.stderr[-3000:]
    assert contents(copy, *TABLES) == contents(fitted, *TABLES)


OWN = SMALLEST.replace("[DEMO]", "[MES]").replace("[1h]", "[15min]")
BARS = ("results/MES/bars.parquet", "results/MES/features.parquet")


def replaced_at(folder, words, content, job=None):
    """Run until these words are said and the job starts, replace the raw file, let the run end."""
    write(folder / "new.parquet", content)  # now: a job reads the raw file a second after its start
    with subprocess.Popen(
        [*RUN, *BARS],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr))
        reader.start()
        shown = []
        for line in process.stdout:
            shown.append(line)
            if words in line:
                scripts = folder / ".snakemake/scripts"  # what a job is given is in its script
                while job and process.poll() is None and not any(scripts.glob(f"*.{job}.py")):
                    time.sleep(0.01)
                (folder / "new.parquet").replace(folder / "data/raw/MES_1m.parquet")
        reader.join()
    assert any(words in line for line in shown), shown + said
    return subprocess.CompletedProcess(RUN, process.wait(), "".join(shown), "".join(said))


def test_raw_file_that_is_replaced_during_a_run_is_not_mixed_with_the_old_one(fitted, tmp_path):
    ignored = shutil.ignore_patterns("results", ".snakemake")
    folder = shutil.copytree(fitted, tmp_path / "own", symlinks=True, ignore=ignored)
    (folder / FAULTS).write_text(OWN)
    old = minutes(n_sessions=12)
    new = old.assign(**{name: old[name] + 100 for name in ("open", "high", "low", "close")})
    write(folder / "data/raw/MES_1m.parquet", old)

    # before its rows are read: the run began with another file, and makes nothing of this one
    error = error_of(replaced_at(folder, "jobs to run", new, job="clean_bars"))
    assert error.startswith("error: clean the raw rows of MES and join them to bars: ")
    assert ": data/raw/MES_1m.parquet: was replaced while the run went on; run again" in error
    assert contents(folder, *TABLES) == {}

    # after they were read: the run goes on with them, and what it makes is of one file
    assert replaced_at(folder, "clean the raw rows", old).returncode == 0
    of_new = contents(folder, *TABLES)
    again = run(folder, *BARS)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "2/2 " in again.stdout, "bars and features are made anew"
    of_old = contents(folder, *TABLES)
    assert [name for name in BARS if of_old[name] == of_new[name]] == []
    assert run(folder, *BARS).stdout.startswith("nothing to do")
