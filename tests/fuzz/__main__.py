"""``PYTHONPATH=tests python -m fuzz --inputs 10000``: hostile inputs of every kind, counted by what became of them.

An input is made from the seed, its kind and its number, so that ``--only KIND --first N --inputs 1`` repeats it.
"""

import argparse
import collections
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
# compile lightly: the corpus asks small programs a few times each
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
os.environ.setdefault("NPROC", "1")
sys.path.insert(0, str(ROOT / "benchmarks"))

import numpy as np  # noqa: E402

from fuzz import originals  # noqa: E402
from fuzz.inputs import kinds  # noqa: E402
from provenance import provenance  # noqa: E402


def main() -> int:
    """Judge the inputs, print every failure when it is found, and write the counts as they come."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input of every kind")
    parser.add_argument("--only", default="", help="kinds whose group and name hold this text")
    parser.add_argument("--out", type=Path, help="a file for the counts")
    parser.add_argument("--resume", action="store_true", help="go on where the counts in --out end")
    given = parser.parse_args()
    command = " ".join(["PYTHONPATH=tests python -m fuzz", *sys.argv[1:]])
    result = {"kinds": {}, "failures": [], "seconds": 0, "slowest": {"seconds": 0.0, "input": ""}}
    if given.resume and given.out and given.out.exists():
        result = json.loads(given.out.read_text())
    result |= {**provenance("jax", "numpy", "pandas", "pyarrow"), "command": command}
    with tempfile.TemporaryDirectory() as place:
        every = list(enumerate(kinds(originals.make(Path(place)))))
        chosen = [(number, kind) for number, kind in every if given.only in kind.title]
        total = sum(kind.share for _, kind in chosen) or 1.0
        for number, kind in chosen:
            if kind.title in result["kinds"]:
                continue
            began, counts = time.monotonic(), collections.Counter()
            for own in range(given.first, given.first + max(1, round(given.inputs * kind.share / total))):
                verdict, seconds, said = judged(kind, [given.seed, number, own])
                counts[verdict] += 1
                if seconds > result["slowest"]["seconds"]:
                    result["slowest"] = {"seconds": round(seconds, 1), "input": f"{kind.title} {own}"}
                if verdict == "failed":
                    result["failures"].append({"kind": kind.title, "number": own, "said": said})
                    print(f"FAILED {kind.title} {own}: {said}", flush=True)
            result["kinds"][kind.title] = dict(counts)
            result["seconds"] += round(time.monotonic() - began, 1)
            if given.out:
                given.out.write_text(json.dumps(summed(result), indent=1) + "\n")
    print(json.dumps({name: value for name, value in summed(result).items() if name not in ("kinds", "versions")}))
    return 1 if result["failures"] else 0


def summed(result: dict) -> dict:
    """The result with its sums over kinds."""
    groups: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for title, own in result["kinds"].items():
        groups[title.partition(":")[0]].update(own)
    inputs = sum(sum(own.values()) for own in groups.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return result | {
        "inputs": inputs,
        "largest_memory_mib": max(memory, result.get("largest_memory_mib", 0)),
        "groups": {name: dict(own) for name, own in groups.items()},
    }


def judged(kind, seed: list[int]) -> tuple[str, float, str]:
    """What became of one input, the seconds that it took, and what was said where it failed."""
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            verdict, said = kind.judge(np.random.default_rng(seed), Path(folder)), ""
    # whatever an input leads to is counted
    except Exception as error:
        own = [f for f in traceback.extract_tb(error.__traceback__) if "evenvae" in f.filename]
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
        verdict, said = "failed", f"{type(error).__name__} {where} {' '.join(ascii(error).split())[:300]}"
    return verdict, time.monotonic() - began, said


if __name__ == "__main__":
    sys.exit(main())
