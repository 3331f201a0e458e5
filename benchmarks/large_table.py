"""Memory and time of a large table: reading, an epoch of training, filling, scoring, sampling.

    taskset -c 0,1 python benchmarks/large_table.py --rows 1000000 --out benchmarks/results/large_table.json

Twelve columns (four numbers, two counts, four of levels, a flag and a date; a twentieth of the cells empty) are made up
and written to Parquet; all that follows is what a user calls. Memory is the most that the process held since its
start (ru_maxrss), so every line includes those before it. A step's time is the median over chunks but the first, which
compiles.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import evenvae
from evenvae import tables
from provenance import provenance
from twenty_tables import markdown


def made_up(rows: int, piece: int | None = None) -> pd.DataFrame:
    """So many rows; or another ``piece`` of a table that follows the same law."""
    law = np.random.default_rng(0)
    rng = law if piece is None else np.random.default_rng([0, piece])
    latent = rng.normal(size=(rows, 3)).astype(np.float32)
    mixed = latent @ law.normal(size=(3, 12)).astype(np.float32) + 0.5 * rng.normal(size=(rows, 12)).astype(np.float32)
    table = {f"number{d}": mixed[:, d].astype(float) for d in range(4)}
    table |= {f"count{d}": pd.array(rng.poisson(np.exp(0.3 * mixed[:, 4 + d])), dtype="Int64") for d in range(2)}
    for d in range(4):
        levels = np.array([f"level {i}" for i in range(3 * d + 3)])
        table[f"levels{d}"] = pd.Categorical(levels[np.digitize(mixed[:, 6 + d], np.linspace(-2, 2, 3 * d + 2))])
    table["flag"] = pd.array(mixed[:, 10] > 0, dtype="boolean")
    table["date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta((100 * mixed[:, 11]).astype(int), unit="D")
    frame = pd.DataFrame(table)
    for name in frame:
        frame.loc[rng.random(rows) < 0.05, name] = None
    return frame


TITLES = {
    "read": "reading Parquet",
    "schema": "what each column is (`schema`)",
    "impute": "`impute`",
    "transform": "`transform`",
    "score_samples, 100 samples": "`score_samples`, 100 samples a row",
    "sample": "`sample`",
}


def as_table(report: dict) -> str:
    """Seconds of what is done once, rows a second of the questions."""
    body = []
    for line in report["results"]:
        what = line["what"]
        if what.startswith("fit"):
            size = what.rpartition(" ")[2]
            step, epoch = line["milliseconds_a_step"], line["seconds_an_epoch_once_compiled"]
            body.append([f"an epoch in batches of {size} ({step:.3g} ms a step)", f"{epoch:.0f} s"])
        elif what in ("read", "schema"):
            body.append([TITLES[what], f"{line['seconds']:.1f} s"])
        elif what in TITLES:
            rate = float(f"{line['rows_a_second']:.3g}")
            body.append([TITLES[what], f"{rate:,.0f} rows a second"])
    return markdown(["", ""], body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch-sizes", default="256,2048")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "large_table.json")
    arguments = parser.parse_args()
    results = []

    def measured(what, action, rows=None, **more):
        began = time.perf_counter()
        outcome = action()
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        line = {"what": what, "seconds": round(seconds, 2), "peak_gib": round(peak, 2)}
        if rows:
            line["rows_a_second"] = round(rows / seconds)
        results.append({**line, **more})
        print(json.dumps(results[-1]), flush=True)
        return outcome

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        # made by a process of its own, so that its memory does not count
        if os.fork() == 0:
            made_up(arguments.rows).to_parquet(path)
            os._exit(0)
        os.wait()
        print(f"{path.stat().st_size / 2**20:.0f} MiB of Parquet", flush=True)
        measured("start", lambda: None)
        table = measured("read", lambda: tables.read_table(str(path)), arguments.rows)
        schema = measured("schema", lambda: evenvae.Schema.infer(table), arguments.rows)
        model = None
        for size in map(int, arguments.batch_sizes.split(",")):
            seen = []
            # long enough for several chunks of 500 steps
            epochs = max(1, round(2000 * size / arguments.rows))
            training = evenvae.Training(batch_size=size)
            model = evenvae.EvenVAE(epochs=epochs, training=training, purpose="impute", schema=schema)
            measured(
                f"fit, {epochs} epochs, batch {size}",
                lambda m=model, s=seen: m.fit(table, callbacks=(lambda p, s=s: s.append((p.step, p.seconds)),)),
            )
            steps, at = np.array(seen).T
            step = float(np.median(np.diff(at) / np.diff(steps)))
            results[-1] |= {
                "milliseconds_a_step": round(1000 * step, 2),
                "seconds_an_epoch_once_compiled": round(
                    step * (arguments.rows - model.fitted_.record.held_out) / size, 1
                ),
            }
            print(json.dumps(results[-1]), flush=True)
        assert model is not None
        some = table.slice(0, 100_000)
        measured("impute", lambda: model.impute(some), len(some))
        measured("transform", lambda: model.transform(some), len(some))
        few = table.slice(0, 20_000)
        measured("score_samples, 100 samples", lambda: model.score_samples(few), len(few))
        measured("sample", lambda: model.sample(100_000, random_state=0), 100_000)
    about = {
        **provenance("jax", "pandas"),
        "rows": arguments.rows,
    }
    arguments.out.write_text(json.dumps({**about, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
