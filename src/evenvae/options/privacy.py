"""The options of differential privacy."""

import dataclasses
import secrets
from numbers import Integral, Real
from typing import Any

import numpy as np

from evenvae import threefry
from evenvae.part import Part, check_number, check_positive

MOST_SEED = 2**64 - 1
"""The largest seed of the noise: its two halves are the words of a key."""
OF_THE_NOISE = 2**31 - 3
"""Keeps the key of a seed apart from that of the same ``random_state``."""


@dataclasses.dataclass(frozen=True)
class Privacy(Part):
    """Differentially private training of the network's parameters (DP-SGD; Abadi et al., 2016).

    What it covers and what it does not is in docs/privacy.md. A fit needs ``pip install 'evenvae[privacy]'``.

    Args:
        epsilon: of (epsilon, delta)-differential privacy for one row added to the table or removed from it. None
            trains without differential privacy.
        delta: of the same. Default: a tenth of 1 / rows.
        clipping: the largest norm of a row's gradient; longer ones are shortened to it. Default 1.
        seed: of the noise and of which rows a step draws. Who knows it can subtract the noise, so it is kept in no file
            but the checkpoint. Default: drawn from the system for each fit. Give one for tests alone.
    """

    epsilon: float | None = None
    delta: float | None = None
    clipping: float | None = None
    # its text is given to trackers, and stands in fingerprints
    seed: int | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        finite = float(np.finfo(float).max)
        check_positive("privacy.epsilon", self.epsilon)
        check_number("privacy.epsilon", self.epsilon, Real, 0, finite, "a finite number above 0")
        check_number("privacy.delta", self.delta, Real, 5e-324, 1 - 2**-53, "a number above 0 and below 1")
        check_positive("privacy.clipping", self.clipping)
        check_number("privacy.clipping", self.clipping, Real, 0, finite, "a finite number above 0")
        check_number("privacy.seed", self.seed, Integral, 0, MOST_SEED, f"a whole number from 0 to {MOST_SEED}")

    @property
    def asked(self) -> bool:
        """Whether differential privacy is asked for."""
        return self.epsilon is not None

    def kept(self) -> dict[str, Any]:
        """Without the seed of the noise."""
        return {name: value for name, value in self.given().items() if name != "seed"}

    def key(self) -> threefry.Raw:
        """The key of the noise: that of the seed, or 64 bits from the system."""
        seed = secrets.randbits(64) if self.seed is None else int(self.seed)
        return threefry.fold_in(np.array([seed >> 32, seed & 0xFFFFFFFF], np.uint32), OF_THE_NOISE)
