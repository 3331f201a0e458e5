"""How far a long piece of work is, told to whoever watches it."""

import contextlib
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from typing import TypeVar

Watcher = Callable[[str, int, int | None], None]
"""Is told what is done, how much of it is done, and how much there is; None where that is not known."""
ASKING, TRAINING = "asking", "training"
"""The names of questions to a model, of which slices are done, and of training, of which steps are."""
Item = TypeVar("Item")
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextlib.contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Within it ``watcher`` is told how far all work is that tells of itself in this thread.

    Several pieces of work may follow each other; each begins again at 0, or has another name.
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tell(what: str, done: int, total: int | None) -> None:
    """Tell the watcher, if there is one."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(what, done, total)


def told(items: Collection[Item], what: str) -> Iterator[Item]:
    """The items, of which the watcher is told how many are done."""
    tell(what, 0, len(items))
    for done, item in enumerate(items, start=1):
        yield item
        tell(what, done, len(items))
