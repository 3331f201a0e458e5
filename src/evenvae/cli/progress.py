"""What a command shows on a terminal while it works; elsewhere nothing is shown."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from evenvae.io.units import duration


@contextlib.contextmanager
def bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar that is gone at the end; it gives a function of what is done, and of how much (None where unknown)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
    from rich.text import Text

    class Elapsed(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(duration(task.elapsed or 0.0))

    class Left(ProgressColumn):
        def render(self, task: Any) -> Text:
            left = task.time_remaining
            return Text("" if left is None else f"{duration(left)} left")

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(what), BarColumn(bar_width=24), MofNCompleteColumn(), Elapsed(), Left())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=None)
        seen = 0

        def show(done: int, total: int | None) -> None:
            nonlocal seen
            if done < seen:
                # the next question begins, and takes another time
                shown.reset(task)
            seen = done
            shown.update(task, completed=done, total=total)

        yield show


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """A bar for questions to a model: parts of the rows that are answered, and the time that the question still takes.

    A command may put several questions to its model; the bar then begins anew for each.
    """
    from evenvae.fitted.asking import watched

    with bar(what) as shown, watched(shown):
        yield


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """A bar without an end, for work of unknown length: the time that has passed."""
    with bar(what):
        yield
