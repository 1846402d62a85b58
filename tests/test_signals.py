import numpy as np
import pytest

import naive_backtest as naive
from mlfactory import signals

BARRIERS = {"k_up": 3.0, "k_down": 2.0, "max_bars": 9}


def probabilities(n, seed):
    return np.random.default_rng(seed).dirichlet([1, 1, 1], n)


def test_expected_value_by_hand():
    p = np.array([[0.2, 0.2, 0.6], [0.6, 0.3, 0.1], [0.4, 0.3, 0.3], [np.nan] * 3])
    cost = np.array([0.25, 0.5, 0.4, 0.1])
    found = signals.edge(p, "expected_value", barriers=BARRIERS, cost=cost)
    # 0.6 x 3 - 0.2 x 2 = 1.4; 0.1 x 3 - 0.6 x 2 = -0.9; 0.9 - 0.8 = 0.1 is less than it costs
    assert found[:3].tolist() == pytest.approx([1.15, -0.4, 0.0])
    assert np.isnan(found[3])


def test_p_difference_and_the_sides_beyond_a_threshold():
    p = np.array([[0.2, 0.2, 0.6], [0.6, 0.3, 0.1], [0.4, 0.2, 0.4]])
    found = signals.edge(p, "p_difference", barriers=BARRIERS, cost=np.zeros(3))
    assert found.tolist() == pytest.approx([0.4, -0.5, 0.0])
    edge = np.append(found, np.nan)
    assert signals.side(edge, 0.0).tolist() == [1, -1, 0, 0]
    assert signals.side(edge, 0.45).tolist() == [0, -1, 0, 0]
    assert signals.side(edge, None).tolist() == [0, 0, 0, 0]


def test_bet_size_by_hand_and_as_the_slow_twin():
    """p = 2/3: z = (1/3) / sqrt(2/9) = 0.70711, 2 Phi(z) - 1 = 0.5205."""
    p = np.array([[0.1, 7 / 30, 2 / 3], [2 / 3, 7 / 30, 0.1], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3]])
    found = signals.bet_size(p, np.array([1, -1, 1, 0], dtype=np.int32))
    assert found.tolist() == pytest.approx([0.5205, -0.5205, 0.0, 0.0], abs=1e-4)
    p = probabilities(200, 1)
    side = np.random.default_rng(2).integers(-1, 2, 200).astype(np.int32)
    chosen = np.where(side > 0, p[:, 2], p[:, 0])
    expected = [
        naive.bet_size(one, int(s)) if s else 0.0 for one, s in zip(chosen, side, strict=True)
    ]
    assert signals.bet_size(p, side).tolist() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_average_of_active_bets_equals_the_slow_twin(seed):
    generator = np.random.default_rng(seed)
    size = np.round(generator.uniform(-1, 1, 150), 2) * (generator.random(150) < 0.6)
    exit_bar = np.arange(150) + generator.integers(0, 12, 150)
    exit_bar = np.where(generator.random(150) < 0.1, -1, np.minimum(exit_bar, 149))
    found = signals.average_active(size, exit_bar)
    assert found.tolist() == pytest.approx(naive.average_active(size.tolist(), exit_bar.tolist()))


def test_contracts_are_whole_and_on_the_side_of_their_signal():
    p = probabilities(300, 3)
    side = np.random.default_rng(4).integers(-1, 2, 300).astype(np.int32)
    exit_bar = np.minimum(np.arange(300) + 7, 299)
    given, rows = {"max_contracts": 5}, np.arange(300)
    assert signals.contracts(p, side, rows, exit_bar, size="one", **given).tolist() == side.tolist()
    found = signals.contracts(p, side, rows, exit_bar, size="probability", **given)
    assert set(found.tolist()) <= set(range(-5, 6))
    assert (found[side == 0] == 0).all()
    assert (np.sign(found[found != 0]) == side[found != 0]).all()
    assert len(set(found.tolist())) > 3


@pytest.mark.parametrize("size", ["one", "probability"])
def test_bars_without_a_prediction_want_nothing(size):
    p = probabilities(300, 3)
    side = np.random.default_rng(4).integers(-1, 2, 300).astype(np.int32)
    exit_bar = np.minimum(np.arange(300) + 7, 299)
    rows = np.flatnonzero(np.random.default_rng(5).random(300) < 0.5)
    given = {"size": size, "max_contracts": 5}
    found = signals.contracts(p[rows], side[rows], rows, exit_bar, **given)
    silent = np.zeros(300, dtype=np.int32)
    silent[rows] = side[rows]
    assert found.tolist() == (
        signals.contracts(p, silent, np.arange(300), exit_bar, **given).tolist()
    )
    assert not found[np.setdiff1d(np.arange(300), rows)].any()


def test_size_at_a_bar_depends_on_nothing_after_it():
    p = probabilities(300, 3)
    side = np.random.default_rng(4).integers(-1, 2, 300).astype(np.int32)
    exit_bar = np.minimum(np.arange(300) + 7, 299)
    later = exit_bar.copy()
    later[:200][exit_bar[:200] > 200] += 9  # how long a bet still lasts is not known at bar 200
    one, other = (
        signals.contracts(p, side, np.arange(300), ends, size="probability", max_contracts=5)
        for ends in (exit_bar, later)
    )
    assert one[:201].tolist() == other[:201].tolist()
    assert one.tolist() != other.tolist()
