"""Settings of all tests."""

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
