"""Workers keep their program, begin new ones, and take from the fullest in the end."""

from hypothesis import given
from hypothesis import strategies as st

from evenvae.search.packing import next_job
from evenvae.search.sweep import Job

program = lambda balance: (balance,)


def jobs(**counts):
    return [Job(name, (seed,), 10, True) for name, count in counts.items() for seed in range(count)]


def test_a_worker_keeps_its_program_as_long_as_that_has_jobs():
    waiting = jobs(a=2, b=3)
    assert next_job(waiting, program, ("a",), {("a",), ("b",)}).balance == "a"
    assert next_job(jobs(b=3), program, ("a",), {("a",), ("b",)}).balance == "b"


def test_a_new_worker_begins_the_program_with_most_work_that_nobody_has_begun():
    assert next_job(jobs(a=2, b=3, c=1), program, None, set()).balance == "b"
    assert next_job(jobs(a=2, b=3, c=1), program, None, {("b",)}).balance == "a"


def test_in_the_end_jobs_are_taken_from_the_fullest_program():
    assert next_job(jobs(a=2, b=3), program, ("c",), {("a",), ("b",), ("c",)}).balance == "b"


def test_the_longest_job_comes_first():
    waiting = [Job("a", (0,), 10, True), Job("a", (1, 2, 3), 10, True), Job("a", (4, 5), 10, True)]
    assert next_job(waiting, program, None, set()).seeds == (1, 2, 3)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 4))
def test_workers_end_at_the_same_time(counts, slots):
    """With jobs of one length no worker ends a job before the others; in time, not a step is idle before the end."""
    waiting = jobs(**{f"p{i}": count for i, count in enumerate(counts)})
    own: list[tuple[str, ...] | None] = [None] * slots
    begun: set[tuple[str, ...]] = set()
    rounds = 0
    while waiting:
        rounds += 1
        for worker in range(slots):
            if waiting:
                job = next_job(waiting, program, own[worker], begun)
                waiting.remove(job)
                own[worker] = program(job.balance)
                begun.add(program(job.balance))
    assert rounds == -(-sum(counts) // slots)
