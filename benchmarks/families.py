"""The marginal fit of every column of numbers: the family by evidence, beside that of the paper's rules.

    EVENVAE_DATA=... python benchmarks/families.py benchmarks/results/families.json
    python benchmarks/families.py benchmarks/results/families.json --table

Every family is fitted to at most `families.LEARNED` cells of a column and judged by other cells of it, in nats a cell:
the logarithm of the probability of one value, as wide as a step of the column's decimals. No network takes part. The
paper's family is that of the data set's own schema, and of the rules for the tables that come without one.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from evenness import TABLES
from evenvae import tables
from evenvae.tables.schema import families
from provenance import provenance
from twenty_tables import MORE, markdown, table_of

BEST = 3
"""How many of the best families a line names."""


def judged(name: str) -> list[dict[str, Any]]:
    """One line for every column of numbers with enough cells."""
    table, schema = table_of(name)
    schema = schema or tables.Schema.infer(table, families="paper")
    frame = tables.as_frame(table)
    lines = []
    for column in schema.features:
        if column.discrete or not column.is_number:
            continue
        values = column.encode(frame[column.name])
        values = values[~np.isnan(values)]
        if len(values) < families.FEWEST:
            continue
        began = time.perf_counter()
        found = families.judge(values)
        seconds = time.perf_counter() - began
        by_name = {one.family: one for one in found}
        best = families.chosen(found, str(column.likelihood))
        lines.append({
            "table": name,
            "column": column.name,
            "cells": len(values),
            "paper": column.likelihood,
            "paper_nats": round(by_name[str(column.likelihood)].nats, 3),
            "chosen": best.family if best else column.likelihood,
            "chosen_nats": round((best or by_name[str(column.likelihood)]).nats, 3),
            "best": {one.family: round(one.worth, 3) for one in found[:BEST]},
            "seconds": round(seconds, 3),
        })  # fmt: skip
    return lines


def as_table(lines: list[dict[str, Any]]) -> str:
    """A Markdown table of all columns, and how often each family was chosen."""
    return f"{by_column({'columns': lines})}\n\n{counts({'columns': lines})}"


def by_column(report: dict[str, Any]) -> str:
    """One row a column."""
    body = []
    for line in report["columns"]:
        changed = line["chosen"] != line["paper"]
        chosen = [line["chosen"], f"**{line['chosen_nats']:.2f}**"] if changed else ["the same", ""]
        body.append([line["table"], line["column"], line["paper"], f"{line['paper_nats']:.2f}", *chosen])
    return markdown(["table", "column", "paper's family", "nats", "by evidence", "nats"], body)


def counts(report: dict[str, Any]) -> str:
    """How often each family was chosen, and what that gains."""
    lines = report["columns"]
    names = [line["chosen"] for line in lines]
    often = ", ".join(
        f"{names.count(one)} {one}" for one in sorted(set(names), key=lambda one: (-names.count(one), one))
    )
    gains = [line["chosen_nats"] - line["paper_nats"] for line in lines]
    return (
        f"{len(lines)} columns: {often}. Gain in nats a cell: median {np.median(gains):.2f}, "
        f"of those that changed {np.median([gain for gain in gains if gain]):.2f}."
    )


def main() -> None:
    """Run, or print what a file holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=[*TABLES, *MORE])
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    arguments = parser.parse_args()
    if arguments.table:
        print(as_table(json.loads(arguments.out.read_text())["columns"]))
        return
    warnings.simplefilter("ignore")
    columns = [line for name in arguments.tables for line in judged(name)]
    arguments.out.write_text(json.dumps({"columns": columns, **provenance()}, indent=1) + "\n")
    print(as_table(columns))


if __name__ == "__main__":
    main()
