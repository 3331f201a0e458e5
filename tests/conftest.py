"""Settings of all tests."""

import os
from pathlib import Path

# most of the time goes into compiling small programs: do it lightly, and once for all workers and commands
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false",
)
# a thread for each worker of pytest, not for each core
os.environ.setdefault("NPROC", "1")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

import jax
import pytest
from hypothesis import settings

from support import mixed_table

# the same examples every time: a test that fails once fails always
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def mixed():
    """See `support.mixed_table`."""
    return mixed_table()


@pytest.fixture(scope="module", autouse=True)
def _forget_programs():
    """Every program maps memory, of which a process may have 65,530 pieces: thousands of programs end it."""
    yield
    jax.clear_caches()
