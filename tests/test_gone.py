from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from mlfactory import gone


@pytest.fixture
def record(tmp_path, monkeypatch):
    """Record a file as Snakemake does when it has made it."""
    monkeypatch.chdir(tmp_path)
    persistence = object.__new__(FilePersistence)
    persistence._max_len = None

    def write(name, rule="clean_bars"):
        persistence._io_write(gone.RECORDS, {"rule": rule}, name)

    gone.RECORDS.mkdir(parents=True)
    return write


def test_file_that_was_made_and_deleted_is_gone(record):
    for name in ("results/MES/bars.json", "results/MES/bars.parquet"):
        record(name)
    Path("results/MES").mkdir(parents=True)
    Path("results/MES/bars.json").touch()
    assert gone.gone() == [Path("results/MES/bars.parquet")]


def test_file_that_is_there_is_named_with_the_rule_that_made_it(record):
    for name, rule in (("a.json", "clean_bars"), ("b.json", "label_bars")):
        record(name, rule)
    Path("b.json").touch()
    assert list(gone.made_by()) == [(Path("b.json"), "label_bars")]


def test_long_names_are_read_too(record):
    name = f"results/{'long/' * 80}bars.parquet"
    record(name)
    assert gone.gone() == [Path(name)]


def test_nothing_is_gone_where_nothing_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert gone.gone() == []


def test_half_a_record_that_a_kill_left_is_passed_over(record):
    record("a.json")
    Path("a.json").touch()
    (written,) = gone.RECORDS.iterdir()
    written.write_text('{"rule"')
    assert list(gone.made_by()) == []
