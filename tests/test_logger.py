"""What the launcher shows of Snakemake's events; tests/workflow runs it for real."""

import logging
import os
from types import SimpleNamespace

import pytest

from mlfactory import running
from mlfactory.runtime import REPORTED_BY_LOG
from snakemake_logger_plugin_mlfactory import LogHandler


@pytest.fixture
def handler(tmp_path, monkeypatch):
    """The logger of a run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, REPORTED_BY_LOG, "1")
    return LogHandler(SimpleNamespace(dryrun=False), None)


def record(text="", level=logging.INFO, **fields):
    made = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    made.__dict__.update(fields)
    return made


def test_lock_of_another_run_is_one_line(handler, capsys, monkeypatch):
    monkeypatch.setattr(running, "going", lambda: 123)
    text = "LockException:\nError: Directory cannot be locked. Please make\nsure that no other"
    handler.emit(record(text, logging.ERROR))
    assert capsys.readouterr().err == (
        "error: another run is going on in this folder (process 123); wait for its end or stop it "
        "with Ctrl-C, then run again\n"
    )
