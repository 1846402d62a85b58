"""The table of user errors: each is one line, exit status 1, and nothing written."""

import pandas as pd
import pytest

import mistakes_config
import mistakes_raw
from mistakes import answer, write
from mlfactory import config, contracts
from mlfactory.bars import bars_from_raw

MISTAKES = [*mistakes_raw.MISTAKES, *mistakes_config.MISTAKES]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_mistake_answers_in_one_line_with_what_where_and_the_way_out(mistake, tmp_path):
    found = answer(mistake, tmp_path)
    assert found.status == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert [word for word in mistake.words if word not in found.stderr] == [], found.stderr
    assert found.written == []
    assert str(tmp_path) not in found.stderr


def test_no_two_mistakes_have_one_name():
    names = [mistake.what for mistake in MISTAKES]
    assert sorted(set(names)) == sorted(names)


def cleaned(content, folder):
    write(folder / "MES_1m.parquet", content)
    settings = config.load([])
    known = contracts.load(config.ROOT / "config/contracts.yaml")
    return bars_from_raw(
        folder / "MES_1m.parquet",
        symbol="MES",
        contract=known["MES"],
        raw=config.raw_settings(settings, "MES"),
        bars=settings["bars"],
        cleaning=settings["cleaning"],
    )


@pytest.mark.parametrize("mended", mistakes_raw.MENDED, ids=lambda mended: mended.what)
def test_mended_file_gives_the_bars_of_a_sound_one_and_is_counted(mended, tmp_path):
    bars, raw_bars, account = cleaned(mended.content, tmp_path)
    expected_bars, expected_raw_bars, expected = cleaned(mended.like, tmp_path)
    pd.testing.assert_frame_equal(bars, expected_bars)
    pd.testing.assert_frame_equal(raw_bars, expected_raw_bars)
    counts = counted(account)
    assert counts[mended.kind] == mended.count
    kinds = {kind for kind in counts if counts[kind] != counted(expected)[kind]}
    assert kinds <= {mended.kind}


def counted(account):
    return {
        f"{what}.{kind}": n
        for what in ("removed", "noted")
        for kind, n in account["rows"][what].items()
    }
