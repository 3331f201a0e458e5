"""A small table and the command, for tests of the cocktail."""

import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from made_up import people


@pytest.fixture(scope="session")
def table():
    return people()


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """The command as a user calls it; programs are compiled in a hurry, and once for all calls."""

    def __init__(self, cache):
        self.settings = {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_COMPILATION_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_COMPILATION_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        }
        self.environment = {**os.environ, **self.settings}

    def start(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "evenvae", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def __call__(self, *arguments) -> Done:
        process = self.start(*arguments)
        out, err = process.communicate()
        return Done(process.returncode, out, err)


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    return Command(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def data(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("data") / "people.csv"
    table.to_csv(path, index=False)
    return path
