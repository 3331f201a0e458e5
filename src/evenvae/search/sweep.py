"""What a search is: its settings, its pieces of work, and the table that it trains on, all as plain data.

Every executor gets the same pieces and gives the same results. A *bundle* is some seeds of one combination, which one
program trains side by side; which seeds share a bundle is fixed when the search begins.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from evenvae.io import tensors as tensor_files
from evenvae.tables import Encoded, Schema

KIND, VERSION, NAME = "sweep's table", 1, "table.safetensors"


@dataclasses.dataclass(frozen=True)
class Sweep:
    """The settings of a search.

    ``options`` are those of `EvenVAE` without balance, random_state, ensemble and schema, as `to_json` describes them.
    ``test_fraction`` of the rows, drawn anew for every seed, is kept from training. ``bundle`` seeds are trained
    side by side. A run takes ``steps`` optimiser steps, and its validation metric is evaluated every ``chunk`` steps.
    The combinations in each of ``programs`` share a compiled program; any other has one of its own.
    """

    options: dict[str, Any]
    seeds: tuple[int, ...]
    balances: tuple[str, ...]
    test_fraction: float
    bundle: int
    steps: int
    chunk: int
    fingerprint: str
    programs: tuple[tuple[str, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A description for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Sweep":
        """The settings that `to_dict` described."""
        lists = {name: tuple(data[name]) for name in ("seeds", "balances")}
        return cls(**{**data, **lists, "programs": tuple(map(tuple, data["programs"]))})

    def program(self, balance: str) -> tuple[str, ...]:
        """The combinations that share the compiled program of this one."""
        return next((names for names in self.programs if balance in names), (balance,))

    def bundles(self, balance: str, done: Iterable[tuple[str, int]] = ()) -> list["Job"]:
        """The bundles of a combination, without the runs that are ``done``."""
        done = set(done)
        groups = [self.seeds[i : i + self.bundle] for i in range(0, len(self.seeds), self.bundle)]
        left = [tuple(seed for seed in group if (balance, seed) not in done) for group in groups]
        return [Job(balance, group, self.steps, True) for group in left if group]


@dataclasses.dataclass(frozen=True)
class Job:
    """A bundle to train until step ``until``; runs of a ``final`` job are measured on their test rows at the end."""

    balance: str
    seeds: tuple[int, ...]
    until: int
    final: bool

    @property
    def name(self) -> str:
        """The name of the bundle's folder, which is the same for every stage."""
        return f"{self.balance}.seed{'-'.join(map(str, self.seeds))}".replace("/", "_")

    def to_dict(self) -> dict[str, Any]:
        """A description for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Job":
        """The job that `to_dict` described."""
        return cls(data["balance"], tuple(data["seeds"]), data["until"], data["final"])


def fingerprint(encoded: Encoded, schema: Schema, options: dict[str, Any], test_fraction: float) -> str:
    """A checksum of everything that a run depends on beside its combination and its seed."""
    digest = hashlib.sha256(np.ascontiguousarray(encoded.values).tobytes())
    said = [{name: repr(value) for name, value in options.items()}, schema.to_dict(), test_fraction]
    digest.update(json.dumps(said, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def split_rows(
    rows: int, test_fraction: float, seed: int
) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " test"]]:
    """Numbers of the rows to learn from and of those to test on.

    Without test rows, all rows are learned from, in their order.
    """
    if not test_fraction:
        return np.arange(rows), np.arange(0)
    order = np.random.default_rng(seed).permutation(rows)
    cut = int((1 - test_fraction) * rows)
    return order[:cut], order[cut:]


def write_table(folder: str | Path, encoded: Encoded, schema: Schema) -> None:
    """Write the table to where workers read it."""
    tensor_files.write(Path(folder) / NAME, KIND, VERSION, {"values": encoded.values}, {"schema": schema.to_dict()})


def read_table(folder: str | Path) -> tuple[Encoded, Schema]:
    """The table that `write_table` wrote."""
    tensors, metadata = tensor_files.read(Path(folder) / NAME, KIND, VERSION)
    values = tensors["values"]
    tasks = np.zeros((len(values), 0), np.int32)
    return Encoded(values, ~np.isnan(values), tasks), Schema.from_dict(metadata["schema"])
