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
    """Judge the inputs, print every failure when it is found, and write the counts."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input of every kind")
    parser.add_argument("--only", default="", help="kinds whose group and name hold this text")
    parser.add_argument("--out", type=Path, help="a file for the counts, such as benchmarks/results/fuzz.json")
    given = parser.parse_args()
    began, failures, slowest = time.monotonic(), [], (0.0, "")
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as place:
        every = list(enumerate(kinds(originals.make(Path(place)))))
        chosen = [(number, kind) for number, kind in every if given.only in f"{kind.group}: {kind.name}"]
        total = sum(kind.share for _, kind in chosen) or 1.0
        for number, kind in chosen:
            for place_of_input in range(given.first, given.first + max(1, round(given.inputs * kind.share / total))):
                verdict, seconds, said = judged(kind, [given.seed, number, place_of_input])
                counts[f"{kind.group}: {kind.name}"][verdict] += 1
                slowest = max(slowest, (seconds, f"{kind.group}: {kind.name} {place_of_input}"))
                if verdict == "failed":
                    failures.append({"kind": f"{kind.group}: {kind.name}", "number": place_of_input, "said": said})
                    print(f"FAILED {kind.group}: {kind.name} {place_of_input}: {said}", flush=True)
    groups: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for name, own in counts.items():
        groups[name.partition(":")[0]].update(own)
    result = {
        **provenance("jax", "numpy", "pandas", "pyarrow"),
        "command": " ".join(["PYTHONPATH=tests python -m fuzz", *sys.argv[1:]]),
        "inputs": sum(sum(own.values()) for own in counts.values()),
        "seconds": round(time.monotonic() - began),
        "slowest": {"seconds": round(slowest[0], 1), "input": slowest[1]},
        "largest_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "groups": {name: dict(own) for name, own in groups.items()},
        "kinds": {name: dict(own) for name, own in counts.items()},
        "failures": failures,
    }
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({name: result[name] for name in ("inputs", "seconds", "slowest", "largest_memory_mib", "groups")}))
    return 1 if failures else 0


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
