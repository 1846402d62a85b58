import threading
import time
from types import SimpleNamespace

from snakemake.scheduling.job_scheduler import JobScheduler

from snakemake_logger_plugin_mlfactory.scheduling import one_look_at_a_time


def test_scheduler_has_one_timer_however_often_it_asks_and_looks_again_after_it(monkeypatch):
    monkeypatch.setattr(
        JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation
    )
    one_look_at_a_time()
    looks = []
    scheduler = SimpleNamespace(_open_jobs=SimpleNamespace(release=lambda: looks.append(1)))
    before = threading.active_count()
    for _ in range(50):
        JobScheduler._schedule_reevalutation(scheduler, 0.2)
    assert threading.active_count() == before + 1
    deadline = time.monotonic() + 10
    while not looks and time.monotonic() < deadline:
        time.sleep(0.01)
    assert looks == [1]
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    JobScheduler._schedule_reevalutation(scheduler, 0.2)
    assert threading.active_count() == before + 1
