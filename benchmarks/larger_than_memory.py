"""Memory and time of a table that is larger than memory, through the command line.

    python benchmarks/larger_than_memory.py --rows 20000000 --out benchmarks/results/larger_than_memory.json

The table has the twelve columns of large_table.py, a million rows in each file of a folder of Parquet. Every command is
a process of its own, whose memory is the most that it held (ru_maxrss of that process). Each is also asked of a folder
of a million rows, read piece by piece (--stream) and whole (--no-stream). Training takes --steps steps.

All rows of the folder are read by every command but `sample`, which draws --drawn rows. Scoring all of them with 100
samples each would take hours, so they are scored with a single one, which needs the same memory, and a folder of
--scored rows with 100.

Results are written after every command, and a command whose result is there is not run again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from large_table import made_up
from provenance import provenance
from twenty_tables import markdown

FILE = 1_000_000
"""Rows of a file."""
NETWORK = {"network.sight": "false", "network.rich_inputs": "false", "network.point_heads": "false"}


def make(folder: Path, rows: int) -> Path:
    """A folder of Parquet files with so many rows; what is there already is left."""
    folder = folder / f"{rows}_rows"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(-(-rows // FILE)):
        path = folder / f"part-{number:04d}.parquet"
        # made by a process of its own, so that its memory is given back
        if not path.exists() and os.fork() == 0:
            made_up(min(FILE, rows - number * FILE), number).to_parquet(path.with_suffix(".part"))
            path.with_suffix(".part").rename(path)
            os._exit(0)
        elif path.with_suffix(".part").exists() or not path.exists():
            os.wait()
    return folder


def measured(arguments: list[str]) -> dict:
    """Seconds and peak memory of a command."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "evenvae", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return {"seconds": round(time.perf_counter() - began, 1), "peak_gib": round(usage.ru_maxrss / 2**20, 2)}


def line(report: dict, what: str) -> dict:
    """The first result of a command, which is that of the largest table."""
    return next(one for one in report["results"] if one["what"] == what)


def as_table(report: dict) -> str:
    """Peak memory and seconds of the commands that read a table, by its rows and how it is read."""
    found = {(one["what"], one["table_rows"], one["read"]): one for one in report["results"]}
    ways = [(report["rows"], "in pieces"), (FILE, "in pieces"), (FILE, "whole")]
    titles = {f"fit, {report['steps']} steps of 256 rows": f"`fit`, {report['steps']} steps of 256 rows",
              "encode": "`encode`", "impute": "`impute`", "score, 1 sample": "`score --samples 1`"}  # fmt: skip
    cell = lambda one: f"{one['peak_gib']:.2f} GiB, {one['seconds']:,.0f} s"
    body = [[title, *(cell(found[what, *way]) for way in ways)] for what, title in titles.items()]
    many = f"{report['rows'] / 1e6:.0f} million rows, in pieces"
    return markdown(["", many, "a million, in pieces", "a million, in memory"], body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--drawn", type=int, default=500_000, help="rows that are drawn")
    parser.add_argument("--scored", type=int, default=20_000, help="rows that are scored with 100 samples")
    parser.add_argument("--width", type=int, default=32, help="units of the network's layers")
    parser.add_argument("--folder", type=Path, default=Path("larger_than_memory"), help="for tables and answers")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "larger_than_memory.json")
    own = parser.parse_args()
    results: list[dict] = json.loads(own.out.read_text())["results"] if own.out.exists() else []

    def run(what: str, table_rows: int, mode: str, rows: int, *arguments: str) -> None:
        line = {"what": what, "table_rows": table_rows, "read": mode}
        if any(line.items() <= known.items() for known in results):
            return
        found = measured([*arguments, *({"whole": ["--no-stream"], "in pieces": ["--stream"]}.get(mode, []))])
        results.append({**line, **found, "rows_a_second": round(rows / found["seconds"])})
        print(json.dumps(results[-1]), flush=True)
        about = {**provenance("jax", "pyarrow"), "rows": own.rows, "steps": own.steps, "width": own.width}
        # where tables and answers lie is no part of the result
        about["command"] = f"python benchmarks/larger_than_memory.py --rows {own.rows} --steps {own.steps}"
        own.out.write_text(json.dumps({**about, "results": results}, indent=1) + "\n", encoding="utf-8")

    for rows, modes in ((own.rows, ("in pieces",)), (FILE, ("whole", "in pieces"))):
        for mode in modes:
            table, name = str(make(own.folder, rows)), f"{rows}_{mode.replace(' ', '_')}"
            few = str(make(own.folder, own.scored))
            model, out = str(own.folder / f"{name}.evenvae"), str(own.folder / "answer.parquet")
            settings = [f"--set={key}={value}" for key, value in NETWORK.items()]
            epochs = own.steps * 256 / (rows - 10_000)
            settings += [f"--set=network.width={own.width}", f"--epochs={epochs}", "--purpose=impute", "--quiet"]
            run(f"fit, {own.steps} steps of 256 rows", rows, mode, rows, "fit", table, "-o", model, *settings)
            run("encode", rows, mode, rows, "encode", model, table, "-o", out)
            run("impute", rows, mode, rows, "impute", model, table, "-o", out)
            run("score, 1 sample", rows, mode, rows, "score", model, table, "-o", out, "--samples=1")
            if rows == own.rows:
                run(f"sample, {own.drawn} rows", rows, "", own.drawn, "sample", model, "-n", f"{own.drawn}", "-o", out)
                run("score, 100 samples", own.scored, mode, own.scored, "score", model, few, "-o", out)


if __name__ == "__main__":
    main()
