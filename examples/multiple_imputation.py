"""A regression on a table with missing cells: by best guesses, and by five completed tables and Rubin's rules.

    python examples/multiple_imputation.py

Income depends on age, schooling and sector. A third of the cells of schooling and income is missing, mostly for old
people. If the missing cells are filled with best guesses, the standard errors are too small, because every filled cell
lies on its expectation. Draws from the posterior vary as the true cells would. Every one of five completed tables gets
its own regression, and `pool` adds the variance between the tables to the standard errors. Every draw comes from
another member of an ensemble, and every member learned from a bootstrap copy of the table, so that the draws also vary
with what is not known about the model's parameters.
"""

import argparse

import numpy as np
import pandas as pd

from evenvae import EvenVAE, Network, Training
from evenvae.metrics import Pooled, pool

TERMS = ("intercept", "age", "schooling", "sector private")
TRUTH = (1.0, 0.3, 0.8, 0.5)
# There are few rows: none is kept for validation, and a small network is trained for long, because slopes come out too
# small after short training.
SMALL = {
    "purpose": "score",
    "validation_fraction": 0,
    "epochs": 3000,
    "network": Network(width=64, depth=1),
    "training": Training(batch_size=500, learning_rate=6e-3),
}


def survey(rows: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A simulated table, and the same with missing cells. Age and schooling are in standard deviations."""
    generator = np.random.default_rng(seed)
    age = generator.normal(size=rows)
    private = generator.random(rows) < 0.6
    schooling = -0.4 * age + 0.5 * private + generator.normal(0, 0.8, rows)
    income = TRUTH[0] + TRUTH[1] * age + TRUTH[2] * schooling + TRUTH[3] * private + generator.normal(0, 0.7, rows)
    whole = pd.DataFrame(
        {"age": age, "schooling": schooling, "sector": np.where(private, "private", "public"), "income": income}
    )
    incomplete = whole.copy()
    for name in ("schooling", "income"):
        incomplete.loc[generator.random(rows) < 1 / (1 + np.exp(0.8 - age)), name] = np.nan
    return whole, incomplete


def regression(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of income by least squares, and their variances."""
    inputs = np.column_stack([np.ones(len(table)), table["age"], table["schooling"], table["sector"] == "private"])
    return least_squares(inputs, table["income"].to_numpy())


def least_squares(inputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of ``inputs`` (rows, P) for ``target`` (rows,), and their variances."""
    inverse = np.linalg.inv(inputs.T @ inputs)
    estimate = inverse @ inputs.T @ target
    residual = target - inputs @ estimate
    return estimate, np.diag(inverse) * (residual**2).sum() / (len(target) - len(estimate))


def pooled(tables: list[pd.DataFrame], confidence: float = 0.9) -> Pooled:
    """The regression on every completed table, pooled."""
    estimates, variances = zip(*map(regression, tables), strict=True)
    return pool(np.stack(estimates), np.stack(variances), len(tables[0]) - len(TERMS), confidence)


def run(rows: int = 500, draws: int = 5, **options) -> dict[str, tuple[np.ndarray, np.ndarray] | Pooled]:
    """Coefficients and variances of the whole table and of the best guess, and the pooled result of the draws."""
    whole, incomplete = survey(rows)
    model = EvenVAE(**{**SMALL, "ensemble": draws, **options}).set_params(training__bootstrap=True).fit(incomplete)
    return {
        "whole": regression(whole),
        "best guess": regression(model.impute(incomplete)),
        "pooled": pooled(model.impute(incomplete, draws=draws)),
    }


def main() -> None:
    """Print one line for every coefficient."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--draws", type=int, default=5)
    found = run(**vars(parser.parse_args()))
    together = found["pooled"]
    print(f"{'':16}{'truth':>7}{'whole table':>16}{'best guess':>16}{'pooled':>16}{'90 % interval':>18}{'missing':>9}")
    for i, term in enumerate(TERMS):
        alone = "".join(
            f"{found[name][0][i]:9.3f} ({found[name][1][i] ** 0.5:.3f})" for name in ("whole", "best guess")
        )
        both = f"{together.estimate[i]:9.3f} ({together.standard_error[i]:.3f})"
        interval = f"{together.low[i]:9.3f}, {together.high[i]:.3f}"
        print(f"{term:16}{TRUTH[i]:7.1f}{alone}{both}{interval:>18}{together.missing_information[i]:9.2f}")
    print("\nin brackets: standard errors; missing: share of the information that is lost with the missing cells")


if __name__ == "__main__":
    main()
