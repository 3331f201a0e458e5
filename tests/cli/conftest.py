"""A table, a model of it, and the command as a user calls it, shared by the tests of the room."""

import numpy as np
import pandas as pd
import pytest

from cli_support import FIT, evenvae
from made_up import Command, people


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="package")
def data(folder):
    rng = np.random.default_rng(0)
    rows = 150
    age = rng.poisson(40, rows).astype(object)
    age[7] = "NA"
    frame = pd.DataFrame(
        {
            "age": age,
            "city": rng.choice(["Aachen", "Bonn", "Celle"], rows),
            "income": np.round(np.exp(rng.normal(7, 0.5, rows)), 2),
        }
    )
    frame.loc[3, "city"] = "?"
    path = folder / "people.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="package")
def model(folder, data):
    path = folder / "people.evenvae"
    code, out, err = evenvae("fit", data, "-o", path, *FIT)
    assert code == 0, err
    assert out == ""
    assert err == ""
    return path


@pytest.fixture(scope="session")
def command():
    return Command()


@pytest.fixture(scope="session")
def sweep_data(tmp_path_factory):
    """The file of the table that searches are tested with."""
    path = tmp_path_factory.mktemp("data") / "people.csv"
    people().to_csv(path, index=False)
    return path
