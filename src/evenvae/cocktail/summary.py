"""From the runs of a sweep to a ranking and a choice."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from evenvae.cocktail.balances import PLAIN
from evenvae.cocktail.store import Store
from evenvae.cocktail.sweep import Sweep
from evenvae.metrics import corrected_paired_t_test

SELECTIONS = ("median", "mean", "careful")
FIGURES = {
    "reconstruct": "validation error, mean over columns",
    "impute": "validation error on hidden cells, mean over columns",
    "score": "validation loss, nats a row",
    "sample": "validation loss, nats a row",
}
TESTED = {
    "reconstruct": ("test_error", 1),
    "impute": ("test_hidden_error", 1),
    "score": ("test_log_likelihood", -1),
    "sample": ("test_log_likelihood", -1),
}
"""By purpose, the test figure of a run and its sign: less is better throughout."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """``table`` has a row a combination, best first; ``columns`` a row a table's column with a column a
    combination (medians over seeds); ``chosen`` is None where nothing could be trained.
    """

    table: pd.DataFrame
    columns: pd.DataFrame
    chosen: str | None
    purpose: str
    select: str
    test_over_train: float

    @property
    def figure(self) -> str:
        """What is compared, in words."""
        return FIGURES[self.purpose]


def summarise(store: Store, sweep: Sweep, *, purpose: str, select: str, test_over_train: float) -> Summary:
    """Rank the combinations of a sweep by their validation figures and compare them with the plain one.

    ``select``: by the ``median`` over seeds, which one lucky or unlucky seed does not move; by the ``mean``; or
    ``careful``: half of median and mean, and one deviation, which keeps combinations back that fail now and then.
    Ties go to the lower mean. A combination with failed runs stands behind all without.

    The test against plain is paired over seeds and corrected for their overlapping rows (Nadeau and Bengio, 2003);
    it uses test figures where rows were kept for testing, and validation figures else. ``test_over_train`` is the
    share of rows tested on over rows learned from.
    """
    runs: Any = store.runs()
    runs = runs[runs["balance"].isin(sweep.balances) & runs["seed"].isin(sweep.seeds)].copy()
    tested = "test_error" if purpose in ("reconstruct", "impute") else "test_log_likelihood"
    tested = tested if runs[tested].notna().any() else None
    rows = [describe(balance, runs[runs["balance"] == balance], tested) for balance in sweep.balances]
    table = pd.DataFrame(rows)
    measure = tested or "figure"
    plain = _by_seed(runs, PLAIN, measure)
    for balance in table["balance"]:
        here = table["balance"] == balance
        difference, t, p = against(plain, _by_seed(runs, balance, measure), test_over_train)
        if balance != PLAIN:
            table.loc[here, ["less_than_plain", "t", "p"]] = difference, t, p
    table["rank_by"] = score(table, select)
    table = table.sort_values(["failed", "rank_by", "mean"], kind="stable", na_position="last").reset_index(drop=True)
    usable: Any = table[table["rank_by"].notna() & np.isfinite(table["rank_by"])]
    chosen = None if usable.empty else str(usable["balance"].iloc[0])
    return Summary(table, by_column(store, table["balance"]), chosen, purpose, select, test_over_train)


def describe(balance: str, runs: pd.DataFrame, measure: str) -> dict[str, Any]:
    """Number of runs, and median, mean, deviation (over runs that did not fail) and best of their figures."""
    good: Any = runs.loc[runs["status"] == "done"]
    row: dict[str, Any] = {
        "balance": balance,
        "runs": len(good),
        "failed": int((runs["status"] == "failed").sum()),
        **_spread(good["figure"].to_numpy(float), ""),
    }
    if measure == "tested":
        row |= _spread(good["tested"].to_numpy(float), "test_")
    return row


def _spread(values: np.ndarray, prefix: str) -> dict[str, float]:
    if not values.size:
        return dict.fromkeys((f"{prefix}median", f"{prefix}mean", f"{prefix}deviation", f"{prefix}best"), np.nan)
    deviation = float(values.std(ddof=1)) if values.size > 1 else np.nan
    return {
        f"{prefix}median": float(np.median(values)),
        f"{prefix}mean": float(values.mean()),
        f"{prefix}deviation": deviation,
        f"{prefix}best": float(values.min()),
    }


def score(table: pd.DataFrame, select: str) -> Any:
    """What combinations are ranked by; lower is better."""
    if select == "careful":
        return (table["median"] + table["mean"]) / 2 + table["deviation"].fillna(0)
    return table[select]


def against(plain: dict[int, float], other: dict[int, float], test_over_train: float) -> tuple[float, float, float]:
    """Mean of plain minus other over the seeds that both have, t and p; nan where there are fewer than two."""
    seeds = sorted(plain.keys() & other.keys())
    differences = np.array([plain[seed] - other[seed] for seed in seeds])
    if len(seeds) < 2:
        return (float(differences.mean()) if len(seeds) else np.nan), np.nan, np.nan
    return float(differences.mean()), *corrected_paired_t_test(differences, test_over_train)


def _by_seed(runs: pd.DataFrame, balance: str, measure: str) -> dict[int, float]:
    rows = runs[(runs["balance"] == balance) & (runs["status"] == "done") & runs[measure].notna()]
    return dict(zip(rows["seed"].astype(int), rows[measure].astype(float), strict=True))


def by_column(store: Store, balances: Any) -> pd.DataFrame:
    """Medians over seeds of every measure and column, a column a combination."""
    cells = store.columns()
    if cells.empty:
        return pd.DataFrame(columns=["measure", "column", *balances])
    wide: Any = cells.groupby(["measure", "place", "column", "balance"])["value"].median().unstack("balance")
    wide = wide.reset_index()
    return wide[["measure", "column", *[name for name in balances if name in wide]]]
