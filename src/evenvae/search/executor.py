"""The protocol of executors, which do the work of a search: start, run a list of jobs, close."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from evenvae.search.sweep import Job, Sweep


class Stepped(NamedTuple):
    """A job has reached ``step``; ``best`` holds the best validation metric so far of each of its runs."""

    job: Job
    step: int
    best: tuple[float, ...]


class Finished(NamedTuple):
    """A job is done; ``records`` has one entry for every run, or is None where Ctrl-C ended the job early."""

    job: Job
    records: list[dict[str, Any]] | None


class Failed(NamedTuple):
    """The process that worked on a job is lost; the job is begun again from its last checkpoint."""

    job: Job
    message: str


Event = Stepped | Finished | Failed


@runtime_checkable
class Executor(Protocol):
    """Trains jobs somewhere. The results depend neither on where they are trained nor on how many workers there are.

    ``slots`` is the number of jobs that are trained at a time.
    """

    slots: int

    def start(self, sweep: Sweep, folder: Path) -> None:
        """Prepare for a search whose table lies in ``folder``."""
        ...

    def run(self, jobs: list[Job]) -> Iterator[Event]:
        """Train all jobs; gives one `Finished` for each of them, and other events as they happen."""
        ...

    def close(self) -> None:
        """Stop all jobs that are at work and release what `start` and `run` hold."""
        ...
