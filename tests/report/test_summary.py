from small_report import gain_and_nulls, small_evidence

from mlfactory.report import summary
from mlfactory.report._base import Chip, Note, Table, number
from mlfactory.verdicts import DECIDING, DIRECTION, INFORMATION, NAMES, verdict_line


def test_score_stands_beside_its_interval_and_the_mean_of_its_nulls():
    shown = summary.measured(gain_and_nulls(0.005, [-0.003, 0.001]), "gain")
    assert shown == "0.0100 [0.0050, 0.0200], null \N{MINUS SIGN}0.0010"
    assert summary.measured(gain_and_nulls(0.005, []), "gain").endswith(", no null")


def test_gain_stands_beside_what_its_verdict_compares_it_with():
    minus = "\N{MINUS SIGN}"
    one = summary.beside_null(gain_and_nulls(0.005, [-0.003]), "gain")
    assert one == f"0.0100 [0.0050, 0.0200]\nnull {minus}0.0030 (up to 0.0010)"
    five = summary.beside_null(gain_and_nulls(0.005, [-0.003, 0.002, 0.002, 0.002, 0.002]), "gain")
    assert five.endswith("null 0.0010 (up to 0.0020)")
    assert summary.beside_null(gain_and_nulls(0.005, []), "gain").endswith("\nno null")


def test_every_verdict_table_shows_how_far_up_the_null_reaches(evidence):
    first, _, table, *_ = summary.section(evidence).blocks
    gains = [cell for row in (*first.rows, *table.rows) for cell in row if "[" in str(cell)]
    assert len(gains) == 4 + 3 * 3
    assert all("(up to " in gain for gain in gains)


def test_worse_baseline_is_a_note_of_its_horizon_and_no_model_is_above_it(tmp_path):
    small = small_evidence(tmp_path / "results", horizons=(5, 20))
    for scores in small.horizons[0].scores["models"].values():
        scores["gain_class_prior"] = {"value": -0.01, "low": -0.02, "high": 0.0}
    blocks = summary.section(small).blocks
    notes = [block for block in blocks if isinstance(block, Note) and block.horizon]
    assert [note.horizon for note in notes] == [5]
    assert notes[0].text.endswith("read the gain over the class prior.")
    table = next(b for b in blocks if isinstance(b, Table) and b.horizon == 5)
    assert {row[3].text for row in table.rows} == {"not above the class prior"}
    assert {row[2].startswith("\N{MINUS SIGN}0.0100") for row in table.rows} == {True}
    assert blocks[0].rows[0][1].text == "0 of 3 models"


def test_report_and_console_count_alike(evidence):
    first = summary.section(evidence).blocks[0]
    line = verdict_line(evidence.horizons[0].scores, 5)
    assert f"{first.rows[0][2].text} beyond volatility+clock" in line


def test_each_claim_has_its_nulls_its_p_values_and_a_verdict(evidence):
    models = evidence.horizons[0].headline["models"]
    (table,) = (
        block
        for block in summary.section(evidence).blocks
        if getattr(block, "title", "") == "Evidence, or none" and block.horizon == 5
    )
    assert len(table.rows) == 2 * len(models)
    name, scores = next(iter(models.items()))
    flipped = {INFORMATION: "no null of this", DIRECTION: "none drawn"}
    for row, key in zip(table.rows, (INFORMATION, DIRECTION), strict=False):
        assert row[0].startswith(f"{name}: ")
        assert row[2] == number(-0.001)
        assert row[3] == flipped[key]
        p, after = (number(scores[key][at], 4) for at in ("p_value", "p_holm"))
        assert (row[4], row[6]) == (p, after)
        assert row[5] == DECIDING[scores[key]["decided_by"]]
        assert (row[7].text == "evidence") == scores[key]["evidence"]
    assert "after up to" not in table.note


def test_no_p_value_is_shown_as_nothing(tmp_path):
    small = small_evidence(tmp_path / "results", horizons=(5,))
    first = next(iter(small.horizons[0].scores["models"].values()))
    first[INFORMATION] |= {"p_value": 3e-9, "p_holm": 0.00012}
    tables = [b for b in summary.section(small).blocks if isinstance(b, Table)]
    table = next(t for t in tables if t.title == "Evidence, or none")
    assert (table.rows[0][4], table.rows[0][6]) == ("below 0.0001", "0.0001")


def test_blends_that_are_judged_on_validation_have_their_lines_and_are_explained(tmp_path):
    small = small_evidence(tmp_path / "results", horizons=(5,))
    part = small.horizons[0]
    (blend, *_) = part.scores["validation"]["models"]
    part.scores["validation"]["blends"] = [blend]
    tables = [b for b in summary.section(small).blocks if isinstance(b, Table)]
    table = next(t for t in tables if t.title == "Evidence, or none")
    assert len(table.rows) == 2 * len(part.headline["models"]) + 2
    assert table.rows[-1][0] == f"{blend}, on validation: {NAMES[DIRECTION]}"
    assert "Blends learn on the first part" in table.note


def test_claim_that_cannot_be_measured_and_a_search_are_said(tmp_path):
    small = small_evidence(tmp_path / "results", horizons=(5,))
    for scores in small.horizons[0].scores["models"].values():
        scores[DIRECTION] |= {"p_value": None, "p_holm": None, "trials": 50}
    tables = [b for b in summary.section(small).blocks if isinstance(b, Table)]
    table = next(t for t in tables if t.title == "Evidence, or none")
    assert table.rows[1][-1].text == "cannot be measured"
    assert "after up to 50 trials of a search" in table.note


def test_nothing_has_no_sign():
    assert number(-0.00001) == "0.0000"
    assert number(None) == "n/a"


def test_without_a_null_nothing_is_claimed(tmp_path):
    first, *_ = summary.section(small_evidence(tmp_path / "results", n_nulls=0)).blocks
    assert {c.text for row in first.rows for c in row[1:3]} == {"unknown: no null drawn"}


def test_page_begins_with_a_line_for_each_horizon_and_question(evidence):
    first, note, *_ = summary.section(evidence).blocks
    assert [row[0] for row in first.rows] == [
        *("h5: beyond volatility and clock", "h5: direction"),
        *("h20: beyond volatility and clock", "h20: direction"),
    ]
    assert first.rows[0][1] == Chip("3 of 3 models", "good")
    assert "k-fold" in note.text
    assert "under Backtest" in note.text
