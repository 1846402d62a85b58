from dataclasses import replace

from small_report import small_evidence, walked_scores

from mlfactory.report import page, score_intervals, summary, walk_forward
from mlfactory.report._base import Chart, Note, Table


def walked(folder):
    small = small_evidence(folder, horizons=(20,))
    part = small.horizons[0]
    scores = part.scores | {"walk_forward": walked_scores(part.scores, small.models)}
    return replace(small, horizons=(replace(part, scores=scores),))


def test_walk_forward_scores_lead_the_page(tmp_path):
    evidence = walked(tmp_path / "results")
    assert page.SECTIONS.index(walk_forward.section) < page.SECTIONS.index(score_intervals.section)
    first, note, *_ = summary.section(evidence).blocks
    assert "of 2 models" in first.rows[0][1].text
    assert "walk-forward" in note.text
    blocks = walk_forward.section(evidence).blocks
    assert "every 4 sessions on all of the past" in blocks[0].text
    table = next(block for block in blocks if isinstance(block, Table))
    assert [row[0] for row in table.rows] == list(evidence.models)
    assert table.rows[0][3] == "0.0100"
    titles = [block.title for block in blocks if isinstance(block, Chart)]
    assert len(titles) == len(score_intervals.MEASURES)
    assert all(title.startswith("Walk-forward: ") for title in titles)


def test_k_fold_scores_are_shown_as_what_feeds_the_ensembles(tmp_path):
    made = score_intervals.section(walked(tmp_path / "results"))
    assert made.title == "K-fold scores, which feed the ensembles"
    assert isinstance(made.blocks[0], Note)
    assert any("voting" in str(block.figures) for block in made.blocks if isinstance(block, Chart))


def test_run_without_a_walk_says_so(evidence):
    blocks = walk_forward.section(evidence).blocks
    assert [block.text.split(";")[0] for block in blocks] == ["No model was walked forward"] * 2
