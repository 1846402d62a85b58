"""Every kind of wrong value in a yaml file: of every key of the schema, and those beyond it."""

import yaml

from mistakes import OVERLAY, Mistake, ask
from mlfactory.config import ROOT

SCHEMA = yaml.safe_load((ROOT / "config/config.schema.yaml").read_text())
ELSEWHERE = {"nulls.probe.sign_flip": "nulls.sign_flip"}
"""Misspelt keys that are keys in another place."""

PLACES = {"symbol": "MES", "horizon": "20", "ensemble": "mine"}
MISFITS = {
    "integer": ("many", "a whole number"),
    "number": ("many", "a number"),
    "boolean": ("perhaps", "true or false"),
    "string": (5, "text"),
    "array": ("all", "a list"),
    "object": (5, "keys with values"),
}
LIMITS = {
    "minimum": (-1, ">="),
    "exclusiveMinimum": (0, ">"),
    "maximum": (1, "<="),
    "exclusiveMaximum": (0, "<"),
}


def keys(schema, path=()):
    """(path, schema) of every key, with MES and 20 where a symbol and a horizon stand."""
    for name, below in schema.get("properties", {}).items():
        yield (*path, name), below
        yield from keys(below, (*path, name))
    for below in schema.get("patternProperties", {}).values():
        name = PLACES[below["title"]]
        yield (*path, name), below
        yield from keys(below, (*path, name))


def wrong_values(schema):
    """(value, path of what is wrong in it, its value, what would be right) of one key."""
    if "enum" in schema:
        yield "other", (), "other", " or ".join(quoted(choice) for choice in schema["enum"])
        return
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    value, right = MISFITS[kind]
    yield value, (), value, right
    if kind == "integer":
        yield 2.5, (), 2.5, right
    if kind == "number":
        yield float("nan"), (), "nan", right
    for limit, (beyond, sign) in LIMITS.items():
        if limit in schema:
            value = schema[limit] + beyond
            yield value, (), value, f"{sign} {schema[limit]}"
    if "pattern" in schema:
        yield "no such!", (), "no such!", "text such as"
    if "minItems" in schema:
        yield [], (), [], "a list, not empty"
    if "items" in schema:
        twice = [(schema["default"] or ["logistic"])[0]] * 2
        yield twice, (), twice, "no two alike"
        for value, _, wrong, right in wrong_values(schema["items"]):
            yield [value], ("0",), wrong, right


def quoted(choice):
    return f"'{choice}'" if choice in ("null", "off") else choice


def nested(path, value):
    for name in reversed(path):
        value = {name: value}
    return value


def as_yaml(value):
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()


def overlay(path, value):
    return {OVERLAY: as_yaml(nested(path, value)) + "\n"}


def mistakes_of_the_schema():
    for path, schema in keys(SCHEMA):
        name = ".".join(path)
        described = schema.get("description", "")
        for value, inside, wrong, right in wrong_values(schema):
            at = ".".join((*path, *inside))
            words = (f"error: {OVERLAY}: {at}={as_yaml(wrong)} must be ", right, described)
            yield Mistake(f"`{name}: {as_yaml(value)}`", words, overlay(path, value), ask)
        if name.rpartition(".")[2] not in PLACES.values():
            short = name[:-1]
            meant = ELSEWHERE.get(short, path[-1])
            words = f"error: {OVERLAY}: unknown key {short}; did you mean {meant}?"
            files = overlay((*path[:-1], path[-1][:-1]), 1)
            yield Mistake(f"`{short}`: a key misspelt", (words,), files, ask)


# what is wrong: the overlay, and the words of the answer
OVERLAYS = {
    "key in the wrong place": (
        "n_splits: 3",
        "mine.yaml: unknown key n_splits; did you mean folds.n_splits?",
    ),
    "symbol in small letters": (
        "raw: {mes: {stamps: close}}",
        "mine.yaml: unknown key raw.mes; did you mean MES?",
    ),
    "horizon that is no number": (
        "labels: {barriers: {MES: {5bars: {k_up: 1, k_down: 1, max_bars: 9}}}}",
        "mine.yaml: unknown key labels.barriers.MES.5bars; keys here match ^[0-9]+$",
    ),
    "barrier that lacks a key": (
        "labels: {barriers: {ES: {5: {k_up: 1, k_down: 1}}}}",
        "mine.yaml: labels.barriers.ES.5.max_bars is missing; add it. Bars after which",
    ),
    "unknown contract": (
        "symbols: [MSE]",
        "unknown contract MSE (did you mean MES?)",
        "with its own terms in place of the example's, add to config/contracts.yaml: MSE: "
        "{tick_size: 0.25, multiplier: 5, currency: USD, calendar: CME_Equity, "
        "commission_per_contract: 0.625, slippage_ticks: {calm: 0.5, volatile: 1.0}} or, for an "
        "ETF or stock, where commission is per share: MSE: {tick_size: 0.01, multiplier: 1, "
        "currency: USD, calendar: NYSE, commission_per_contract: 0.007, slippage_ticks: ",
    ),
    "a search over bars that are no events": (
        "labels: {search: {enabled: true}, events: {kind: cusum}}",
        "config: labels.search.enabled=true with labels.events.kind=cusum: the search trades at "
        "every bar; set one of them back, false or every_bar",
    ),
    "checks that would stop before they warn": (
        "checks: {psi_test: {warn: 0.25, fail: 0.1}}",
        "config: checks.psi_test.fail=0.1 is below checks.psi_test.warn=0.25, so that it "
        "would stop before it warns; move one",
    ),
    "several contracts": (
        "symbols: [MES, ES]",
        "config: symbols MES, ES in one run: one contract a run is the rule",
        "name one, or set allow_batch_symbols: true",
    ),
    "unknown horizon": (
        "horizons: [20, 7]",
        "config: horizon 7 has no barriers; write your own, or these, extrapolated from the "
        "default ones, into a file for --configfile: {labels: {barriers: {default: {7: {k_up: "
        "1.53, k_down: 1.26, max_bars: 17}}}}}",
    ),
    "unknown horizon that needs a longer purge": (
        "horizons: [30]",
        "{labels: {barriers: {default: {30: {k_up: 3.60, k_down: 3.10, max_bars: 75}}}}, splits: "
        "{purge_bars: 75}}",
    ),
    "unknown model": (
        "models: [lightgmb]",
        "config: unknown model 'lightgmb' in models or ensembles; did you mean lightgbm?",
    ),
    "embargo shorter than a sequence": (
        "folds: {embargo: {min_bars: 30}}",
        "config: folds.embargo.min_bars=30 is shorter than needs.sequence_length=60 in config/mod",
    ),
    "ensemble of a member that is not run": (
        "models: [lightgbm, logistic]",
        "config: ensembles: low_latency reads xgboost, which is not among models; add it there, or "
        "take low_latency out of ensembles",
    ),
    "recipe with a model's name": (
        "{ensembles: [tcn], recipes: {tcn: {type: voting}}}",
        "config: recipes.tcn: is the name of a model; call the recipe otherwise",
    ),
    "recipe of no model": (
        "{ensembles: [mine], recipes: {mine: {type: averaging}}}",
        "config: recipes.mine.type='averaging' is no recipe and no model; did you mean voting?",
    ),
    "recipe of a base model": (
        "{ensembles: [mine], recipes: {mine: {type: logistic}}}",
        "config: recipes.mine.type: logistic is a base model; move it to models",
    ),
    "stacking of what is not walked forward": (
        "{stacking: {source: walkforward}, walk_forward: {enabled: false}}",
        "config: stacking.source=walkforward with walk_forward.enabled=false: nothing would be wal",
    ),
    "capital without a margin": (
        "backtest: {capital: 5000}",
        "config: backtest.capital=5000 with backtest.margin_per_contract=null: each is a limit "
        "only with the other; set both or neither",
    ),
    "capital below the margin": (
        "backtest: {capital: 500, margin_per_contract: 1000}",
        "config: backtest.capital=500 is below backtest.margin_per_contract=1000: not one contract "
        "could be held; raise backtest.capital",
    ),
    "size by probability of one contract": (
        "backtest: {size: probability}",
        "config: backtest.size=probability with backtest.max_contracts=1: a size between none and "
        "one contract is either of them; raise backtest.max_contracts, or set backtest.size: one",
    ),
    "unknown ensemble": (
        "ensembles: [average]",
        "config: ensembles: 'average' is no recipe and no model; there are ",
    ),
    "base model among the ensembles": (
        "ensembles: [logistic]",
        "config: ensembles: logistic is a base model; move it to models",
    ),
    "ensemble among the models": (
        "models: [voting]",
        "config: models: voting is an ensemble; move it to ensembles",
    ),
    "unknown feature family": (
        "features: {families: [temporal, volatility, trends]}",
        "config: features.families: unknown family 'trends'; did you mean trend?",
    ),
    "family that the baselines need left out": (
        "features: {families: [price]}",
        "config: features.families lacks temporal, which the scores' baselines read; add it",
    ),
    "timeframe not longer than a bar": (
        "{bars: {interval: 15min}}",
        "config: features.timeframes: 15min is not longer than bars.interval=15min; take 15min out "
        "of features.timeframes, or lower bars.interval",
    ),
    "timeframe that bars do not fill": (
        "features: {timeframes: [12min]}",
        "config: features.timeframes: 12min is no multiple of bars.interval=5min; choose a "
        "multiple",
    ),
    "interval that is no length of time": (
        "bars: {max_gap: soon}",
        "config: bars.max_gap='soon' is not a whole number of minutes; write it like 5min",
    ),
    "interval of half minutes": (
        "bars: {interval: 90s}",
        "config: bars.interval='90s' is not a whole number of minutes; write it like 5min",
    ),
    "bars that raw rows do not fill": (
        "raw: {MES: {interval: 15min}}",
        "config: bars.interval=5min is not a multiple of raw.MES.interval=15min; raise bars",
    ),
    "unknown zone": (
        "raw: {MES: {timezone: Chicago}}",
        "config: raw.MES.timezone='Chicago' is no zone; did you mean America/Chicago?",
    ),
    "purge shorter than the labels": (
        "splits: {purge_bars: 40}",
        "config: splits.purge_bars=40 is shorter than labels.barriers.default.20.max_bars=50",
        "labels would leak over the borders; raise splits.purge_bars to at least 50",
    ),
    "purge shorter than labels that a search may choose": (
        "{labels: {search: {enabled: true}}, splits: {purge_bars: 59}}",
        "config: splits.purge_bars=59 is shorter than 60, three times the longest of horizons",
        "labels would leak over the borders; raise splits.purge_bars to at least 60",
    ),
    "range of barriers upside down": (
        "labels: {search: {k_min: 3.0, k_max: 2.0}}",
        "config: labels.search.k_min=3.0 is not below labels.search.k_max=2.0; lower k_min",
    ),
    "search that learns from no trial": (
        "labels: {search: {trials: 5}}",
        "config: labels.search.startup_trials=10 is above labels.search.trials=5: nothing would be",
    ),
    "labels longer than three horizons": (
        "labels: {barriers: {default: {20: {k_up: 1, k_down: 1, max_bars: 70}}}}",
        "config: labels.barriers.default.20.max_bars=70 must lie between 20 and 60, one and three",
    ),
    "labels shorter than their horizon": (
        "labels: {barriers: {default: {20: {k_up: 1, k_down: 1, max_bars: 19}}}}",
        "config: labels.barriers.default.20.max_bars=19 must lie between 20 and 60, one and three",
    ),
    "shares that leave no test": (
        "splits: {train_share: 0.9}",
        "config: splits.train_share + splits.val_share = 1.05 leaves no test; lower one",
    ),
    "one border as a date": (
        "splits: {val_start: 2024-01-01}",
        "config: splits.val_start and splits.test_start are set together; set both or neither",
    ),
    "borders in the wrong order": (
        "splits: {val_start: 2024-03-01, test_start: 2024-02-01}",
        "config: splits.val_start=2024-03-01 is not before splits.test_start=2024-02-01; move one",
    ),
    "border on no day": (
        "splits: {val_start: '2024-02-31', test_start: 2024-04-01}",
        "config: splits.val_start=2024-02-31, splits.test_start=2024-04-01: day is out of range",
        "write dates such as 2024-01-31",
    ),
    "synthetic market that begins on no day": (
        "synthetic: {DEMO: {start: '2024-02-31'}}",
        "config: synthetic.DEMO.start='2024-02-31' is no day of the calendar; write it as 2024-01",
    ),
    "empty overlay": ("", "mine.yaml: is empty; write keys with values", "or leave the file out"),
    "overlay of comments": ("# horizons: [20]\n", "mine.yaml: is empty; write keys with values"),
    "list for a file": ("- folds", "mine.yaml: is [folds], not keys with values"),
    "broken yaml": (
        "folds: {n_splits: 3\n  - x",
        "mine.yaml: is not valid yaml: while parsing a flow mapping",
        "line 3, column 1; mend it there",
    ),
    "key entered twice": (
        "folds:\n  n_splits: 3\n  n_splits: 4\n",
        "mine.yaml: key n_splits in line 3 is already in line 2; keep one of them",
    ),
}


WITHOUT_FILE = Mistake(
    "no such overlay",
    ("error: none.yaml: no such file; check the name",),
    {},
    lambda: ask("--configfile", "none.yaml"),
)

OF_OVERLAYS = [
    Mistake(what, tuple(words), {OVERLAY: text}, ask) for what, (text, *words) in OVERLAYS.items()
] + [WITHOUT_FILE]
OF_THE_SCHEMA = list(mistakes_of_the_schema())
