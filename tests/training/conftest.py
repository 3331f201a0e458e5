import pytest

from support import mixed_table


@pytest.fixture(scope="session")
def mixed():
    return mixed_table()
