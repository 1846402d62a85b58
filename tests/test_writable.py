import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlfactory import writable
from mlfactory.config import ROOT
from mlfactory.errors import UserError

LIMITED = """
import resource, signal
from pathlib import Path
from mlfactory import writable

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
writable.require(Path("results"))
"""


@pytest.mark.parametrize("name", ["results", "results/deep/folder"])
def test_folder_that_can_be_written_is_left_as_it_was(tmp_path, name):
    (tmp_path / "results").mkdir()
    writable.require(tmp_path / name)
    assert list((tmp_path / "results").iterdir()) == []


def test_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(**_):
        raise OSError(30, "")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writable.tempfile, "TemporaryFile", refuse)
    with pytest.raises(UserError, match=r"^results/MES: cannot be written \(Read-only file system"):
        writable.require(Path("results/MES"))


@pytest.mark.skipif(os.getuid() != 0, reason="everybody but root has no place there")
def test_system_folder_is_refused_to_root_too():
    with pytest.raises(UserError, match=r"^/proc/none: cannot be written \("):
        writable.require(Path("/proc/none"))


def test_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(UserError, match="cannot be written"):
        writable.require(tmp_path / "results/MES")


def test_full_disk_is_refused_and_nothing_is_left(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "UserError: results: cannot be written (File too large); make room" in run.stderr
    assert list(tmp_path.iterdir()) == []
