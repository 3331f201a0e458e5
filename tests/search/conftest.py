"""A small table and the command, for tests of the search."""

import pytest

from made_up import Command, people


@pytest.fixture(scope="session")
def table():
    return people()


@pytest.fixture(scope="session")
def command():
    return Command()
