"""Every kind of wrong value in a yaml file: of every key of the schema, and those beyond it."""

import yaml

from mistakes import FILE as RAW
from mistakes import OVERLAY, Mistake, ask, minutes
from mlfactory import runtime
from mlfactory.config import ROOT
from mlfactory.validate import check_models

SCHEMA = yaml.safe_load((ROOT / "config/config.schema.yaml").read_text())
MODEL_SCHEMA = (ROOT / "config/models.schema.yaml").read_text()
CONTRACTS = yaml.safe_load((ROOT / "config/contracts.yaml").read_text())
PLACES = {"symbol": "MES", "horizon": "20"}
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
        twice = [schema["default"][0]] * 2
        yield twice, (), twice, "no two alike"
        for value, _, wrong, right in wrong_values(schema["items"]):
            yield [value], ("0",), wrong, right


def quoted(choice):
    return "'null'" if choice == "null" else choice


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
            words = f"error: {OVERLAY}: unknown key {short}; did you mean {path[-1]}?"
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
        "add to config/contracts.yaml: MSE: {tick_size: 0.25, multiplier: 5, currency: USD, "
        "calendar: CME_Equity, commission_per_contract: 0.625, slippage_ticks: {calm: 0.5, "
        "volatile: 1.0}}",
    ),
    "several contracts": (
        "symbols: [MES, ES]",
        "config: symbols MES, ES in one run: one contract a run is the rule",
        "name one, or set allow_batch_symbols: true",
    ),
    "unknown horizon": (
        "horizons: [20, 7]",
        "config: horizon 7 has no barriers; add to the config: labels: {barriers: {default: {7: "
        "{k_up: 1.53, k_down: 1.26, max_bars: 17}}}}",
    ),
    "unknown model": (
        "models: [lightgmb]",
        "config: unknown model 'lightgmb' in models or ensembles; did you mean lightgbm?",
    ),
    "unknown ensemble": (
        "ensembles: [stack]",
        "config: unknown model 'stack' in models or ensembles; there are catboost, lightgbm, ",
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
        "labels would leak over the borders; raise splits.purge_bars",
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


def of_a_contract(what, change, *words):
    """A mistake in config/contracts.yaml; a change to None leaves the key out."""
    entry = {k: v for k, v in ({**CONTRACTS["MES"], **change}).items() if v is not None}
    files = {"config/contracts.yaml": as_yaml({"MES": entry}), RAW: minutes()[:60]}
    return Mistake(what, words, files)


FILE = "error: config/contracts.yaml: "
OF_CONTRACTS = [
    of_a_contract(what, change, f"{FILE}{words}")
    for what, change, words in (
        ("contract: key misspelt", {"tick_sise": 1}, "unknown key MES.tick_sise; did you mean tic"),
        ("contract: no tick", {"tick_size": None}, "MES.tick_size is missing; add it as in {tick"),
        (
            "contract: no calendar",
            {"calendar": None},
            "MES.calendar is missing; add it as in {tick",
        ),
        ("contract: tick of 0", {"tick_size": 0}, "MES.tick_size=0 must be a number above 0"),
        (
            "contract: tick as text",
            {"tick_size": "1/4"},
            "MES.tick_size='1/4' must be a number abo",
        ),
        (
            "contract: multiplier not finite",
            {"multiplier": float("nan")},
            "MES.multiplier=nan must be a number above 0",
        ),
        ("contract: multiplier true", {"multiplier": True}, "MES.multiplier=True must be a number"),
        (
            "contract: negative commission",
            {"commission_per_contract": -1},
            "MES.commission_per_contract=-1 must be a number 0 or above",
        ),
        (
            "contract: two commissions",
            {"commission_bps": 1},
            "MES: holds commission_per_contract and commission_bps of commission_per_contract and "
            "commission_bps; give exactly one of them",
        ),
        (
            "contract: no commission",
            {"commission_per_contract": None},
            "MES: holds neither of commission_per_contract and commission_bps; give exactly one",
        ),
        (
            "contract: no slippage",
            {"slippage_ticks": None},
            "MES: holds neither of slippage_ticks and slippage_bps; give exactly one of them",
        ),
        (
            "contract: slippage as a number",
            {"slippage_ticks": 1},
            "MES.slippage_ticks=1 must be such as {calm: 0.5, volatile: 1.0}",
        ),
        (
            "contract: slippage misspelt",
            {"slippage_ticks": {"calm": 1, "volatil": 1}},
            "MES.slippage_ticks={'calm': 1, 'volatil': 1} must be such as {calm: 0.5, volatile: 1",
        ),
        (
            "contract: negative slippage",
            {"slippage_ticks": {"calm": -1, "volatile": 1}},
            "MES.slippage_ticks.calm=-1 must be a number 0 or above",
        ),
        (
            "contract: currency as a number",
            {"currency": 5},
            "MES.currency=5 must be text; put it in quotes",
        ),
        (
            "contract: flag as text",
            {"fractional_volume": "no"},
            "MES.fractional_volume='no' must be true or false",
        ),
    )
]
OF_CONTRACTS.append(
    of_a_contract(
        "unknown calendar",
        {"calendar": "CME_Equty"},
        "error: unknown calendar 'CME_Equty'; did you mean CME_Equity?",
        "Set calendar in config/contracts.yaml to 24/7 or a name of pandas_market_calendars",
    )
)
OF_CONTRACT_FILES = [
    Mistake(what, (f"{FILE}{words}",), {"config/contracts.yaml": content})
    for what, content, words in (
        ("contracts: empty file", "", "has no contracts; add SYMBOL: {tick_size: 0.25, multiplier"),
        ("contracts: list", "[1, 2]", "has no contracts; add SYMBOL: {tick_size: 0.25, multiplier"),
        ("contracts: broken yaml", "MES: {tick", "is not valid yaml: while parsing a flow mapping"),
        (
            "contracts: number for a contract",
            "MES: 5",
            "MES=5 is no mapping; write MES: {tick_size",
        ),
        (
            "contracts: symbol that yaml reads as true",
            "true: {}",
            "key True must be a symbol, capital letters and digits; write it as MES, or in quotes",
        ),
        (
            "contracts: symbol in small letters",
            "mes: {}",
            "key mes must be a symbol, capital letters and digits; write it as MES",
        ),
        (
            "contracts: symbol entered twice",
            "MES: {}\nES: {}\nMES: {}",
            "key MES in line 3 is already in line 1; keep one of them",
        ),
    )
]


def ask_model():
    """What a run asks of the yaml files of its models."""
    settings = {"models": ["lightgbm"], "ensembles": [], "threads": 1}
    runtime.or_exit(check_models, settings, ROOT.cwd())


def of_a_model(what, change, *words):
    content = {**yaml.safe_load((ROOT / "config/models/lightgbm.yaml").read_text())}
    for key, value in change.items():
        content[key] = {**content.get(key, {}), **value} if isinstance(value, dict) else value
    files = {"config/models.schema.yaml": MODEL_SCHEMA}
    files["config/models/lightgbm.yaml"] = as_yaml({k: v for k, v in content.items() if v != ""})
    words = (f"error: config/models/lightgbm.yaml: {words[0]}", *words[1:])
    return Mistake(what, words, files, ask_model)


OF_MODELS = [
    of_a_model(what, change, *words)
    for what, change, *words in (
        ("model: block misspelt", {"trainig": {}}, "unknown key trainig; did you mean training?"),
        (
            "model: key misspelt",
            {"early_stopping": {"patienc": 5}},
            "unknown key early_stopping.patienc; did you mean patience?",
        ),
        (
            "model: parameter misspelt",
            {"training": {"num_leafs": 8}},
            "training.num_leafs is unknown; did you mean num_leaves?",
        ),
        (
            "model: parameter out of range",
            {"training": {"num_leaves": 1}},
            "training.num_leaves=1 must be a whole number >= 2",
        ),
        (
            "model: parameter of another kind",
            {"training": {"rounds": "many"}},
            "training.rounds='many' must be a whole number >= 1",
        ),
        (
            "model: parameter that is a block",
            {"training": {"rounds": {"at_most": 5}}},
            "training.rounds={at_most: 5} must be a number or text or true or false or a list",
        ),
        ("model: block missing", {"needs": ""}, "needs is missing; add it. What the rows handed"),
        (
            "model: patience of 0",
            {"early_stopping": {"patience": 0}},
            "early_stopping.patience=0 must be a whole number >= 1. Steps without gain",
        ),
        (
            "model: unknown family",
            {"model": {"family": "neural"}},
            "model.family=neural must be boosting or classical or ensemble. Which rule fits it.",
        ),
        (
            "model: name of another model",
            {"model": {"type": "xgboost"}},
            "model.type=xgboost must be lightgbm, the file's own name",
        ),
        ("model: text for a flag", {"needs": {"scaling": "no"}}, "needs.scaling='no' must be true"),
    )
] + [
    Mistake(
        "model: no file",
        ("error: config/models/lightgbm.yaml: no such file; check the name",),
        {"config/models.schema.yaml": MODEL_SCHEMA},
        ask_model,
    ),
    Mistake(
        "model: empty file",
        ("error: config/models/lightgbm.yaml: is null, not keys with values",),
        {"config/models.schema.yaml": MODEL_SCHEMA, "config/models/lightgbm.yaml": ""},
        ask_model,
    ),
]
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
