"""``evenvae demo``: what balancing changes, on a real table that needs no network."""

import base64
import io
import time
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd

from evenvae.cli.common import number, print_table
from evenvae.errors import InputError

PLAIN, BALANCED = "none", "imtl-g+pcgrad"


def run(out: Path, quick: bool) -> None:
    """Train plain and balanced, and an imputing model; print the tables; write ``report.html``."""
    if find_spec("matplotlib") is None or find_spec("statsmodels") is None:
        raise InputError("The demo needs matplotlib and statsmodels: pip install 'evenvae[demo]'.")
    from evenvae import EvenVAE, datasets, metrics, tables

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
        fitted[balance] = model.fit(train).evaluate(test)
    comparison = compare(fitted[PLAIN], fitted[BALANCED])
    print("\nWhat is reconstructed (error on test rows; 1.00 of the baseline means: not learned at all)")
    print_comparison(comparison)

    imputer = EvenVAE(schema=data.schema, purpose="impute", epochs=4 if quick else 40, verbose=True).fit(train)
    encoded = tables.encode(test, data.schema)
    hidden = metrics.hide(encoded.observed, 0.2, np.random.default_rng(1))
    holes = tables.decode(np.where(hidden, np.nan, encoded.values), data.schema)
    _, (imputed,) = imputer.impute_values(holes)
    space = imputer.space_
    score = lambda guess: metrics.column_errors(
        encoded.values, guess, hidden, space.layout.nominal, space.high - space.low
    )
    imputation = pd.DataFrame({
        "column": [c.name for c in data.schema.features],
        "error": score(imputed),
        "baseline": score(np.broadcast_to(space.baseline, imputed.shape)),
    })  # fmt: skip
    print("\nHow well hidden cells are found again (a fifth of the test cells hidden)")
    rows = [[r["column"], number(r["error"]), number(r["baseline"])] for r in imputation.to_dict("records")]
    rows.append(["mean", number(imputation.error.mean()), number(imputation.baseline.mean())])
    print_table("", ["column", "EvenVAE", "mean or most frequent"], rows)

    out.mkdir(parents=True, exist_ok=True)
    comparison.to_csv(out / "reconstruction.csv", index=False)
    imputation.to_csv(out / "imputation.csv", index=False)
    report = page(data, comparison, imputation, fitted)
    (out / "report.html").write_text(report, encoding="utf-8")
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


PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>EvenVAE: $title</title>
<style>
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
img { max-width: 100%; height: auto; background: white; border-radius: 6px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
</style></head><body>
<h1>$title</h1>
<p>Two autoencoders with the same network, data and seed. One sums the columns' gradients, the other balances them
(<code>$balanced</code>). Mean error on test rows: <b>$plain_error plain, $balanced_error balanced</b>. The average
hides victims, so every column is shown; held-out log-likelihood is $plain_likelihood plain and
$balanced_likelihood balanced (nats a row, higher is better).</p>
<img alt="Error over baseline, by column" src="data:image/png;base64,$picture">
<h2>What is reconstructed</h2><div class="wide">$comparison</div>
<h2>How well hidden cells are found again</h2>
<p>A third model, trained to impute; a fifth of the test cells was hidden.</p>
<div class="wide">$imputation</div>
<p>Error: RMSE / range of numbers, error rate of levels. Baseline: the column's mean or most frequent level.</p>
<p><small>$citation</small></p>
</body></html>
""")


def page(data: Any, comparison: pd.DataFrame, imputation: pd.DataFrame, fitted: dict[str, pd.DataFrame]) -> str:
    """The report as one self-contained page."""
    buffer = io.BytesIO()
    figure(comparison).savefig(buffer, format="png", dpi=150)
    table = lambda frame: frame.to_html(index=False, float_format=lambda v: f"{v:.3f}", border=0)
    return PAGE.substitute(
        title=data.title,
        balanced=BALANCED,
        plain_error=number(fitted[PLAIN].attrs["error"]),
        balanced_error=number(fitted[BALANCED].attrs["error"]),
        plain_likelihood=number(fitted[PLAIN].attrs["log_likelihood"], 2),
        balanced_likelihood=number(fitted[BALANCED].attrs["log_likelihood"], 2),
        picture=base64.b64encode(buffer.getvalue()).decode(),
        comparison=table(comparison),
        imputation=table(imputation),
        citation=data.citation,
    )
