"""What every numeric option of `EvenVAE` may be, asked before a table is read.

What an option means together with others is the plan's business (`evenvae.settings`).
"""

from collections.abc import Mapping
from math import inf, nextafter
from numbers import Integral, Real
from typing import Any

from evenvae.errors import InputError

RULES: tuple[tuple[tuple[str, ...], type, float, float, str], ...] = (
    (("epochs", "learning_rate"), Real, nextafter(0, 1), inf, "a positive number"),
    (("ensemble", "batch_size", "hidden_size", "latent_size", "components", "depth"), Integral, 1, inf,
     "a positive whole number"),
    (("patience", "random_state"), Integral, 0, inf, "a whole number, 0 or more"),
    (("validation_fraction", "dropout", "hide_cells"), Real, 0, nextafter(1, 0), "at least 0 and below 1"),
    (("weight_decay",), Real, 0, inf, "a number, 0 or more"),
    (("beta", "kappa", "multiplier_rate", "gain", "target", "clip", "importance_samples"), Real, -inf,
     inf, "a number"),
)  # fmt: skip
"""Names, what kind of number, lowest and highest value, and how that is said."""
NEVER_NONE = ("ensemble", "validation_fraction")


def check(options: Mapping[str, Any]) -> None:
    """InputError for a number that is none or out of range; None stands for an option that is not given."""
    for names, kind, low, high, said in RULES:
        for name in names:
            value = options[name]
            if (value is not None or name in NEVER_NONE) and not (
                isinstance(value, kind) and low <= float(value) <= high
            ):
                raise InputError(f"{name}={value!r} must be {said}.")
