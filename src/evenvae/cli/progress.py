"""What a command shows on a terminal while it works; elsewhere nothing is shown."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from evenvae.io.units import duration


@contextlib.contextmanager
def bar(what: str, quiet: bool = False) -> Iterator[Callable[..., None]]:
    """A bar that is gone at the end; it gives a function of what is done, and of how much (None where unknown).

    The function also takes what is done now, which stands in the place of ``what`` until something else is done. With
    ``quiet`` nothing is shown.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
    from rich.text import Text

    class Count(ProgressColumn):
        def render(self, task: Any) -> Text:
            total = "" if task.total is None else f"/{task.total:,.0f}"
            return Text(f"{task.completed:,.0f}{total}" if task.completed or total else "")

    began = time.monotonic()

    class Elapsed(ProgressColumn):
        def render(self, task: Any) -> Text:
            del task
            return Text(duration(time.monotonic() - began))

    class Left(ProgressColumn):
        def render(self, task: Any) -> Text:
            left = task.time_remaining
            return Text("" if left is None or task.finished else f"{duration(left)} left")

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), Count(), Elapsed(), Left())
    # what a command prints meanwhile goes where it was sent to, not to the terminal of the bar
    settings: Any = {"transient": True, "redirect_stdout": False, "disable": quiet or not console.is_terminal}
    with Progress(*columns, console=console, **settings) as shown:
        task = shown.add_task(what, total=None)
        now, seen = what, 0

        def show(done: int, total: int | None, of: str = "") -> None:
            nonlocal task, now, seen
            of = of or what
            if done < seen or of != now:
                # the next piece of work begins, and takes another time
                shown.remove_task(task)
                task = shown.add_task(of, total=total)
            now, seen = of, done
            shown.update(task, completed=done, total=total)

        yield show


@contextlib.contextmanager
def watching(what: str, quiet: bool = False) -> Iterator[None]:
    """A bar for work that tells how far it is (`evenvae.io.watching`), with the time that each piece of it still takes.

    Questions to a model, of which a command may put several, are called ``what``; other pieces by their own names.
    """
    from evenvae.io.watching import ASKING, watched

    with bar(what, quiet) as shown, watched(lambda of, done, total: shown(done, total, what if of == ASKING else of)):
        yield
