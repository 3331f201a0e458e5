"""Tests of balancers run in float64 unless they are marked with float32."""

import jax
import numpy as np
import pytest

from balancing_support import multitask_problem, oracles


def pytest_configure(config):
    config.addinivalue_line("markers", "float32: run in JAX's default precision")


@pytest.fixture(autouse=True)
def _precision(request):
    with jax.enable_x64(request.node.get_closest_marker("float32") is None):
        yield


@pytest.fixture(params=["float64", "float32"])
def precision(request):
    """Type of the rows, what a tolerance becomes in it (1e-4 for rows of single precision), and the stored cases."""
    double = request.param == "float64"
    cases = [case for case in oracles()["cases"] if double or case["name"].startswith("conflict")]
    assert len(cases) == (12 if double else 3)
    return np.dtype(request.param), lambda tolerance: tolerance if double else 1e-4, cases


@pytest.fixture
def problem(_precision):
    """See `balancing_support.multitask_problem`."""
    return multitask_problem()
