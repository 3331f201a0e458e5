"""Kills at random moments, full disks and folders that go away: what is resumed is what nobody disturbed.

``python benchmarks/torture.py --kills 100`` kills (SIGKILL) so many fits with checkpoints, searches, and imputations
that write their output. Every run is resumed until it is done, and its files are compared with those of an undisturbed
run, byte for byte. Counts are written as they come; ``--resume`` goes on where they end.
"""

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("NPROC", "1")
# small programs, compiled once: what is tested are files
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

import numpy as np
import pandas as pd

from provenance import provenance

RESULT = Path(__file__).parent / "results" / "torture.json"
SMALL = ["--set", "latent_size=2", "--set", "network.width=16", "--set", "network.depth=1"]
KILLS_IN_A_ROW = 4
"""At most so many kills before a run may finish."""


def command(arguments: list, quiet: Path, bytes_a_file: int | None = None) -> None:
    """Run ``evenvae`` in a process of its own group, with a checkpoint after every chunk of steps."""
    os.setpgid(0, 0)
    with quiet.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    from evenvae.cli.main import main
    from evenvae.training import loop

    loop.train.__kwdefaults__["seconds_between_checkpoints"] = 0.0
    if bytes_a_file is not None:
        # Python ignores the signal, so that a longer write fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file))
    main([str(argument) for argument in arguments])


def started(arguments: list, folder: Path, bytes_a_file: int | None = None) -> multiprocessing.Process:
    """The command in a fork of this process, which has imported everything and computed nothing."""
    process = multiprocessing.get_context("fork").Process(
        target=command, args=(arguments, folder / "said.log", bytes_a_file)
    )
    process.start()
    return process


def said(folder: Path) -> list[str]:
    log = folder / "said.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [line for line in lines if line.startswith("evenvae:") and not line.startswith("evenvae: note:")]


def digest(path: Path) -> str:
    """Of a file's bytes; of the results of a search without times and dates."""
    if path.suffix != ".sqlite":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    connection = sqlite3.connect(path)
    tables = (
        "SELECT balance, seed, status, figure, steps, best_step FROM runs ORDER BY 1, 2",
        "SELECT * FROM measures ORDER BY 1, 2, 3, 4",
        "SELECT * FROM columns ORDER BY 1, 2, 3, 4, 5",
        "SELECT * FROM curve ORDER BY 1, 2, 3",
    )
    rows = [connection.execute(table).fetchall() for table in tables]
    connection.close()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


class Case:
    """A command that is killed.

    Args:
        name: of the case.
        call: the arguments of ``evenvae`` in a folder, which resume what is there.
        files: what must be the same, in the folder.
    """

    def __init__(self, name: str, call: Callable[[Path], list], files: list[str]):
        self.name, self.call, self.files = name, call, files
        self.seconds, self.wanted = 0.0, {}

    def undisturbed(self, folder: Path) -> None:
        for _ in range(2):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            began = time.monotonic()
            process = started(self.call(folder), folder)
            process.join()
            # the second time no program is compiled
            self.seconds = time.monotonic() - began
            assert process.exitcode == 0, said(folder)
        self.wanted = {name: digest(folder / name) for name in self.files}

    def whole(self, folder: Path) -> list[str]:
        """The files that are there and not those of the undisturbed run."""
        present = [name for name in self.files if (folder / name).exists() and not name.endswith(".sqlite")]
        return [name for name in present if digest(folder / name) != self.wanted[name]]

    def differing(self, folder: Path) -> list[str]:
        """What is wrong with the files of a run that is done."""
        missing = [f"{name} is missing" for name in self.files if not (folder / name).exists()]
        return missing or [f"{name} differs" for name in self.files if digest(folder / name) != self.wanted[name]]

    def killed(self, folder: Path, generator: random.Random, most: int) -> tuple[int, list[str]]:
        """Killed up to ``most`` times, then finished: the number of kills, and what was wrong."""
        folder.mkdir()
        kills, wrong = 0, []
        while kills < most:
            process = started(self.call(folder), folder)
            process.join(generator.uniform(0, self.seconds))
            if not process.is_alive():
                break
            whole_group = generator.random() < 0.5
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            process.join()
            kills += 1
            wrong += [f"{name} is neither absent nor whole after a kill" for name in self.whole(folder)]
        process = started(self.call(folder), folder)
        process.join()
        wrong += [f"{left.name} is left after the last call" for left in folder.rglob("*.unfinished")]
        if process.exitcode != 0:
            wrong.append(f"the resumed call ended with {process.exitcode}: {said(folder)[-1:]}")
        else:
            wrong += self.differing(folder)
        return kills, wrong

    def short_of_room(self, folder: Path, generator: random.Random) -> tuple[str, list[str]]:
        """On a disk on which no file can grow beyond a random size; then resumed with room."""
        folder.mkdir()
        process = started(self.call(folder), folder, int(2 ** generator.uniform(10, 17)))
        process.join()
        return self._refused_then_resumed(folder, process)

    def without_folder(self, folder: Path, generator: random.Random) -> tuple[str, list[str]]:
        """In a folder that is moved away at a random moment; then resumed where it was moved to."""
        folder.mkdir()
        process = started(self.call(folder), folder)
        time.sleep(generator.uniform(0, self.seconds))
        away = folder.with_name(f"{folder.name}.away")
        folder.rename(away)
        process.join()
        if all((folder / name).exists() for name in self.files):
            # a checkpoint makes its folder anew, and the run goes on there
            shutil.rmtree(away)
        else:
            shutil.rmtree(folder, ignore_errors=True)
            away.rename(folder)
        return self._refused_then_resumed(folder, process)

    def _refused_then_resumed(self, folder: Path, process: multiprocessing.Process) -> tuple[str, list[str]]:
        wrong, verdict = [], "done" if process.exitcode == 0 else "refused"
        lines = said(folder)
        if process.exitcode not in (0, 2) or (process.exitcode == 2 and len(lines) != 1):
            wrong.append(f"exit code {process.exitcode}, said {lines}")
        wrong += [f"{name} is neither absent nor whole" for name in self.whole(folder)]
        if process.exitcode:
            process = started(self.call(folder), folder)
            process.join()
            if process.exitcode != 0:
                wrong.append(f"the resumed call ended with {process.exitcode}: {said(folder)[-1:]}")
        return verdict, wrong or self.differing(folder)


def cases(place: Path) -> list[Case]:
    """A fit, a search and an imputation of a small table."""
    generator = np.random.default_rng(0)
    rows = 400
    age = generator.poisson(40, rows)
    frame = pd.DataFrame(
        {
            "age": age,
            "income": np.exp(generator.normal(7 + age / 40, 0.5)).round(2),
            "city": generator.choice(["Aachen", "Bonn", "Celle"], rows),
        }
    )
    data, model = place / "people.csv", place / "people.evenvae"
    frame.mask(generator.random(frame.shape) < 0.1).to_csv(data, index=False)
    process = started(["fit", data, "-o", model, "--epochs", "2", *SMALL, "--quiet"], place)
    process.join()
    assert process.exitcode == 0, said(place)
    resume = lambda state: ["--resume"] if state.exists() else []

    def fit(folder: Path) -> list:
        kept = ["--checkpoint", folder / "state", *resume(folder / "state")]
        return ["fit", data, "-o", folder / "model.evenvae", "--epochs", "30", *kept, *SMALL, "--quiet"]

    def search(folder: Path) -> list:
        options = ["--epochs", "3", "--seeds", "2", "--balances", "none,gradnorm", "--workers", "1"]
        return ["cocktail", data, "-o", folder / "search", *options, *resume(folder / "search"), *SMALL, "--quiet"]

    def impute(folder: Path) -> list:
        return ["impute", model, data, "-o", folder / "filled.csv", "--draws", "3"]

    return [
        Case("fit", fit, ["model.evenvae"]),
        Case("search", search, ["search/results.sqlite", "search/best.evenvae"]),
        Case("impute", impute, [f"filled.{draw}.csv" for draw in (1, 2, 3)]),
    ]


def as_table(report: dict) -> str:
    """Counts of every case: how often it was killed, how many runs ended as undisturbed ones do, and other troubles."""
    rows = ["| case | kills | runs | same bytes | without room | folder moved away |"]
    rows.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, counts in report["cases"].items():
        troubles = [sum(counts[trouble].values()) for trouble in ("no room", "folder gone")]
        cells = [name, *(str(count) for count in (counts["kills"], counts["runs"], counts["same"], *troubles))]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> int:
    """Torture every case, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of every case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", default="fit,search,impute")
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--resume", action="store_true", help="go on where the counts in --out end")
    given = parser.parse_args()
    import evenvae.cli.main
    import evenvae.estimator
    import evenvae.search  # noqa: F401  (imported before the forks, which then only compute)

    result = json.loads(given.out.read_text()) if given.resume and given.out.exists() else {"cases": {}, "wrong": []}
    result |= provenance("jax", "numpy")
    with tempfile.TemporaryDirectory() as place:
        for case in cases(Path(place)):
            if case.name not in given.cases.split(","):
                continue
            case.undisturbed(Path(place) / case.name)
            empty = {"kills": 0, "runs": 0, "same": 0, "no room": {}, "folder gone": {}}
            counts = result["cases"].setdefault(case.name, empty)
            counts["seconds undisturbed"] = round(case.seconds, 1)
            while counts["kills"] < given.kills:
                generator = random.Random(f"{given.seed} {case.name} {counts['kills']}")
                folder = Path(place) / f"{case.name}.killed"
                most = min(generator.randint(1, KILLS_IN_A_ROW), given.kills - counts["kills"])
                kills, wrong = case.killed(folder, generator, most)
                shutil.rmtree(folder)
                counts["kills"] += kills
                counts["runs"] += 1
                counts["same"] += not wrong
                keep(result, given.out, case.name, wrong)
            for trouble, harm in (("no room", case.short_of_room), ("folder gone", case.without_folder)):
                while sum(counts[trouble].values()) < given.kills // 5:
                    number = sum(counts[trouble].values())
                    folder = Path(place) / f"{case.name}.{trouble.replace(' ', '_')}"
                    verdict, wrong = harm(folder, random.Random(f"{given.seed} {case.name} {trouble} {number}"))
                    shutil.rmtree(folder, ignore_errors=True)
                    verdict = "wrong" if wrong else verdict
                    counts[trouble][verdict] = counts[trouble].get(verdict, 0) + 1
                    keep(result, given.out, f"{case.name}, {trouble}", wrong)
    print(json.dumps(result["cases"]))
    return 1 if result["wrong"] else 0


def keep(result: dict, out: Path, name: str, wrong: list[str]) -> None:
    """Write the counts; say what was wrong."""
    result["wrong"] += [f"{name}: {what}" for what in wrong]
    for what in wrong:
        print(f"WRONG {name}: {what}", flush=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
