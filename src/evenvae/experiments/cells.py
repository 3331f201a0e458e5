"""The content of one cell of a table, from a finished search."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenvae.search import PLAIN, Store
from evenvae.search.report import DOCUMENT
from evenvae.search.summary import against, by_seed

ERRORS = ("error_by_mode", "error", "error_by_mean")
"""Errors of reconstruction by the mode (as in the paper), the default point estimate and the mean."""
KEPT = (*ERRORS, "worst", "log_likelihood")


def cell_of(folder: Path) -> dict[str, Any]:
    """Errors on test rows, the test of the chosen combination against the plain one, settings, versions and seconds.

    ``errors`` holds for each of `ERRORS` the values of the plain and the chosen combination, one for every seed, and
    ``p``, which is None where the plain combination was chosen or there is only one seed.

    Args:
        folder: of the search.
    """
    summary = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
    store = Store(folder)
    runs = store.runs()
    store.close()
    listed = [row["balance"] for row in summary["combinations"]]
    runs = runs[runs["balance"].isin(listed) & runs["seed"].isin(summary["settings"]["seeds"])]
    chosen, ratio = summary["chosen"], summary["test_over_train"]
    return {
        "chosen": chosen,
        "errors": {name: _compared(runs, chosen, f"test_{name}", ratio) for name in ERRORS},
        "combinations": [_described(name, runs[runs["balance"] == name]) for name in listed],
        "test_over_train": ratio,
        "settings": summary["settings"],
        "versions": summary["versions"],
        "seconds": float(runs["seconds"].sum()),
        "finished": str(runs["finished"].max()),
    }


def _compared(runs: pd.DataFrame, chosen: str, measure: str, test_over_train: float) -> dict[str, Any]:
    plain, other = by_seed(runs, PLAIN, measure), by_seed(runs, chosen, measure)
    p = against(plain, other, test_over_train)[2] if chosen != PLAIN else np.nan
    return {"plain": list(plain.values()), "chosen": list(other.values()), "p": None if np.isnan(p) else p}


def _described(name: str, runs: pd.DataFrame) -> dict[str, Any]:
    good: Any = runs[runs["status"] == "done"]
    medians = {kept: _median(good[f"test_{kept}"]) for kept in KEPT if f"test_{kept}" in good}
    failed = int((runs["status"] == "failed").sum())
    return {"balance": name, "runs": len(good), "failed": failed, "validation": _median(good["figure"]), **medians}


def _median(values: pd.Series) -> float | None:
    known = values.astype(float).dropna()
    return float(known.median()) if len(known) else None
