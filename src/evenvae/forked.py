"""Whether this process was forked from one in which JAX had computed, where JAX would wait without end."""

import os
from typing import Any

from evenvae.errors import ForkError

_used: Any
try:
    from jax._src.xla_bridge import backends_are_initialized as _used
except ImportError:
    # JAX has no public name for whether it has computed; without one, a forked process waits
    _used = lambda: False

_forked = False


def _note() -> None:
    # a fork keeps JAX's locks, and none of the threads that would open them
    global _forked
    _forked = _forked or bool(_used())


if hasattr(os, "register_at_fork"):  # not on Windows, where no process is forked
    os.register_at_fork(after_in_child=_note)


def refuse_if_forked() -> None:
    """Say at once what is wrong where JAX would wait without end.

    Raises:
        ForkError: the process was forked after JAX had computed.
    """
    if _forked:
        raise ForkError(
            "This process was forked after JAX had computed in its parent, so that JAX cannot compute here: start "
            "processes by 'spawn', as in multiprocessing.get_context('spawn'), or use joblib's backend 'loky'."
        )
