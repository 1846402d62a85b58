from small_report import records, small_evidence

from mlfactory.report import learning_curves
from mlfactory.report._base import Note


def test_curves_of_one_problem_and_of_two_stages_are_found():
    assert list(learning_curves.curves(records()[0])) == [""]
    found = learning_curves.curves(records(in_two_stages=True)[0])
    assert list(found) == ["move", "direction"]
    assert found["move"]["validation_curve"] == [1.0, 0.9, 0.95]


def test_a_model_without_steps_or_with_one_has_no_curve():
    assert learning_curves.curves({"fit": {"trees": 50}}) == {}
    assert learning_curves.curves({"early_stopping": {"validation_curve": [0.9]}}) == {}


def test_every_model_and_stage_has_a_figure_with_a_dot_at_the_least_loss(tmp_path):
    evidence = small_evidence(tmp_path)
    chart = learning_curves.section(evidence).blocks[0]
    n_models = len(evidence.models)
    assert len(chart.figures) == n_models + 1
    assert "neutral or not" in chart.figures[0].title
    for figure in chart.figures:
        dots = [trace for trace in figure.data if trace["mode"] == "markers"]
        assert [(dot["x"], dot["y"]) for dot in dots] == [([2], [0.9]), ([2], [0.9])]
        dashes = {trace["line"]["dash"] for trace in figure.data if trace["mode"] == "lines"}
        assert dashes == {"solid", "dot"}


def test_run_without_steps_says_so(tmp_path):
    evidence = small_evidence(tmp_path)
    for part in evidence.horizons:
        for fits in part.records.values():
            for record in fits:
                record["early_stopping"] = {}
    blocks = learning_curves.section(evidence).blocks
    assert all(isinstance(block, Note) for block in blocks)
