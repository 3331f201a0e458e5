"""A small table, options of short runs, the command as a user calls it, and an executor that trains nothing."""

import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pandas as pd

from evenvae import Network, Training
from evenvae.search.executor import Finished, Stepped

SMALL = {"epochs": 12, "latent_size": 2, "network": Network(width=8, depth=1), "training": Training(batch_size=32)}
"""Options of `EvenVAE` for a fit of about a second."""


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


class MadeUp:
    """An executor that trains nothing: the metric of a run falls from 1 to what `level` gives for it."""

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
            "measured": {rows: self.measured(level) for rows in self.rows()} if job.final else {},
            "message": "",
        }

    def rows(self):
        return ("validation", "test") if self.sweep.test_fraction else ("validation",)

    def measured(self, level):
        errors = {"error": level, "error_by_mode": 1.1 * level, "error_by_mean": level, "hidden_error": level}
        means = {**errors, "worst": 2 * level, "log_likelihood": -10 * level}
        return {"columns": {name: [value] * 4 for name, value in errors.items()}, "means": means}

    def close(self):
        pass


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """The command as a user calls it; its processes find the programs that the tests have compiled."""

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "evenvae", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments) -> Done:
        process = self.start(*arguments)
        out, err = process.communicate()
        return Done(process.returncode, out, err)
