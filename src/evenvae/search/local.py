"""The executor of one machine: a worker process for every core or GPU, each of which trains one bundle at a time.

Workers are processes, not devices of one process. On CPUs a bundle then costs the time of one core and never waits for
other runs, programs are compiled in parallel, and nothing else is lost where a worker dies.
"""

import contextlib
import importlib.metadata
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenvae.errors import TrainingError
from evenvae.fitted.asking import cores
from evenvae.search.executor import Event, Failed, Finished, Stepped
from evenvae.search.packing import next_job
from evenvae.search.sweep import Job, Sweep

TRIES = 3
"""How often a bundle is begun before it is given up."""
ONE_THREAD = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "OMP_NUM_THREADS": "1", "NPROC": "1"}
"""Environment of a process that has one core. XLA reads the size of its thread pool from NPROC. With one thread for
every core of the machine, distributing small kernels would cost more than computing them."""
LOGS, PROGRAMS = "logs", "programs"


def gpus() -> list[str]:
    """Names of the GPUs that JAX would use, as CUDA_VISIBLE_DEVICES takes them.

    They are asked for in a process of its own, because a process that has asked holds their memory.
    """
    plugins = importlib.metadata.entry_points(group="jax_plugins")
    if not list(plugins) or os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
        return []
    code = "import jax; print(jax.default_backend(), jax.local_device_count())"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    backend, _, count = asked.stdout.strip().partition(" ")
    if asked.returncode or backend not in ("gpu", "cuda", "rocm"):
        return []
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return given.split(",") if given else [str(number) for number in range(int(count))]


class Worker:
    """A worker process, the job that it works on, and the program that trained its last job."""

    def __init__(self, number: int, folder: Path, environment: dict[str, str], messages: queue.Queue):
        self.number, self.folder, self.messages = number, folder, messages
        self.environment = environment
        self.job: Job | None = None
        self.program: tuple[str, ...] | None = None
        self.log = folder / LOGS / f"worker-{number}.log"
        self._start()

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "evenvae.search.worker", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self.environment},
                text=True,
                # Ctrl-C reaches the search alone, which then ends its workers
                start_new_session=True,
            )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: Any) -> None:
        with process.stdout:
            for line in process.stdout:
                try:
                    message = json.loads(line)
                except ValueError:
                    break  # the process was killed while it wrote a line
                self.messages.put((self, process, message))
        self.messages.put((self, process, None))

    def send(self, **order: Any) -> None:
        """Send an order; the listener notices where the worker is gone."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]

    def restart(self) -> None:
        """Start a new process in place of one that is gone."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        self._start()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it left no message"


class LocalExecutor:
    """The `Executor` of one machine.

    Args:
        workers: bundles that are trained at a time. Default: the number of GPUs, or of cores without a GPU.
    """

    def __init__(self, workers: int | None = None):
        self.gpus = gpus()
        self.slots = workers or len(self.gpus) or cores()
        self.workers: list[Worker] = []
        self.messages: queue.Queue = queue.Queue()

    @property
    def one_by_one(self) -> bool:
        """Whether a worker is a core, on which runs side by side take as long as one after the other."""
        return not self.gpus

    def start(self, sweep: Sweep, folder: Path) -> None:
        """Keep what the workers will need."""
        self.sweep, self.folder = sweep, folder
        (folder / LOGS).mkdir(exist_ok=True)

    def run(self, jobs: list[Job]) -> Iterator[Event]:
        """Train all jobs; see `Executor.run`.

        Raises:
            TrainingError: the worker of one job ended `TRIES` times.
        """
        waiting, tries = list(jobs), dict.fromkeys(jobs, 0)
        self.begun: set[tuple[str, ...]] = set()
        while len(self.workers) < min(self.slots, len(jobs)):
            number = len(self.workers)
            self.workers.append(Worker(number, self.folder, self.environment(number), self.messages))
            self.workers[-1].send(sweep=self.sweep.to_dict())
        for worker in self.workers:
            self._next(worker, waiting, tries)
        while any(worker.job for worker in self.workers):
            worker, process, message = self.messages.get()
            job = worker.job
            if process is not worker.process:
                continue
            if message is None:
                worker.restart()
                worker.send(sweep=self.sweep.to_dict())
            if job is None:
                continue
            if message is None:
                if tries[job] >= TRIES:
                    raise TrainingError(
                        f"The worker for {job.balance}, seeds {', '.join(map(str, job.seeds))}, ended {TRIES} times: "
                        f"{worker.last_words()} (all of it: {worker.log}); continue with --resume."
                    )
                yield Failed(job, worker.last_words())
                waiting.insert(0, job)
                self._next(worker, waiting, tries)
            elif "step" in message:
                yield Stepped(job, message["step"], tuple(message["best"]))
            else:
                self._next(worker, waiting, tries)
                yield Finished(job, message["records"])

    def environment(self, number: int) -> dict[str, str]:
        """The environment of the worker ``number``: its core or GPU, and the shared cache of compiled programs."""
        given = {
            "JAX_COMPILATION_CACHE_DIR": str((self.folder / PROGRAMS).resolve()),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        given = {name: value for name, value in given.items() if name not in os.environ}
        if self.gpus:
            share = -(-self.slots // len(self.gpus))
            given["CUDA_VISIBLE_DEVICES"] = self.gpus[number % len(self.gpus)]
            return given | {"XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / share:.3f}"}
        # every worker has one thread: all cores are in use, and results do not depend on the number of threads
        flags = f"{os.environ.get('XLA_FLAGS', '')} {ONE_THREAD['XLA_FLAGS']}".strip()
        return given | ONE_THREAD | {"XLA_FLAGS": flags}

    def _next(self, worker: Worker, waiting: list[Job], tries: dict[Job, int]) -> None:
        program = self.sweep.program
        worker.job = next_job(waiting, program, worker.program, self.begun) if waiting else None
        if worker.job is not None:
            waiting.remove(worker.job)
            worker.program = program(worker.job.balance)
            self.begun.add(worker.program)
            tries[worker.job] += 1
            # the last try does not trust the checkpoint, whatever ended the workers
            worker.send(job=worker.job.to_dict(), fresh=tries[worker.job] == TRIES)

    def close(self, patience: float = 20.0) -> None:
        """End all workers; those that work on a job write its checkpoint first, within ``patience`` seconds."""
        for worker in self.workers:
            if worker.job is not None and worker.process.poll() is None:
                worker.process.send_signal(signal.SIGINT)
        for worker in self.workers:
            if worker.job is not None:
                try:
                    worker.process.wait(patience)
                except subprocess.TimeoutExpired:
                    worker.process.kill()
            with contextlib.suppress(OSError):
                worker.process.stdin.close()  # type: ignore[union-attr]
            try:
                worker.process.wait(5)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self.workers = []
        shutil.rmtree(self.folder / PROGRAMS, ignore_errors=True)
