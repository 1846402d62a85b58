"""The leak audit passes on the honest workflow, and names each leak that is planted in it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlfactory import audited, causality, cleaning, cli, config, labels, purging, splits
from mlfactory import bars as bars_module
from mlfactory.errors import UserError
from mlfactory.features import catalog, momentum, price

OVERLAY = config.ROOT / "config/test.yaml"


@pytest.fixture(scope="module")
def settings():
    """Two months of a synthetic market of which one horizon is audited."""
    chosen = config.load([OVERLAY], overrides={"horizons": [5]})
    chosen["synthetic"]["DEMO"]["months"] = 2
    return chosen


@pytest.fixture(scope="module")
def market(settings):
    """The market with a roll, bad prints and filled rows in it, as real files have them."""
    loaded = audited.load(settings, "DEMO")
    rows = loaded.rows.copy()
    generator = np.random.default_rng(3)
    rolled = rows.index >= len(rows) * 3 // 4
    rows["contract"] = pd.Series(np.where(rolled, "H4", "M4")).astype("str")
    wild = generator.random(len(rows)) < 0.002
    rows.loc[wild, ["open", "high", "low", "close"]] *= 1.25
    filled = generator.random(len(rows)) < 0.01
    for name in ("open", "high", "low"):
        rows.loc[filled, name] = rows.loc[filled, "close"]
    rows.loc[filled, "volume"] = 0.0
    return with_bars(replace(loaded, rows=rows))


def with_bars(market):
    bars, raw_bars = market.joined(market.rows)
    return replace(market, bars=bars, raw_bars=raw_bars)


def asked(market, step):
    """What the audit of one step answers: that it passed, or the leak."""
    cuts = causality.cut_bars(market, 0)
    steps = {
        "cleaning": lambda: causality.audit_cleaning(market, cuts),
        "bars": lambda: causality.audit_bars(market, cuts),
        "labels h5": lambda: causality.audit_labels(market, cuts, 5),
        "features": lambda: causality.audit_features(market, cuts),
        "splits": lambda: causality.audit_splits(market, 0),
        "folds h5": lambda: causality.audit_folds(market, 5),
    }
    try:
        return steps[step]()
    except UserError as error:
        return str(error)


def test_honest_workflow_passes_and_says_what_was_compared(market):
    lines = list(causality.audit(market))
    steps = [line.split(": ")[2] for line in lines]
    assert steps == ["cleaning", "bars", "labels h5", "features", "splits", "folds h5"]
    assert all(line.startswith("DEMO: audit: ") and line.endswith(": passed") for line in lines)
    n_columns = len(catalog.names(market.chosen))
    assert f"{n_columns} columns, prefix, future noise and start at 6 cuts" in lines[3]


def test_folds_of_searched_barriers_are_audited_too(market):
    search = market.settings["labels"]["search"] | {"enabled": True}
    labels = market.settings["labels"] | {"search": search}
    searched = replace(market, settings=market.settings | {"labels": labels})
    line = causality.audit_folds(searched, 5)
    assert line.endswith(": passed")
    assert line != causality.audit_folds(market, 5)


def in_column(monkeypatch, module, name, planted):
    """Replace a feature's column by ``planted(its honest values)``."""
    honest = module.compute

    def compute(arrays):
        columns = honest(arrays)
        return columns | {name: np.asarray(planted(pd.Series(columns[name])), dtype=np.float64)}

    monkeypatch.setattr(module, "compute", compute)


def centred_window(monkeypatch):
    def centred(values):
        return values.rolling(11, center=True, min_periods=1).mean()

    in_column(monkeypatch, price, "return_5", centred)


def next_bar(monkeypatch):
    in_column(monkeypatch, price, "return_5", lambda values: values.shift(-1, fill_value=0.0))


def whole_series_z_score(monkeypatch):
    in_column(monkeypatch, price, "return_5", lambda values: values / values.std())


def running_sum(monkeypatch):
    def since_the_start(values):
        return np.log1p(values.fillna(0.0).abs().cumsum())

    in_column(monkeypatch, momentum, "rsi_14", since_the_start)


def next_bar_outlier_repair(monkeypatch):
    causal = cleaning.outliers

    def peeking(rows, number, **terms):
        jump = np.abs(np.diff(np.log(rows["close"].to_numpy()))) > 0.1
        return causal(rows, number, **terms) | np.append(jump, False)

    monkeypatch.setattr(cleaning, "outliers", peeking)


def outliers_of_the_whole_file(monkeypatch):
    def by_rank(rows, number, **terms):
        close = rows["close"].to_numpy()
        return close > np.quantile(close, 0.99)

    monkeypatch.setattr(cleaning, "outliers", by_rank)


def forward_fill_over_a_closure(monkeypatch):
    honest = bars_module.clean

    def filling(rows, *arguments, **more):
        kept, account = honest(rows, *arguments, **more)
        last = kept[kept["session"].diff(-1) < 0]
        times = last["datetime"] + pd.Timedelta("1min")
        filled = last.assign(datetime=times, session_close=times + pd.Timedelta("1min"))
        return pd.concat([kept, filled]).sort_values("datetime", ignore_index=True), account

    monkeypatch.setattr(bars_module, "clean", filling)
    monkeypatch.setattr(bars_module, "account", lambda *parts: {})


def bars_of_the_whole_files_size(monkeypatch):
    honest = bars_module._joined

    def scaled(*parts):
        bars = honest(*parts)
        return bars.assign(volume=bars["volume"] / bars["volume"].mean())

    monkeypatch.setattr(bars_module, "_joined", scaled)


def barriers_of_later_volatility(monkeypatch):
    honest = labels.barrier_width

    def later(bars, **terms):
        width = pd.Series(honest(bars, **terms))
        return width.shift(-12).fillna(width).to_numpy()

    monkeypatch.setattr(labels, "barrier_width", later)


def early_touches_at_the_files_end(monkeypatch):
    honest = labels._table

    def touched(datetime, raw_end_ns, close, scan, uniqueness, quality, known, *rest):
        known = known | np.isin(scan[0], (0, 2))
        return honest(datetime, raw_end_ns, close, scan, uniqueness, quality, known, *rest)

    monkeypatch.setattr(labels, "_table", touched)


def labels_valued_beyond_t1(monkeypatch):
    honest = labels.scan

    def beyond(close, *arguments):
        outcome, decided, exit_price, highest, lowest, held = honest(close, *arguments)
        later = pd.Series(close).rolling(8).max().shift(-8).fillna(0.0).to_numpy()
        return outcome, decided, exit_price, np.maximum(highest, later), lowest, held

    monkeypatch.setattr(labels, "scan", beyond)


def barriers_that_remember_the_start(monkeypatch):
    honest = labels.barrier_width

    def since_the_start(bars, **terms):
        return pd.Series(honest(bars, **terms)).expanding().mean().to_numpy()

    monkeypatch.setattr(labels, "barrier_width", since_the_start)


def border_at_the_highest_price(monkeypatch):
    def by_price(bars, first_row, terms):
        starts = splits.session_opens(bars["session"].to_numpy())
        highest = starts[starts <= first_row + bars["close"].iloc[first_row:].argmax()][-1]
        return int(highest), int(starts[-12])

    monkeypatch.setattr(splits, "_borders", by_price)


def purge_from_the_labels_end(monkeypatch):
    def from_first_end(start, end, held_out):
        first, last = end[held_out].min(), end[held_out].max()
        return (start <= last) & (end >= first)

    monkeypatch.setattr(purging, "overlapping", from_first_end)


def no_embargo(monkeypatch):
    monkeypatch.setattr(
        purging, "embargoed", lambda start, end, held_out, n: np.zeros(len(start), dtype=bool)
    )


LEAKS = {
    "centred window": (centred_window, "features", "return_5 breaks prefix"),
    "shift(-1)": (next_bar, "features", "return_5 breaks prefix"),
    "whole-series z-score": (whole_series_z_score, "features", "return_5 breaks prefix"),
    "running sum": (running_sum, "features", "rsi_14 breaks start"),
    "next-bar outlier repair": (
        next_bar_outlier_repair,
        "cleaning",
        "outlier breaks future noise",
    ),
    "outliers by rank in the file": (
        outliers_of_the_whole_file,
        "cleaning",
        "outlier breaks prefix",
    ),
    "forward fill over a closure": (
        forward_fill_over_a_closure,
        "bars",
        "datetime breaks no invented rows",
    ),
    "volume by the file's mean": (
        bars_of_the_whole_files_size,
        "bars",
        "volume breaks prefix",
    ),
    "barriers of later volatility": (barriers_of_later_volatility, "labels h5", "breaks prefix"),
    "early touches at the file's end": (
        early_touches_at_the_files_end,
        "labels h5",
        "t1 breaks whole window",
    ),
    "label's value beyond t1": (
        labels_valued_beyond_t1,
        "labels h5",
        "mfe breaks future noise",
    ),
    "barriers that remember the start": (
        barriers_that_remember_the_start,
        "labels h5",
        "breaks start",
    ),
    "split at the highest price": (
        border_at_the_highest_price,
        "splits",
        "split breaks future noise",
    ),
    "purge from the label's end": (purge_from_the_labels_end, "folds h5", "breaks purge"),
    "no embargo": (no_embargo, "folds h5", "breaks purge"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leak_is_named_with_step_property_and_column(market, monkeypatch, leak):
    plant, step, words = LEAKS[leak]
    plant(monkeypatch)
    message = asked(with_bars(market), step)
    assert message.startswith(f"DEMO: audit: {step}: ")
    assert words in message


def test_leak_ends_the_command_in_one_line_with_status_1(tmp_path, monkeypatch, capsys):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(OVERLAY.read_text().replace("[5, 20]", "[5]"))
    purge_from_the_labels_end(monkeypatch)
    with pytest.raises(SystemExit) as end:
        cli.main(["validate", "--audit", "--configfile", str(overlay)])
    assert str(end.value).startswith("error: DEMO: audit: folds h5: breaks purge: ")
    out = capsys.readouterr().out.splitlines()
    assert [line for line in out if line.endswith(": passed")][-1].startswith("DEMO: audit: splits")


def test_step_that_had_nothing_to_compare_has_not_passed(market):
    step = causality.Step("DEMO", "features", market.bars["datetime"], [0, 0])
    with pytest.raises(UserError, match="no row to compare"):
        step.passed("221 columns")
