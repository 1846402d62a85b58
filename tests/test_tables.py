import contextlib
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlfactory import schemas, tables
from mlfactory.errors import UserError


def predictions(n=5):
    times = pd.date_range("2024-01-02", periods=n, freq="5min", tz="UTC").as_unit("ns")
    p = np.tile(np.float32([0.2, 0.5, 0.3]), (n, 1))
    return pd.DataFrame({"datetime": times}).assign(
        **dict(zip(schemas.PROBABILITIES, p.T, strict=True))
    )


def test_what_is_written_is_read_again_exactly(tmp_path):
    path = tmp_path / "deep" / "table.parquet"
    tables.write(predictions(), path, schemas.PREDICTIONS)
    pd.testing.assert_frame_equal(tables.read(path, schemas.PREDICTIONS), predictions())
    assert [p.name for p in path.parent.iterdir()] == ["table.parquet"]


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        tables.write(predictions(), tmp_path / name, schemas.PREDICTIONS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns="prob_long"), "missing \\['prob_long'\\]"),
        (lambda t: t[["prob_short", *t.columns.drop("prob_short")]], "order changed"),
        (lambda t: t.astype({"prob_long": "float64"}), "prob_long is float64"),
        (lambda t: t.assign(prob_long=np.float32(0.9)), "do not sum to 1 in row 0 and 4 more"),
        (lambda t: t.assign(prob_short=np.float32(-0.1)), "prob_short < 0"),
        (lambda t: t.assign(prob_short=np.float32(np.nan)), "prob_short is missing"),
        (lambda t: t[::-1], "datetime is not ascending"),
        (lambda t: pd.concat([t, t[-1:]]), "datetime is not ascending"),
    ],
)
def test_table_that_breaks_its_contract_is_not_written(tmp_path, spoil, message):
    with pytest.raises(ValueError, match=message):
        tables.write(spoil(predictions()), tmp_path / "t.parquet", schemas.PREDICTIONS)
    assert list(tmp_path.iterdir()) == []


def test_bar_whose_low_is_above_its_close_is_refused(tmp_path):
    raw = predictions()[["datetime"]].assign(open=2.0, high=3.0, low=1.0, close=0.5, volume=1)
    with pytest.raises(ValueError, match="low is above close in row 0"):
        tables.check(raw, schemas.RAW, "raw.parquet")


def test_truncated_table_is_refused_in_one_line(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(predictions(), path, schemas.PREDICTIONS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"t\.parquet: is damaged .* aside as .t.parquet.damaged"):
        tables.read(path, schemas.PREDICTIONS)


def test_missing_numbers_are_null_in_json(tmp_path):
    content = {"a": float("nan"), "b": [np.float64("inf"), np.int8(1)], "c": np.array([1.5])}
    tables.write_json(content, tmp_path / "a.json")
    assert tables.read_json(tmp_path / "a.json") == {"a": None, "b": [None, 1], "c": [1.5]}


def test_half_written_json_is_refused_in_one_line(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1')
    with pytest.raises(UserError, match=r"a\.json: is damaged .is not json"):
        tables.read_json(tmp_path / "a.json")


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.json"
    tables.write_json({"a": 1}, path)
    with pytest.raises(TypeError):
        tables.write_json({"a": object()}, path)
    assert tables.read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_any_bit_that_flips_is_found_or_changes_nothing(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(predictions(200), path, schemas.PREDICTIONS)
    sound = path.read_bytes()
    found = 0
    for place in range(0, len(sound), 2):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place // 2 % 8
        path.write_bytes(damaged)
        with contextlib.suppress(UserError):
            read = tables.read(path, schemas.PREDICTIONS)
            pd.testing.assert_frame_equal(read, predictions(200))
        found += not path.exists()
    assert found > len(sound) / 3


def test_failure_of_the_system_is_no_damage_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    tables.write(predictions(), path, schemas.PREDICTIONS)
    for failure in (OSError(5, "Input/output error"), pa.ArrowMemoryError("out of memory")):
        monkeypatch.setattr(tables.pq, "read_table", Mock(side_effect=failure))
        with pytest.raises(type(failure)):
            tables.read(path, schemas.PREDICTIONS)
        assert path.exists()
    with pytest.raises(FileNotFoundError):
        tables.read(tmp_path / "none.parquet", schemas.PREDICTIONS)


LIMITED = """
import resource, signal, sys
import pandas as pd
from pathlib import Path
from test_tables import predictions
from mlfactory import schemas, tables

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
tables.write(predictions(20_000), Path(sys.argv[1]), schemas.PREDICTIONS)
"""


def test_write_that_the_disk_ends_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write(predictions(), path, schemas.PREDICTIONS)
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, path],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr.splitlines()[-1].startswith("OSError: ")
    pd.testing.assert_frame_equal(tables.read(path, schemas.PREDICTIONS), predictions())
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
