from dataclasses import replace

from small_report import SELECTING

from mlfactory.report import feature_selection
from mlfactory.report._base import Chart, Note

NAMES = ("a", "b", "c")


def ranking(**importance):
    return {
        "features": {name: {"cluster": 0, "mdi": values} for name, values in importance.items()}
    }


def test_stability_is_the_share_of_inner_folds_with_the_feature_among_the_first():
    one = ranking(a=[3.0, 3.0], b=[2.0, 1.0], c=[1.0, 2.0])
    other = ranking(a=[3.0, 3.0], b=[2.0, 2.0], c=[1.0, 1.0])
    table = feature_selection.stable([one, other], NAMES, 2, "mdi")
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.to_numpy().tolist() == [[1.0, 1.0], [0.5, 1.0], [0.5, 0.0]]


def test_feature_that_is_never_among_the_first_is_left_out():
    table = feature_selection.stable([ranking(a=[3.0], b=[2.0], c=[1.0])], NAMES, 1, "mdi")
    assert table.index.tolist() == ["a"]


def test_models_that_select_alike_share_a_map_and_others_have_their_own(evidence):
    fewer = SELECTING | {"needs": SELECTING["needs"] | {"families": ["price"]}}
    given = {"svm": SELECTING, "gru": SELECTING, "lstm": fewer}
    kinds = feature_selection.by_kind(given, evidence.manifest)
    assert kinds == {(2, ("a", "b", "c")): ["svm", "gru"], (2, ("a", "b")): ["lstm"]}


def test_map_counts_what_passes_in_every_fold(evidence):
    chart = feature_selection.section(evidence).blocks[0]
    assert isinstance(chart, Chart)
    assert chart.title == "Stability of the selection of logistic, h5"
    assert "among the first 2 of 3 by mdi" in chart.shows
    heat = chart.figures[0].data[0]
    assert heat["y"][0] == "a"
    assert heat["z"][0] == [100.0, 100.0]
    passing = sum(min(row) >= 50 for row in heat["z"])
    assert f"{passing} pass 50% in every fold" in chart.shows


def test_run_without_selection_says_so_and_shared_tuning_says_its_bias(evidence):
    parts = tuple(replace(part, selections=[]) for part in evidence.horizons)
    plain = replace(evidence, horizons=parts, selecting={})
    (note,) = feature_selection.section(plain).blocks
    assert isinstance(note, Note)
    assert "No model of this run selects features" in note.text
    shared = replace(plain, settings=plain.settings | {"tuning": {"scope": "shared"}})
    (bias,) = feature_selection.section(shared).blocks
    assert "seen the rows that each fold holds out" in bias.text
