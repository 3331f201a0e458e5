"""One small model and its report, shared by the tests of the room."""

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, Network, Training
from evenvae.report import build, gather, render

FAST = {
    "latent_size": 3,
    "epochs": 6,
    "network": Network(width=16, depth=1),
    "training": Training(batch_size=32),
    "ensemble": 1,
}


def people(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.poisson(40, rows).astype(float)
    income = np.round(np.exp(rng.normal(6 + age / 40, 0.3)), 2)
    frame = pd.DataFrame(
        {
            "age": age,
            "income": income,
            "city </script>": rng.choice([f"town {i}" for i in range(12)], rows),
            "member": rng.random(rows) < 0.3,
            "rich": np.where(income > np.median(income), "yes", "no"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D"),
        }
    )
    frame.loc[rng.random(rows) < 0.15, "income"] = np.nan
    frame.loc[5, "age"] = np.nan
    return frame


@pytest.fixture(scope="package")
def table():
    return people()


@pytest.fixture(scope="package")
def fitted(table):
    return EvenVAE(**FAST).fit(table)


@pytest.fixture(scope="package")
def plain(table):
    return EvenVAE(**FAST, balance="none").fit(table)


@pytest.fixture(scope="package")
def evidence(fitted, plain, table):
    return gather(fitted, table, beside=plain, seed=3)


@pytest.fixture(scope="package")
def sections(evidence):
    return {section.name: section for section in build(evidence)}


@pytest.fixture(scope="package")
def page(evidence, sections):
    return render(evidence, list(sections.values()), title="people")
