"""The summary of a search as files: two tables, one JSON document and a box plot."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenvae.io.atomic import open_whole, write_text
from evenvae.search.balances import PLAIN
from evenvae.search.choice import PURPOSE
from evenvae.search.store import Store
from evenvae.search.summary import Summary

SUMMARY, COLUMNS, DOCUMENT, PICTURE = "summary.csv", "columns.csv", "summary.json", "figures.png"


def write_report(folder: Path, store: Store, summary: Summary, runs: pd.DataFrame) -> None:
    """Write ``summary.csv``, ``columns.csv``, ``summary.json``, and ``figures.png`` where matplotlib is installed.

    The CSV files depend on data, options and seeds alone: the same search writes the same bytes.

    Args:
        folder: of the search.
        store: its results.
        summary: what `summarise` gives.
        runs: what `summary.measured_runs` gives.
    """
    write_text(folder / SUMMARY, summary.table.to_csv(index=False))
    write_text(folder / COLUMNS, summary.columns.to_csv(index=False))
    write_text(folder / DOCUMENT, json.dumps(document(store, summary), indent=2) + "\n")
    if find_spec("matplotlib") is not None:
        with open_whole(folder / PICTURE) as file:
            box_plot(runs, summary).savefig(file, format="png", dpi=110)


def document(store: Store, summary: Summary) -> dict[str, Any]:
    """The whole summary for JSON, with settings, versions and training time."""
    noted = store.noted()
    runs = store.runs()
    return {
        "chosen": summary.chosen,
        "figure": summary.figure,
        "purpose": summary.purpose,
        "measure": summary.measure,
        "select": summary.select,
        "test_over_train": summary.test_over_train,
        "settings": {name: noted[name] for name in ("options", "test_fraction", "bundle", "steps", "halving")}
        | {"seeds": list(summary.seeds)},
        "versions": noted["versions"],
        "seconds": float(runs["seconds"].sum()),
        "combinations": _records(summary.table),
        "columns": _records(summary.columns),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records", double_precision=15))


def column_costs(summary: Summary) -> pd.DataFrame:
    """For every column the median error of the plain combination and of the chosen one.

    It is empty where the plain combination did not run or was chosen.
    """
    known: Any = summary.columns
    hidden = summary.measure == "hidden-error" or (summary.measure == PURPOSE and summary.purpose == "impute")
    wanted = ("test" if (known["rows"] == "test").any() else "validation", "hidden_error" if hidden else "error")
    part = known[(known["rows"] == wanted[0]) & (known["measure"] == wanted[1])]
    if summary.chosen not in part or PLAIN not in part or summary.chosen == PLAIN:
        return pd.DataFrame(columns=["column", "plain", "chosen"])
    return pd.DataFrame({"column": part["column"], "plain": part[PLAIN], "chosen": part[summary.chosen]})


def box_plot(runs: pd.DataFrame, summary: Summary) -> Any:
    """A box plot over all seeds with one box for every combination, the best on top.

    A second panel shows what was measured on test rows, where there are any.
    """
    from matplotlib.figure import Figure

    order = list(summary.table["balance"])
    good: Any = runs[(runs["status"] == "done") & np.isfinite(runs["figure"].astype(float))]
    panels = [("figure", summary.figure)]
    if summary.tested is not None:
        panels.append(("tested", f"{summary.tested}, on test rows"))
    drawn = Figure(figsize=(5.2 * len(panels) + 2, 0.36 * len(order) + 1.2), layout="constrained")
    for place, (name, title) in enumerate(panels):
        axes = drawn.add_subplot(1, len(panels), place + 1)
        values = [good.loc[good["balance"] == balance, name].to_numpy(float) for balance in order]
        axes.boxplot(values, orientation="horizontal", widths=0.55, medianprops={"color": "#1f77b4"})
        for row, points in enumerate(values):
            axes.plot(points, np.full(len(points), row + 1), ".", color="#444444", markersize=4, alpha=0.7)
        axes.set_yticks(np.arange(1, len(order) + 1), order if place == 0 else [""] * len(order))
        axes.invert_yaxis()
        axes.set_xlabel(title)
        axes.spines[["top", "right"]].set_visible(False)
    return drawn
