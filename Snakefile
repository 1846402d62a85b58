# One contract: minutes in; cleaned bars, features, labels, purged out-of-fold predictions,
# stacking datasets, ensembles and their scores out. docs/architecture.md follows one bar through.
configfile: Path(workflow.basedir) / "config/config.yaml"


include: "rules/common.smk"


pathvars:
    results=SETTINGS["results"],


wildcard_constraints:
    symbol="[A-Z0-9]+",
    horizon="[1-9][0-9]*",
    fold="[0-9]+",
    null="|nulls/(session_shift|free_shift|sign_flip)/[0-9]+/",
    market="|nulls/sign_flip/[0-9]+/",


# What may be asked for by name: the files of the configured symbols, horizons and models.
rule all:
    default_target: True
    input:
        targets("scores_h{horizon}.json"),
        targets("stacking_dataset_h{horizon}.parquet"),
        targets("models/{model}/h{horizon}/foldfull"),
        targets("predictions/{model}_h{horizon}_{split}.parquet"),
        targets("ensembles/{ensemble}_h{horizon}/{split}.parquet"),
        targets("backtest/h{horizon}.json"),
        targets("splits/scaled/dataset_manifest.json"),
        targets("audit.json"),
        targets("manifest.json"),
        targets("report.html"),


rule bars:
    input:
        targets("bars.parquet"),


rule features:
    input:
        targets("features.parquet"),


rule labels:
    input:
        targets("labels_h{horizon}.parquet"),


rule dataset:
    input:
        targets("splits/scaled/dataset_manifest.json"),
        targets("audit.json"),
        targets("manifest.json"),


rule oof:
    input:
        targets("oof/{model}_h{horizon}_fold{fold}.parquet"),


rule walkforward:
    input:
        targets("walkforward/{model}_h{horizon}.parquet"),


rule stack:
    input:
        targets("stacking_dataset_h{horizon}.parquet"),


rule scores:
    input:
        targets("scores_h{horizon}.json"),


rule backtest:
    input:
        targets("backtest/h{horizon}.json"),


rule report:
    input:
        targets("report.html"),


include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/splits.smk"
include: "rules/barriers.smk"
include: "rules/labels.smk"
include: "rules/nulls.smk"
include: "rules/selection.smk"
include: "rules/tuning.smk"
include: "rules/training.smk"
include: "rules/walkforward.smk"
include: "rules/crossval.smk"
include: "rules/ensemble.smk"
include: "rules/backtest.smk"
include: "rules/checks.smk"
include: "rules/report.smk"
