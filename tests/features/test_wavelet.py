"""The wavelet columns against PyWavelets on each window, and what their parts mean."""

import numpy as np
import pytest

import naive_families
import naive_features as naive
from mlfactory.features import wavelet


@pytest.mark.parametrize("seed", range(4))
def test_columns_equal_pywavelets_on_each_window(seed):
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(1e-3 * np.cumsum(rng.normal(size=90)))
    volume = np.exp(rng.normal(size=90))
    ours = wavelet.compute(naive.inputs_of(close=close, volume=volume))
    assert set(ours) == {feature.name for feature in wavelet.FEATURES}
    assert all(np.isnan(values[:63]).all() for values in ours.values())
    for t, window in naive.windows(close, 64):
        expected = naive_families.wavelet_columns(window, volume[t - 63 : t + 1])
        found = {name: ours[name][t] for name in expected}
        assert found == pytest.approx(expected, rel=1e-8, abs=1e-12)
        assert len(expected) == 21


def test_last_coefficients_read_no_mirrored_value_and_the_present_bar():
    matrix, edges, last = wavelet.analysis()
    assert matrix.shape == (64, 84)
    assert edges.tolist() == [0, 14, 28, 49, 84]
    for column, length in zip(last, (50, 50, 22, 8), strict=True):
        read = np.flatnonzero(np.abs(matrix[:, column]) > 1e-12)
        assert (read[0], read[-1]) == (64 - length, 63)
        assert (matrix[:, column] ** 2).sum() == pytest.approx(1.0)
        if column + 1 not in edges:
            folded = np.flatnonzero(np.abs(matrix[:, column + 1]) > 1e-12)
            assert len(folded) < length


def test_cycle_is_loudest_in_the_level_of_its_length():
    time = np.arange(64.0)
    for period, band in ((2.7, "d1"), (5.5, "d2"), (11.0, "d3")):
        cycle = 1e-3 * np.sin(2.0 * np.pi * time / period)
        columns = wavelet.compute(naive.inputs_of(close=100.0 * np.exp(cycle)))
        size = {b: columns[f"wavelet_close_energy_{b}"][-1] for b in wavelet.DETAILS}
        assert max(size, key=lambda b: size[b]) == band
        assert columns[f"wavelet_close_energy_ratio_{band}"][-1] > 0.5


@pytest.mark.parametrize(("slope", "direction"), [(1e-4, 1.0), (-1e-4, -1.0)])
def test_trend_has_its_direction_and_its_change_over_eight_bars(slope, direction):
    close = 100.0 * np.exp(slope * np.arange(64.0))
    columns = wavelet.compute(naive.inputs_of(close=close))
    assert columns["wavelet_trend_direction"][-1] == direction
    assert columns["wavelet_trend_strength"][-1] > 0.5
    _, _, _, trend = wavelet.window_summaries(np.log(close), *wavelet.analysis())
    assert trend[-1] / 2**1.5 == pytest.approx(8.0 * slope)


def test_noise_alone_has_its_standard_deviation():
    noise = 1e-3 * np.random.default_rng(0).normal(size=4000)
    columns = wavelet.compute(naive.inputs_of(close=100.0 * np.exp(noise)))
    volatility = np.nanmean(columns["wavelet_close_mad_volatility"])
    assert volatility == pytest.approx(1e-3, rel=0.1)
