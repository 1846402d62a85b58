import pytest
from small_report import records, small_evidence

from mlfactory.report import model_cost


def test_costs_are_means_over_folds_and_the_most_memory_of_any(tmp_path):
    chart, table = model_cost.section(small_evidence(tmp_path)).blocks
    assert {bar["y"][0] for bar in chart.figures[0].data} == {4.0}
    assert table.rows[0][2:5] == ("4.0", "4.0", "301")


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        ({"fit": {"rounds": 7}}, 7),
        ({"early_stopping": {"epochs": 3}}, 3),
        ({"fit": {"trees": 50}}, None),
        ({"fit": {"move": {"rounds": 7}, "direction": {"rounds": 2}}}, 9),
    ],
)
def test_steps_are_rounds_or_epochs_and_those_of_both_stages(record, kept):
    assert model_cost.steps(record) == kept


def test_device_is_named_as_it_is_bought(tmp_path):
    evidence = small_evidence(tmp_path)
    part, model = evidence.horizons[0], evidence.models[-1]
    for record in part.records[model]:
        record["device"] = "cuda"
    rows = model_cost.section(evidence).blocks[1].rows
    by_model = {row[:2]: row[-1] for row in rows}
    assert by_model[model, f"h{part.horizon}"] == "GPU"
    assert set(by_model.values()) == {"CPU", "GPU"}


def test_small_evidence_has_both_kinds_of_record():
    assert records()[0].keys() == records(in_two_stages=True)[0].keys()
