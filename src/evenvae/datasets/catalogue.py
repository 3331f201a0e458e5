"""Data sets by name, as tables with their schema."""

import dataclasses
import functools
import tomllib
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from evenvae.datasets.fetch import content
from evenvae.errors import InputError
from evenvae.tables import Schema
from evenvae.tables.columns.missing_cells import MISSING
from evenvae.tables.files.csv_text import parse
from evenvae.tables.suggestions import nearest


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A table, the schema that it has in the literature, and where it comes from.

    Attributes:
        name: the name in the catalogue.
        table: the table.
        schema: its complete schema.
        title: of the data set.
        licence: of the data.
        citation: the source to cite.
    """

    name: str
    table: pd.DataFrame
    schema: Schema
    title: str
    licence: str
    citation: str


@functools.cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The content of catalogue.toml, by the names of the data sets."""
    text = resources.files("evenvae.datasets").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def names() -> tuple[str, ...]:
    """The names that `load` accepts."""
    return tuple(catalogue())


def load(name: str) -> Dataset:
    """Load a data set by name.

    Raises:
        InputError: the name is unknown, or a file of the data set is not here and cannot be downloaded.
    """
    if name not in catalogue():
        raise InputError(f"There is no data set {name!r}; {nearest(name, names())}.")
    entry = catalogue()[name]
    frame = _randhie(entry) if name == "rand-hie" else _from_files(entry)
    frame = frame.drop(columns=list(entry.get("dropped", {})))
    said = {}
    for column, description in entry["columns"].items():
        description = dict(description)
        if description.pop("transform", None) == "decile":
            # shares of votes in steps of ten: 0, 4.5, 14.5, ..., 94.5, 100 become 0 to 10
            frame[column] = np.ceil(frame[column].astype(float) / 10).astype("Int64")
        levels = description.get("levels")
        if levels and pd.api.types.is_numeric_dtype(frame[column].dtype):
            description["levels"] = tuple(int(level) for level in levels)
        said[column] = {k: tuple(v) if isinstance(v, list) else v for k, v in description.items()}
    frame = frame[list(said)]
    schema = Schema.infer(frame, overrides=said)
    return Dataset(name, frame, schema, entry["title"], entry["licence"], entry["citation"])


def _from_files(entry: dict[str, Any]) -> pd.DataFrame:
    frames = []
    for number, file in enumerate(entry["file"]):
        text = content(file).decode("utf-8-sig")
        if "header" in entry:
            text = ",".join(entry["header"]) + "\n" + text
        document = parse(text, file["name"])
        frame = pd.DataFrame(document.rows, columns=document.header)
        if "added_column" in entry:
            frame[entry["added_column"]["name"]] = entry["added_column"]["values"][number]
        frames.append(frame)
    together = pd.concat(frames, ignore_index=True)
    missing = [*MISSING, *entry.get("missing", ())]
    return pd.DataFrame({name: _typed(together[name], missing) for name in together.columns})


def _typed(cells: pd.Series, missing: list[str]) -> pd.Series:
    """Texts as numbers where all of them are numbers, as whole numbers where all are spelled so."""
    cells = cells.mask(cells.isin(missing))
    try:
        numbers: Any = pd.to_numeric(cells)
    except ValueError:
        return cells
    whole = (numbers.dropna() == numbers.dropna().round()).all()
    plain = cells.dropna().str.fullmatch(r"-?\d+").all() if whole else False
    return numbers.astype("Int64" if numbers.isna().any() else "int64") if plain else numbers


def _randhie(entry: dict[str, Any]) -> pd.DataFrame:
    del entry
    try:
        from statsmodels.datasets import randhie
    except ImportError as error:
        raise InputError("The data set rand-hie is a part of statsmodels: pip install 'evenvae[demo]'.") from error
    frame: Any = randhie.load_pandas().data
    for name in frame.columns:
        values = frame[name]
        if (values == values.round()).all():
            frame[name] = values.astype("int64")
    return frame
