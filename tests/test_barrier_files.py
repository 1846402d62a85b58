import subprocess
import sys

import pytest

from mlfactory import barrier_files
from mlfactory.errors import UserError
from mlfactory.files import read_json

TERMS = {"k_up": 2, "k_down": 1.5, "max_bars": 12}


def test_configured_barriers_are_written_as_they_stand_and_nothing_was_searched(tmp_path):
    path = tmp_path / "barriers_h5.json"
    barrier_files.write(barrier_files.configured(5, TERMS), path)
    content = read_json(path)
    assert content["barriers"] == TERMS
    assert repr(content["barriers"]) == repr(TERMS)
    assert content["source"] == "configured"
    assert content["searched_rows"] == 0


def test_barriers_by_horizon_are_in_the_order_of_the_files(tmp_path):
    paths = []
    for horizon in (20, 5):
        paths.append(tmp_path / f"barriers_h{horizon}.json")
        barrier_files.write(barrier_files.configured(horizon, TERMS), paths[-1])
    assert list(barrier_files.by_horizon(paths)) == [20, 5]


def test_broken_file_is_named(tmp_path):
    path = tmp_path / "barriers_h5.json"
    path.write_text('{"source": "conf')
    with pytest.raises(UserError, match=r"barriers_h5\.json: is damaged .is not json"):
        read_json(path)


def test_job_of_configured_barriers_imports_no_table_library():
    code = "import sys, mlfactory.barrier_files, mlfactory.runtime; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "pyarrow", "numba"} & set(run.stdout.split())
