"""Rows drawn by a peer that knows nothing of this library, so that it can run in an environment of its own.

    python benchmarks/peer_generators.py METHOD TRAIN.parquet OUT.parquet --rows N --seed S

Columns of text are levels, all others numbers, and there is no missing cell. The last line that is printed is a JSON
object with the seconds of fitting and of drawing and the versions of the packages. Every peer runs on one thread.

    TVAE, CTGAN       pip install torch==2.13.0 'ctgan>=0.12'
    UnmaskingTrees    pip install utrees 'scikit-learn<1.7'
    TabularARGN       pip install torch==2.13.0 && pip install mostlyai-engine
"""

# the packages are those of other environments
# pyright: reportMissingImports=false

import argparse
import json
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

EPOCHS = 300
"""CTGAN's package at its default."""
MASKED = 300_000
"""Masked rows that UnmaskingTrees learns from at most: it makes a row for every cell as often as it is told to (50
times by default), which takes hours for one table of thousands of rows on one core."""
ORDERS = 100
"""Orders in which UnmaskingTrees fills in the cells of new rows: rows share them by groups, because it would ask its
trees for one cell at a time otherwise."""

Draw = Callable[[int], pd.DataFrame]


def levels_of(frame: pd.DataFrame) -> list[str]:
    """Names of the columns of text."""
    return [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]


def of_ctgan(kind: str) -> Callable[[pd.DataFrame, int], Draw]:
    """CTGAN's models at their defaults: 300 epochs, batches of 500."""

    def fit(frame: pd.DataFrame, seed: int) -> Draw:
        import ctgan
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        model = getattr(ctgan, kind)(epochs=EPOCHS)
        model.set_random_state(seed)
        model.fit(frame, levels_of(frame))
        return model.sample

    return fit


def unmasking_trees(frame: pd.DataFrame, seed: int) -> Draw:
    """UnmaskingTrees at its defaults, but for `MASKED` and `ORDERS`."""
    from utrees import UnmaskingTrees

    levels = {name: pd.Categorical(frame[name]) for name in levels_of(frame)}
    values = np.column_stack([levels[name].codes if name in levels else frame[name] for name in frame]).astype(float)
    kinds = ["categorical" if name in levels else "continuous" for name in frame]
    times = int(np.clip(MASKED // values.size, 1, 50))
    model: Any = UnmaskingTrees(duplicate_K=times, random_state=seed, xgboost_kwargs={"nthread": 1})
    model.fit(values, quantize_cols=kinds)
    generator = np.random.default_rng(seed)

    def cells(place: int, rows: np.ndarray) -> np.ndarray:
        """Cells of a column given those of the rows that are there."""
        tree = model.trees_[place]
        if model.quantize_cols_[place]:
            return tree.sample(rows)
        chances = tree.predict_proba(rows).cumsum(axis=1)
        codes = (chances < generator.random((len(rows), 1)) * chances[:, -1:]).sum(axis=1)
        return model.encoders_[place].inverse_transform(codes)

    def draw(count: int) -> pd.DataFrame:
        rows = np.full((count, len(kinds)), np.nan)
        constant = [value is not None for value in model.constant_vals_]
        rows[:, constant] = [value for value in model.constant_vals_ if value is not None]
        for group in np.array_split(np.arange(count), min(ORDERS, count)):
            for place in generator.permutation(np.flatnonzero(~np.array(constant))):
                rows[group, place] = cells(place, rows[group])
        made = pd.DataFrame(rows, columns=list(frame))
        for name, own in levels.items():
            made[name] = own.categories.to_numpy()[made[name].astype(int)]
        return made

    return draw


def tabular_argn(frame: pd.DataFrame, seed: int) -> Draw:
    """TabularARGN at its defaults, but for its protection of rare values, which no other method has."""
    import torch
    from mostlyai.engine import TabularARGN

    torch.set_num_threads(1)
    model = TabularARGN(value_protection=False, random_state=seed, device="cpu", verbose=0)
    model.fit(frame)
    return lambda count: model.sample(n_samples=count)


METHODS: dict[str, tuple[Callable[[pd.DataFrame, int], Draw], tuple[str, ...]]] = {
    "TVAE": (of_ctgan("TVAE"), ("ctgan", "torch")),
    "CTGAN": (of_ctgan("CTGAN"), ("ctgan", "torch")),
    "UnmaskingTrees": (unmasking_trees, ("utrees", "xgboost")),
    "TabularARGN": (tabular_argn, ("mostlyai-engine", "torch")),
}
"""What fits a table with a seed and answers with what draws rows; and its packages."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=list(METHODS))
    parser.add_argument("train")
    parser.add_argument("out")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    fit, packages = METHODS[options.method]
    frame = pd.read_parquet(options.train)
    began = time.perf_counter()
    draw = fit(frame, options.seed)
    fitted = time.perf_counter()
    rows = draw(options.rows)
    drawn = time.perf_counter()
    rows[list(frame)].to_parquet(options.out)
    figures = {"fit_seconds": fitted - began, "sample_seconds": drawn - fitted}
    print(json.dumps(figures | {"versions": {name: version(name) for name in packages}}))


if __name__ == "__main__":
    main()
