"""How far a run is: jobs done of all, what runs now, and the time left from measured durations."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

MOST_UNKNOWN = 0.3
"""Share of the jobs left that may be of rules never measured: the first ones are the short ones."""


@dataclass(frozen=True)
class Job:
    """A job that has started: its rule, what it does in words, and when, in seconds."""

    rule: str
    message: str
    started_s: float


class Progress:
    """The state of one run; every time is in seconds of one clock, given by the caller.

    Parameters
    ----------
    usual_s
        Mean seconds that a job of each rule took in earlier runs; rules may be missing.
    """

    def __init__(self, usual_s: Mapping[str, float]) -> None:
        self.usual_s = dict(usual_s)
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.spent_s: dict[str, float] = {}
        self.running: dict[int, Job] = {}
        self.cores = 1

    def plan(self, jobs: Mapping[str, int], cores: int) -> None:
        """What is to be done: number of jobs by rule, and how many may run at once."""
        self.planned = Counter(jobs)
        self.cores = cores

    def start(self, number: int, job: Job) -> None:
        """A job has started."""
        self.running[number] = job

    def finish(self, number: int, now_s: float) -> tuple[Job, float] | None:
        """A job has ended well: the job and its seconds; None when it was not seen to start."""
        job = self.running.pop(number, None)
        if job is None:
            return None
        seconds = now_s - job.started_s
        self.done[job.rule] += 1
        self.spent_s[job.rule] = self.spent_s.get(job.rule, 0.0) + seconds
        return job, seconds

    def mean_s(self) -> dict[str, float]:
        """Mean seconds of a job of each rule: of this run where it has any, else as usual."""
        return self.usual_s | {rule: self.spent_s[rule] / n for rule, n in self.done.items()}

    def left_s(self, now_s: float) -> float | None:
        """Seconds left; None while most jobs that are left are of rules never measured.

        # ASSUME the jobs of a rule take alike, one of a rule never measured as the mean of the
        others, and all cores are busy until the end.
        """
        mean = self.mean_s()
        left = {rule: n - self.done[rule] for rule, n in self.planned.items()}
        unknown = sum(n for rule, n in left.items() if rule not in mean)
        if not mean or unknown > MOST_UNKNOWN * sum(left.values()):
            return None
        other = sum(mean.values()) / len(mean)
        work = sum(n * mean.get(rule, other) for rule, n in left.items())
        for job in self.running.values():
            work -= min(now_s - job.started_s, mean.get(job.rule, other))
        return max(work, 0.0) / max(min(self.cores, sum(left.values())), 1)

    def counts(self) -> str:
        """Jobs done of all, such as ``12/63``."""
        return f"{self.done.total()}/{self.planned.total()}"

    def line(self, now_s: float) -> str:
        """Jobs done, time left and what runs now, in one line."""
        left = self.left_s(now_s)
        parts = [self.counts(), *([f"about {in_words(left)} left"] if left is not None else [])]
        return ", ".join([*parts, *(job.message for job in self.running.values())])


def in_words(seconds: float) -> str:
    """A length of time as people say it.

    Examples
    --------
    >>> [in_words(s) for s in (4.2, 100, 1500, 5000)]
    ['5 s', '100 s', '25 min', '1 h 23 min']
    """
    if seconds <= 120:
        return f"{int(seconds) + 1 if seconds % 1 else int(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
