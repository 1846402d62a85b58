# Every base model's predictions side by side, and their predictions of validation and test.


rule stack_predictions:
    input:
        folds="<results>/{symbol}/{null}folds_h{horizon}.parquet",
        predictions=expand(STACKED, model=MODELS, fold=FOLDS),
    output:
        stack="<results>/{symbol}/{null}stacking_dataset_h{horizon}.parquet",
    log:
        "<results>/{symbol}/{null}logs/stack_predictions_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/{null}benchmarks/stack_predictions_h{horizon}.jsonl"
    conda:
        "../envs/data.yaml"
    params:
        models=list(MODELS),
        source=SETTINGS["stacking"]["source"],
        weights=SETTINGS["fit"]["weights"],
        code=code("stack_predictions"),
    message:
        "join the models' predictions of {wildcards.symbol} h{wildcards.horizon} {wildcards.null}"
    script:
        "../workflow/scripts/stack_predictions.py"


rule predict_splits:
    input:
        val="<results>/{symbol}/splits/val.parquet",
        test="<results>/{symbol}/splits/test.parquet",
        models=expand(
            "<results>/{{symbol}}/models/{{model}}/h{{horizon}}/fold{fold}",
            fold=FOLDS if SETTINGS["predictions"]["source"] == "folds" else "full",
        ),
    output:
        val="<results>/{symbol}/predictions/{model}_h{horizon}_val.parquet",
        test="<results>/{symbol}/predictions/{model}_h{horizon}_test.parquet",
    log:
        "<results>/{symbol}/logs/predict_splits_{model}_h{horizon}.log",
    benchmark:
        "<results>/{symbol}/benchmarks/predict_splits_{model}_h{horizon}.jsonl"
    wildcard_constraints:
        model=family("boosting"),
    conda:
        "../envs/boosting.yaml"
    params:
        code=lambda w: code("predict_splits", f"mlfactory.models.{w.model}"),
    message:
        "predict val and test of {wildcards.symbol} with {wildcards.model} h{wildcards.horizon}"
    script:
        "../workflow/scripts/predict_splits.py"


use rule predict_splits as predict_splits_classical with:
    wildcard_constraints:
        model=family("classical"),
    conda:
        "../envs/classical.yaml"


use rule predict_splits as predict_splits_neural with:
    wildcard_constraints:
        model=family("neural"),
    conda:
        "../envs/neural.yaml"
