"""Wavelets: fast and slow moves of price and volume in the trailing 64 bars.

Daubechies 4, three levels, PyWavelets' ``symmetric`` mode, of ln close and ln volume less the
window's mean. D1, D2, D3 are details of about 2 to 4, 4 to 8 and 8 to 16 bars, A3 is what is
slower. The last coefficient of a level is the last one that reads no mirrored value: it ends at the
present bar. Amplitudes are in the input's unit: a level's coefficients over 2^(level / 2). The
MAD volatility is Donoho's estimate of the noise's standard deviation, so D1 is as it is.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mlfactory._numba import njit
from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.features._base import TIE, Feature, Inputs, ratio, sign

WAVELET = "db4"
WINDOW = 64
MODE = "symmetric"
LEVEL = {"a3": 3, "d3": 3, "d2": 2, "d1": 1}
DETAILS = ("d3", "d2", "d1")
_SOURCE = "PyWavelets db4, 3 levels"
_LOG_UNITS = {"close": "log return", "volume": "log ratio"}

FEATURES = (
    *(
        Feature(
            f"wavelet_{series}_{band}",
            WINDOW,
            _SOURCE,
            unit,
            f"last {band.upper()} coefficient / 2^({level}/2) of ln {series} less its mean, "
            "64 bars",
        )
        for series, unit in _LOG_UNITS.items()
        for band, level in LEVEL.items()
    ),
    *(
        Feature(
            f"wavelet_close_energy_{band}",
            WINDOW,
            _SOURCE,
            "log return",
            f"root mean square of the {band.upper()} coefficients / 2^({LEVEL[band]}/2) of "
            "ln close, 64 bars",
        )
        for band in DETAILS
    ),
    *(
        Feature(
            f"wavelet_{series}_energy_ratio_{band}",
            WINDOW,
            _SOURCE,
            "fraction",
            f"share of {band.upper()} in the energy of all coefficients of ln {series} less its "
            "mean, 64 bars; 0 if flat",
            bounded=True,
        )
        for series in _LOG_UNITS
        for band in DETAILS
    ),
    *(
        Feature(
            f"wavelet_{series}_mad_volatility",
            WINDOW,
            f"{_SOURCE}; own: Donoho and Johnstone 1994",
            unit,
            f"median absolute D1 coefficient of ln {series} / 0.6745, 64 bars",
        )
        for series, unit in _LOG_UNITS.items()
    ),
    Feature(
        "wavelet_trend_strength",
        WINDOW,
        _SOURCE,
        "fraction",
        "t / (t + wavelet_close_energy_d3), t the size of A3's last change / 2^(3/2); 0 if flat",
        bounded=True,
    ),
    Feature(
        "wavelet_trend_direction",
        WINDOW,
        _SOURCE,
        "sign",
        "sign of A3's last change, over 8 bars, in the last 64 bars",
        bounded=True,
    ),
)


@dataclass(frozen=True)
class Summary:
    """What `window_summaries` returns."""

    ends: Float64Array2D
    energies: Float64Array2D
    median_size: Float64Array1D
    trend: Float64Array1D


def compute(inputs: Inputs) -> dict[str, Float64Array1D]:
    """Columns of ``FEATURES``, each of shape (n,)."""
    close = Summary(*window_summaries(np.log(inputs.close), *analysis()))
    volume = Summary(*window_summaries(np.log(inputs.volume), *analysis()))
    return _of_both("close", close) | _of_both("volume", volume) | _of_close(close)


@cache
def analysis() -> tuple[Float64Array2D, Int64Array1D, Int64Array1D]:
    """PyWavelets' decomposition of a window as a linear map, and where its coefficients stand.

    Returns
    -------
    matrix
        Shape (64, 84): a window times it gives the coefficients of A3, D3, D2, D1.
    edges
        Shape (5,): where each band starts in them, and the end.
    last
        Shape (4,): each band's last coefficient that reads no mirrored value. Coefficient k of
        level l ends at the window's bar 2^l (k + 1).
    """
    import pywt

    bands = pywt.wavedec(np.eye(WINDOW), WAVELET, mode=MODE, level=max(LEVEL.values()), axis=-1)
    edges = np.cumsum([0, *(band.shape[1] for band in bands)])
    last = edges[:-1] + [WINDOW // 2**level - 1 for level in LEVEL.values()]
    return np.ascontiguousarray(np.hstack(bands)), edges.astype(np.int64), last.astype(np.int64)


@njit(cache=True)
def window_summaries(
    values: Float64Array1D, matrix: Float64Array2D, edges: Int64Array1D, last: Int64Array1D
) -> tuple[Float64Array2D, Float64Array2D, Float64Array1D, Float64Array1D]:
    """The decomposition of each trailing window, less its mean, in a few numbers.

    Windows are summed one by one in a fixed order, so that no bit of a row depends on later ones.

    Returns
    -------
    ends, energies
        Shape (n, 4), bands A3, D3, D2, D1: the last coefficient; the sum of squares of all.
    median_size
        Shape (n,): the median absolute coefficient of the last band, D1.
    trend
        Shape (n,): the last change of A3.
    """
    n, (window, coefficients), bands = len(values), matrix.shape, len(last)
    ends, energies = np.full((n, bands), np.nan), np.full((n, bands), np.nan)
    median_size, trend = np.full(n, np.nan), np.full(n, np.nan)
    found = np.empty(coefficients)
    for t in range(window - 1, n):
        past = values[t - window + 1 : t + 1]
        mean = 0.0
        for i in range(window):
            mean += past[i] / window
        found[:] = 0.0
        for i in range(window):
            deviation = past[i] - mean
            for j in range(coefficients):
                found[j] += deviation * matrix[i, j]
        for band in range(bands):
            energy = 0.0
            for j in range(edges[band], edges[band + 1]):
                energy += found[j] * found[j]
            energies[t, band] = energy
            ends[t, band] = found[last[band]]
        median_size[t] = np.median(np.abs(found[edges[bands - 1] :]))
        trend[t] = found[last[0]] - found[last[0] - 1]
    return ends, energies, median_size, trend


def _of_both(series: str, summary: Summary) -> dict[str, Float64Array1D]:
    total, flat = summary.energies.sum(axis=1), WINDOW * TIE * TIE
    columns = {f"wavelet_{series}_mad_volatility": summary.median_size / 0.6745}
    for i, band in enumerate(LEVEL):
        columns[f"wavelet_{series}_{band}"] = summary.ends[:, i] * _unit(band)
        if band in DETAILS:
            share = ratio(summary.energies[:, i], total, 0.0, flat)
            columns[f"wavelet_{series}_energy_ratio_{band}"] = share
    return columns


def _of_close(summary: Summary) -> dict[str, Float64Array1D]:
    _, edges, _ = analysis()
    size = np.sqrt(summary.energies / np.diff(edges))
    energies = {band: size[:, i] * _unit(band) for i, band in enumerate(LEVEL) if band in DETAILS}
    change = summary.trend * _unit("a3")
    return {f"wavelet_close_energy_{band}": values for band, values in energies.items()} | {
        "wavelet_trend_strength": ratio(np.abs(change), np.abs(change) + energies["d3"], 0.0, TIE),
        "wavelet_trend_direction": sign(change),
    }


def _unit(band: str) -> float:
    """What turns a coefficient of a band into the unit of the series."""
    return float(2.0 ** (-LEVEL[band] / 2.0))
