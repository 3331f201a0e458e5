"""From the runs of a search to a ranking and a choice."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from evenvae.fitted.evaluation import ratio_of, worst_of
from evenvae.metrics import corrected_paired_t_test
from evenvae.search import choice
from evenvae.search.balances import PLAIN
from evenvae.search.store import Store
from evenvae.search.sweep import Sweep


@dataclasses.dataclass(frozen=True)
class Summary:
    """The result of a search. All numbers are better the lower they are.

    Attributes:
        table: one row for every combination, the best first.
        columns: one row for every group of rows, measure and column of the table, one column for every combination;
            medians over seeds.
        chosen: the best combination; None where nothing could be trained.
        purpose: what the model is for.
        measure: what was chosen by.
        select: how the runs of several seeds were summarised.
        seeds: of every combination.
        test_over_train: number of test rows divided by the number of training rows.
    """

    table: pd.DataFrame
    columns: pd.DataFrame
    chosen: str | None
    purpose: str
    measure: str
    select: str
    seeds: tuple[int, ...]
    test_over_train: float

    @property
    def figure(self) -> str:
        """What combinations are compared by, in words."""
        return f"{choice.words(self.measure, self.purpose)}, on validation rows"

    @property
    def tested(self) -> str | None:
        """What was measured on test rows, in words; None where no rows were kept for testing."""
        return choice.tested(self.measure, self.purpose).words if "test_median" in self.table else None


def summarise(
    store: Store,
    sweep: Sweep,
    *,
    purpose: str,
    select: str = "median",
    measure: str = choice.PURPOSE,
    test_over_train: float = 2 / 7,
) -> Summary:
    """Rank the combinations of a search by a measure on validation rows, and compare them with the plain one.

    Of combinations that are equally good the one with the lower mean is ranked first. A combination with failed runs is
    ranked behind all combinations without.

    The test against the plain combination is paired over seeds and corrected for their overlapping rows (Nadeau and
    Bengio, 2003). It uses test rows where some were kept, and validation rows otherwise.

    Args:
        store: the results.
        sweep: the settings.
        purpose: of the models.
        select: ``"median"`` over seeds, which one lucky or unlucky seed does not move; ``"mean"``; or ``"careful"``,
            the mean of median and mean, plus one standard deviation, which ranks unreliable combinations low.
        measure: ``"purpose"``, the validation metric by which training stopped, or one of `choice.MEASURES`.
        test_over_train: number of rows tested on divided by the number of rows learned from.
    """
    runs: Any = measured_runs(store, sweep, purpose, measure)
    on = "tested" if runs["tested"].notna().any() else "figure"
    table = pd.DataFrame([describe(b, runs[runs["balance"] == b], on == "tested") for b in sweep.balances])
    plain = by_seed(runs, PLAIN, on)
    tests = [
        against(plain if balance != PLAIN else {}, by_seed(runs, balance, on), test_over_train)
        for balance in table["balance"]
    ]
    table[["less_than_plain", "t", "p"]] = np.array(tests, float)
    table["rank_by"] = score(table, select)
    table = table.sort_values(["failed", "rank_by", "mean"], kind="stable", na_position="last").reset_index(drop=True)
    usable: Any = table[np.isfinite(table["rank_by"])]
    chosen = None if usable.empty else str(usable["balance"].iloc[0])
    columns = by_column(store, sweep, table["balance"])
    table = table.join(beside_plain(columns, runs, table["balance"]))
    return Summary(table, columns, chosen, purpose, measure, select, sweep.seeds, test_over_train)


def measured_runs(store: Store, sweep: Sweep, purpose: str, measure: str = choice.PURPOSE) -> pd.DataFrame:
    """One row for every run of a search.

    The column ``figure`` holds what is compared, and ``tested`` what was measured on test rows.
    """
    runs: Any = store.runs()
    runs = runs[runs["balance"].isin(sweep.balances) & runs["seed"].isin(sweep.seeds)].copy()
    read = lambda rows, what: what.sign * runs.get(f"{rows}_{what.name}", pd.Series(np.nan, runs.index)).astype(float)
    runs["tested"] = read("test", choice.tested(measure, purpose))
    if measure != choice.PURPOSE:
        runs["figure"] = read("validation", choice.MEASURES[measure])
    runs["figure"] = runs["figure"].astype(float)
    return runs


def describe(balance: str, runs: pd.DataFrame, tested: bool) -> dict[str, Any]:
    """How many runs a combination has and how many failed; median, mean, deviation and best of those that did not."""
    good: Any = runs.loc[runs["status"] == "done"]
    row: dict[str, Any] = {
        "balance": balance,
        "runs": len(good),
        "failed": int((runs["status"] == "failed").sum()),
        **_spread(good["figure"].to_numpy(float), ""),
    }
    if tested:
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
    """What combinations are ranked by, one number for every row; lower is better."""
    if select == "careful":
        return (table["median"] + table["mean"]) / 2 + table["deviation"].fillna(0)
    return table[select]


def against(plain: dict[int, float], other: dict[int, float], test_over_train: float) -> tuple[float, float, float]:
    """Mean of plain minus other over the seeds that both have, with t and p; these are nan for fewer than two seeds."""
    seeds = sorted(plain.keys() & other.keys())
    differences = np.array([plain[seed] - other[seed] for seed in seeds])
    if len(seeds) < 2:
        return (float(differences.mean()) if len(seeds) else np.nan), np.nan, np.nan
    return float(differences.mean()), *corrected_paired_t_test(differences, test_over_train)


def beside_plain(columns: pd.DataFrame, runs: pd.DataFrame, balances: Any) -> pd.DataFrame:
    """What a combination does to single columns and to the likelihood, beside the plain one; a row for each.

    ``worst_regret`` is the largest ratio of a column's error (medians over seeds) to plain's, ``regret_of`` its column,
    and ``nats`` the median over seeds by which the log-likelihood of a row is higher than plain's. On test rows where
    some were kept, else on validation rows; nan where nothing was measured, or plain was not tried.
    """
    known: Any = columns
    rows = "test" if (known["rows"] == "test").any() else "validation"
    errors = known[(known["rows"] == rows) & (known["measure"] == "error")].set_index("column")
    found = []
    for balance in balances:
        row: dict[str, Any] = {"worst_regret": np.nan, "regret_of": None, "nats": np.nan}
        if balance in errors and PLAIN in errors:
            own, plain = errors[balance].to_numpy(float), errors[PLAIN].to_numpy(float)
            worst, column = worst_of(list(errors.index), ratio_of(own, plain, both_zero=1.0))
            row |= {"worst_regret": np.nan if worst is None else worst, "regret_of": column}
        measure = f"{rows}_log_likelihood"
        if measure in runs:
            own, plain = (by_seed(runs, name, measure) for name in (balance, PLAIN))
            both = sorted(own.keys() & plain.keys())
            row["nats"] = float(np.median([own[seed] - plain[seed] for seed in both])) if both else np.nan
        found.append(row)
    return pd.DataFrame(found, index=balances.index)


def by_seed(runs: pd.DataFrame, balance: str, measure: str) -> dict[int, float]:
    """What was measured of a combination, by seed, for the runs that did not fail."""
    rows = runs[(runs["balance"] == balance) & (runs["status"] == "done") & runs[measure].notna()]
    return dict(zip(rows["seed"].astype(int), rows[measure].astype(float), strict=True))


def by_column(store: Store, sweep: Sweep, balances: Any) -> pd.DataFrame:
    """Medians over seeds of everything that was measured of columns, with one column for every combination."""
    cells: Any = store.columns()
    cells = cells[cells["balance"].isin(balances) & cells["seed"].isin(sweep.seeds)]
    if cells.empty:
        return pd.DataFrame(columns=["rows", "measure", "column", *balances])
    wide: Any = cells.groupby(["rows", "measure", "place", "column", "balance"])["value"].median().unstack("balance")
    wide = wide.reset_index()
    return wide[["rows", "measure", "column", *[name for name in balances if name in wide]]]
