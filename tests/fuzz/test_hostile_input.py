"""A few inputs of every kind; ``make fuzz`` tries ten thousand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import originals
from fuzz.files import FILES
from fuzz.frames import KINDS
from fuzz.judging import judge_answer, judge_file, judge_schema, judge_table
from fuzz.saved import BYTES, SIGNED, altered
from fuzz.schemas import SCHEMAS

SEEDS = st.integers(0, 2**20)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = sorted(KINDS.keys() - {"10,000 levels"})


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("originals") / "table.csv"
    originals.table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def model(table):
    import evenvae
    from support import fast

    path = table.with_name("model.evenvae")
    fast(epochs=1).fit(evenvae.tables.read_table(table)).save(path)
    return path


@given(st.sampled_from(QUICK), SEEDS)
@FEW
def test_tables(kind, seed):
    judge_table(KINDS[kind](np.random.default_rng(seed)))


@given(st.sampled_from(sorted(FILES)), SEEDS)
@FEW
def test_files(tmp_path_factory, kind, seed):
    ending, make = FILES[kind]
    folder = tmp_path_factory.mktemp("file")
    (folder / f"table{ending}").write_bytes(make(np.random.default_rng(seed)))
    judge_file(folder / f"table{ending}", folder)


@given(st.sampled_from(sorted(SCHEMAS)), SEEDS)
@FEW
def test_schema_files(tmp_path_factory, table, kind, seed):
    path = tmp_path_factory.mktemp("schema") / "schema.toml"
    path.write_bytes(SCHEMAS[kind](np.random.default_rng(seed)))
    judge_schema(path, table)


@given(st.sampled_from([*BYTES, *SIGNED]), SEEDS)
@FEW
def test_models(tmp_path_factory, model, kind, seed):
    folder = tmp_path_factory.mktemp("model")
    path = folder / "altered.evenvae"
    path.write_bytes(altered(kind, np.random.default_rng(seed), model.read_bytes(), "model"))
    judge_answer(["sample", path, "-n", "4"], folder / "drawn.csv", [path.name, "column"])
