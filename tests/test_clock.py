"""A clock that is set back: files of the future."""

import os
import time
from base64 import urlsafe_b64encode

import pytest

from mlfactory import clock, config, gone, running
from mlfactory.errors import UserError
from mlfactory.raw_files import raw_path

HOUR = 3600


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(path, age_s):
    """A file that Snakemake has recorded, so many seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    gone.RECORDS.mkdir(parents=True, exist_ok=True)
    (gone.RECORDS / urlsafe_b64encode(str(path).encode()).decode()).write_text("{}")
    dated = time.time() - age_s
    os.utime(path, (dated, dated))
    return dated


def test_made_file_of_the_future_is_dated_now_and_others_stay(tmp_path):
    ahead, behind = tmp_path / "ahead", tmp_path / "behind"
    made(ahead, -HOUR)
    before = made(behind, HOUR)
    assert clock.date_now() == [ahead]
    assert abs(ahead.stat().st_mtime - time.time()) < 60
    assert ahead.read_text() == "content"
    assert behind.stat().st_mtime == before
    assert clock.date_now() == []


def test_folder_is_dated_by_snakemakes_stamp(tmp_path):
    stamp = tmp_path / "fold0/.snakemake_timestamp"
    made(stamp, -HOUR)
    for record in gone.RECORDS.iterdir():
        record.unlink()
    (gone.RECORDS / urlsafe_b64encode(str(stamp.parent).encode()).decode()).touch()
    assert clock.date_now() == [stamp]


def test_file_that_is_gone_is_no_matter(tmp_path):
    made(tmp_path / "a", -HOUR)
    (tmp_path / "a").unlink()
    assert clock.date_now() == []


def test_run_says_so_once(tmp_path, capsys):
    made(tmp_path / "a", -HOUR)
    running.main()
    assert "the clock was set back: " in capsys.readouterr().err
    running.main()
    assert capsys.readouterr().err == ""


def test_raw_file_of_the_future_is_refused(tmp_path):
    settings = config.load([], overrides={"raw_folder": str(tmp_path)})
    raw = tmp_path / "MES_1m.parquet"
    raw.touch()
    assert raw_path(settings, "MES") == raw
    os.utime(raw, (time.time() + HOUR,) * 2)
    with pytest.raises(UserError, match=r"MES_1m\.parquet: was last changed at .* in the future"):
        raw_path(settings, "MES")
