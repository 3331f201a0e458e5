"""A small table, the options that make a run last a second, and a sweep of made-up figures."""

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from evenvae.cocktail.executor import Finished, Stepped

SMALL = {"epochs": 12, "hidden_size": 8, "latent_size": 2, "depth": 1, "batch_size": 32}


def people(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    z = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "age": rng.poisson(40 + 5 * z),
            "city": rng.choice(["Aachen", "Bonn", "Celle"], rows),
            "income": np.round(np.exp(rng.normal(7 + z, 0.5)), 2),
            "member": z > 0,
        }
    )
    frame.loc[3, "city"] = None
    return frame


@pytest.fixture(scope="session")
def table():
    return people()


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """The command as a user calls it; programs are compiled in a hurry, and once for all calls."""

    def __init__(self, cache):
        self.settings = {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_COMPILATION_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_COMPILATION_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        }
        self.environment = {**os.environ, **self.settings}

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "evenvae", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def __call__(self, *arguments) -> Done:
        process = self.start(*arguments)
        out, err = process.communicate()
        return Done(process.returncode, out, err)


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    return Command(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def data(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    table.to_csv(path, index=False)
    return path


class MadeUp:
    """An executor that trains nothing: a run's figure falls from 1 to what `level` says of it."""

    slots = 4

    def __init__(self, level):
        self.level = level
        self.trained: list = []

    def start(self, sweep, folder):
        self.sweep = sweep

    def run(self, jobs):
        for job in jobs:
            self.trained.append((job.balance, job.seeds, job.until))
            yield Stepped(job, job.until, (0.5,) * len(job.seeds))
            yield Finished(job, [self.record(job, seed) for seed in job.seeds])

    def record(self, job, seed):
        level = self.level(job.balance, seed)
        steps = list(range(self.sweep.chunk, job.until + 1, self.sweep.chunk))
        curve = [(step, 1 - (1 - level) * step / self.sweep.steps, 0.0) for step in steps]
        return {
            "balance": job.balance,
            "seed": seed,
            "status": "done" if job.final else "paused",
            "figure": curve[-1][1],
            "columns": [curve[-1][1]] * 4,
            "curve": curve,
            "steps": job.until,
            "best_step": job.until,
            "seconds": 1.0,
            "measured": {},
            "message": "",
        }

    def close(self):
        pass
