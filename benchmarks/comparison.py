"""The README's table: EvenVAE and what people use now, from the files of results.

    python benchmarks/comparison.py   # prints the table; prose.py writes it into the page

Nothing is measured here. Errors on hidden cells are those of `imputation.py` (a fifth hidden completely at random),
means over twenty tables and the seeds that all libraries have, with the median seconds of a table to fit and fill,
those of the last seed. Drawn rows are those of `synthetic.py` (the first seed of the protocol with a number of rows):
the mean AUC with which boosted trees tell them from real ones, and the seconds to learn a table, where every library
had the same machine.
"""

from collections.abc import Iterable
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from imputation import errors_of_page, methods_and_seeds, seconds_of_page
from twenty_tables import lines_of

RESULTS = Path(__file__).parent / "results"


class Library(NamedTuple):
    """A row: its name, the method of each file of results (None: it has none), and its licence."""

    name: str
    fills: str | None
    draws: str | None
    licence: str


LIBRARIES = (
    Library("**EvenVAE**", "EvenVAE", "EvenVAE", "Apache-2.0"),
    Library("**EvenVAE**, ensemble of 4", "EvenVAE, ensemble=4", None, "Apache-2.0"),
    Library("**EvenVAE**, refined by trees", "EvenVAE, trees", None, "Apache-2.0"),
    Library("forests by type (MissForest), of scikit-learn", "forests by type (MissForest)", None, "BSD-3-Clause"),
    Library("miceforest (LightGBM)", "LightGBM chains (miceforest)", None, "MIT"),
    Library("scikit-learn `IterativeImputer`", "ridge by type (IterativeImputer)", None, "BSD-3-Clause"),
    Library("mean or most frequent level", "mean or mode", None, "-"),
    Library("TabularARGN (mostlyai-engine)", None, "TabularARGN", "Apache-2.0"),
    Library("UnmaskingTrees (utrees)", None, "UnmaskingTrees", "MIT"),
    Library("TVAE (ctgan, SDV)", None, "TVAE", "BSL 1.1, not open source"),
)


def runs(lines: list[dict[str, Any]], **conditions: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The lines of drawn rows that satisfy the conditions, by method and table; the last one counts."""
    kept = [line for line in lines if all(line.get(name) == value for name, value in conditions.items())]
    return {(line["method"], line["table"]): line for line in kept if line.get("c2st")}


def shared(found: dict[tuple[str, str], dict[str, Any]], methods: list[str]) -> list[str]:
    """The tables on which all methods have a figure."""
    tables = [{table for method, table in found if method == name} for name in methods]
    return sorted(set.intersection(*tables))


def seconds(known: Iterable[float]) -> str:
    """The median, to the second; ``-`` where it was not measured by itself."""
    known = list(known)
    return f"{median(known):.0f} s" if known else "-"


def table(imputation: list[dict[str, Any]], synthetic: list[dict[str, Any]]) -> str:
    """The table as Markdown, and below it what the figures are of."""
    errors, spent = errors_of_page(imputation), seconds_of_page(imputation)
    seeds = methods_and_seeds(imputation)[1]
    draws = {key: line for key, line in runs(synthetic, seed=0).items() if line.get("rows")}
    drawn = shared(draws, [library.draws for library in LIBRARIES if library.draws])
    same = [name for name in drawn if len({draws[x.draws, name]["machine"] for x in LIBRARIES if x.draws}) == 1]
    lines = [
        "| | error on hidden cells | fit and fill | drawn rows told from real ones | fit | licence |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for library in LIBRARIES:
        cells = ["-", "-", "-", "-"]
        if library.fills:
            error = mean(cells[library.fills] for cells in errors.values())
            cells[:2] = [f"{error:.3f}", seconds(spent[library.fills].values())]
        if library.draws:
            own = [draws[library.draws, name] for name in drawn]
            cells[2] = f"{mean(line['c2st'] for line in own):.2f}"
            cells[3] = seconds(draws[library.draws, name]["fit_seconds"] for name in same)
        lines.append(f"| {library.name} | {' | '.join(cells)} | {library.licence} |")
    note = (
        f"\n*Hidden cells: mean of {len(errors)} tables and {len(seeds)} seeds, median seconds.\n"
        f"Drawn rows: the AUC of boosted trees, 0.5 when they cannot tell; mean of {len(drawn)} tables, one seed,\n"
        f"seconds of {' and '.join(same)}. At most 8000 rows, one CPU core.*\n"
        "[All tables, conditions and caveats](docs/results.md)."
    )
    return "\n".join([*lines, note]) + "\n"


if __name__ == "__main__":
    print(table(*(lines_of(RESULTS / name) for name in ("imputation.jsonl", "synthetic.jsonl"))))
