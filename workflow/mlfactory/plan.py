"""What a run would do, for the screen."""

from collections.abc import Iterator, Sequence

from mlfactory.stages import STAGES


def plan_lines(jobs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A line for each stage that has jobs, in the order that data flows, and the sum.

    Parameters
    ----------
    jobs
        Rule and message of each job that makes files.

    Examples
    --------
    >>> fits = [("fit_boosting", "fit MES h5"), ("fit_boosting", "fit MES h20")]
    >>> print(*plan_lines([*fits, ("clean_bars", "clean MES")]), sep="\\n")
    stage        jobs
    bars            1  clean MES
    oof             2  fit MES h5, and 1 more such
    total           3
    """
    width = max(map(len, STAGES))
    of_stage = {
        stage: [message for rule, message in jobs if rule in rules]
        for stage, rules in STAGES.items()
    }
    yield f"{'stage'.ljust(width)}  jobs"
    for stage, messages in of_stage.items():
        if messages:
            more = f", and {len(messages) - 1} more such" if len(messages) > 1 else ""
            yield f"{stage.ljust(width)}  {len(messages):4}  {messages[0]}{more}"
    yield f"{'total'.ljust(width)}  {sum(map(len, of_stage.values())):4}"
