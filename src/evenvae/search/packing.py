"""Which job a worker takes next, so that programs are compiled once and all workers end at the same time."""

from collections.abc import Callable, Collection

from evenvae.search.sweep import Job


def next_job(
    waiting: list[Job],
    program: Callable[[str], tuple[str, ...]],
    own: tuple[str, ...] | None,
    begun: Collection[tuple[str, ...]],
) -> Job:
    """One of the ``waiting`` jobs.

    A worker stays with the program that it has, then begins one that no worker has begun, and in the end takes jobs of
    the others' programs, beginning with the one that has most work left: what they have compiled is read from the disk.
    Of a program's jobs the longest comes first.

    Args:
        waiting: jobs that no worker has taken, at least one.
        program: gives the combinations that share the program of one; see `Sweep.program`.
        own: the program of the worker's last job; None for a new worker.
        begun: programs that any worker has begun.
    """
    work: dict[tuple[str, ...], int] = {}
    for job in waiting:
        name = program(job.balance)
        work[name] = work.get(name, 0) + len(job.seeds)
    new = [name for name in work if name not in begun]
    chosen = own if own in work else max(new or work, key=lambda name: work[name])
    return max((job for job in waiting if program(job.balance) == chosen), key=lambda job: len(job.seeds))
