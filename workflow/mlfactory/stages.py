"""The stages of the workflow in the order that data flows, and the rules that make each."""

from mlfactory.errors import UserError, nearest

STAGES = {
    "market": ("simulate_market",),
    "bars": ("clean_bars",),
    "features": ("compute_features",),
    "splits": ("split_bars",),
    "barriers": ("take_barriers", "find_barriers"),
    "labels": ("label_bars",),
    "dataset": ("scale_splits", "write_manifest"),
    "folds": ("assign_folds",),
    "nulls": ("shift_labels", "flip_signs", "probe_nulls"),
    "selection": ("select_features",),
    "tuning": ("tune_boosting", "tune_classical", "tune_neural"),
    "oof": ("fit_boosting", "fit_classical", "fit_neural"),
    "walkforward": (
        *("walk_forward_boosting", "walk_forward_classical", "walk_forward_neural"),
        *("walk_on_boosting", "walk_on_classical", "walk_on_neural"),
    ),
    "full": ("fit_boosting_full", "fit_classical_full", "fit_neural_full"),
    "stack": ("stack_predictions",),
    "predictions": ("predict_splits", "predict_splits_classical", "predict_splits_neural"),
    "ensembles": ("fit_ensemble", "predict_ensemble", "fit_blend", "fit_null_blend"),
    "backtest": (
        "choose_thresholds",
        "backtest_predictions",
        "backtest_out_of_fold",
        "backtest_walk_forward",
        "backtest_walk_on",
        "assess_backtests",
    ),
    "checks": ("check_dataset",),
    "scores": ("score_models",),
    "report": ("make_report",),
}


def rules_of(stage: str) -> tuple[str, ...]:
    """The rules of a stage.

    Raises
    ------
    UserError
        When there is no such stage; it names the nearest one.
    """
    if stage not in STAGES:
        raise UserError(f"{stage!r} is no stage; {nearest(stage, STAGES)}")
    return STAGES[stage]


def makes_files(rule: str) -> bool:
    """Whether the rule makes files, and so is in a stage; a named target only asks for them."""
    return any(rule in rules for rules in STAGES.values())


def stage_of(rule: str) -> str:
    """The stage of a rule.

    Raises
    ------
    KeyError
        When the rule is in no stage.
    """
    return {rule: stage for stage, rules in STAGES.items() for rule in rules}[rule]
