"""Table 1 as Markdown: in the form of the paper, and then what this form does not show."""

from collections.abc import Callable
from statistics import fmean, median
from typing import Any

from evenvae.search import PLAIN

LEVEL = 0.1
"""A number is bold where p is below this."""
STATISTICS = {"error_by_mode": "mode", "error": "default point estimate", "error_by_mean": "mean"}


def markdown(cells: list[dict[str, Any]], published: dict[str, Any], measure: str = "error_by_mode") -> str:
    """The whole page.

    Args:
        cells: as `table1.reproduce` keeps them; any part of the table.
        published: the settings and the numbers of the paper.
        measure: one of `STATISTICS`, by which numbers are reconstructed in the first table.
    """
    every = cells
    cells, own = apart(every)
    by_place = {(cell["model"], cell["table"]): cell for cell in cells}
    models = [model for model in published["models"] if any(cell["model"] == model for cell in cells)]
    if not every:
        return "# Table 1\n\nNo cell has been made yet.\n"
    parts = [
        "# Table 1\n",
        "Test reconstruction error, medians over the seeds, with the numbers of Javaloy, Meghdadi and Valera (2021), "
        f"Table 1, in brackets. Numbers are reconstructed by the {STATISTICS[measure]} of their likelihood. Bold: "
        f"different from plain with p < {LEVEL} by the corrected paired t-test of Nadeau and Bengio. The combination "
        "is chosen on validation rows.\n",
        table(every, published, measure),
    ]
    parts += [_OURS + reached(every, published, measure)] if own else []
    if cells:
        others = [f"By the {words}:\n\n{_short(by_place, models, published, name)}"
                  for name, words in STATISTICS.items() if name != measure]  # fmt: skip
        parts += ["## The same runs with other point estimates of numbers\n", *others]
        parts += ["## What the choice costs\n", _costs(by_place, models, published)]
        parts += ["## One combination for all tables\n", _DEFAULTS, *[defaults(cells, m, published) for m in models]]
    parts.append("## How it was made\n")
    parts += [_made(cells, published)] if cells else []
    parts += ["The lines *ours*:\n", _made(own, published)] if own else []
    return "\n".join(parts)


_OURS = (
    "The lines *ours* have the paper's network, batches, splits and likelihoods, and this library's options: heads "
    "that start at the columns' marginals, one input of the encoder for every level, another learning rate, and a "
    "light KL. "
)

_DEFAULTS = (
    "Means over the tables that have the combination. Error and worst column (its error over that of its mean or most "
    "frequent level) are divided by plain's. The log-likelihood (nats per row) is the median difference from plain's, "
    "which no single table dominates. `better` counts tables with a smaller error than plain.\n"
)


def _rows(lines: list[list[str]]) -> str:
    head, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest]) + "\n"


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _paper(value: float) -> str:
    return f"({value:.2f})".replace("(0.", "(.")


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def apart(cells: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The cells with the paper's options, and those with this library's."""
    return [cell for cell in cells if not cell.get("ours")], [cell for cell in cells if cell.get("ours")]


def reached(cells: list[dict[str, Any]], published: dict[str, Any], measure: str = "error_by_mode") -> str:
    """In how many of the cells the line *ours* is at or below the paper's cocktail, in a sentence."""
    tables, count, missed = published["tables"], 0, []
    for name, said in published["models"].items():
        for cell in (cell for cell in apart(cells)[1] if cell["model"] == name):
            error = _median(cell["errors"][measure]["chosen"])
            if error is None:
                continue
            count += 1
            # the paper has two digits
            if round(error, 2) > said["cocktail"][tables.index(cell["table"])]:
                missed.append(f"{said['title']} on {cell['table']}")
    total = len(published["models"]) * len(tables)
    above = f" It is above on: {', '.join(missed)}." if missed else ""
    cells_made = f"{count} cells" + (f" that were made, of {total}" if count < total else "")
    return (
        "Rounded to the paper's two digits, *ours* is at or below the paper's cocktail in "
        f"{count - len(missed)} of the {cells_made}.{above}\n"
    )


def _errors(cell: dict[str, Any], measure: str) -> tuple[str, str]:
    errors = cell["errors"][measure]
    best = _number(_median(errors["chosen"]))
    marked = errors["p"] is not None and errors["p"] < LEVEL
    return _number(_median(errors["plain"])), f"**{best}**" if marked else best


def table(cells: list[dict[str, Any]], published: dict[str, Any], measure: str = "error_by_mode") -> str:
    """The first table of the page: plain and cocktail of each model, with the numbers of the paper in brackets.

    Where cells were made with this library's options, a line *ours* has the combination that was chosen of these.
    """
    by_place, own = ({(cell["model"], cell["table"]): cell for cell in part} for part in apart(cells))
    lines = [["", "", *published["tables"]]]
    for model in (model for model in published["models"] if any(cell["model"] == model for cell in cells)):
        said = published["models"][model]
        plain, best, names = [said["title"], "plain"], ["", "cocktail"], ["", "chosen"]
        for place, name in enumerate(published["tables"]):
            cell = by_place.get((model, name))
            ours = _errors(cell, measure) if cell else ("-", "-")
            plain.append(f"{ours[0]} {_paper(said['plain'][place])}")
            best.append(f"{ours[1]} {_paper(said['cocktail'][place])}")
            names.append(cell["chosen"] if cell else "-")
        lines += [plain, best, names]
        if any(place[0] == model for place in own):
            found = [own.get((model, name)) for name in published["tables"]]
            errors = [_number(_median(cell["errors"][measure]["chosen"])) if cell else "-" for cell in found]
            theirs = [_paper(value) for value in said["cocktail"]]
            lines.append(["", "ours", *[f"{error} {value}" for error, value in zip(errors, theirs, strict=True)]])
            lines.append(["", "chosen", *[cell["chosen"] if cell else "-" for cell in found]])
    return _rows(lines)


def _short(by_place: dict, models: list[str], published: dict, measure: str) -> str:
    lines = [["", "", *published["tables"]]]
    for model in models:
        cells = [by_place.get((model, table)) for table in published["tables"]]
        pairs = [_errors(cell, measure) if cell else ("-", "-") for cell in cells]
        lines.append([published["models"][model]["title"], "plain", *[pair[0] for pair in pairs]])
        lines.append(["", "cocktail", *[pair[1] for pair in pairs]])
    return _rows(lines)


def of(cell: dict[str, Any], balance: str) -> dict[str, Any]:
    """What a cell holds of a combination."""
    return next(row for row in cell["combinations"] if row["balance"] == balance)


def _costs(by_place: dict, models: list[str], published: dict) -> str:
    lines = [["model", "table", "chosen", "p", "log-likelihood, plain", "chosen", "worst column, plain", "chosen"]]
    for model in models:
        for table in published["tables"]:
            cell = by_place.get((model, table))
            if cell is None:
                continue
            plain, best = of(cell, PLAIN), of(cell, cell["chosen"])
            p = cell["errors"]["error_by_mode"]["p"]
            likelihoods = [_number(row.get("log_likelihood"), 1) for row in (plain, best)]
            worst = [_number(row.get("worst"), 2) for row in (plain, best)]
            title = published["models"][model]["title"]
            lines.append([title, table, cell["chosen"], _number(p), *likelihoods, *worst])
    return _rows(lines)


def defaults(cells: list[dict[str, Any]], model: str, published: dict[str, Any]) -> str:
    """Every combination of a model as the only one for all tables, the one with the least error first."""
    mine = [cell for cell in cells if cell["model"] == model]
    names = dict.fromkeys(row["balance"] for cell in mine for row in cell["combinations"])
    found = [(name, *defaults_of(mine, name)) for name in names]
    found = sorted([row for row in found if row[1]], key=lambda row: row[2])
    lines = [[published["models"][model]["title"], "tables", "error", "better", "worst column", "log-likelihood"]]
    for name, count, error, better, worst, likelihood in found:
        lines.append([name, str(count), _number(error), str(better), _number(worst), f"{likelihood:+.1f}"])
    return _rows(lines)


def defaults_of(cells: list[dict[str, Any]], balance: str) -> tuple[int, float, int, float, float]:
    """One combination compared with the plain one.

    Returns:
        The number of tables that have both, the mean ratio of errors, the number of tables with a smaller error, the
        mean ratio of the worst columns, and the median difference of log-likelihoods; zeros where no table has both.
    """
    pairs = []
    for cell in cells:
        rows = {row["balance"]: row for row in cell["combinations"]}
        if balance in rows and all(r.get("error") and r.get("worst") for r in (rows[PLAIN], rows[balance])):
            pairs.append((rows[PLAIN], rows[balance]))
    if not pairs:
        return 0, 0.0, 0, 0.0, 0.0
    return (
        len(pairs),
        fmean(own["error"] / plain["error"] for plain, own in pairs),
        sum(own["error"] < plain["error"] for plain, own in pairs),
        fmean(own["worst"] / plain["worst"] for plain, own in pairs),
        median(own["log_likelihood"] - plain["log_likelihood"] for plain, own in pairs),
    )


def each(cells: list[dict[str, Any]], published: dict[str, Any], get: Callable[[dict[str, Any]], Any]) -> str:
    """A value of the cells; where cells differ, every value with its models, and tables unless it holds for all."""
    held: dict[str, list[str]] = {}
    for name, said in published["models"].items():
        values: dict[str, list[str]] = {}
        for cell in (cell for cell in cells if cell["model"] == name):
            values.setdefault(str(get(cell)), []).append(cell["table"])
        for value, tables in values.items():
            where = "" if len(values) == 1 else f" on {', '.join(tables)}"
            held.setdefault(value, []).append(said["title"] + where)
    if len(held) == 1:
        return next(iter(held))
    return "; ".join(f"{value} ({', '.join(places)})" for value, places in sorted(held.items()))


def _made(cells: list[dict[str, Any]], published: dict) -> str:
    made = {(cell["model"], cell["table"]) for cell in cells}
    absent = []
    value = lambda get: each(cells, published, get)
    for name, said in published["models"].items():
        tables = [table for table in published["tables"] if (name, table) not in made]
        if tables:
            absent.append(f"{said['title']}: {'all' if len(tables) == len(published['tables']) else ', '.join(tables)}")
    failed = sum(row["failed"] for cell in cells for row in cell["combinations"])
    versions = value(lambda cell: " ".join(f"{name} {value}" for name, value in cell["versions"].items()))
    lines = [
        f"Seeds: {value(lambda cell: len(cell['settings']['seeds']))}. Share of the paper's epochs: "
        f"{value(lambda cell: cell['share'])}. Combinations: {value(lambda cell: len(cell['combinations']))}.",
        f"Machine: {value(lambda cell: cell['machine'])}. Versions: {versions}.",
        f"Training took {sum(cell['seconds'] for cell in cells) / 3600:.2f} hours of one worker's time; {failed} runs "
        "turned non-finite.",
        f"Not made: {'; '.join(absent) or 'nothing was left out'}.",
    ]
    return "\n".join(lines) + "\n"
