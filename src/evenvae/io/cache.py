"""The folder of what can be deleted at any time: downloads and compiled programs."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The environment variable EVENVAE_CACHE, or the system's place for the user's caches."""
    return Path(os.environ.get("EVENVAE_CACHE") or platformdirs.user_cache_dir("evenvae"))
