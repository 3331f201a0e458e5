"""What a search shows while it runs: what is done, what is running, the best combination so far, the time left."""

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from evenvae.io.units import duration
from evenvae.search.executor import Event, Failed, Finished, Stepped
from evenvae.search.sweep import Job, Sweep


class Board:
    """A table that is updated on a terminal; elsewhere one line for every bundle.

    The metric of a run that is still training is its best so far.

    Args:
        sweep: the settings.
        runs: those that are finished already, as `Store.runs` gives them.
        verbose: False shows nothing.
    """

    def __init__(self, sweep: Sweep, runs: pd.DataFrame, verbose: bool):
        self.sweep = sweep
        self.console = Console(stderr=True)
        self.verbose = verbose
        moving = verbose and self.console.is_terminal
        self.live = Live(console=self.console, refresh_per_second=4, transient=True) if moving else None
        self.metrics: dict[str, dict[int, float]] = {balance: {} for balance in sweep.balances}
        self.finished: dict[str, set[int]] = {balance: set() for balance in sweep.balances}
        self.dropped: dict[str, int] = {}
        self.running: dict[Job, int] = {}
        self.began, self.work_done, self.work = time.monotonic(), 0, 0
        self.bundles_done, self.bundles = 0, 0
        self.since, self.to_come = 0, 0
        for run in runs.to_dict("records"):
            if run["balance"] in self.metrics and run["seed"] in sweep.seeds:
                self.finished[run["balance"]].add(run["seed"])
                self.metrics[run["balance"]][run["seed"]] = np.inf if pd.isna(run["figure"]) else run["figure"]

    def __enter__(self) -> "Board":
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *error: Any) -> None:
        if self.live:
            self.live.stop()

    def plan(self, jobs: list[Job], since: int, to_come: int) -> None:
        """Jobs that come next.

        Args:
            jobs: to be trained.
            since: the step until which they were trained before.
            to_come: about how many steps later jobs will take.
        """
        self.since, self.to_come = since, to_come
        self.bundles_done, self.bundles = 0, len(jobs)
        self.work = self.work_done + sum((job.until - since) * len(job.seeds) for job in jobs)
        self.show()

    def drop(self, balances: list[str], until: int) -> None:
        """Combinations that are not trained beyond step ``until``."""
        for balance in balances:
            if balance not in self.dropped:
                self.dropped[balance] = until
                self.say(f"{balance} dropped at step {until}")
        self.show()

    def tell(self, event: Event) -> None:
        """Take an event into account."""
        job = event.job
        if isinstance(event, Stepped):
            self.work_done += (event.step - self.running.get(job, self.since)) * len(job.seeds)
            self.running[job] = event.step
            self.metrics[job.balance].update(zip(job.seeds, event.best, strict=True))
        elif isinstance(event, Failed):
            self.work_done -= (self.running.pop(job, self.since) - self.since) * len(job.seeds)
            self.say(f"{job.balance}, seeds {_seeds(job)}: the worker was lost ({event.message}); begun again")
        elif isinstance(event, Finished):
            self.work_done += (job.until - self.running.pop(job, self.since)) * len(job.seeds)
            self.bundles_done += 1
            metrics = [np.inf if record["figure"] is None else record["figure"] for record in event.records or ()]
            self.metrics[job.balance].update(zip(job.seeds, metrics, strict=True))
            if job.final:
                self.finished[job.balance].update(job.seeds)
            self.say(
                f"{self.bundles_done}/{self.bundles} {job.balance}, seeds {_seeds(job)}: "
                f"metric {np.median(metrics):.4g}{'' if job.final else f' at step {job.until}'}; "
                f"best so far {self.best() or 'none'}; {duration(self.seconds_left())} left"
            )
        self.show()

    def best(self) -> str | None:
        """The combination with the lowest median metric so far; None where there is none yet."""
        medians = {balance: np.median(list(known.values())) for balance, known in self.metrics.items() if known}
        medians = {balance: value for balance, value in medians.items() if np.isfinite(value)}
        return min(medians, key=lambda balance: medians[balance]) if medians else None

    def seconds_left(self) -> float:
        """Estimated from the work done since the start; nan before there was any."""
        if self.work_done <= 0:
            return np.nan
        return (time.monotonic() - self.began) * (self.work - self.work_done + self.to_come) / self.work_done

    def say(self, line: str) -> None:
        """Print a line where there is no terminal; on a terminal, only lines that must not be missed."""
        if self.verbose and self.live is None:
            print(line, file=sys.stderr, flush=True)
        elif self.live is not None and ("lost" in line or "refit" in line):
            self.console.print(line, markup=False)

    def show(self) -> None:
        """Update the table."""
        if self.live:
            self.live.update(self.table())

    def table(self) -> Table:
        """The table, with one row for every combination."""
        best = self.best()
        left = duration(self.seconds_left())
        title = f"{self.bundles_done}/{self.bundles} bundles, best so far {best or '-'}, {left} left"
        table = Table(title=title, box=None, title_justify="left", pad_edge=False)
        for name in ("combination", "state", "seeds", "median", "mean", "deviation"):
            table.add_column(name, justify="left" if name in ("combination", "state") else "right")
        for balance in self.sweep.balances:
            known = np.array(list(self.metrics[balance].values()))
            mine = [(job, step) for job, step in self.running.items() if job.balance == balance]
            if mine:
                done = sum(step * len(job.seeds) for job, step in mine) / sum(len(job.seeds) for job, _ in mine)
                state = f"running {done / self.sweep.steps:4.0%}"
            elif len(self.finished[balance]) == len(self.sweep.seeds):
                state = "done"
            else:
                state = f"dropped at {self.dropped[balance]}" if balance in self.dropped else "waiting"
            with np.errstate(invalid="ignore"):
                spread = known.std(ddof=1) if known.size > 1 else np.nan
            numbers = [np.median(known), known.mean(), spread] if known.size else []
            shown = [f"{value:.4g}" if np.isfinite(value) else "-" for value in numbers] or ["-"] * 3
            style = "bold" if balance == best else "dim" if balance in self.dropped else ""
            seeds = f"{len(self.finished[balance])}/{len(self.sweep.seeds)}"
            table.add_row(Text(balance), state, seeds, *shown, style=style)
        return table


def _seeds(job: Job) -> str:
    return ", ".join(map(str, job.seeds))
