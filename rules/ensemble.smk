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
        ensemble="|".join(ENSEMBLES) or "none",
    conda:
        "../envs/classical.yaml"
    params:
        model=lambda w: ENSEMBLES[w.ensemble],
        members=list(MODELS),
        embargo=SETTINGS["folds"]["embargo"],
        weights=SETTINGS["fit"]["weights"],
        seed=SETTINGS["seed"],
        code=lambda w: code("fit_ensemble", f"mlfactory.models.{w.ensemble}"),
    message:
        "fit {wildcards.symbol} {wildcards.null}{wildcards.ensemble} h{wildcards.horizon}"
    script:
        "../workflow/scripts/fit_ensemble.py"


rule predict_ensemble:
    input:
        model="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/model",
        val=expand(
            "<results>/{{symbol}}/predictions/{model}_h{{horizon}}_val.parquet",
            model=MODELS,
        ),
        test=expand(
            "<results>/{{symbol}}/predictions/{model}_h{{horizon}}_test.parquet",
            model=MODELS,
        ),
    output:
        val="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/val.parquet",
        test="<results>/{symbol}/ensembles/{ensemble}_h{horizon}/test.parquet",
    log:
        "<results>/{symbol}/logs/predict_{ensemble}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/predict_{ensemble}_h{horizon}.jsonl"
    conda:
        "../envs/classical.yaml"
    params:
        members=list(MODELS),
        code=lambda w: code("predict_ensemble", f"mlfactory.models.{w.ensemble}"),
    message:
        "predict val and test of {wildcards.symbol} with {wildcards.ensemble} h{wildcards.horizon}"
    script:
        "../workflow/scripts/predict_ensemble.py"
