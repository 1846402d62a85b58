import json
from dataclasses import replace

import numpy as np
import pytest
from small_report import made_up

from mlfactory.metrics import calibration_bins
from mlfactory.report import calibration
from mlfactory.report.calibration import curves
from mlfactory.statistics import bootstrap_counts, stretch


def rows(n=3000, seed=0):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet((2, 1, 2), n)
    y = (p.cumsum(axis=1) < generator.random(n)[:, None]).sum(axis=1).astype(np.int8)
    return y, p, np.arange(n) // 100


def test_curve_is_the_plain_mean_of_each_bin():
    y, p, block = rows()
    found = curves(y, p, block, confidence=0.95, seed=1)
    for c, curve in enumerate(found):
        tenth = calibration_bins(y, p)[:, c] - 10 * c
        for b in range(10):
            inside = tenth == b
            assert curve.rows[b] == inside.sum()
            if inside.any():
                assert curve.observed[b] == pytest.approx((y[inside] == c).mean())
                assert curve.predicted[b] == pytest.approx(p[inside, c].mean())


def test_interval_is_stretched_by_the_blocks_that_its_bin_has_rows_of():
    y, p, _ = rows(900)
    block = np.arange(900) // 75
    y, p = y.copy(), p.copy()
    rare = calibration_bins(y, p)[:, 0] == 6
    p[rare & (block > 4)] = [0.05, 0.9, 0.05]
    curve = curves(y, p, block, confidence=0.95, seed=1)[0]
    inside = calibration_bins(y, p)[:, 0] == 6
    counts = bootstrap_counts(12, calibration.SAMPLES, 1)
    hits, n = (np.bincount(block, of & inside, 12) for of in (y == 0, np.ones(900, dtype=bool)))
    assert np.count_nonzero(n) == 5
    with np.errstate(invalid="ignore"):
        share = (counts @ hits) / (counts @ n)
    low = np.nanquantile(share[1:], 0.025)
    assert low < share[0]
    wanted = stretch(0.95, 5) * (share[0] - low)
    assert curve.observed[6] - curve.low[6] == pytest.approx(wanted)


def test_true_probabilities_lie_within_the_intervals_and_shifted_ones_do_not():
    y, p, block = rows()
    for curve in curves(y, p, block, confidence=0.99, seed=1):
        many = curve.rows > 200
        assert (curve.low[many] <= curve.predicted[many]).all()
        assert (curve.predicted[many] <= curve.high[many]).all()
    long = curves(np.where(y == 2, 0, y).astype(np.int8), p, block, confidence=0.99, seed=1)[2]
    assert (long.high[long.rows > 200] < long.predicted[long.rows > 200]).all()


def test_bin_without_rows_has_no_point():
    y = np.array([0, 1, 2, 0], dtype=np.int8)
    p = np.tile([0.45, 0.1, 0.45], (4, 1))
    short = curves(y, p, np.array([0, 0, 1, 1]), confidence=0.9, seed=1)[0]
    assert short.rows.tolist() == [0, 0, 0, 0, 4, 0, 0, 0, 0, 0]
    assert np.isnan(short.observed[5])
    assert short.observed[4] == 0.5


def test_calibrated_model_is_shown_before_and_after(evidence):
    part = evidence.horizons[0]
    before = part.predictions["voting"]
    scores = json.loads(json.dumps(part.scores))
    scores["models"]["logistic"]["calibration"] = {
        "before": {"log_loss": made_up(0.95), "calibration_error": made_up(0.061)},
        "gain": made_up(0.05),
    }
    calibrated = replace(part, uncalibrated={"logistic": before}, scores=scores)
    chart, table, other = calibration.section(
        replace(evidence, horizons=(calibrated, evidence.horizons[1]))
    ).blocks
    titles = [figure.title for figure in chart.figures]
    assert titles == ["logistic, before calibration", "logistic", "lightgbm", "voting"]
    assert chart.figures[0].data == chart.figures[3].data != chart.figures[1].data
    assert table.rows[0][:4] == ("logistic", "0.0500 [0.0460, 0.0550]", "0.9500", "0.9000")
    assert "0.061 [0.057, 0.066]" in table.rows[0]
    assert len(other.figures) == 3
