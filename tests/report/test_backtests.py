from dataclasses import replace

import pytest

from mlfactory.report import backtests, page
from mlfactory.report._base import Chart, Chip, Facts, Note, Table


def blocks_of(evidence, kind):
    return [b for b in backtests.section(evidence).blocks if isinstance(b, kind)]


def test_each_sample_has_a_table_and_walk_forward_leads(evidence):
    tables = [t for t in blocks_of(evidence, Table) if t.horizon == 20]
    titles = ["Walk-forward", "Test", "Walked forward on test", "Out of fold"]
    retrained = "Fitted once, or retrained on the way, h20"
    assert [t.title for t in tables] == [*(f"{title}, h20" for title in titles), retrained]
    assert [t.folded for t in tables[:-1]] == [False, False, True, True]
    for table, is_all in zip(tables, (False, True, False, True), strict=False):
        everyone = [*evidence.models, *(evidence.ensembles if is_all else ())]
        assert [row[0] for row in table.rows] == everyone


def test_retraining_is_shown_beside_the_single_fit(evidence):
    part = evidence.horizons[-1]
    table = next(t for t in blocks_of(evidence, Table) if t.title.startswith("Fitted once"))
    assert [row[:2] for row in table.rows] == [("test", name) for name in evidence.models]
    name, found = evidence.models[0], part.assessment
    samples = found["samples"]
    more = samples["walkforward_test"][name]["net"] - samples["test"][name]["net"]
    assert found["retrained"]["test"][name]["value"] == pytest.approx(more)
    shown = found["retrained"]["test"][name]["value"]
    assert table.rows[0][-1].startswith(f"{shown:.2f} [".replace("-", "\N{MINUS SIGN}"))


def test_model_that_is_not_traded_says_so_and_is_in_no_chart(evidence):
    table = next(t for t in blocks_of(evidence, Table) if t.title == "Out of fold, h20")
    name, threshold, n_trades, *_ = table.rows[-1]
    assert (name, threshold, n_trades) == (evidence.ensembles[-1], "none", "0")
    assert table.rows[-1][8] == Chip("not traded", "flat")
    assert "n/a" in table.rows[-1]
    part = evidence.horizons[-1]
    drawn = backtests._equity(part, "oof", "USD").figures[0].data
    assert evidence.ensembles[-1] not in [trace["name"] for trace in drawn]
    assert backtests.HELD in [trace["name"] for trace in drawn]


def test_figures_are_those_of_the_assessment(evidence):
    part = evidence.horizons[-1]
    one = part.assessment["samples"]["walkforward"][evidence.models[0]]
    row = next(t for t in blocks_of(evidence, Table) if t.horizon == 20).rows[0]
    assert row[2] == f"{one['trades']:,}"
    assert row[5].startswith(f"{one['sharpe']['value']:.2f}".replace("-", "\N{MINUS SIGN}"))
    assert row[8] == Chip(one["verdict"], "flat")
    facts = dict(next(f for f in blocks_of(evidence, Facts) if f.horizon == 20).items)
    assert facts["configurations ever tried on this symbol"] == "12"
    assert facts["looks at the test split so far"] == "3"
    assert facts["probability that the choice out of fold is overfitted"] == "0.40"


def test_equity_ends_where_the_trades_sum_to(evidence):
    part = evidence.horizons[-1]
    chart = next(c for c in blocks_of(evidence, Chart) if c.title == "Equity, walkforward, h20")
    by_name = {t["name"]: t for t in chart.figures[0].data if t["line"]["dash"] == "solid"}
    for name in evidence.models:
        net = part.assessment["samples"]["walkforward"][name]["net"]
        assert abs(by_name[name]["y"][-1] - net) < 0.01


def test_sample_that_was_not_traded_is_a_note(evidence):
    part = evidence.horizons[0]
    empty = replace(part, assessment=part.assessment | {"samples": {}}, equity={})
    made = backtests.section(replace(evidence, horizons=(empty,)))
    assert [type(block) for block in made.blocks] == [Note]


def test_filter_of_signals_is_said_where_there_is_one(evidence):
    part, name = evidence.horizons[-1], evidence.models[0]
    (note,) = [n for n in blocks_of(evidence, Note) if n.horizon == part.horizon]
    assert "gives it a chance of 0.55 or more to earn its costs" in note.text
    assert f"{name} 300 of 1,200 (n/a of them paid, 40% of all)" in note.text
    off = replace(part, assessment=part.assessment | {"meta_label": None})
    made = backtests.section(replace(evidence, horizons=(off,)))
    assert [block for block in made.blocks if isinstance(block, Note)] == []


def test_section_follows_the_scores():
    assert backtests.section in page.SECTIONS


def test_groups_are_those_of_the_highest_ratio_among_models_with_enough_trades(evidence):
    part = evidence.horizons[-1]
    models = part.assessment["samples"]["walkforward"]
    best = max(models, key=lambda name: models[name]["sharpe"]["value"])
    (chart,) = backtests._where_from(part, "walkforward", "USD")
    assert f": {best}, walkforward" in chart.title
    few = {name: one | {"trades": backtests.LEAST_TRADES - 1} for name, one in models.items()}
    samples = part.assessment["samples"] | {"walkforward": few}
    without = replace(part, assessment=part.assessment | {"samples": samples})
    assert backtests._where_from(without, "walkforward", "USD") == []
