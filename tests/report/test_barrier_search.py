import copy

import pytest
from small_report import found_barriers, small_evidence

from mlfactory.report._base import Chart, Note, Table
from mlfactory.report.barrier_search import around, bounds_met, section


def test_nothing_searched_is_one_plain_line(tmp_path):
    made = section(small_evidence(tmp_path / "results", searched=False))
    (note,) = made.blocks
    assert isinstance(note, Note)
    assert note.text == (
        "The configured barriers were taken, nothing was searched. "
        "h5: 1.35 ATR up, 1.1 down, 12 bars; h20: 1.35 ATR up, 1.1 down, 12 bars."
    )


def charts(evidence, horizon=20):
    return [b for b in section(evidence).blocks if isinstance(b, Chart) and b.horizon == horizon]


def test_every_trial_is_drawn_once_and_the_chosen_one_marked(evidence):
    content = found_barriers(20)
    optimum, costs, chance = charts(evidence)
    for figure in (*optimum.figures, *costs.figures):
        *_, broken, kept, best = figure.data
        assert len(broken["x"]) + len(kept["x"]) == len(content["trials"])
        assert best["marker"]["symbol"] == "star"
        assert best["y"] == [content["trials"][content["best"]]["net_sharpe"]]
    assert [figure.data[-1]["x"][0] for figure in optimum.figures] == [
        content["barriers"][name] for name in ("k_up", "k_down", "max_bars")
    ]
    *nulls, trials = chance.figures[0].data
    assert len(nulls) == len(content["nulls"])
    ranked = trials["y"]
    assert ranked == sorted(ranked, reverse=True)
    assert len(ranked) == sum(trial["feasible"] for trial in content["trials"])


def test_optimum_at_a_bound_of_the_range_is_named():
    content = found_barriers(20)
    content["barriers"] = {"k_up": 2.0, "k_down": 3.0, "max_bars": 50}
    assert bounds_met(content) == []
    content["barriers"] = {"k_up": 4.95, "k_down": 0.8, "max_bars": 60}
    assert bounds_met(content) == ["k_up", "k_down", "max_bars"]


def test_sharp_peak_is_told_from_a_flat_one():
    flat = found_barriers(20)
    best = flat["trials"][flat["best"]]
    assert around(flat) > 0.5 * best["net_sharpe"]
    sharp = copy.deepcopy(flat)
    sharp["trials"][flat["best"]]["net_sharpe"] = 3.0
    assert around(sharp) == pytest.approx(around(flat))
    alone = copy.deepcopy(flat)
    for trial in alone["trials"]:
        trial["feasible"] = trial["number"] == flat["best"]
    assert around(alone) is None


def test_reading_says_that_the_best_of_many_is_flattered(evidence):
    (table,) = [b for b in section(evidence).blocks if isinstance(b, Table) and b.horizon == 20]
    assert "best of 30 trials is flattered" in table.note
    assert len(table.rows) == 3
