"""Settings of all tests."""

import gc
import os
from importlib.metadata import version
from pathlib import Path

# most of the time goes into compiling small programs: do it lightly, and once for all workers and commands
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    # later versions end the process at a flag that they do not know
    + (" --xla_cpu_use_fusion_emitters=false" if version("jaxlib").split(".")[1] in ("8", "9", "10") else ""),
)
# a thread for each worker of pytest, not for each core
os.environ.setdefault("NPROC", "1")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

import jax
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# shapes and types are checked while tests run; the user's objects check what they are given by themselves, in sentences
CHECKED = (
    "balancing datasets experiments fitted io likelihoods metrics models notebook objectives options plots priors "
    "report search tables tracking training"
)
install_import_hook([f"evenvae.{room}" for room in CHECKED.split()], "typechecking.check")

from support import mixed_table  # noqa: E402  (after the hook, so that it is checked too)

# compiling leaves many objects that stay, and looking through them all for garbage takes long
gc.set_threshold(100_000, 50, 50)

# the same examples every time: a test that fails once fails always
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

MAPPED = Path("/proc/self/maps")
MOST_MAPPED = 30_000
"""Pieces of memory that may be mapped before compiled programs are forgotten: a process may have 65,530."""


@pytest.fixture(scope="session")
def mixed():
    """See `support.mixed_table`."""
    return mixed_table()


@pytest.fixture(scope="module")
def small_draws():
    """Rows under conditions are drawn a few at a time, from few latents: lightly compiled programs run slowly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evenvae.fitted.sampling.BATCH", 500)
        patch.setattr("evenvae.fitted.sampling.PROPOSALS", 1024)
        yield


@pytest.fixture(scope="module", autouse=True)
def _forget_programs():
    """Every program maps memory: thousands of programs would end the process. Until then modules share them."""
    yield
    if not MAPPED.exists() or MAPPED.read_bytes().count(b"\n") > MOST_MAPPED:
        jax.clear_caches()
