"""What the launcher shows of a run, in place of Snakemake's own messages.

On a terminal one line that is redrawn; elsewhere a line for each job that ends. A failed job is one
line, the last of its log. ``snakemake --logger mlfactory`` chooses it.
"""

import json
import logging
import os
import re
import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from mlfactory import failures, running
from mlfactory.files import atomic
from mlfactory.plan import plain, plan_lines, request_lines
from mlfactory.progress import Job, Progress, in_words
from mlfactory.runtime import REPORTED_BY_LOG
from mlfactory.stages import makes_files

FOUND = "MLFACTORY_FOUND"
"""A variable with what was found before the run, said before its jobs, if there are any."""

_DURATIONS = Path(".snakemake/mlfactory/durations.json")
_NOTHING = "Nothing to be done"
_STOPPED = "Terminating processes on user request"
_LOCKED = "Directory cannot be locked"
_NO_RULE = re.compile(r"MissingRuleException:\s+No rule to produce (\S+)")
_OLDER = re.compile(r"Output (\S+) has older modification time .* than input (\S+)")
_REPEATED = (
    "CalledProcessError in file",
    "Exiting because a job execution failed",
    "At least one job did not complete",
)
"""What Snakemake says of a failed job, besides the event."""


class LogHandler(LogHandlerBase):
    """Snakemake's events as progress; see the module."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.progress = Progress(_known())
        self.cores = 1
        self.logs: dict[int, str] = {}
        self.failed: dict[int, failures.Failure] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.stopped = False
        self.last_said = ""
        self.drawn = False
        self.on_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.closed = threading.Event()
        os.environ[REPORTED_BY_LOG] = "1"
        if self.on_terminal:
            threading.Thread(target=self._redraw, daemon=True).start()

    @property
    def failure(self) -> failures.Failure | None:
        """Of the jobs that have failed and not ended well since, the first one's."""
        return next(iter(self.failed.values()), None)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event in; errors of Snakemake itself are shown as they are."""
        event, fields = getattr(record, "event", None), record.__dict__
        if event in _EVENTS:
            _EVENTS[event](self, fields)
        elif event not in (None, LogEvent.ERROR):
            return
        elif record.levelno >= logging.WARNING:
            self._complain(record)
        elif str(record.msg).startswith(_NOTHING):
            if not self.common_settings.dryrun:
                failures.clear()
            self._say("nothing to do: every file is there and up to date")
        elif str(record.msg).startswith(_STOPPED):
            self.stop()

    def _complain(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        no_rule = _NO_RULE.match(text)
        if no_rule:
            text = (
                f"error: no rule makes {no_rule[1]}; check the name, and whether its symbol, "
                "horizon and model are configured"
            )
        older = _OLDER.search(text)
        if older:
            text = (
                f"error: {older[1]} seems older than {older[2]}, of which it is made: the clock "
                "was set back meanwhile; run again"
            )
        text = failures.of_system(text) or text
        if _LOCKED in text:
            text = running.refusal()
        if text and not any(words in text for words in _REPEATED):
            self._say(text, sys.stderr)

    def plan(self, fields: dict[str, Any]) -> None:
        """The run begins."""
        jobs = {rule: n for rule, n in fields["stats"].items() if makes_files(rule)}
        self.progress.plan(jobs, self.cores)
        if self.common_settings.dryrun:
            return
        failures.clear()
        if os.environ.get(FOUND):
            self._say(os.environ[FOUND].rstrip())
        total = self.progress.planned.total()
        self._say(f"{total} job{'s' * (total != 1)} to run{self._guess()}")

    def _guess(self) -> str:
        """How long the jobs will take, if most of their kinds have been measured."""
        left = self.progress.left_s(time.monotonic())
        return f", about {in_words(left)} as measured before" if left is not None else ""

    def resources(self, fields: dict[str, Any]) -> None:
        """How many jobs may run at once."""
        self.cores = fields.get("cores", fields.get("nodes", self.cores)) or self.cores

    def start(self, fields: dict[str, Any]) -> None:
        """A job has started."""
        if not makes_files(fields["rule_name"]):
            return
        message = fields["rule_msg"] or fields["rule_name"]
        if self.common_settings.dryrun:
            asked = {"threads": fields["threads"], **fields["resources"]}
            self.asked.append((fields["rule_name"], asked))
        if fields["jobid"] in self.failed:
            self._say(f"once more: {plain(message)}")
        self.logs[fields["jobid"]] = next(iter(fields["log"] or []), "")
        self.progress.start(
            fields["jobid"], Job(fields["rule_name"], plain(message), time.monotonic())
        )

    def finish(self, fields: dict[str, Any]) -> None:
        """A job has ended well."""
        now = time.monotonic()
        if self.failed.pop(fields["job_id"], None):
            failures.clear()
            if self.failure:
                failures.save(self.failure)
        ended = self.progress.finish(fields["job_id"], now)
        if ended is None or self.on_terminal:
            return
        job, seconds = ended
        left = self.progress.left_s(now)
        rest = f", about {in_words(left)} left" if left else ""
        self._say(f"{self.progress.counts()} {job.message} ({seconds:.1f} s){rest}")

    def fail(self, fields: dict[str, Any]) -> None:
        """A job has failed; one that ends because the user stops the run has not."""
        job = self.progress.running.pop(fields["jobid"], None)
        if self.stopped:
            return
        rule, log = fields["rule_name"], self.logs.get(fields["jobid"], "")
        message = job.message if job else rule
        error = failures.error_of(log, message)
        word = failures.word_of_scheduler(fields.get("rule_msg") or "")
        if word:
            error, log = f"error: {message}: {word}", fields["log"][-1]
        failure = failures.Failure(rule, message, log, error)
        self.failed.setdefault(fields["jobid"], failure)
        failures.save(self.failure or failure)
        self._say(_line(failure), sys.stderr)

    def stop(self) -> None:
        """The user stops the run. A job that was stopped may have been reported before."""
        self.stopped = True
        if self.failure is None or self.failure.is_without_a_word():
            failures.clear()
            failures.save_stop()

    def close(self) -> None:
        """The run has ended: leave the line, remember the durations."""
        if not self.closed.is_set():
            self.closed.set()
            self._clear()
            if self.failure and not self.stopped:
                self._end(self.failure)
            jobs = [(job.rule, job.message) for job in self.progress.running.values()]
            if self.common_settings.dryrun and jobs:
                self.progress.running.clear()
                *lines, total = plan_lines(jobs)
                lines += [total + self._guess(), *request_lines(self.asked)]
                self._say("\n".join(lines))
            if self.progress.done:
                with suppress(OSError), atomic(_DURATIONS) as temporary:
                    temporary.write_text(json.dumps(self.progress.mean_s(), indent=2) + "\n")
        super().close()

    def _end(self, failure: failures.Failure) -> None:
        """The error as the last thing that is said, and the way on."""
        if "error: " not in self.last_said:
            self._say(_line(failure), sys.stderr)
        if failures.TO_GO_ON in os.environ:
            self._say(f"to go on: {os.environ[failures.TO_GO_ON]}", sys.stderr)

    def _redraw(self) -> None:
        while not self.closed.wait(1.0):
            self.acquire()
            try:
                if self.progress.planned and not self.closed.is_set():
                    self._draw()
            finally:
                self.release()

    def _draw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        line = self.progress.line(time.monotonic())
        print(f"\r{line[:width].ljust(width)}", end="", flush=True)
        self.drawn = True

    def _clear(self) -> None:
        if self.drawn:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{' ' * width}\r", end="", flush=True)
            self.drawn = False

    def _say(self, text: str, stream: Any = None) -> None:
        self._clear()
        self.last_said = text
        print(text, file=stream or sys.stdout, flush=True)


def _known() -> dict[str, float]:
    """The durations of earlier runs, as far as they can be read: they only serve a guess."""
    try:
        return dict(json.loads(_DURATIONS.read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def _line(failure: failures.Failure) -> str:
    return f"{failure.error}; log: {failure.log}"


_EVENTS = {
    LogEvent.RUN_INFO: LogHandler.plan,
    LogEvent.RESOURCES_INFO: LogHandler.resources,
    LogEvent.JOB_INFO: LogHandler.start,
    LogEvent.JOB_FINISHED: LogHandler.finish,
    LogEvent.JOB_ERROR: LogHandler.fail,
}
