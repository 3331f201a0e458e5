"""A progress bar on a terminal; nothing is shown where there is no terminal."""

from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from evenvae.io.units import duration
from evenvae.training.loop import Progress as Report


class Bar:
    """Callback for `EvenVAE.fit`: steps done, loss, validation metric and time left, on standard error."""

    def __init__(self, label: str = "training"):
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed}/{task.total} steps"),
            TextColumn("loss {task.fields[loss]}  validation {task.fields[figure]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]} left"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task(label, total=None, loss="...", figure="...", left="?")
        self.progress.start()

    def __call__(self, report: Report) -> None:
        """Show the newest figures."""
        mean = lambda name: f"{np.nanmean(report.record[name]):.4g}"
        self.progress.update(
            self.task,
            completed=report.step,
            total=report.steps,
            loss=mean("loss"),
            figure=mean("validation"),
            left=duration(report.seconds_left),
        )

    def of_another(self, label: str) -> Callable[[Report], None]:
        """A callback for a training that follows, which takes the bar's place under a name of its own."""

        def show(report: Report) -> None:
            self.progress.update(self.task, description=label)
            self(report)

        return show

    def of_columns(self, label: str) -> Callable[[int, int], None]:
        """A callback for work that follows and is done column by column, which takes the bar's place."""

        def show(done: int, columns: int) -> None:
            self.progress.update(
                self.task, description=label, completed=done, total=columns, loss="-", figure="-", left="?"
            )

        return show

    def of_reading(self) -> Callable[[str, int, int], None]:
        """A callback for reading a table piece by piece: what for, the rows that are done, and their number or 0."""
        return lambda what, done, rows: self.of_columns(f"reading: {what}")(done, rows or done)

    def close(self) -> None:
        """Remove the bar."""
        self.progress.stop()
