"""The table of user errors: each is one line, exit status 1, and nothing written."""

import pandas as pd
import pytest

import mended_raw
from errors_page import PAGE, SECTIONS, page, row
from mistakes import FILE, OVERLAY, Mistake, answer, minutes, write
from mlfactory import config, contracts, raw_files
from mlfactory.bars import bars_from_raw

MISTAKES = [mistake for mistakes in SECTIONS.values() for mistake in mistakes]
OUT_OF_DATE = "docs/errors.md is out of date; python tests/errors_page.py writes it"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_mistake_answers_in_one_line_with_what_where_and_the_way_out(mistake, tmp_path):
    found = answer(mistake, tmp_path)
    assert found.status == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert [word for word in mistake.words if word not in found.stderr] == [], found.stderr
    assert found.written == []
    assert str(tmp_path) not in found.stderr
    assert row(mistake, found.stderr) in PAGE.read_text().splitlines(), OUT_OF_DATE


def test_no_two_mistakes_have_one_name():
    names = [mistake.what for mistake in MISTAKES]
    assert sorted(set(names)) == sorted(names)


def without_answers(text):
    return [line.split(" | `error:")[0] for line in text.splitlines()]


def test_page_of_errors_holds_these_mistakes_and_no_others():
    expected = page({mistake.what: "error: " for mistake in MISTAKES})
    assert without_answers(PAGE.read_text()) == without_answers(expected), OUT_OF_DATE


def test_hole_of_a_week_is_a_warning(tmp_path):
    parts = [minutes("2024-07-08", 2), minutes("2024-07-17", 2)]
    holed = Mistake("hole of a week", (), {FILE: pd.concat(parts, ignore_index=True)})
    assert (
        "MES: warning: no row traded in 5 sessions between 2024-07-09 20:59:00+00:00 and "
        "2024-07-16 22:00:00+00:00; is the file complete?"
    ) in answer(holed, tmp_path).stdout.splitlines()


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (lambda times: times, "they carry their own, UTC"),
        (lambda times: times.astype("int64"), "they are epoch numbers"),
    ],
    ids=["zone", "epoch"],
)
def test_zone_that_is_not_used_is_a_note(times, why, tmp_path):
    frame = minutes().assign(datetime=lambda x: times(x["datetime"]))
    zoned = Mistake("", (), {FILE: frame, OVERLAY: "raw: {MES: {timezone: America/New_York}}"})
    note = f"MES: note: raw.MES.timezone=America/New_York is not used for the times: {why}"
    assert note in answer(zoned, tmp_path).stdout.splitlines()


def test_zone_of_times_that_carry_none_is_no_note(tmp_path):
    frame = minutes().assign(datetime=lambda x: x["datetime"].dt.tz_localize(None))
    naive = Mistake("", (), {FILE: frame, OVERLAY: "raw: {MES: {timezone: UTC}}"})
    assert "note" not in answer(naive, tmp_path).stdout


def cleaned(content, folder):
    write(folder / "MES_1m.parquet", content)
    settings = config.load([])
    known = contracts.load(config.ROOT / "config/contracts.yaml")
    return bars_from_raw(
        folder / "MES_1m.parquet",
        symbol="MES",
        contract=known["MES"],
        raw=raw_files.raw_settings(settings, "MES"),
        bars=settings["bars"],
        cleaning=settings["cleaning"],
    )


@pytest.mark.parametrize("mended", mended_raw.MENDED, ids=lambda mended: mended.what)
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
