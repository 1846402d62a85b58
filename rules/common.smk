# The configuration, checked before the first job, and the names that rules share.
from dataclasses import asdict

from mlfactory import config as configuration
from mlfactory import contracts, model_inputs, raw_files, recipes, running, runtime
from mlfactory.provenance import pins, script_hash
from snakemake_logger_plugin_mlfactory.scheduling import one_look_at_a_time

one_look_at_a_time()
if workflow.is_main_process:
    running.hold()

SETTINGS = runtime.or_exit(configuration.checked, config)
CONTRACTS = runtime.or_exit(
    contracts.load, configuration.ROOT / "config/contracts.yaml"
)
MODELS = runtime.or_exit(configuration.load_models, SETTINGS["models"])
ENSEMBLES = runtime.or_exit(recipes.load, SETTINGS)
BLENDS = [name for name, one in ENSEMBLES.items() if recipes.is_blend(one)]
STACKED_ENSEMBLES = [name for name in ENSEMBLES if name not in BLENDS]
SELECTING = {k: v for k, v in MODELS.items() if model_inputs.n_selected(v)}
HORIZONS = SETTINGS["horizons"]
SEARCH = SETTINGS["labels"]["search"]
SEARCHED = SEARCH["enabled"]
FOLDS = range(SETTINGS["folds"]["n_splits"])
SPLITS = ("val", "test")
NULL_COUNTS = {
    k: SETTINGS["nulls"][k] for k in ("session_shift", "free_shift", "sign_flip")
}
NULLS = [f"nulls/{kind}/{i}/" for kind, n in NULL_COUNTS.items() for i in range(n)]
SHIFTED = [null for null in NULLS if "session_shift" in null]
FLIPPED = [null for null in NULLS if "sign_flip" in null]
WALK = SETTINGS["walk_forward"]
REFIT = {k: v for k, v in WALK.items() if k in ("window", "window_sessions")}
REFIT |= {"retrain_sessions": WALK["retrain_sessions"]}
WALKED = [*MODELS] if WALK["enabled"] else []
WALKED_ON = WALKED if WALK["val_and_test"] else []
SHARED = [
    name
    for name, model in MODELS.items()
    if SETTINGS["tuning"]["scope"] == "shared" and model["search_space"]
]
WALKED_NULLS = SHIFTED[: WALK["nulls"]] if WALK["enabled"] else []
CALIBRATED = [
    model
    for model in MODELS
    if SETTINGS["fit"]["calibration"] != "off"
    and SETTINGS["stacking"]["source"] == "oof"
]
BACKTEST = SETTINGS["backtest"]
TRADED = {
    "oof": [*MODELS, *STACKED_ENSEMBLES],
    "walkforward": WALKED,
    "val": [*MODELS, *ENSEMBLES],
    "test": [*MODELS, *ENSEMBLES],
    "walkforward_val": WALKED_ON,
    "walkforward_test": WALKED_ON,
}
BACKTESTED = {
    sample: TRADED[sample] for sample in BACKTEST["samples"] if TRADED[sample]
}
LOOKS = [
    f"{model}_h{horizon}_{sample}"
    for sample in BACKTESTED
    if sample.endswith("test")
    for model in BACKTESTED[sample]
    for horizon in HORIZONS
]
STACKED = {
    "oof": "<results>/{{symbol}}/{{null}}oof/{model}_h{{horizon}}_fold{fold}.parquet",
    "walkforward": "<results>/{{symbol}}/{{null}}walkforward/{model}_h{{horizon}}.parquet",
}[SETTINGS["stacking"]["source"]]

runtime.limit_threads(SETTINGS["threads"])


def targets(path):
    """This file for every configured value of the wildcards in its path."""
    values = {
        "symbol": SETTINGS["symbols"],
        "horizon": HORIZONS,
        "model": MODELS,
        "fold": FOLDS,
        "ensemble": ENSEMBLES,
        "split": SPLITS,
    }
    path = f"<results>/{{symbol}}/{path}"
    return expand(path, **{k: v for k, v in values.items() if f"{{{k}}}" in path})


def module_of(ensemble):
    """The module of an ensemble's model."""
    return f"mlfactory.models.{ENSEMBLES[ensemble]['model']['model']['type']}"


def of_members(path):
    """An input function: this file of every member of an ensemble, in their order."""
    return lambda w: [
        path.replace("{model}", member) for member in ENSEMBLES[w.ensemble]["members"]
    ]


def of_backtests(file):
    """A file of every configured backtest of a horizon, sample by sample and model by model."""
    path = f"<results>/{{symbol}}/backtest/{{model}}_h{{horizon}}_{{sample}}/{file}"
    return [
        path.replace("{model}", model).replace("{sample}", sample)
        for sample, models in BACKTESTED.items()
        for model in models
    ]


def backtested(sample):
    """The predictions that a backtest of a sample reads, a file a model; see rules/backtest.smk."""
    base = f"<results>/{{symbol}}/predictions/{{model}}_h{{horizon}}_{sample}.parquet"
    if sample.startswith("walkforward"):
        walked = sample.replace("walkforward", "{model}_h{horizon}")
        base = f"<results>/{{symbol}}/walkforward/{walked}.parquet"
    combined = f"<results>/{{symbol}}/ensembles/{{model}}_h{{horizon}}/{sample}.parquet"
    read = BACKTESTED[sample][len(MODELS) :] if sample == "oof" else BACKTESTED[sample]
    return [(combined if m in ENSEMBLES else base).replace("{model}", m) for m in read]


def family(name):
    """A wildcard constraint: the configured base models of one family."""
    names = [model for model in MODELS if MODELS[model]["model"]["family"] == name]
    return "|".join(names) or "none"


def contract(wildcards):
    """The contract's terms as plain values, the only params whose change Snakemake notices."""
    return asdict(runtime.or_exit(contracts.get, CONTRACTS, wildcards.symbol))


def barriers(wildcards):
    """The configured k_up, k_down and max_bars of the symbol's horizon."""
    horizon = int(wildcards.horizon)
    return runtime.or_exit(configuration.barriers, SETTINGS, wildcards.symbol, horizon)


def market(wildcards):
    """The folder of the market whose labels these are: the null's own, or the symbol's."""
    return wildcards.null if wildcards.null in FLIPPED else ""


def where_selected(path):
    """An input function: this file for a model that wants a selection, nothing for another."""
    return lambda w: path if model_inputs.n_selected(MODELS[w.model]) else []


def where_tuned(path):
    """An input function: this file for a model that is tuned, nothing for another."""
    scope = SETTINGS["tuning"]["scope"]
    if scope == "off":
        return lambda w: []
    path = path.replace("{fold}", "full") if scope == "shared" else path
    return lambda w: path if MODELS[w.model]["search_space"] else []


def choice(wildcards):
    """How a model chooses out of a ranking; nothing for one that wants no selection."""
    selects = model_inputs.n_selected(MODELS[wildcards.model])
    return configuration.choice(SETTINGS) if selects else {}


def selection(wildcards):
    """How a fit without a ranking's file ranks and chooses; nothing for a model without selection."""
    ranked_by = configuration.ranking(SETTINGS)
    chosen = choice(wildcards)
    return {"choice": chosen, "ranked_by": ranked_by} if chosen else {}


def code(script, *modules):
    """Hash of a script, of all of the package that it imports, and of modules that are named."""
    return script_hash(f"{workflow.basedir}/workflow/scripts/{script}.py", *modules)


def code_by_step():
    """The hash of each step's code, those of fits by model, for the record."""
    steps = [path.stem for path in Path(workflow.basedir).glob("workflow/scripts/*.py")]
    fits = {
        "tune_model": MODELS,
        "fit_fold": MODELS,
        "fit_full": MODELS,
        "walk_forward": MODELS,
        "walk_on": MODELS,
        "fit_ensemble": STACKED_ENSEMBLES,
        "fit_blend": BLENDS,
        "fit_null_blend": BLENDS,
    }
    hashes = {step: code(step) for step in sorted(steps) if step not in fits}
    for step, models in fits.items():
        named = {
            m: module_of(m) if m in ENSEMBLES else f"mlfactory.models.{m}"
            for m in models
        }
        hashes |= {f"{step} {m}": code(step, module) for m, module in named.items()}
    return hashes


requested = set()


def raw_file(wildcards):
    """The raw file of a symbol: simulated, or the user's. A second symbol must be allowed."""
    symbol = wildcards.symbol
    requested.add(symbol)
    if len(requested) > 1 and not SETTINGS["allow_batch_symbols"]:
        raise SystemExit(f"error: {configuration.batch_refusal(sorted(requested))}")
    if symbol in SETTINGS["synthetic"]:
        return f"{SETTINGS['results']}/{symbol}/synthetic_1m.parquet"
    return str(runtime.or_exit(raw_files.raw_path, SETTINGS, symbol))


def raw_hash(wildcards):
    """The hash of a user's raw file as it is when the run begins; none of a simulated one."""
    simulated = wildcards.symbol in SETTINGS["synthetic"]
    return None if simulated else raw_files.sha256(Path(raw_file(wildcards)))
