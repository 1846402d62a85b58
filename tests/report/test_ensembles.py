from dataclasses import replace

import pytest

from mlfactory.report import ensembles, page
from mlfactory.report._base import Chart, Chip, Note, Table


def of(evidence, kind):
    made = ensembles.section(evidence).blocks
    return [b for b in made if isinstance(b, kind) and b.horizon == 20]


def test_each_ensemble_stands_beside_its_best_member(evidence):
    (table,) = of(evidence, Table)
    (row,) = table.rows
    assert row[:3] == ("voting", "logistic, lightgbm", "logistic")
    assert row[3] == "\N{MINUS SIGN}0.0020 [\N{MINUS SIGN}0.0050, 0.0010]"
    assert row[4] == row[6] == Chip("too few sessions", "flat")
    assert "second part" in table.note


def test_ensemble_without_out_of_fold_predictions_has_validation_alone(evidence):
    part = evidence.horizons[-1]
    models = {k: v for k, v in part.scores["models"].items() if k != "voting"}
    later = replace(part, scores=part.scores | {"models": models})
    (table,) = of(replace(evidence, horizons=(later,)), Table)
    assert table.rows[0][3:5] == ("n/a", Chip("n/a", "flat"))
    assert table.rows[0][5] != "n/a"


@pytest.mark.parametrize(
    ("low", "high", "chip"),
    [
        (-0.02, -0.001, Chip("better", "good")),
        (-0.02, 0.001, Chip("no difference", "flat")),
        (0.002, 0.01, Chip("worse", "flat")),
        (None, None, Chip("n/a", "flat")),
    ],
)
def test_reading_says_on_which_side_of_0_the_interval_is(low, high, chip):
    assert ensembles.reading({"low": low, "high": high}, 30) == chip
    few = chip if low is None else Chip("too few sessions", "flat")
    assert ensembles.reading({"low": low, "high": high}, 29) == few


def test_weights_are_shares_of_members(evidence):
    (chart,) = of(evidence, Chart)
    assert [trace["name"] for trace in chart.figures[0].data] == ["logistic", "lightgbm"]
    assert [trace["x"] for trace in chart.figures[0].data] == [[0.5], [0.5]]


def test_no_ensemble_is_a_note(evidence):
    part = replace(evidence.horizons[0], members={})
    made = ensembles.section(replace(evidence, horizons=(part,)))
    assert [type(block) for block in made.blocks] == [Note]
    assert ensembles.section in page.SECTIONS


def test_members_that_are_all_of_many_models_are_not_named_one_by_one(evidence):
    part = evidence.horizons[-1]
    assert ensembles._table(part, 2).rows[0][1] == "logistic, lightgbm"
    many = replace(part, members={"voting": dict.fromkeys("abcde", 0.2)})
    assert ensembles._table(many, 5).rows[0][1] == "all 5 models"
    assert ensembles._table(many, 6).rows[0][1] == "a, b, c, d, e"


def test_validation_that_was_not_scored_is_n_a(evidence):
    part = evidence.horizons[-1]
    without = replace(part, scores=part.scores | {"validation": None})
    row = ensembles._table(without, 2).rows[0]
    assert row[5:] == ("n/a", Chip("n/a", "flat"))
