"""A missing source, chosen so that it agrees with the known columns that are computed from it.

Where a single source of a formula is missing and the computed cell is known, the source is moved to the nearest value
from which the formula gives the known cell: the inverse of a sum or of a product by a constant, the nearest value in a
bin or with the same leading digits, a level of a lookup. A source that cannot be moved so stays as it is.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.tables.columns.level import loose_form
from evenvae.tables.derived.plan import Derivation, cells_of, encoded, on_grid, same
from evenvae.tables.derived.work import Work
from evenvae.tables.formulas import Cells, evaluate
from evenvae.tables.formulas.inverting import Range, linear, preimage
from evenvae.tables.formulas.tree import Arithmetic, Call, Formula, Name, Node, Table
from evenvae.tables.schema.column import Column


def pull(work: Work, derivations: Sequence[Derivation]) -> None:
    """Move missing sources, those of the last computed columns first; rows where that succeeds count as known."""
    names = [derivation.column.name for derivation in derivations]
    sources = dict.fromkeys(name for one in derivations for name in one.sources if name in work.place)
    for name in sorted(sources, key=lambda name: -names.index(name) if name in names else 1):
        users = sorted((one for one in derivations if name in one.sources), key=_looseness)
        _pull_one(work, name, users)


def _pull_one(work: Work, name: str, users: Sequence[Derivation]) -> None:
    """Move one source so that it agrees with as many of its ``users`` as can be, the strictest first."""
    place, settled = work.place[name], np.zeros(len(work.values), bool)
    agreed: list[tuple[Derivation, Bool[np.ndarray, " N"]]] = []
    for derivation in users:
        own = work.values[:, work.place[derivation.column.name]]
        rows = work.known(derivation.column.name) & ~work.known(name) & ~np.isnan(work.values[:, place])
        for other in derivation.sources:
            rows = rows & (work.known(other) if other != name else True)
        if not rows.any():
            continue
        moved = _moved(work, derivation, name, own)
        if moved is None:
            continue
        good = rows & same(work.computed(derivation, {name: moved}), own)
        for before, where in agreed:
            kept = work.values[:, work.place[before.column.name]]
            good &= ~where | same(work.computed(before, {name: moved}), kept)
        work.values[good, place] = moved[good]
        agreed.append((derivation, good))
        settled |= good
    work.known(name)[settled] = True


def _moved(
    work: Work, derivation: Derivation, name: str, own: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " N"] | None:
    """The values of a source from which the formula gives ``own``; None where its form is not inverted."""
    source = derivation.sources[name]
    present = work.source(derivation, name)
    if source.discrete:
        return _level(derivation, name, own, present) if len(derivation.sources) == 1 else None
    cells = work.cells(derivation)
    rows = len(work.values)

    def value(node: Node) -> Float[np.ndarray, " N"]:
        names = tuple((name, 0) for name in cells)
        part = Formula(derivation.formula.text, derivation.formula.what, node, names)
        return np.broadcast_to(evaluate(part, cells).values, (rows,))

    half = 0.0 if derivation.column.decimals is None else 0.5 * 10.0**-derivation.column.decimals
    wanted = Range(own - half, own + half) if linear(derivation.formula.root) is not None else Range(own, own)
    code = lambda label: float(encoded(Cells.of_constant(label), derivation.column)[0])
    found = preimage(derivation.formula.root, name, wanted, value, code)
    return None if found is None else _nearest(present, found, source)


def _nearest(present: Float[np.ndarray, " N"], found: Range, column: Column) -> Float[np.ndarray, " N"]:
    """The nearest value in a range, on the grid of the column."""
    low, high = found.low, found.high
    if column.decimals is not None:
        unit = 10.0**column.decimals
        low = np.ceil(np.round(low * unit, 6)) / unit
        top = np.round(high * unit, 6)
        high = (np.ceil(top) - 1 if found.open else np.floor(top)) / unit
    elif found.open:
        high = np.nextafter(high, -np.inf)
    return on_grid(np.clip(present, low, np.maximum(low, high)), column)


def _level(
    derivation: Derivation, name: str, own: Float[np.ndarray, " N"], present: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " N"]:
    """The present level where it agrees, else the level that agrees and comes first in the formula or the column."""
    column = derivation.sources[name]
    of_level = derivation.computed({name: cells_of(np.arange(float(column.cardinality)), column)}, column.cardinality)
    order = _order(derivation, column)
    wanted, place = np.unique(own, return_inverse=True)
    agree = same(of_level[order][None, :], wanted[:, None])
    first = np.where(agree.any(axis=1), order[agree.argmax(axis=1)], np.nan)
    fits = same(of_level[np.nan_to_num(present).astype(int)], own)
    return np.where(fits, present, first[place.reshape(-1)])


def _order(derivation: Derivation, column: Column) -> Int[np.ndarray, " levels"]:
    """The levels of a source, those first that a lookup lists first."""
    root = derivation.formula.root
    order = np.arange(column.cardinality)
    if not (isinstance(root, Call) and root.function == "lookup" and isinstance(root.arguments[1], Table)):
        return order
    places = {loose_form(key): place for place, key in enumerate(root.arguments[1].keys)}
    return order[np.argsort([places.get(loose_form(level), len(places)) for level in column.levels], kind="stable")]


def _looseness(derivation: Derivation) -> int:
    """Equal and sums before bins and leading digits, these before remainders."""
    root = derivation.formula.root
    if isinstance(root, Name) or linear(root) is not None:
        return 0
    return 2 if isinstance(root, Arithmetic) and any(sign == "%" for sign, *_ in root.rest) else 1
