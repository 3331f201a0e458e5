"""A progress bar on a terminal; nothing is shown where there is no terminal."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

from evenvae.io.units import duration
from evenvae.io.watching import ASKING, TRAINING
from evenvae.training.loop import Progress as Report


class Bar:
    """Callback for `EvenVAE.fit`: what is done, loss, validation metric and time left, on standard error."""

    def __init__(self, label: str = "training"):
        console = Console(stderr=True)
        self.label, self.ends = label, float("nan")
        began = time.monotonic()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Written(lambda task: "" if task.total is None else f"{task.completed:,.0f}/{task.total:,.0f}"),
            TextColumn("{task.fields[figures]}"),
            _Written(lambda _: duration(time.monotonic() - began)),
            # between two reports the time goes on
            _Written(lambda _: f"{duration(self.ends - time.monotonic())} left" if self.ends == self.ends else ""),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("preparing", total=None, figures="")
        self.progress.start()

    def __call__(self, report: Report) -> None:
        """Show the newest figures."""
        mean = lambda name: f"{np.nanmean(report.record[name]):.4g}"
        self.ends = time.monotonic() + report.seconds_left
        self.progress.update(
            self.task,
            description=self.label,
            completed=report.step,
            total=report.steps,
            figures=f"steps  loss {mean('loss')}  validation {mean('validation')}",
        )

    def of_another(self, label: str) -> Callable[[Report], None]:
        """A callback for a training that follows, which takes the bar's place under a name of its own."""

        def show(report: Report) -> None:
            self.label = label
            self(report)

        return show

    def show(self, what: str, done: int, total: int | None) -> None:
        """Show work before and after the training, as `evenvae.io.watching` is told of it."""
        if what in (ASKING, TRAINING):
            # a part of such work, and what reports tell more of
            return
        self.ends = float("nan")
        task = self.progress.tasks[0]
        task.total = total
        self.progress.update(self.task, description=what, completed=done, figures="")

    def close(self) -> None:
        """Remove the bar."""
        self.progress.stop()


class _Written(ProgressColumn):
    """A column of the bar that is written anew each time that it is shown."""

    def __init__(self, text: Callable[[Any], str]):
        super().__init__()
        self.text = text

    def render(self, task: Any) -> Text:
        return Text(self.text(task))
