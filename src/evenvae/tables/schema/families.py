"""Which family of likelihoods a column of numbers has, by how well each describes cells that it has not seen."""

import dataclasses
import math
import warnings
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import special

from evenvae.compilation import keep_programs
from evenvae.io.watching import told
from evenvae.likelihoods import registry
from evenvae.likelihoods.grids import grid_of, width_of
from evenvae.tables.schema.column import Column

if TYPE_CHECKING:
    from evenvae.likelihoods.base import Likelihood

Families = Literal["evidence", "paper"]
LEARNED, HELD_OUT = 4096, 2048
"""Most cells that a candidate is fitted to, and most that it is judged by. One number of cells is one program."""
FEWEST = 100
"""With fewer observed cells, a column keeps the family of the paper's rules."""
MARGIN = 0.02
"""Nats a cell by which the best family must be ahead of another one, which is otherwise as good."""
CERTAIN = 0.1
"""Nats a cell by which a family that is always vague must be ahead of those that can be certain."""
LEAST = -50.0
"""Nats that a held-out cell counts at least, so that one cell that a family did not expect does not decide alone."""
ERRORS = 2.0
"""Standard errors of the difference by which it must be ahead of the paper's as well."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """One family and one column.

    Attributes:
        family: the name of the family.
        nats: mean log-likelihood of a held-out cell, as the logarithm of the probability of one value (see `width_of`).
        vague: whether the family cannot be certain of a value, whatever its parameters, as Poisson's cannot.
        charge: nats a cell for the numbers that the family learns of the column, half of log(cells) each (Schwarz,
            1978).
        by_cell: the log-likelihood of every held-out cell.
    """

    family: str
    nats: float
    vague: bool
    charge: float
    by_cell: Float[np.ndarray, " held_out"] = dataclasses.field(repr=False)

    @property
    def worth(self) -> float:
        """The log-likelihood after the charge."""
        return self.nats - self.charge


class Grid(NamedTuple):
    """The points on which a column's values stand.

    Attributes:
        step: distance of neighbouring points.
        width: of one value (see `width_of`).
        low, high: lowest and highest value.
    """

    step: float
    width: float
    low: float
    high: float

    @property
    def steps(self) -> int:
        """How many steps lie between the lowest and the highest value."""
        return round((self.high - self.low) / self.step)


def judge(values: Float[np.ndarray, " cells"]) -> list[Judged]:
    """Fit the marginal of every family of numbers to some cells of a column, and judge it by others.

    Args:
        values: the observed cells, at least `FEWEST`.

    Returns:
        The families in whose support all cells are, the best first.
    """
    keep_programs()
    order = np.random.default_rng(0).permutation(len(values))[: HELD_OUT + LEARNED]
    some, held_out = values[order], min(HELD_OUT, len(values) // 3)
    grid = Grid(grid_of(some), width_of(some), some.min(), some.max())
    found = []
    for name in registry.names():
        family = registry.family(name)
        if family.values == "numbers" and family.in_support(values).all() and family.applies(some):
            likelihood = family.of_column(0, (), grid.steps)
            by_cell = _judged(likelihood, some[held_out:], some[:held_out], grid)
            charged = likelihood.parameter_count + likelihood.constants
            charge = 0.5 * charged * math.log(len(values)) / len(values)
            found.append(Judged(name, float(by_cell.mean()), family.vague, charge, by_cell))
    return sorted((one for one in found if np.isfinite(one.worth)), key=lambda one: -one.worth)


def chosen(judged: list[Judged], paper: str) -> Judged | None:
    """The family to take instead of the paper's; None where the best family is not clearly better than the paper's.

    It is the simplest of those that are as good as the best one. A vague family must be better than that by `CERTAIN`:
    given its latent, a cell is known better than by its marginal, and a vague family cannot say so.
    """
    best = judged[0]
    own = next((one for one in judged if one.family == paper), None)
    if own is None or not _clearly_better(best, own):
        return None
    surest = next((one for one in judged if not one.vague), best)
    best = best if best.worth - surest.worth > CERTAIN else surest
    equal = (one for one in judged if one.vague == best.vague and abs(best.worth - one.worth) <= MARGIN)
    simplest = min(equal, key=lambda one: one.charge)
    return simplest if simplest.worth > own.worth + MARGIN else None


def _clearly_better(best: Judged, other: Judged) -> bool:
    difference = best.by_cell - other.by_cell
    error = float(difference.std()) / len(difference) ** 0.5
    return bool(best.worth - other.worth > max(MARGIN, ERRORS * error))


def by_evidence(columns: tuple[Column, ...], frame: pd.DataFrame, kept: frozenset[str]) -> tuple[Column, ...]:
    """The columns, where columns of numbers have the family that describes them best.

    Args:
        columns: complete, with the families of the paper's rules.
        frame: the table.
        kept: names of columns whose family stays.
    """
    asked = told(columns, "choosing likelihoods")
    return tuple(column if column.name in kept else _described(column, frame[column.name]) for column in asked)


def _described(column: Column, cells: pd.Series) -> Column:
    if column.role != "feature" or column.discrete or not column.is_number:
        return column
    with warnings.catch_warnings(action="ignore"):
        # what is strange in the cells was said when the column was described
        values = column.encode(cells)
    values = values[~np.isnan(values)]
    if len(values) < FEWEST:
        return column
    judged = judge(values)
    best = chosen(judged, str(column.likelihood))
    if best is None:
        return column
    own = next(one for one in judged if one.family == column.likelihood)
    reason = (
        f"held-out cells are {best.nats - own.nats:.2f} nats likelier, each, than under {own.family} ({column.reason})"
    )
    note = "" if "no continuous likelihood fits well" in column.note else column.note
    return dataclasses.replace(column, likelihood=best.family, reason=reason, rule="evidence", note=note)


def _judged(
    likelihood: "Likelihood",
    learned: Float[np.ndarray, " learned"],
    held_out: Float[np.ndarray, " held_out"],
    grid: Grid,
) -> Float[np.ndarray, " held_out"]:
    """The log-likelihood of every held-out cell under the marginal distribution of those that are learned."""
    # JAX comes with the first column that is judged, not with this module
    from evenvae.likelihoods.evaluation import log_density

    points = grid.low + grid.step * np.arange(HELD_OUT)
    density = log_density(likelihood, learned, np.concatenate([np.resize(held_out, HELD_OUT), points]))
    by_cell = density[: len(held_out)]
    if grid.steps < HELD_OUT:
        # a density that is high at the points of the grid and low between them is no probability of these points
        inside = special.logsumexp(density[HELD_OUT:][: grid.steps + 1]) + np.log(grid.step)
        by_cell = by_cell - max(inside, 0)
    # nor is one value more probable than 1
    return np.clip(by_cell + np.log(grid.width), LEAST, 0)
