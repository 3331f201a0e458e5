"""``evenvae demo``: what balancing changes, on a real table that needs no network."""

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenvae.cli.common import number, print_table
from evenvae.errors import InputError
from evenvae.places import write_text

PLAIN, BALANCED = "none", "auto"


def run(out: Path, quick: bool) -> None:
    """Train plain and balanced, and an imputing model; print the tables; write ``report.html``."""
    if find_spec("statsmodels") is None:
        raise InputError("The demo needs statsmodels: pip install 'evenvae[demo]'.")
    from evenvae import EvenVAE, datasets, report

    report.check_installed()
    began = time.perf_counter()
    data = datasets.load("rand-hie")
    order = np.random.default_rng(0).permutation(len(data.table))
    cut = int(0.8 * len(order))
    train, test = data.table.iloc[order[:cut]], data.table.iloc[order[cut:]]
    print(f"{data.title}: {len(train)} rows to learn from, {len(test)} to test on, "
          f"{len(data.schema.features)} columns")  # fmt: skip
    epochs = 8 if quick else 80
    fitted = {}
    for balance in (PLAIN, BALANCED):
        model = EvenVAE(schema=data.schema, balance=balance, preset="paper", init="marginals", epochs=epochs,
                        verbose=True)  # fmt: skip
        fitted[balance] = model.fit(train)
    imputer = EvenVAE(schema=data.schema, purpose="impute", epochs=4 if quick else 40, verbose=True).fit(train)
    evidence = report.gather(fitted[BALANCED], test, beside=fitted[PLAIN], imputer=imputer)
    comparison = compare(evidence.beside, evidence.evaluation)
    print("\nWhat is reconstructed (error on test rows; 1.00 of the baseline means: not learned at all)")
    print_comparison(comparison)

    found = evidence.imputation
    imputation = pd.DataFrame({"column": evidence.names, "error": found.error, "baseline": found.baseline})
    print("\nHow well hidden cells are found again (a fifth of the test cells hidden)")
    rows = [[r["column"], number(r["error"]), number(r["baseline"])] for r in imputation.to_dict("records")]
    rows.append(["mean", number(imputation.error.mean()), number(imputation.baseline.mean())])
    print_table("", ["column", "EvenVAE", "mean or most frequent"], rows)

    out.mkdir(exist_ok=True)
    comparison.to_csv(out / "reconstruction.csv", index=False)
    imputation.to_csv(out / "imputation.csv", index=False)
    page = report.render(evidence, report.build(evidence), title=data.title, source=data.citation)
    write_text(out / "report.html", page)
    print(f"\n{out}/report.html and the two tables are written ({time.perf_counter() - began:.0f} s)")


def compare(plain: pd.DataFrame, balanced: pd.DataFrame) -> pd.DataFrame:
    """Errors of both methods, column by column, beside the baseline."""
    return pd.DataFrame({
        "column": plain.column,
        "likelihood": plain.likelihood,
        "baseline": plain.baseline,
        "plain": plain.error,
        "balanced": balanced.error,
        "plain_ratio": plain.ratio,
        "balanced_ratio": balanced.ratio,
    })  # fmt: skip


def print_comparison(comparison: pd.DataFrame) -> None:
    """The comparison as a table, with the mean below."""
    rows = [
        [r["column"], r["likelihood"], *(number(r[name]) for name in ("baseline", "plain", "balanced")),
         *(number(r[name], 2) for name in ("plain_ratio", "balanced_ratio"))]
        for r in comparison.to_dict("records")
    ]  # fmt: skip
    mean = comparison.mean(numeric_only=True)
    rows.append(["mean", "", number(mean.baseline), number(mean.plain), number(mean.balanced), "", ""])
    header = ["column", "likelihood", "baseline", "plain", "balanced", "plain/base", "balanced/base"]
    print_table("", header, rows, left=2)


def figure(comparison: pd.DataFrame) -> Any:
    """Bars of error over baseline, plain against balanced."""
    from matplotlib.figure import Figure

    places = np.arange(len(comparison))
    drawn = Figure(figsize=(8, 0.42 * len(comparison) + 1.2), layout="constrained")
    axes = drawn.subplots()
    axes.barh(places - 0.19, comparison.plain_ratio, 0.36, label="plain", color="#b0b7c3")
    axes.barh(places + 0.19, comparison.balanced_ratio, 0.36, label="balanced", color="#1f77b4")
    axes.axvline(1, color="#777777", linewidth=1, linestyle="--")
    axes.set_yticks(places, comparison.column)
    axes.invert_yaxis()
    axes.set_xlabel("error / error of the mean or most frequent level (1 = not learned)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return drawn
