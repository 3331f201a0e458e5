"""Every kind of hostile input, with what judges it and its share of a run."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fuzz import originals
from fuzz.files import BOMBS, FILES, WRONG_NAMES
from fuzz.frames import KINDS as FRAMES
from fuzz.judging import judge_answer, judge_command, judge_file, judge_schema, judge_table
from fuzz.saved import BYTES, SIGNED, STORE, altered, altered_store
from fuzz.schemas import SCHEMAS


class Kind(NamedTuple):
    """A kind of input.

    Attributes:
        group: what is hostile, as "tables" or "models".
        name: of the kind.
        judge: makes one input from a generator in an empty folder and judges it: "refused" or "answered".
        share: how often it is made, beside other kinds: 1 for most, less where one input takes seconds.
    """

    group: str
    name: str
    judge: Callable[[np.random.Generator, Path], str]
    share: float = 1.0

    @property
    def title(self) -> str:
        """Group and name."""
        return f"{self.group}: {self.name}"


def _file(ending: str, make: Callable) -> Callable:
    def judge(rng: np.random.Generator, folder: Path) -> str:
        path = folder / f"table{ending}"
        path.write_bytes(make(rng))
        return judge_file(path, folder)

    return judge


def _name(rng: np.random.Generator, folder: Path) -> str:
    name = WRONG_NAMES[rng.integers(len(WRONG_NAMES))]
    path = folder / name
    if "/" not in name:
        path.write_bytes(FILES["plain"][1](rng))
    return judge_command(["schema", path], [str(path), "table"])


def _fit(rng: np.random.Generator, folder: Path) -> str:
    """From a file to filled and drawn rows, through a fit of one epoch."""
    kinds = ("plain", "cells", "semicolons", "blanks", "parquet", "feather", "JSON lines of cells", "byte-order mark")
    ending, make = FILES[str(rng.choice(kinds))]
    path, model = folder / f"table{ending}", folder / "model.evenvae"
    path.write_bytes(make(rng))
    purpose = str(rng.choice(["reconstruct", "impute", "sample"]))
    verdict = judge_command(
        ["fit", path, "-o", model, "--purpose", purpose, *originals.FIT], [path.name, "column", "row"]
    )
    if verdict == "answered":
        judge_command(["impute", model, path, "-o", folder / f"filled{ending}"], [])
        judge_answer(["score", model, path], folder / "scores.csv", [])
        judge_command(["sample", model, "-n", "5", "-o", folder / "drawn.csv"], [])
    return verdict


def _schema(made: dict[str, Path], make: Callable) -> Callable:
    def judge(rng: np.random.Generator, folder: Path) -> str:
        path = folder / "schema.toml"
        path.write_bytes(make(rng))
        return judge_schema(path, made["table.csv"])

    return judge


def _model(original: Path, kind: str) -> Callable:
    def judge(rng: np.random.Generator, folder: Path) -> str:
        path = folder / "altered.evenvae"
        path.write_bytes(altered(kind, rng, original.read_bytes(), "model"))
        if rng.random() < 0.5:
            return judge_answer(["sample", path, "-n", "4"], folder / "drawn.csv", [path.name, "column"])
        table = original.parent / "table.csv"
        return judge_answer(["impute", path, table], folder / "filled.csv", [path.name, "column"])

    return judge


def _checkpoint(made: dict[str, Path], kind: str) -> Callable:
    def judge(rng: np.random.Generator, folder: Path) -> str:
        shutil.copytree(made["checkpoint"], folder / "checkpoint")
        (file,) = (folder / "checkpoint").glob("*.safetensors")
        file.write_bytes(altered(kind, rng, file.read_bytes(), "checkpoint"))
        call = ["fit", made["table.csv"], "-o", folder / "model.evenvae", "--resume", "--checkpoint", file.parent]
        return judge_command([*call, *originals.FIT], ["checkpoint", "history"])

    return judge


def _store(made: dict[str, Path], kind: str) -> Callable:
    def judge(rng: np.random.Generator, folder: Path) -> str:
        altered_store(kind, rng, made["search"], folder / "search")
        call = ["cocktail", made["table.csv"], "-o", folder / "search", "--resume", *originals.SEARCH]
        return judge_command(call, ["search"])

    return judge


def kinds(made: dict[str, Path]) -> Iterator[Kind]:
    """All kinds; ``made`` are the paths of `originals.make`."""
    for name, make in FRAMES.items():
        one: Any = lambda rng, folder, make=make: judge_table(make(rng))
        yield Kind("tables", name, one, 0.02 if name == "10,000 levels" else 1.0)
    for name, (ending, make) in FILES.items():
        yield Kind("files", name, _file(ending, make))
    for name, (ending, make) in BOMBS.items():
        yield Kind("files", name, _file(ending, make), 0.0)
    yield Kind("files", "names of files", _name)
    yield Kind("files", "from a file to drawn rows", _fit, 0.3)
    for name, make in SCHEMAS.items():
        yield Kind("schemas", name, _schema(made, make), 5.0 if name == "fields" else 0.5)
    for name in (*BYTES, *SIGNED):
        for model in ("model.evenvae", "imputing.evenvae", "hivae.evenvae"):
            yield Kind("models", f"{name} ({model.partition('.')[0]})", _model(made[model], name), 0.7)
        yield Kind("checkpoints", name, _checkpoint(made, name), 0.3)
    for name in STORE:
        slow = name in ("nothing", "rows missing")
        yield Kind("searches", name, _store(made, name), 0.0 if slow else 0.1)
