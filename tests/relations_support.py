"""Tables whose columns are functions of each other, as the search for relations sees them."""

import numpy as np
import pandas as pd

from evenvae.tables import Schema
from evenvae.tables.derived.plan import cells_of
from evenvae.tables.relations.seen import Seen, seen_columns


def seen(frame: pd.DataFrame, **overrides) -> dict[str, Seen]:
    """The columns of a table by name."""
    schema = Schema.infer(frame, overrides=overrides, formulas=False)
    cells = [cells_of(column.encode(frame[column.name]), column) for column in schema.features]
    return {one.column.name: one for one in seen_columns(schema.features, cells)}


def formulas(frame: pd.DataFrame, **overrides) -> dict[str, str]:
    """The formulas that are found in a table, by column."""
    found = Schema.infer(frame, overrides=overrides)
    return {column.name: column.formula for column in found.columns if column.formula}


def trips(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Trips with a column for every kind of relation."""
    rng = np.random.default_rng(seed)
    clock = rng.integers(5, 24, rows) * 100 + rng.integers(0, 60, rows)
    left = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    miles = np.round(np.exp(rng.normal(3, 1, rows)), 1)
    fare, tip = np.round(rng.gamma(3, 4, rows), 2), np.round(rng.gamma(2, 1, rows), 2)
    code = rng.choice(["DE-BN", "DE-CE", "FR-PA", "FR-LY", "IT-RO"], rows)
    return pd.DataFrame(
        {
            "clock": clock,
            "hour": clock // 100,
            "minute": clock % 100,
            "left": left,
            "month": left.month,
            "weekday": left.day_name(),
            "miles": miles,
            "km": np.round(1.609 * miles, 1),
            "fare": fare,
            "tip": tip,
            "total": np.round(fare + tip, 2),
            "code": code,
            "country": [text[:2] for text in code],
            "town": pd.Series(code).map(
                {"DE-BN": "Bonn", "DE-CE": "Celle", "FR-PA": "Paris", "FR-LY": "Lyon", "IT-RO": "Rome"}
            ),
            "again": code,
            "far": np.where(miles < 12, "near", np.where(miles < 40, "middle", "far")),
            "mood": rng.choice(["good", "bad"], rows),
        }
    )
