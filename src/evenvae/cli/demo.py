"""``evenvae demo``: what balancing changes, on a real table that is installed with a package."""

import contextlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenvae.cli.app import Json, app
from evenvae.cli.common import number, print_table, use_cores
from evenvae.cli.ending import Clock
from evenvae.errors import InputError
from evenvae.io.atomic import check_folder, write_text

if TYPE_CHECKING:
    import pandas as pd

PLAIN, BALANCED = "none", "auto"


@app.command(epilog="Example: evenvae demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for report.html and the tables.")] = Path(
        "evenvae-demo"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Train for a tenth of the epochs.")] = False,
    as_json: Json = False,
) -> None:
    """Plain and balanced training on a real table, column by column, and how well hidden cells are imputed."""
    check_folder(out)
    use_cores(2)
    if not as_json:
        run(out, quick)
        return
    with contextlib.redirect_stdout(sys.stderr):
        found = run(out, quick)
    typer.echo(
        json.dumps({name: json.loads(table.to_json(orient="records")) for name, table in found.items()}, indent=2)
    )


def run(out: Path, quick: bool) -> "dict[str, pd.DataFrame]":
    """Train a plain, a balanced and an imputing model; print and return the tables; write ``report.html``."""
    if find_spec("statsmodels") is None:
        raise InputError("The demo needs statsmodels: pip install 'evenvae[demo]'.")
    import numpy as np
    import pandas as pd

    from evenvae import EvenVAE, datasets, report

    report.check_installed()
    clock = Clock()
    data = datasets.load("rand-hie")
    order = np.random.default_rng(0).permutation(len(data.table))
    cut = int(0.8 * len(order))
    train, test = data.table.iloc[order[:cut]], data.table.iloc[order[cut:]]
    print(f"{data.title}: {len(train)} rows to learn from, {len(test)} to test on, "
          f"{len(data.schema.features)} columns")  # fmt: skip
    epochs = 4 if quick else 40
    fitted = {}
    for balance in (PLAIN, BALANCED):
        fitted[balance] = EvenVAE(schema=data.schema, balance=balance, epochs=epochs, verbose=True).fit(train)
    imputer = EvenVAE(schema=data.schema, purpose="impute", epochs=epochs, verbose=True).fit(train)
    evidence = report.gather(fitted[BALANCED], test, beside=fitted[PLAIN], imputer=imputer)
    comparison = compare(evidence.beside, evidence.evaluation)
    print("\nReconstruction: error on test rows (where it is 1.00 of the baseline, nothing was learned)")
    print_comparison(comparison)
    facts = evidence.evaluation.attrs
    print(
        f"beside plain: worst column {facts['worst_regret_column']} with {number(facts['worst_regret'], 2)} times its "
        f"error, log-likelihood {facts['log_likelihood_gain']:+.2f} nats a row"
    )

    found = evidence.imputation
    imputation = pd.DataFrame({"column": evidence.names, "error": found.error, "baseline": found.baseline})
    print("\nImputation: error on hidden cells (a fifth of the test cells was hidden)")
    rows = [[r["column"], number(r["error"]), number(r["baseline"])] for r in imputation.to_dict("records")]
    rows.append(["mean", number(imputation.error.mean()), number(imputation.baseline.mean())])
    print_table("", ["column", "EvenVAE", "mean or most frequent"], rows)

    out.mkdir(exist_ok=True)
    write_text(out / "reconstruction.csv", comparison.to_csv(index=False))
    write_text(out / "imputation.csv", imputation.to_csv(index=False))
    page = report.render(evidence, report.build(evidence), title=data.title, source=data.citation)
    write_text(out / "report.html", page)
    print(f"\n{out}/report.html and the two tables are written (in {clock})")
    print("next: open the page in a browser; then evenvae fit with a table of yours")
    return {"reconstruction": comparison, "imputation": imputation}


def compare(plain: "pd.DataFrame", balanced: "pd.DataFrame") -> "pd.DataFrame":
    """The errors of both models and the baseline, column by column."""
    import pandas as pd

    return pd.DataFrame({
        "column": plain.column,
        "likelihood": plain.likelihood,
        "baseline": plain.baseline,
        "plain": plain.error,
        "balanced": balanced.error,
        "plain_ratio": plain.ratio,
        "balanced_ratio": balanced.ratio,
        "regret": balanced.regret,
    })  # fmt: skip


def print_comparison(comparison: "pd.DataFrame") -> None:
    """Print the comparison, with the mean below."""
    rows = [
        [r["column"], r["likelihood"], *(number(r[name]) for name in ("baseline", "plain", "balanced")),
         *(number(r[name], 2) for name in ("plain_ratio", "balanced_ratio", "regret"))]
        for r in comparison.to_dict("records")
    ]  # fmt: skip
    mean = comparison.mean(numeric_only=True)
    rows.append(["mean", "", number(mean.baseline), number(mean.plain), number(mean.balanced), "", "", ""])
    header = ["column", "likelihood", "baseline", "plain", "balanced", "plain/base", "balanced/base", "balanced/plain"]
    print_table("", header, rows, left=2)


def figure(comparison: "pd.DataFrame") -> Any:
    """A bar plot of error divided by baseline, for both models."""
    import numpy as np
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
