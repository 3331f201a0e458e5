"""Compiled programs are kept on disk, so that the next process with the same shapes does not compile them again."""

import logging
import os
import stat
from pathlib import Path
from typing import Any

from evenvae.io.cache import cache_folder

LIMIT = 512 * 2**20
"""Bytes that all kept programs may have together; those that were not used for longest go first."""
LEAST_SECONDS = 0.1
"""Programs that compile in less time are not kept: reading them would gain little."""
LEAST_JAXLIB = (0, 10, 2)
"""Earlier versions write lines to standard error for every program that they read on processors with AVX-512."""
OFF = ("off", "0", "no", "false")

log = logging.getLogger(__name__)
_asked = False


def keep_programs() -> None:
    """Keep what JAX compiles from now on in the user's cache folder, and read from there what was compiled before.

    It is called where a fit or a question begins; only the first call of a process does something. It does nothing
    where EVENVAE_COMPILATION_CACHE is ``off``, where a folder is set in JAX already (by JAX_COMPILATION_CACHE_DIR or in
    its configuration), where JAX's cache is switched off, and where the folder cannot be written by this user alone:
    who writes a program decides what runs.
    """
    global _asked
    if _asked:
        return
    _asked = True
    import jax
    from jax.experimental.compilation_cache import compilation_cache
    from jaxlib.version import __version_info__ as jaxlib_version

    config: Any = jax.config
    if (
        os.environ.get("EVENVAE_COMPILATION_CACHE", "").strip().lower() in OFF
        or config.jax_compilation_cache_dir is not None
        or not config.jax_enable_compilation_cache
        or jaxlib_version < LEAST_JAXLIB
    ):
        return
    folder = cache_folder() / "programs"
    try:
        _make_private(folder)
    except OSError as error:
        log.info("compiled programs are not kept: %s", error)
        return
    config.update("jax_compilation_cache_dir", str(folder))
    settings = {
        "jax_compilation_cache_max_size": LIMIT,
        "jax_persistent_cache_min_compile_time_secs": LEAST_SECONDS,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    for name, value in settings.items():
        if name.upper() not in os.environ:
            config.update(name, value)
    # what was compiled before found no folder, and JAX looks for one only once
    compilation_cache.reset_cache()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    # Windows has no such owners and rights; a user's cache folder is private there
    private = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    if not private or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"{folder} is not this user's own folder, or others can write to it")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written")
