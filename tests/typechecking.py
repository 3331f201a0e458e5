"""How annotations are checked while tests run; see `conftest.py`."""

from typing import Any

from beartype import BeartypeConf, beartype

# an int may stand where a float is asked for, as everywhere in Python
_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))
OPTIONS = {
    *("Network", "HIVAENetwork", "Training", "Sampling", "Imputation", "ELBO", "IWAE", "DReG", "GECO"),
    *("Standard", "Vamp", "Exemplar", "Optimal", "Mixture"),
}
"""Classes of options check what a user gives them themselves, and say it in a sentence."""


def check(function: Any) -> Any:
    """The function with its annotations checked at every call."""
    name = getattr(function, "__qualname__", "").partition(".")
    return function if name[0] in OPTIONS and name[2] == "__init__" else _beartype(function)
