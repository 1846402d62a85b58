from mlfactory.progress import Job, Progress, in_words


def fit(started_s):
    return Job("fit", "fit DEMO", started_s)


def test_time_left_is_the_mean_of_what_was_measured_over_the_cores():
    progress = Progress({})
    progress.plan({"fit": 5, "clean": 1}, cores=2)
    assert progress.left_s(0.0) is None
    progress.start(1, fit(0.0))
    assert progress.finish(1, 10.0) == (fit(0.0), 10.0)
    assert progress.counts() == "1/6"
    assert progress.left_s(10.0) == (4 * 10 + 1 * 10) / 2


def test_running_jobs_count_with_what_is_left_of_them_and_never_below_zero():
    progress = Progress({"fit": 10.0})
    progress.plan({"fit": 2}, cores=1)
    progress.start(1, fit(0.0))
    assert progress.left_s(4.0) == 16.0
    assert progress.left_s(50.0) == 10.0


def test_this_runs_durations_replace_the_usual_ones():
    progress = Progress({"fit": 100.0, "score": 7.0})
    progress.plan({"fit": 3}, cores=1)
    progress.start(1, fit(0.0))
    progress.finish(1, 2.0)
    assert progress.mean_s() == {"fit": 2.0, "score": 7.0}
    assert progress.left_s(2.0) == 4.0


def test_cores_that_would_idle_do_not_shorten_what_is_left():
    progress = Progress({"fit": 10.0})
    progress.plan({"fit": 1}, cores=8)
    assert progress.left_s(0.0) == 10.0


def test_line_names_what_runs():
    progress = Progress({"fit": 10.0})
    progress.plan({"fit": 2}, cores=2)
    progress.start(1, fit(0.0))
    progress.start(2, Job("fit", "fit MES", 0.0))
    assert progress.line(0.0) == "0/2, about 10 s left, fit DEMO, fit MES"


def test_end_of_a_job_that_nobody_saw_start_counts_nothing():
    progress = Progress({})
    progress.plan({"fit": 2}, cores=1)
    assert progress.finish(9, 1.0) is None
    assert progress.counts() == "0/2"


def test_lengths_of_time_round_up_to_a_second_and_to_minutes():
    assert [in_words(s) for s in (0.0, 0.4, 119.5, 121, 7200)] == [
        "0 s",
        "1 s",
        "120 s",
        "2 min",
        "2 h 0 min",
    ]


def test_no_time_is_told_while_most_jobs_are_of_kinds_never_measured():
    """The first jobs of a run are short ones, of the data; a hundred fits are still to come."""
    progress = Progress({"clean": 1.0})
    progress.plan({"clean": 1, "fit": 100}, cores=1)
    assert progress.left_s(0.0) is None
    assert progress.line(0.0) == "0/101"
    progress.start(1, fit(0.0))
    progress.finish(1, 20.0)
    assert progress.left_s(20.0) == 1 + 99 * 20
