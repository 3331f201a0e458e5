"""The executor of one machine: what it trains does not depend on the workers that are lost."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from evenvae import tables
from evenvae.options.options import to_json
from evenvae.search.executor import Failed, Finished, Stepped
from evenvae.search.local import LocalExecutor
from evenvae.search.sweep import Job, Sweep, write_table
from evenvae.search.worker import CHECKPOINTS
from made_up import SMALL


@pytest.mark.slow
def test_a_lost_worker_is_replaced(table, tmp_path):
    schema = tables.Schema.infer(table)
    sweep = Sweep(to_json({**SMALL, "epochs": 200}), (0, 1), ("none",), 0.0, 1, 1000, 50, "mark")
    write_table(tmp_path, tables.encode(table, schema), schema)
    jobs = [Job("none", (seed,), sweep.steps, False) for seed in sweep.seeds]
    hands, lost, expected, finished = LocalExecutor(workers=2), [], {}, {}
    hands.start(sweep, tmp_path)
    try:
        expected = {event.job: event.records for event in hands.run(jobs) if isinstance(event, Finished)}
        shutil.rmtree(tmp_path / CHECKPOINTS)
        for event in hands.run(jobs):
            if isinstance(event, Stepped) and not lost:
                worker = next(worker for worker in hands.workers if worker.job == event.job)
                worker.process.send_signal(signal.SIGKILL)
                lost.append(event.job)
            elif isinstance(event, Failed):
                lost.append(event.job)
            elif isinstance(event, Finished):
                finished[event.job] = event.records
    finally:
        hands.close()
    assert lost == [lost[0]] * 2
    assert without_times(finished) == without_times(expected)
    assert set(finished) == set(jobs)


def without_times(records):
    return {job: [{**record, "seconds": 0} for record in found] for job, found in records.items()}


def test_workers_keep_every_compiled_program(table, tmp_path, monkeypatch):
    for name in ("MIN_COMPILE_TIME_SECS", "MIN_ENTRY_SIZE_BYTES"):
        monkeypatch.delenv(f"JAX_PERSISTENT_CACHE_{name}", raising=False)
    schema = tables.Schema.infer(table)
    write_table(tmp_path, tables.encode(table, schema), schema)
    hands = LocalExecutor(workers=1)
    hands.start(Sweep(to_json(SMALL), (0,), ("none",), 0.0, 1, 27, 27, "mark"), tmp_path)
    given = hands.environment(0)
    code = (
        "import jax; print(jax.config.jax_persistent_cache_min_compile_time_secs, "
        "jax.config.jax_persistent_cache_min_entry_size_bytes)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **given}, capture_output=True, text=True, check=True
    )
    assert [float(value) for value in asked.stdout.split()] == [0, -1]
