"""What a run would do, for the screen."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

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
    >>> null = ("fit_boosting", "null 0: fit MES h5")
    >>> print(*plan_lines([*fits, null, ("clean_bars", "clean MES")]), sep="\\n")
    bars            1 job   clean MES
    oof             3 jobs  fit MES h5, and 1 more such; null 0: fit MES h5
    total           4 jobs
    """
    width = max(map(len, STAGES))
    of_stage = {
        stage: [message for rule, message in jobs if rule in rules]
        for stage, rules in STAGES.items()
    }
    for stage, messages in of_stage.items():
        if messages:
            yield f"{stage.ljust(width)}  {_jobs(len(messages))}  {_by_kind(messages)}"
    yield f"{'total'.ljust(width)}  {_jobs(len(jobs)).rstrip()}"


def request_lines(asked: Sequence[tuple[str, Mapping[str, int]]]) -> Iterator[str]:
    """A line for each rule with what its jobs ask a scheduler for; none without time limits.

    Parameters
    ----------
    asked
        Rule and resources of each job that makes files: ``threads``, ``mem_mb``, ``runtime`` in
        minutes, ``gpu``; only a scheduler's profile sets the time.

    Examples
    --------
    >>> fit = ("fit_neural", {"threads": 1, "mem_mb": 8000, "runtime": 240, "gpu": 1})
    >>> print(*request_lines([fit, fit, ("clean_bars", {"threads": 2, "runtime": 60})]), sep="\\n")
    of each is asked:
    fit_neural     2 jobs  240 min, 8000 MB, threads 1, gpu 1
    clean_bars     1 job   60 min, threads 2
    """
    counted = Counter(
        (rule, _request(resources)) for rule, resources in asked if "runtime" in resources
    )
    if counted:
        yield "of each is asked:"
    width = max((len(rule) for rule, _ in counted), default=0)
    for (rule, request), count in counted.items():
        yield f"{rule.ljust(width)}  {_jobs(count)}  {request}"


def _request(resources: Mapping[str, int]) -> str:
    forms = {"runtime": "{} min", "mem_mb": "{} MB", "threads": "threads {}", "gpu": "gpu {}"}
    return ", ".join(
        form.format(resources[name]) for name, form in forms.items() if resources.get(name)
    )


def plain(message: str) -> str:
    """A rule's message with the number of the null replicate first, in place of its folder.

    Examples
    --------
    >>> plain("fit MES nulls/session_shift/0/lightgbm h20 fold 1")
    'null 0: fit MES lightgbm h20 fold 1'
    """
    words = " ".join(message.split())
    null = re.search(r"nulls/\w+/(\d+)/", words)
    return f"null {null[1]}: {words.replace(null[0], '').rstrip()}" if null else words


def _jobs(count: int) -> str:
    return f"{count:4} job{'s' if count != 1 else ' '}"


def _by_kind(messages: Sequence[str]) -> str:
    """The first of each kind, what is done and whether it is of a null, and how many more."""
    kinds: dict[str, list[str]] = {}
    for message in messages:
        kind, _, _ = re.sub(r"^null \d+: ", "null:", message).partition(" ")
        kinds.setdefault(kind, []).append(message)
    return "; ".join(
        first + (f", and {len(others)} more such" if others else "")
        for first, *others in kinds.values()
    )
