"""What a sweep is: its settings, its pieces of work, and the table it trains on, all as plain data.

Every executor gets the same pieces and gives the same results: a *bundle* is some seeds of one combination, trained
side by side by one program, and what is trained together is fixed when the sweep begins.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from evenvae import storage
from evenvae.tables import Encoded, Schema

KIND, VERSION, NAME = "sweep's table", 1, "table.safetensors"


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Settings of a sweep.

    ``options`` are those of `EvenVAE` without balance, seed, ensemble and schema; ``test_fraction`` of the rows, drawn
    anew for every seed, is kept from training; ``bundle`` seeds are trained side by side; ``steps`` optimiser
    steps a run, looked at every ``chunk`` steps.
    """

    options: dict[str, Any]
    seeds: tuple[int, ...]
    balances: tuple[str, ...]
    test_fraction: float
    bundle: int
    steps: int
    chunk: int
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Sweep":
        """What `to_dict` wrote."""
        return cls(**{**data, "seeds": tuple(data["seeds"]), "balances": tuple(data["balances"])})

    def bundles(self, balance: str, done: Iterable[tuple[str, int]] = ()) -> list["Job"]:
        """The bundles of a combination, without the runs that are ``done``."""
        done = set(done)
        groups = [self.seeds[i : i + self.bundle] for i in range(0, len(self.seeds), self.bundle)]
        left = [tuple(seed for seed in group if (balance, seed) not in done) for group in groups]
        return [Job(balance, group, self.steps, True) for group in left if group]


@dataclasses.dataclass(frozen=True)
class Job:
    """A bundle to train until step ``until``; ``final`` runs are measured on their test rows at the end."""

    balance: str
    seeds: tuple[int, ...]
    until: int
    final: bool

    @property
    def name(self) -> str:
        """A folder's name, the same for every stage of a bundle."""
        return f"{self.balance}.seed{'-'.join(map(str, self.seeds))}".replace("/", "_")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Job":
        """What `to_dict` wrote."""
        return cls(data["balance"], tuple(data["seeds"]), data["until"], data["final"])


def fingerprint(encoded: Encoded, schema: Schema, options: dict[str, Any], test_fraction: float) -> str:
    """Of everything that a run depends on beside its combination and seed."""
    digest = hashlib.sha256(np.ascontiguousarray(encoded.values).tobytes())
    said = [{k: repr(v) for k, v in options.items()}, schema.to_dict(), test_fraction]
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def split_rows(rows: int, test_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test on; with nothing to test on, all rows in their order."""
    if not test_fraction:
        return np.arange(rows), np.arange(0)
    order = np.random.default_rng(seed).permutation(rows)
    cut = int((1 - test_fraction) * rows)
    return order[:cut], order[cut:]


def write_table(folder: str | Path, encoded: Encoded, schema: Schema) -> None:
    """Put the table where workers read it."""
    storage.write(Path(folder) / NAME, KIND, VERSION, {"values": encoded.values}, {"schema": schema.to_dict()})


def read_table(folder: str | Path) -> tuple[Encoded, Schema]:
    """What `write_table` wrote."""
    tensors, metadata = storage.read(Path(folder) / NAME, KIND, VERSION)
    values = tensors["values"]
    return Encoded(values, ~np.isnan(values)), Schema.from_dict(metadata["schema"])
