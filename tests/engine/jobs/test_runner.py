"""Jobs in lanes: turns, cancel, resume, retry and an end that never waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.domain.jobs import JobProgress, JobState
from fiqa_studio.engine.jobs import kinds
from fiqa_studio.engine.jobs.job import Job
from fiqa_studio.engine.jobs.kinds import JobKind, Lane, Params
from fiqa_studio.engine.jobs.runner import JobRunner
from fiqa_studio.engine.jobs.tools import Tools
from fiqa_studio.engine.link.client import WorkerClient, WorkerSettings
from fiqa_studio.engine.scoring.installed import Scorers
from fiqa_studio.store.library import Library

PATIENCE = 60.0


@dataclass
class Toy:
    """A kind of job that does what the test says, and notes that it began."""

    name: str
    lane: Lane = Lane.FILES
    began: list[int] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    fail: bytes = b""
    obeys: bool = True

    def work(self, _tools: Tools, job: Job, params: Params) -> None:
        self.began.append(int(params["number"]))
        if self.fail:
            job.fail_item(self.fail, KnownError("No.", code="toy.no"))
        while not self.go.wait(0.01):
            if job.cancelled and self.obeys:
                return
        if params.get("error"):
            raise KnownError("The disk is full.", code="toy.full")

    def kind(self) -> JobKind:
        return JobKind(
            name=self.name,
            lane=self.lane,
            nouns=("toy", "toys"),
            title=lambda params: f"Toy {params['number']}",
            work=self.work,
            retry=lambda before, params: {**params, "again": before.id},
        )


@pytest.fixture
def toy() -> Iterator[Callable[..., Toy]]:
    """Registers kinds of job from outside, as a feature does."""
    forgets: list[Callable[[], None]] = []
    made: list[Toy] = []

    def register(name: str, lane: Lane = Lane.FILES) -> Toy:
        toy = Toy(name, lane)
        forgets.append(kinds.register(toy.kind()))
        made.append(toy)
        return toy

    yield register
    for one in made:
        one.go.set()
    for forget in forgets:
        forget()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "test.fiqa") as opened:
        yield opened


@pytest.fixture
def runner(library: Library, tmp_path: Path) -> Iterator[JobRunner]:
    made = runner_of(library, tmp_path)
    yield made
    made.interrupt()
    assert made.join(PATIENCE)


def runner_of(library: Library, folder: Path) -> JobRunner:
    settings = WorkerSettings(log_file=folder / "worker.log")
    return JobRunner(Tools(library, WorkerClient(settings), Scorers(), settings))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.005)


def test_a_lane_serves_first_come_first_and_another_lane_does_not_wait(
    runner: JobRunner, toy: Callable[..., Toy]
) -> None:
    slow, other = toy("slow", Lane.PIXELS), toy("other", Lane.FILES)
    jobs = [runner.start("slow", {"number": number}) for number in range(4)]
    until(lambda: slow.began == [0])
    beside = runner.start("other", {"number": 9})
    other.go.set()
    assert beside.wait(PATIENCE).state is JobState.DONE
    assert slow.began == [0], "one job of a lane at a time"
    assert jobs[1].progress.message == "Waiting for an earlier job"
    slow.go.set()
    for job in jobs:
        assert job.wait(PATIENCE).state is JobState.DONE
    assert slow.began == [0, 1, 2, 3]


def test_a_job_that_waits_is_cancelled_without_its_turn(
    runner: JobRunner, toy: Callable[..., Toy], library: Library
) -> None:
    one = toy("one")
    first, second = (runner.start("one", {"number": number}) for number in (1, 2))
    runner.cancel(second.id)
    assert second.wait(PATIENCE).state is JobState.CANCELLED
    assert not first.progress.state.finished
    one.go.set()
    assert first.wait(PATIENCE).state is JobState.DONE
    assert one.began == [1]
    assert [record.state for record in library.jobs.recent()] == [
        JobState.CANCELLED,
        JobState.DONE,
    ]


def test_what_ended_early_is_remembered_and_goes_on_under_its_name(
    runner: JobRunner, toy: Callable[..., Toy], library: Library, tmp_path: Path
) -> None:
    one = toy("one")
    job = runner.start("one", {"number": 5})
    until(lambda: one.began == [5])
    runner.interrupt()
    assert job.wait(PATIENCE).state is JobState.INTERRUPTED
    one.go.set()
    later = runner_of(library, tmp_path)
    other = later.start("one", {"number": 6})
    assert other.wait(PATIENCE).state is JobState.DONE
    assert [record.id for record in later.unfinished()] == [job.id], "another job is no reason"
    resumed = later.resume(job.id)
    assert resumed.wait(PATIENCE).state is JobState.DONE
    assert (resumed.title, one.began) == ("Toy 5", [5, 6, 5])
    assert later.unfinished() == []


def test_a_job_that_failed_as_a_whole_can_go_on(runner: JobRunner, toy: Callable[..., Toy]) -> None:
    toy("one").go.set()
    job = runner.start("one", {"number": 1, "error": True})
    assert job.wait(PATIENCE).state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "toy.full"
    assert [record.id for record in runner.unfinished()] == [job.id]


def test_a_retry_gets_what_failed_and_marks_it_only_once_it_has_begun(
    runner: JobRunner, toy: Callable[..., Toy], library: Library
) -> None:
    one = toy("one")
    one.fail = b"/a.jpg"
    one.go.set()
    job = runner.start("one", {"number": 1})
    assert job.wait(PATIENCE).failed == 1
    one.fail = b""
    again = runner.retry(job.id)
    assert again.wait(PATIENCE).state is JobState.DONE
    assert again.title == "Again: Toy 1"
    assert library.jobs.params(again.id) == {"number": 1, "again": job.id}
    assert [failure.retried for failure in library.jobs.failures(job.id)] == [True]


def test_a_job_of_a_kind_that_nobody_knows_is_shown_and_nothing_else(
    runner: JobRunner, library: Library
) -> None:
    job_id = library.jobs.start("from-the-future", "Fold the maps", {}).result()
    library.jobs.finish(job_id, JobState.INTERRUPTED).result()
    assert kinds.find("from-the-future").counted(2) == "2 items"
    assert runner.unfinished() == []
    with pytest.raises(KnownError) as refused:
        runner.resume(job_id)
    assert refused.value.code == "job.not-resumable"
    with pytest.raises(KnownError) as refused:
        runner.retry(job_id)
    assert refused.value.code == "job.not-retried"


def test_two_kinds_of_one_name_are_refused(toy: Callable[..., Toy]) -> None:
    toy("one")
    with pytest.raises(ValueError, match="already"):
        kinds.register(Toy("one").kind())
    with pytest.raises(ValueError, match="already"):
        kinds.register(Toy("index").kind())


@pytest.mark.allows_log("our own fault")
def test_a_fault_in_a_job_ends_the_job_and_frees_its_lane(
    runner: JobRunner, toy: Callable[..., Toy]
) -> None:
    one = toy("one")
    one.go.set()
    broken = runner.start("one", {"number": "none"})
    assert broken.wait(PATIENCE).state is JobState.FAILED
    assert broken.error is not None
    assert broken.error.code == "bug"
    assert runner.start("one", {"number": 1}).wait(PATIENCE).state is JobState.DONE


def test_the_end_does_not_wait_for_a_job_that_hangs(
    library: Library, toy: Callable[..., Toy], tmp_path: Path
) -> None:
    one = toy("one")
    one.obeys = False
    runner = runner_of(library, tmp_path)
    job = runner.start("one", {"number": 1})
    until(lambda: one.began == [1])
    runner.interrupt()
    assert not runner.join(0.05), "it is left behind"
    with pytest.raises(KnownError):
        runner.start("one", {"number": 2})
    one.go.set()
    assert job.wait(PATIENCE).state.finished


def test_everybody_who_asked_is_told_until_they_have_enough(
    runner: JobRunner, toy: Callable[..., Toy]
) -> None:
    toy("one").go.set()
    told: list[JobProgress] = []
    end = runner.subscribe(told.append)
    job = runner.start("one", {"number": 1})
    assert job.wait(PATIENCE).state is JobState.DONE
    until(lambda: bool(told) and told[-1].state is JobState.DONE)
    assert {one.kind for one in told} == {"one"}
    end()
    count = len(told)
    assert runner.start("one", {"number": 2}).wait(PATIENCE).state is JobState.DONE
    assert len(told) == count


@pytest.mark.parametrize(
    ("later", "earlier", "settled"),
    [
        ({"folders": []}, {"folders": ["/a"]}, True),
        ({"folders": ["/a"]}, {"folders": ["/a/b", "/a"]}, True),
        ({"folders": ["/a"]}, {"folders": ["/ab"]}, False),
        ({"folders": ["/a"]}, {"folders": []}, False),
        ({"folders": []}, {"folders": ["/a"], "scorer": "default"}, False),
        ({"folders": [], "scorer": "default"}, {"folders": ["/a"], "scorer": "starter"}, True),
        ({"folders": []}, {"folders": [], "again": {"job": 3}}, False),
    ],
)
def test_a_later_index_takes_over_only_what_it_covers(
    later: Params, earlier: Params, settled: bool
) -> None:
    assert kinds.find("index").settles(later, earlier) is settled


def test_a_value_of_a_kind_is_all_there_is_to_it() -> None:
    base = Toy("copy").kind()
    assert replace(base, nouns=("file", "files")).counted(1) == "1 file"
    assert base.counted(1204) == "1,204 toys"
