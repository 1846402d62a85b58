"""Point scores of probability predictions; labels 0 short, 1 neutral, 2 long."""

import numpy as np

from mlfactory._typing import (
    BoolArray1D,
    Float64Array1D,
    Float64Array2D,
    Int8Array1D,
    Int64Array1D,
)

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


def pairs_won(positive: BoolArray1D, score: Float64Array1D, block: Int64Array1D) -> Float64Array2D:
    """How many pairs of a positive and a negative row the score puts right, block by block.

    Parameters
    ----------
    positive
        (n,) bool.
    score
        (n,) the higher, the likelier positive.
    block
        (n,) the block of each row, 0 to s - 1.

    Returns
    -------
    (s, s): entry a, b counts positive rows of block a above negative rows of block b; ties count
    half. Under any weighting w of the blocks, the pairs won are w @ matrix @ w.
    """
    order = np.argsort(score, kind="stable")
    group = np.cumsum(np.r_[0, np.diff(score[order]) != 0])
    member = np.eye(int(block.max(initial=0)) + 1)[block[order]]
    n_groups = int(group[-1]) + 1
    negative = np.zeros((n_groups, member.shape[1]))
    np.add.at(negative, group, member * ~positive[order, None])
    below = np.cumsum(negative, axis=0) - negative / 2
    return (member * positive[order, None]).T @ below[group]


def block_weighted_auc(
    positive: BoolArray1D, score: Float64Array1D, block: Int64Array1D, weights: Float64Array2D
) -> Float64Array1D:
    """Area under the ROC curve under several weightings of the blocks; ties count half.

    Parameters
    ----------
    positive, score, block
        See `pairs_won`.
    weights
        (b, s) non-negative weights of the blocks; one AUC each.

    Returns
    -------
    (b,) float64; NaN where a weighting leaves no positive or no negative row. Source: the
    Mann-Whitney form; with weights 1 it equals scikit-learn's roc_auc_score.
    """
    won = pairs_won(positive, score, block)
    counts = [np.bincount(block[rows], minlength=len(won)) for rows in (positive, ~positive)]
    up, down = (weights[:, : len(won)] @ count for count in counts)
    used = weights[:, : len(won)]
    with np.errstate(invalid="ignore", divide="ignore"):
        auc: Float64Array1D = ((used @ won) * used).sum(axis=1) / (up * down)
    return auc


def calibration_bins(y: Int8Array1D, probabilities: Float64Array2D) -> np.ndarray:
    """The bin of each row and class, (n, 3) int64: class * 10 + tenth of probability."""
    tenth = np.minimum((probabilities * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return tenth + CALIBRATION_BINS * np.arange(probabilities.shape[1])


def calibration_gaps(count_gap: Float64Array2D, n: Float64Array1D) -> Float64Array2D:
    """The parts of the class-wise expected calibration error, with their signs.

    Parameters
    ----------
    count_gap
        (b, 30) sum over rows of (probability - outcome) in each class and bin.
    n
        (b,) rows.

    Returns
    -------
    (b, 30); the sum of their absolute values is the error: the mean over classes of the sum over
    bins |gap| / n. Source: Kull et al., Beyond Temperature Scaling, 2019 (classwise-ECE).
    """
    return count_gap / (3 * n[:, None])


def macro_f1(y: Int8Array1D, probabilities: Float64Array2D) -> float:
    """Macro-averaged F1 of the most likely class: for information, never to choose by."""
    choice = probabilities.argmax(axis=1)
    scores = []
    for c in range(probabilities.shape[1]):
        hit = ((choice == c) & (y == c)).sum()
        called = (choice == c).sum() + (y == c).sum()
        scores.append(2 * hit / called if called else 0.0)
    return float(np.mean(scores))
