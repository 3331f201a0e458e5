"""Many machines: bundles as tasks of a Ray cluster.

A task is one bundle, so each takes one program and one core (or GPU) whatever machine it lands on. Tasks keep no
state between them: a bundle that pauses hands its checkpoint back with its figures and gets it again when it goes
on. Where the sweep's folder can be seen from the worker's machine, checkpoints go there instead.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenvae import places
from evenvae.cocktail.executor import Event, Failed, Finished, Stepped
from evenvae.cocktail.local import ONE_THREAD, TRIES
from evenvae.cocktail.sweep import Job, Sweep, read_table
from evenvae.cocktail.worker import CHECKPOINTS
from evenvae.errors import InputError, TrainingError
from evenvae.training.checkpoint import NAME as STATE

POLL = 0.5
"""Seconds between two looks at the tasks."""


class RayExecutor:
    """See `evenvae.cocktail.executor`; ``workers`` bounds the bundles at a time."""

    def __init__(self, workers: int | None = None, address: str | None = None):
        try:
            import ray  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise InputError("--executor ray needs Ray: pip install 'evenvae[ray]'.") from error
        self.ray: Any = ray
        self.began_ray = not ray.is_initialized()
        if self.began_ray:
            try:
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise InputError(f"--address {address}: no Ray cluster answers there ({error}).") from error
        have = ray.cluster_resources()
        self.gpu = have.get("GPU", 0) >= 1
        self.slots = workers or max(1, int(have.get("GPU" if self.gpu else "CPU", 1)))

    def start(self, sweep: Sweep, folder: Path) -> None:
        """Put the table where every machine finds it."""
        ray = self.ray
        self.sweep, self.folder = sweep, folder.resolve()
        encoded, schema = read_table(folder)
        # its being there tells a worker that it sees this folder
        (self.folder / CHECKPOINTS).mkdir(exist_ok=True)
        self.table = ray.put((sweep, encoded, schema))
        environment = {"env_vars": {} if self.gpu else ONE_THREAD}
        needs = {"num_gpus": 1} if self.gpu else {"num_cpus": 1}
        # Ray's own retries are off: the driver begins lost bundles again itself, and says so
        self.task = ray.remote(max_retries=0, runtime_env=environment, **needs)(on_any_machine)
        self.steps = ray.remote(num_cpus=0)(_Steps).remote()

    def run(self, jobs: list[Job]) -> Iterator[Event]:
        """Train all jobs; events come as things happen."""
        ray = self.ray
        waiting, tries = list(jobs), dict.fromkeys(jobs, 0)
        self.at_work: dict[Any, Job] = {}
        while waiting or self.at_work:
            while waiting and len(self.at_work) < self.slots:
                job = waiting.pop(0)
                tries[job] += 1
                self.at_work[self._send(job)] = job
            ready, _ = ray.wait(list(self.at_work), timeout=POLL)
            yield from self._steps()
            for reference in ready:
                job = self.at_work.pop(reference)
                try:
                    records, state = ray.get(reference)
                except (ray.exceptions.WorkerCrashedError, ray.exceptions.RayError) as error:
                    said = " ".join(str(error).split())[:300]
                    if tries[job] >= TRIES:
                        raise TrainingError(
                            f"The bundle {job.name} was lost {TRIES} times: {said}; --resume goes on from here."
                        ) from error
                    yield Failed(job, said.split(". ")[0][:120])
                    waiting.insert(0, job)
                    continue
                self._keep_state(job, state)
                yield Finished(job, records)

    def _send(self, job: Job) -> Any:
        path = self.folder / CHECKPOINTS / job.name / STATE
        state = path.read_bytes() if path.is_file() else None
        return self.task.remote(self.table, job.to_dict(), str(self.folder), state, self.steps)

    def _keep_state(self, job: Job, state: bytes | None) -> None:
        if state is not None:
            path = self.folder / CHECKPOINTS / job.name / STATE
            path.parent.mkdir(parents=True, exist_ok=True)
            places.write_whole(path, lambda file: file.write(state))

    def _steps(self) -> Iterator[Event]:
        at_work = {job.name: job for job in self.at_work.values()}
        try:
            said = self.ray.get(self.steps.take.remote(), timeout=5)
        except self.ray.exceptions.RayError:
            # whoever counted the steps was on a machine that is lost
            self.steps = self.ray.remote(num_cpus=0)(_Steps).remote()
            return
        for name, (step, best) in said.items():
            if name in at_work:
                yield Stepped(at_work[name], step, tuple(best))

    def close(self) -> None:
        """Cancel what is at work; end Ray where this executor began it."""
        for reference in getattr(self, "at_work", {}):
            self.ray.cancel(reference, force=True)
        if self.began_ray:
            self.ray.shutdown()


class _Steps:
    """An actor that knows how far every bundle is."""

    def __init__(self) -> None:
        self.said: dict[str, tuple[int, list[float]]] = {}

    def put(self, name: str, step: int, best: list[float]) -> None:
        self.said[name] = (step, best)

    def take(self) -> dict[str, tuple[int, list[float]]]:
        said, self.said = self.said, {}
        return said


def on_any_machine(
    table: Any, job_data: dict, folder: str, state: bytes | None, steps: Any
) -> tuple[list | None, bytes | None]:
    """One bundle on whatever machine this is: its records, and its state if it only pauses."""
    from evenvae.cocktail.bundle import train_bundle

    sweep, encoded, schema = table
    job = Job.from_dict(job_data)
    shared = Path(folder)
    at_home = (shared / CHECKPOINTS).is_dir() and os.access(shared, os.W_OK)
    kept = shared / CHECKPOINTS / job.name if at_home else Path(tempfile.mkdtemp(prefix="evenvae-"))
    if not at_home and state is not None:
        (kept / STATE).write_bytes(state)
    last = 0.0

    def report(progress: Any) -> None:
        nonlocal last
        if time.monotonic() - last > POLL:
            last = time.monotonic()
            steps.put.remote(job.name, progress.step, progress.record["best"])

    try:
        records = train_bundle(sweep, encoded, schema, job, kept, report)
        path = kept / STATE
        paused = path.read_bytes() if not at_home and not job.final and path.is_file() else None
        return records, paused
    finally:
        if not at_home:
            shutil.rmtree(kept, ignore_errors=True)
