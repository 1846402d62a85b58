"""Point scores of probability predictions; labels 0 short, 1 neutral, 2 long."""

import numpy as np

from mlfactory._typing import Float64Array1D, Float64Array2D, Int8Array1D

NEUTRAL, LONG = 1, 2
CALIBRATION_BINS = 10


def log_losses(y: Int8Array1D, probabilities: Float64Array2D) -> Float64Array1D:
    """Each row's log-loss in nats, (n,); probabilities (n, 3) must be positive."""
    return -np.log(probabilities[np.arange(len(y)), y])


def direction(probabilities: Float64Array2D) -> Float64Array1D:
    """Probability of long given that the row is not neutral, (n,)."""
    return probabilities[:, 2] / (probabilities[:, 0] + probabilities[:, 2])


def direction_log_losses(y: Int8Array1D, p_long: Float64Array1D) -> Float64Array1D:
    """Each non-neutral row's log-loss of its direction in nats, (n,); 0 in neutral rows."""
    losses = -np.log(np.where(y == LONG, p_long, 1 - p_long))
    return np.where(y == NEUTRAL, 0.0, losses)


def weighted_auc(
    positive: np.ndarray, score: Float64Array1D, weights: Float64Array2D
) -> Float64Array1D:
    """Area under the ROC curve under several row weightings at once; ties count half.

    Parameters
    ----------
    positive
        (n,) bool.
    score
        (n,) the higher, the likelier positive.
    weights
        (b, n) non-negative; one AUC each.

    Returns
    -------
    (b,) float64; NaN where a weighting leaves no positive or no negative row. Source: the
    Mann-Whitney form; equals scikit-learn's roc_auc_score.
    """
    order = np.argsort(score, kind="stable")
    groups = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    up = np.where(positive, weights, 0.0)[:, order]
    down = np.where(positive, 0.0, weights)[:, order]
    up = np.add.reduceat(up, groups, axis=1)
    down = np.add.reduceat(down, groups, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (up * below).sum(axis=1) / (up.sum(axis=1) * down.sum(axis=1))


def calibration_bins(y: Int8Array1D, probabilities: Float64Array2D) -> np.ndarray:
    """The bin of each row and class, (n, 3) int64: class * 10 + tenth of probability."""
    tenth = np.minimum((probabilities * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return tenth + CALIBRATION_BINS * np.arange(probabilities.shape[1])


def calibration_error(count_gap: Float64Array2D, n: Float64Array1D) -> Float64Array1D:
    """Class-wise expected calibration error from the bins' sums.

    Parameters
    ----------
    count_gap
        (b, 30) sum over rows of (probability - outcome) in each class and bin.
    n
        (b,) rows.

    Returns
    -------
    (b,) mean over classes of sum over bins |gap| / n. Source: Kull et al., Beyond Temperature
    Scaling, 2019 (classwise-ECE).
    """
    return np.abs(count_gap).sum(axis=1) / (3 * n)


def macro_f1(y: Int8Array1D, probabilities: Float64Array2D) -> float:
    """Macro-averaged F1 of the most likely class: for information, never to choose by."""
    choice = probabilities.argmax(axis=1)
    scores = []
    for c in range(probabilities.shape[1]):
        hit = ((choice == c) & (y == c)).sum()
        called = (choice == c).sum() + (y == c).sum()
        scores.append(2 * hit / called if called else 0.0)
    return float(np.mean(scores))
