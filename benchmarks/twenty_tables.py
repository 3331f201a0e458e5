"""Twenty tables, and how the benchmarks beside peers take rows of them."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from evenvae import datasets, tables

NINE = ("adult", "credit", "wine", "diamonds", "bank", "imdb", "hi", "rwm5yr", "labour")
MORE = (
    "ames", "birds", "computers", "covid_testing", "gss_wages", "healthinsurance", "monica", "mplsstops", "rotterdam",
    "wa_churn", "yrbss",
)  # fmt: skip
TWENTY = (*NINE, *MORE)
MOST = 8000
"""Rows of a table that are used at most, so that forests and networks of every kind end in minutes."""


def table_of(name: str) -> tuple[Any, Any]:
    """A whole table, and the schema that it has in the literature; None for a table that has none.

    A table that the library does not know is read from the folder ``more`` of EVENVAE_DATA.
    """
    if name in datasets.names():
        data = datasets.load(name)
        return data.table, data.schema
    return tables.read_table(Path(os.environ["EVENVAE_DATA"]) / "more" / f"{name}.csv.gz"), None


def taken(table: Any, rows: np.ndarray | slice) -> Any:
    """Some rows of a table as `table_of` gives it, pandas or Arrow."""
    if hasattr(table, "iloc"):
        return table.iloc[rows]
    return table[rows] if isinstance(rows, slice) else table.take(rows)


def split_of(name: str, generator: np.random.Generator, most: int | None = MOST) -> tuple[Any, Any, int]:
    """At most ``most`` rows in random order, their schema, and how many of them, from the first, are for training.

    A schema that the literature does not give is inferred from the training rows alone.
    """
    table, schema = table_of(name)
    order = generator.permutation(len(table))[:most]
    rows, cut = taken(table, order), int(0.8 * len(order))
    return rows, schema or tables.Schema.infer(taken(rows, slice(cut))), cut


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The runs that a file holds; none if there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(line: dict[str, Any], path: Path) -> None:
    """Append a run to a file."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def part_of(names: list[str], part: str) -> list[str]:
    """The tables of a part, ``"i/n"`` of them."""
    place, parts = (int(number) for number in part.split("/"))
    return names[place::parts]


def markdown(head: list[str], body: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


def spelled(number: int) -> str:
    """A small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[number] if number < len(words) else str(number)
