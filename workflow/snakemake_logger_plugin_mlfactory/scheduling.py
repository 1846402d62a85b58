"""A mend of Snakemake's scheduler, which looks at its queue more and more often."""

import threading
from typing import Any

from snakemake.scheduling.job_scheduler import JobScheduler


def one_look_at_a_time() -> None:
    """Let the scheduler have one timer at a time.

    Each time that Snakemake 9.27 looks at its queue of jobs it starts a timer, and each timer
    brings the next look: after n events it looks n times a second, in a long run with a third of a
    core. One timer at a time brings the looks that its limit of jobs a second asks for. It is a
    daemon, so that an ending run does not wait for it.
    """
    waiting: list[threading.Timer] = []

    def schedule(scheduler: Any, delay: float) -> None:
        if any(timer.is_alive() for timer in waiting):
            return
        timer = threading.Timer(delay, scheduler._open_jobs.release)
        timer.daemon = True
        waiting[:] = [timer]
        timer.start()

    if not hasattr(JobScheduler, "_schedule_reevalutation"):
        raise ImportError("this Snakemake's scheduler is another one; take this mend out")
    JobScheduler._schedule_reevalutation = schedule
