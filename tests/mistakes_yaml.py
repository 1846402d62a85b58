"""Every kind of wrong value in config/contracts.yaml and config/models/<name>.yaml."""

import yaml

from mistakes import FILE as RAW
from mistakes import Mistake, minutes
from mistakes_config import as_yaml
from mlfactory import runtime
from mlfactory.config import ROOT, load
from mlfactory.validate import check_models

MODEL_SCHEMA = (ROOT / "config/models.schema.yaml").read_text()
CONTRACTS = yaml.safe_load((ROOT / "config/contracts.yaml").read_text())


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
        (
            "contract: commission of a share",
            {"commission_per_contract": None, "commission_per_share": 0.007},
            "unknown key MES.commission_per_share; write commission_per_contract, which is per "
            "share for an ETF or stock",
        ),
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
            "MES: holds both commission_per_contract and commission_bps; keep one",
        ),
        (
            "contract: no commission",
            {"commission_per_contract": None},
            "MES: holds neither commission_per_contract nor commission_bps; add one",
        ),
        (
            "contract: no slippage",
            {"slippage_ticks": None},
            "MES: holds neither slippage_ticks nor slippage_bps; add one",
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
OF_CONTRACTS += [
    of_a_contract(
        what,
        {"calendar": name},
        f"error: unknown calendar '{name}'; {hint}",
        " Set calendar in config/contracts.yaml to 24/7 or a name of pandas_market_calendars",
    )
    for what, name, hint in (
        ("unknown calendar", "CME_Equty", "did you mean CME_Equity? Set"),
        ("calendar in other letters", "Nasdaq", "did you mean NASDAQ? Set"),
        ("calendar like no other", "0-1", "there are 24/5, 24/7, AIXK, "),
    )
]
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
    settings = load([]) | {"models": ["lightgbm"], "ensembles": []}
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
            "model: unknown decomposition",
            {"decomposition": "two stages"},
            "decomposition=two stages must be multiclass or two_stage (default multiclass)",
        ),
        (
            "model: selection of no features",
            {"needs": {"scaling": False, "features": "selected-0"}},
            "needs.features=selected-0 must be text that matches ^selected-[1-9][0-9]*$",
        ),
        (
            "model: sequence without sequences",
            {"needs": {"scaling": False, "sequence_length": 60}},
            "needs.sequences=false with needs.sequence_length=60; a sequence has 2 rows or",
        ),
        (
            "model: sequences that it does not read",
            {"needs": {"scaling": True, "sequences": True, "sequence_length": 60}},
            "needs.sequence_length=60 must be 1: it does not read sequences",
        ),
        (
            "model: sequences without scaling",
            {"needs": {"sequences": True, "sequence_length": 60}},
            "needs.scaling=false with needs.sequences=true: what is not known of a sequence is 0",
        ),
        (
            "model: precision of neural models",
            {"device": {"mixed_precision": True}},
            "device.mixed_precision=true is for neural models; set it false",
        ),
        (
            "model: feature that there is not",
            {"needs": {"features": ["atr_41"]}},
            "needs.features: 'atr_41' is no feature of the families that it reads; did you",
        ),
        (
            "model: GPU that it never uses",
            {"needs": {"gpu": "none"}, "device": {"use_gpu": True}},
            "device.use_gpu=true with needs.gpu=none; set needs.gpu: optional",
        ),
        (
            "model: unknown key in its search space",
            {"search_space": {"num_leave": {"low": 2, "high": 9}}},
            "search_space.num_leave is unknown; did you mean num_leaves?",
        ),
        (
            "model: search space upside down",
            {"search_space": {"num_leaves": {"low": 9, "high": 2}}},
            "search_space.num_leaves.low=9 is not below",
        ),
        (
            "model: first value outside of its search space",
            {"search_space": {"num_leaves": {"low": 8, "high": 64, "first": [4]}}},
            "search_space.num_leaves.first=4 is not among what is searched; take it out",
        ),
        (
            "model: unknown family",
            {"model": {"family": "deep"}},
            "model.family=deep must be boosting or classical or neural or ensemble. Which rule",
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
