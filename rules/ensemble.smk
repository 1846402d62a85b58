# Models that read other models' predictions.


rule fit_ensemble:
    input:
        stack="<results>/{symbol}/{null}stacking_dataset_h{horizon}.parquet",
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
    output:
        model=directory(
            "<results>/{symbol}/{null}ensembles/{ensemble}_h{horizon}/model"
        ),
        oof="<results>/{symbol}/{null}ensembles/{ensemble}_h{horizon}/oof.parquet",
    log:
        "<results>/{symbol}/{null}logs/fit_{ensemble}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/fit_{ensemble}_h{horizon}.jsonl"
    wildcard_constraints:
        ensemble="|".join(STACKED_ENSEMBLES) or "none",
    conda:
        "../envs/classical.yaml"
    params:
        model=lambda w: ENSEMBLES[w.ensemble]["model"],
        members=lambda w: ENSEMBLES[w.ensemble]["members"],
        embargo=SETTINGS["folds"]["embargo"],
        weights=SETTINGS["fit"]["weights"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_ensemble", module_of(w.ensemble)),
    message:
        "fit {wildcards.symbol} {wildcards.null}{wildcards.ensemble} h{wildcards.horizon}"
    script:
        "../workflow/scripts/fit_ensemble.py"


rule predict_ensemble:
    input:
        model="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/model",
        val=of_members("<results>/{symbol}/predictions/{model}_h{horizon}_val.parquet"),
        test=of_members(
            "<results>/{symbol}/predictions/{model}_h{horizon}_test.parquet"
        ),
    output:
        val="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/val.parquet",
        test="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/test.parquet",
    log:
        "<results>/{symbol}/logs/predict_{ensemble}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/predict_{ensemble}_h{horizon}.jsonl"
    wildcard_constraints:
        ensemble="|".join(STACKED_ENSEMBLES) or "none",
    conda:
        "../envs/classical.yaml"
    params:
        members=lambda w: ENSEMBLES[w.ensemble]["members"],
        code=lambda w: code("predict_ensemble", module_of(w.ensemble)),
    message:
        "predict val and test of {wildcards.symbol} with {wildcards.ensemble} h{wildcards.horizon}"
    script:
        "../workflow/scripts/predict_ensemble.py"


# Fitted on the first part of the validation split; its val.parquet holds the second part only.
rule fit_blend:
    input:
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        labels="<results>/{symbol}/labels_h{horizon}.parquet",
        split="<results>/{symbol}/splits/val.parquet",
        val=of_members("<results>/{symbol}/predictions/{model}_h{horizon}_val.parquet"),
        test=of_members(
            "<results>/{symbol}/predictions/{model}_h{horizon}_test.parquet"
        ),
    output:
        model=directory("<results>/{symbol}/ensembles/{ensemble}_h{horizon}/model"),
        val="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/val.parquet",
        test="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/test.parquet",
    log:
        "<results>/{symbol}/logs/fit_{ensemble}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/fit_{ensemble}_h{horizon}.jsonl"
    wildcard_constraints:
        ensemble="|".join(BLENDS) or "none",
    conda:
        "../envs/classical.yaml"
    params:
        model=lambda w: ENSEMBLES[w.ensemble]["model"],
        members=lambda w: ENSEMBLES[w.ensemble]["members"],
        weights=SETTINGS["fit"]["weights"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_blend", module_of(w.ensemble)),
    message:
        "fit {wildcards.symbol} {wildcards.ensemble} h{wildcards.horizon} on validation"
    script:
        "../workflow/scripts/fit_blend.py"


# The same from labels moved by whole sessions: what a blend scores where there is nothing to find.
rule fit_null_blend:
    input:
        bars="<results>/{symbol}/bars.parquet",
        account="<results>/{symbol}/bars.json",
        labels="<results>/{symbol}/labels_h{horizon}.parquet",
        split="<results>/{symbol}/splits/val.parquet",
        val=of_members("<results>/{symbol}/predictions/{model}_h{horizon}_val.parquet"),
    output:
        val="<results>/{symbol}/nulls/session_shift/{replicate}/ensembles/{ensemble}_h{horizon}/val.parquet",
    log:
        "<results>/{symbol}/nulls/session_shift/{replicate}/logs/fit_{ensemble}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/nulls/session_shift/{replicate}/benchmarks/fit_{ensemble}_h{horizon}.jsonl"
    wildcard_constraints:
        ensemble="|".join(BLENDS) or "none",
        replicate="[0-9]+",
    conda:
        "../envs/classical.yaml"
    params:
        model=lambda w: ENSEMBLES[w.ensemble]["model"],
        members=lambda w: ENSEMBLES[w.ensemble]["members"],
        weights=SETTINGS["fit"]["weights"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_null_blend", module_of(w.ensemble)),
    message:
        "fit {wildcards.symbol} nulls/session_shift/{wildcards.replicate}/{wildcards.ensemble} h{wildcards.horizon} on validation"
    script:
        "../workflow/scripts/fit_null_blend.py"
