"""The executor of many machines: bundles are tasks of a Ray cluster.

A task is one bundle, so that every task takes one program and one core (or GPU), whatever machine it runs on. Tasks
keep no state: a bundle that pauses returns its checkpoint with its records and receives it again when it goes on. Where
the machine of a task can write to the folder of the search, the checkpoints are written there instead.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenvae.errors import InputError, TrainingError
from evenvae.io import atomic
from evenvae.search.executor import Event, Failed, Finished, Stepped
from evenvae.search.local import ONE_THREAD, TRIES
from evenvae.search.sweep import Job, Sweep, read_table
from evenvae.search.worker import CHECKPOINTS
from evenvae.training.checkpoint import NAME as STATE

POLL = 0.5
"""Seconds that are waited for a task to end before steps are asked for."""


class RayExecutor:
    """The `Executor` of a Ray cluster.

    Args:
        workers: bundles that are trained at a time. Default: the number of the cluster's GPUs, or of its cores if it
            has no GPU.
        address: of the cluster. None is the one that Ray finds, or a new one on this machine.

    Raises:
        InputError: Ray is not installed, or no cluster answers at ``address``.
    """

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
        """Put the table into the cluster's object store."""
        ray = self.ray
        self.sweep, self.folder = sweep, folder.resolve()
        encoded, schema = read_table(folder)
        # tasks that find this folder can write their checkpoints there
        (self.folder / CHECKPOINTS).mkdir(exist_ok=True)
        self.table = ray.put((sweep, encoded, schema))
        environment = {"env_vars": {} if self.gpu else ONE_THREAD}
        needs = {"num_gpus": 1} if self.gpu else {"num_cpus": 1}
        # Ray itself does not retry: `run` begins lost bundles again, and reports it
        self.task = ray.remote(max_retries=0, runtime_env=environment, **needs)(on_any_machine)
        self.steps = ray.remote(num_cpus=0)(_Steps).remote()

    def run(self, jobs: list[Job]) -> Iterator[Event]:
        """Train all jobs; see `Executor.run`.

        Raises:
            TrainingError: one job was lost `TRIES` times.
        """
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
                            f"The bundle {job.name} was lost {TRIES} times: {said}; continue with --resume."
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
            atomic.write_whole(path, lambda file: file.write(state))

    def _steps(self) -> Iterator[Event]:
        at_work = {job.name: job for job in self.at_work.values()}
        try:
            said = self.ray.get(self.steps.take.remote(), timeout=5)
        except self.ray.exceptions.RayError:
            # the actor was on a machine that is lost
            self.steps = self.ray.remote(num_cpus=0)(_Steps).remote()
            return
        for name, (step, best) in said.items():
            if name in at_work:
                yield Stepped(at_work[name], step, tuple(best))

    def close(self) -> None:
        """Cancel the tasks at work, and shut Ray down where this executor started it."""
        for reference in getattr(self, "at_work", {}):
            self.ray.cancel(reference, force=True)
        if self.began_ray:
            self.ray.shutdown()


class _Steps:
    """An actor that collects the step and the best metrics of every bundle."""

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
    """Train one bundle on the machine where this is called.

    Args:
        table: settings, encoded table and schema.
        job_data: what `Job.to_dict` gave.
        folder: of the search, which this machine may not see.
        state: the checkpoint to go on from.
        steps: the actor that collects steps.

    Returns:
        The records, and the checkpoint of a bundle that pauses, unless it lies in ``folder``.
    """
    from evenvae.search.bundle import train_bundle

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
