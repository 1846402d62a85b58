import json

import numpy as np
import pytest

import naive_search
from mlfactory import barrier_files, barrier_search, stretch
from mlfactory.barrier_search import best_trial, class_shares, constraints, score
from mlfactory.barriers import barrier_width
from mlfactory.errors import UserError
from mlfactory.probe import Probe
from mlfactory.stretch import require_enough
from searched_market import (
    HORIZON,
    LABELS,
    SEARCHED,
    SHARE,
    TRAINED,
    WARM_UP,
    costly,
    found,
    market,
    poisoned,
    wide_raw,
)

WINDOW = 3 * HORIZON


def stretch_of(given, **change):
    terms = {"share": SHARE, "horizon": HORIZON, "contract": costly()}
    return stretch.stretch(given.bars, given.raw, given.train, **terms | LABELS | change)


def probe_of(data):
    return Probe(data.features, data.rows, data.rows + WINDOW)


@pytest.mark.parametrize("seed", range(5))
def test_score_of_a_trial_equals_its_naive_twin(seed):
    given = market(seed, signal=0.4, raw=wide_raw(seed))
    generator = np.random.default_rng(seed)
    k_up, k_down = generator.uniform(0.6, 1.1, 2).round(2)
    max_bars = int(generator.integers(4, 7))
    width = barrier_width(given.bars, atr_period=5, floor=0.5)
    terms = costly(2 * min(k_up, k_down) * np.quantile(width[WARM_UP:SEARCHED], 0.3))
    data = stretch_of(given, contract=terms)
    got = score(data, probe_of(data), k_up, k_down, max_bars)
    cost = np.full(len(given.bars), terms.round_trip_cost(100.0))
    made = stretch.outcomes(data, k_up, k_down, max_bars)
    assert not made.tradable.all()
    assert (made.tradable & (made.label < 0)).any()
    expected = naive_search.score(
        (given.bars, given.raw, SEARCHED),
        width,
        data.features,
        (data.rows + WARM_UP).tolist(),
        cost,
        **{"k_up": k_up, "k_down": k_down, "max_bars": max_bars, "window": WINDOW},
    )
    assert got["trades"] == expected["trades"] > 3
    assert got["shares"] == expected["shares"]
    for name in ("gross_sharpe", "net_sharpe"):
        assert got[name] == pytest.approx(expected[name], abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_cost_of_every_trade_is_paid(seed):
    data = stretch_of(market(seed))
    scored = score(data, probe_of(data), 1.0, 1.0, 5)
    assert scored["net_sharpe"] < scored["gross_sharpe"]


def test_what_features_know_is_earned_and_its_null_is_not():
    data = stretch_of(market(2, signal=3.0))
    probe = probe_of(data)
    scored = score(data, probe, 1.0, 1.0, 5)
    assert scored["gross_sharpe"] > 0.5
    null = [score(data, probe, 1.0, 1.0, 5, shift)["net_sharpe"] for shift in (20, 40, 60)]
    assert max(null) < 0.5 * scored["net_sharpe"]


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_two_searches_are_the_same_to_the_byte(tmp_path, sampler):
    for name in ("one", "other"):
        barrier_files.write(found(market(), sampler=sampler), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_seed_sampler_and_range_change_the_search():
    first = found(market())
    for change in ({"seed": 4}, {"sampler": "nsga2"}, {"k_max": 1.9}, {"startup_trials": 2}):
        assert found(market(), **change)["trials"] != first["trials"], change
    assert len(found(market(), trials=7)["trials"]) == 7


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_chosen_barriers_are_those_of_the_best_trial_that_keeps_the_constraints(sampler):
    content = found(market(1), sampler=sampler, trials=30)
    kept = [t for t in content["trials"] if max(t["constraints"].values()) <= 0]
    best = content["trials"][content["best"]]
    assert best in kept
    assert best["net_sharpe"] == max(t["net_sharpe"] for t in kept)
    assert content["barriers"] == {k: best[k] for k in ("k_up", "k_down", "max_bars")}
    assert 2 * HORIZON <= best["max_bars"] <= 3 * HORIZON
    assert len(best["values"]) == (1 if sampler == "tpe" else 2)
    assert best["values"][1:] in ([], [min(best["shares"].values())])


def test_of_equally_good_trials_the_first_is_chosen():
    trials = [
        {"number": 0, "net_sharpe": 9.0, "feasible": False},
        {"number": 1, "net_sharpe": 0.5, "feasible": True},
        {"number": 2, "net_sharpe": 0.5, "feasible": True},
    ]
    assert best_trial(trials, "MES", 20)["number"] == 1


def test_search_without_a_trial_that_keeps_the_constraints_is_refused():
    with pytest.raises(UserError) as refusal:
        found(market(), trials=2, startup_trials=2, k_min=40.0, k_max=50.0)
    assert "TEST: labels.search.trials=2 at horizon 2 found no barriers with 10% of each" in str(
        refusal.value
    )


def test_constraints_bound_the_shares_of_the_classes():
    even = class_shares(np.int8([0, 0, 0, 1, 1, 2, 2, 2, -1, -1]))
    assert even == {"short": 0.375, "neutral": 0.25, "long": 0.375}
    assert max(constraints(even).values()) <= 0
    for name, shares in {
        "neutral above 0.4": (0.3, 0.41, 0.29),
        "neutral below 0.1": (0.5, 0.05, 0.45),
        "long below 0.1": (0.6, 0.35, 0.05),
        "short below 0.1": (0.05, 0.35, 0.6),
    }.items():
        broken = constraints(dict(zip(("short", "neutral", "long"), shares, strict=True)))
        assert [key for key, value in broken.items() if value > 0] == [name]
    assert max(constraints(class_shares(np.int8([-1]))).values()) > 0


def test_too_few_rows_or_sessions_are_refused_with_the_way_out():
    given = {"symbol": "MES", "share": 0.2, "horizon": 5}
    require_enough(np.arange(150) // 30, **given)
    for sessions in (np.arange(149) // 20, np.arange(400) // 100):
        with pytest.raises(UserError) as refusal:
            require_enough(sessions, **given)
        assert "MES: labels.search.share=0.2 of the training split leaves" in str(refusal.value)
        assert "needs 150 and 5; raise it" in str(refusal.value)


def test_file_says_which_rows_were_searched():
    given = market()
    content = found(given)
    assert content["searched_rows"] == SEARCHED - WARM_UP
    times = given.bars["datetime"]
    assert content["searched"]["first"] == str(times[WARM_UP])
    assert content["searched"]["last"] == str(times[SEARCHED - 1])


def test_best_of_many_trials_on_noise_is_flattered_and_no_better_than_luck():
    best, lucky = [], []
    for seed in range(8):
        content = found(market(seed), trials=20)
        best.append(content["trials"][content["best"]]["net_sharpe"])
        lucky.append([null[0] for null in content["nulls"]])
    assert np.mean(best) > 0
    assert abs(np.mean(best) - np.mean(lucky)) < np.std(np.ravel(lucky))
    assert sum(value > max(null) for value, null in zip(best, lucky, strict=True)) <= 5


def test_probe_earns_nothing_from_noise_and_its_null_varies_as_much():
    earned, null = [], []
    for seed in range(60):
        data = stretch_of(market(seed), contract=costly(0.0))
        probe = probe_of(data)
        k_up, k_down = np.random.default_rng(seed).uniform(0.5, 1.5, 2)
        terms = (data, probe, k_up, k_down, 5)
        earned.append(score(*terms)["gross_sharpe"])
        null += [score(*terms, shift)["gross_sharpe"] for shift in (28, 56, 84)]
    assert abs(np.mean(earned)) < 3 * np.std(earned) / np.sqrt(60)
    assert 0.75 < np.std(null) / np.std(earned) < 1.33


def test_signal_is_found_where_luck_finds_less():
    content = found(market(2, signal=3.0), trials=20)
    best = content["trials"][content["best"]]["net_sharpe"]
    assert len(content["nulls"]) == 3
    assert best > 1.5 * max(null[0] for null in content["nulls"])


# Leaks: what must not be read is replaced by noise, and the file must be the same to the byte.


def violations(first):
    """What of the file changes when everything from bar ``first`` on is replaced by noise."""
    honest = market(signal=0.4)
    one, other = (found(given) for given in (honest, poisoned(honest, first)))
    return [key for key in one if json.dumps(one[key]) != json.dumps(other[key])]


@pytest.mark.parametrize("first", [SEARCHED, SEARCHED + 9, TRAINED])
def test_nothing_after_the_searched_rows_is_read(first):
    assert violations(first) == []


def test_what_is_searched_does_matter():
    assert "trials" in violations(SEARCHED - WINDOW - 20)


def leak_validation(monkeypatch):
    honest = stretch.stretch

    def of_all_bars(bars, raw_bars, train, **terms):
        names = [c for c in train if c.startswith("f")]
        later = bars[["datetime", "session", "segment"]].iloc[WARM_UP:].reset_index(drop=True)
        values = train[names].reindex(range(len(later))).fillna(0.0).astype("float32")
        longer = later.join(values)
        return honest(bars, raw_bars, longer, **terms | {"share": 1.0})

    monkeypatch.setattr(barrier_search, "stretch", of_all_bars)


def leak_later_rows(monkeypatch):
    monkeypatch.setattr(stretch, "searched_rows", lambda n_rows, share: n_rows)


def leak_windows(monkeypatch):
    honest = stretch.rows_at

    def longer(times, wanted):
        rows = honest(times, wanted)
        return slice(rows.start, rows.stop + WINDOW)

    monkeypatch.setattr(stretch, "rows_at", longer)


def leak_scaler(monkeypatch):
    honest, fit = stretch.stretch, stretch.RobustScaler.fit

    def of_all_rows(bars, raw_bars, train, **terms):
        names = [c for c in train if c.startswith("f")]
        whole = train[names].to_numpy()
        monkeypatch.setattr(stretch.RobustScaler, "fit", staticmethod(lambda values: fit(whole)))
        return honest(bars, raw_bars, train, **terms)

    monkeypatch.setattr(barrier_search, "stretch", of_all_rows)


LEAKS = {
    "barrier search over validation rows": (leak_validation, TRAINED),
    "barrier search over later training rows": (leak_later_rows, SEARCHED),
    "searched labels that reach beyond the searched rows": (leak_windows, SEARCHED),
    "probe scaled by all training rows": (leak_scaler, SEARCHED),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_caught(monkeypatch, leak):
    plant, first = LEAKS[leak]
    plant(monkeypatch)
    assert "trials" in violations(first)
