import errno
import json
import multiprocessing
import os
import resource
import signal

import pytest

from mlfactory import files, json_lines, ledger, looks
from mlfactory.errors import UserError


def study(name="barriers_h5", seed=1, n=3):
    """A study's file as far as the ledger reads it."""
    trials = [{"number": i, "k_up": 1.0 + i, "net_sharpe": 0.1 * i} for i in range(n)]
    return {"study": {"name": name, "seed": seed}, "best": n - 1, "trials": trials}


def test_every_trial_of_every_study_is_a_line(tmp_path):
    path = tmp_path / "DEMO" / ledger.NAME
    ledger.add(study(), path)
    ledger.add(study("barriers_h20"), path)
    found = ledger.read(path)
    assert [trial["number"] for trial in found] == [0, 1, 2, 0, 1, 2]
    assert [t["study"].split(":")[0] for t in found] == ["barriers_h5"] * 3 + ["barriers_h20"] * 3
    assert found[1]["k_up"] == 2.0


def test_study_that_runs_again_is_added_once_and_a_changed_one_beside_it(tmp_path):
    path = tmp_path / ledger.NAME
    for seed in (1, 1, 2, 1):
        ledger.add(study(seed=seed), path)
    assert len(ledger.read(path)) == 6
    assert len({trial["study"] for trial in ledger.read(path)}) == 2


def test_ledger_that_is_not_there_is_empty(tmp_path):
    assert ledger.read(tmp_path / ledger.NAME) == []


def test_interrupted_addition_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / ledger.NAME
    ledger.add(study(), path)
    before = path.read_bytes()

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(json_lines.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ledger.add(study(seed=2), path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    ledger.add(study(seed=2), path)
    assert len(ledger.read(path)) == 6
    assert {p.name for p in tmp_path.iterdir()} == {ledger.NAME, f".{ledger.NAME}.lock"}


def test_process_that_is_killed_while_it_writes_leaves_no_half_line(tmp_path):
    path = tmp_path / ledger.NAME
    ledger.add(study(), path)
    process = multiprocessing.get_context("fork").Process(target=killed_on_writing, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert len(ledger.read(path)) == 3
    ledger.add(study(seed=2), path)
    assert len(ledger.read(path)) == 6


def killed_on_writing(path):
    files.os.fsync = lambda _: files.os._exit(9)
    ledger.add(study(seed=2), path)


def add_some(path, name):
    for seed in range(5):
        ledger.add(study(name, seed=seed), path)


def test_jobs_that_add_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / ledger.NAME
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=add_some, args=(path, f"barriers_h{h}")) for h in range(1, 5)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(ledger.read(path)) == 4 * 5 * 3
    assert all(line.startswith("{") for line in path.read_text().splitlines())


def test_line_that_is_no_trial_is_named(tmp_path):
    path = tmp_path / ledger.NAME
    path.write_text(json.dumps({"study": "a:1", "number": 0}) + '\n{"study": "a:\n{}\n')
    with pytest.raises(UserError, match=r"trials\.jsonl: line 2 is not json .*delete that line"):
        ledger.read(path)


@pytest.mark.parametrize("add", [ledger.add, looks.add], ids=["trials", "looks"])
@pytest.mark.parametrize("torn", ['{"study": "a:1", "num', "{", "7", '{"study": "\ufffd'])
def test_last_line_that_is_cut_off_is_refused_in_one_line_and_no_other_is_lost(tmp_path, add, torn):
    path = tmp_path / "trials.jsonl"
    whole = json.dumps({"study": "a:1", "number": 0}) + "\n"
    path.write_text(whole + torn)
    with pytest.raises(UserError, match=r"jsonl: line 2 is not json .* the last line is cut off"):
        add(study(), path)
    assert path.read_text() == whole + torn
    path.write_text(whole)
    add(study(), path)
    assert path.read_text().startswith(whole)
    assert len(ledger.read(path)) > 1


@pytest.mark.parametrize("add", [ledger.add, looks.add], ids=["trials", "looks"])
def test_line_whose_end_is_cut_off_keeps_to_itself(tmp_path, add):
    path = tmp_path / "trials.jsonl"
    path.write_text(json.dumps({"study": "a:1", "number": 0}))
    add(study(), path)
    assert ledger.read(path)[0] == {"study": "a:1", "number": 0}
    assert len(ledger.read(path)) > 1


def add_on_a_full_disk(add, path):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        for seed in range(100):
            add(study(seed=seed), path)
    except OSError as error:
        os._exit(error.errno)


@pytest.mark.parametrize("add", [ledger.add, looks.add], ids=["trials", "looks"])
def test_full_disk_leaves_whole_lines_only(tmp_path, add):
    path = tmp_path / "trials.jsonl"
    context = multiprocessing.get_context("fork")
    process = context.Process(target=add_on_a_full_disk, args=(add, path))
    process.start()
    process.join()
    assert process.exitcode == errno.EFBIG
    n = len(ledger.read(path))
    assert n > 2
    add(study(seed=1000), path)
    assert len(ledger.read(path)) > n
    assert {p.name for p in tmp_path.iterdir()} == {path.name, f".{path.name}.lock"}
