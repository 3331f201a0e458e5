"""What is altered: a small model, the checkpoint of its fit, and a small search, made once."""

from pathlib import Path

import numpy as np
import pandas as pd

from cli_support import evenvae

QUICK = ["--set", "latent_size=2", "--set", "network.width=8", "--set", "network.depth=1", "--quiet"]
EPOCH = ["--epochs", "1", "--quiet"]
FIT = ["--epochs", "1", *QUICK]
SEARCH = ["--epochs", "1", "--seeds", "1", "--balances", "none,gradnorm", "--no-refit", "--workers", "1", *QUICK]


def table(rows=60):
    """Numbers, counts, levels and dates, with missing cells."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.poisson(40, rows),
            "real": rng.normal(size=rows).round(3),
            "city": rng.choice(["Aachen", "Bonn", "Celle"], rows),
            "since": (pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D")).astype(str),
        }
    )
    return frame.mask(rng.random(frame.shape) < 0.1)


def make(folder: Path) -> dict[str, Path]:
    """Paths of the table, of three kinds of models, of the folder of a checkpoint and of that of a search, by name."""
    names = ("table.csv", "model.evenvae", "imputing.evenvae", "hivae.evenvae", "checkpoint", "search")
    made = {name: folder / name for name in names}
    table().to_csv(made["table.csv"], index=False)
    for call in (
        ["fit", made["table.csv"], "-o", made["model.evenvae"], "--checkpoint", made["checkpoint"], *FIT],
        ["fit", made["table.csv"], "-o", made["imputing.evenvae"], "--purpose", "impute", *FIT],
        ["fit", made["table.csv"], "-o", made["hivae.evenvae"], "--model", "hivae", "--ensemble", "2", *EPOCH],
        ["cocktail", made["table.csv"], "-o", made["search"], *SEARCH],
    ):
        code, _, said = evenvae(*call)
        assert code == 0, said
    return made
