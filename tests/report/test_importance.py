from dataclasses import replace

import pandas as pd
import pytest

from mlfactory.report import importance

FOLDS = pd.DataFrame([{"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.7, "b": 0.3, "c": 0.0}])


def test_features_are_ordered_by_their_mean_and_keep_the_spread_over_folds():
    top = importance.top_features(FOLDS)
    assert top.index.tolist() == ["a", "b", "c"]
    assert top.loc["a"].tolist() == pytest.approx([60, 50, 70])


def test_families_sum_their_features_in_the_order_of_the_manifest():
    shares = importance.by_family({"m": FOLDS}, {"c": "time", "a": "price", "b": "price"})
    assert shares.index.tolist() == ["time", "price"]
    assert shares["m"].tolist() == pytest.approx([0.1, 0.9])


def test_only_the_first_features_are_shown(monkeypatch):
    monkeypatch.setattr(importance, "TOP", 2)
    assert importance.top_features(FOLDS).index.tolist() == ["a", "b"]


def test_folds_that_agree_are_alike_and_folds_that_do_not_are_not():
    one = [0.4, 0.3, 0.2, 0.1]
    same = pd.DataFrame([one, one, one], columns=list("abcd"))
    turned = pd.DataFrame([one, one[::-1]], columns=list("abcd"))
    assert importance.stability(same) == (pytest.approx(1.0), 4)
    assert importance.stability(turned) == (pytest.approx(-1.0), 4)


def test_only_features_that_lead_in_every_fold_count(monkeypatch):
    monkeypatch.setattr(importance, "TOP", 2)
    table = pd.DataFrame([[0.5, 0.3, 0.2], [0.5, 0.2, 0.3]], columns=list("abc"))
    alike, common = importance.stability(table)
    assert common == 1
    assert alike == pytest.approx(0.5)


def test_one_fold_says_nothing_of_stability():
    assert importance.stability(pd.DataFrame([[0.5, 0.5]], columns=list("ab")))[0] is None


def test_families_that_no_model_reads_are_left_out_and_named(evidence):
    features = [*evidence.manifest["features"], {"name": "d", "family": "tf_4h"}]
    more = replace(evidence, manifest={"features": features})
    chart = importance.section(more).blocks[0]
    assert chart.figures[0].data[0]["y"] == ["price", "temporal"]
    assert "left out, because no model reads them: tf 4h" in chart.shows
    assert "left out" not in importance.section(evidence).blocks[0].shows
