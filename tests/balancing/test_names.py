"""Balancers by name."""

import pytest

from balancing_support import NAMES
from evenvae import balancing


def test_names_round_trip():
    examples = ["power-norm[gamma=0.25]+pcgrad", "graddrop[leak=0.5]", "graddrop[leak=0.1/0.9]", "gradnorm[alpha=1]"]
    more = ["mgda-ub[normalise=loss+]+pcgrad", "aligned-mtl[scale=rmse]", "cagrad[c=0.5]", "famo[lower_bound=0]"]
    for name in [*NAMES, *examples, *more]:
        parsed = balancing.parse(name)
        assert balancing.parse(parsed.name) == parsed
        assert hash(parsed) == hash(balancing.parse(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imtlg", "imtl-g"),
        ("power-norm[gama=1]", "gamma"),
        ("power-norm[gamma=9]", "gamma"),
        ("aligned-mtl[scale=big]", "median"),
        ("mgda-ub[solver=x]", "frank-wolfe"),
        ("cagrad[c=2]", "between 0 and 1"),
        ("graddrop[leak=2]", "leak"),
        ("gradvac[beta=2]", "beta"),
        ("gradnorm[progress=x]", "loss"),
        ("", "known"),
        ("pcgrad+", "known"),
        ("graddrop+pcgrad", "last"),
    ],
)
def test_wrong_names_teach(name, words):
    with pytest.raises(ValueError, match=words):
        balancing.parse(name)
