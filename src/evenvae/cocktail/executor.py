"""What a sweep asks of those who do its work: start, run a list of jobs, close."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from evenvae.cocktail.sweep import Job, Sweep


class Stepped(NamedTuple):
    """A job is at ``step``; ``best`` has each of its runs' best figure so far."""

    job: Job
    step: int
    best: tuple[float, ...]


class Finished(NamedTuple):
    """A job is done; ``records`` has one entry a run."""

    job: Job
    records: list[dict[str, Any]]


class Failed(NamedTuple):
    """Whoever was at work on a job is lost; the job is begun again from its last checkpoint."""

    job: Job
    message: str


Event = Stepped | Finished | Failed


class Executor(Protocol):
    """Trains jobs somewhere. Figures don't depend on where, nor on how many work."""

    slots: int

    def start(self, sweep: Sweep, folder: Path) -> None:
        """Get ready; the sweep's table lies in ``folder``."""
        ...

    def run(self, jobs: list[Job]) -> Iterator[Event]:
        """Train all jobs; a `Finished` for each."""
        ...

    def close(self) -> None:
        """Stop whatever is at work and let go of it."""
        ...
