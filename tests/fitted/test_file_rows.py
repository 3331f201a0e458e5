"""A fit from files is that of the table: bit for bit where the sample is the table, else up to what a sample tells."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.fitted.file_rows import FileRows
from evenvae.tables import survey
from support import fast, people


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    frame = people(700)
    for number, start in enumerate(range(0, 700, 300)):
        tables.write_table(frame.iloc[start : start + 300], folder / f"part-{number}.parquet")
    return folder


@pytest.fixture(autouse=True)
def _disk(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENVAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("evenvae.tables.files.table_files.PIECE_ROWS", 90)
    yield
    assert not list((tmp_path / "cache").glob("evenvae-rows-*"))


def in_pieces(folder):
    return tables.open_files(folder, in_memory=False)


def interrupting(step):
    def callback(progress):
        if progress.step >= step:
            raise KeyboardInterrupt

    return callback


def saved(model, path):
    model.save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"purpose": "sample", "ensemble": 2},
        {"purpose": "impute", "task": "city", "training__bootstrap": True},
        {"prior": "exemplar", "validation_fraction": 0.0},
    ],
)
def test_the_model_is_that_of_the_table(folder, tmp_path, options):
    one, other = fast(**options).fit(folder), fast(**options).fit(in_pieces(folder))
    assert saved(one, tmp_path / "one") == saved(other, tmp_path / "other")
    assert one.fitted_.record.fingerprint == other.fitted_.record.fingerprint
    assert one.history_ == other.history_


def test_a_pilot_and_trees_come_too(folder, tmp_path):
    pytest.importorskip("lightgbm")
    options = {"pilot": True, "imputation__refine": "trees", "epochs": 2}
    one, other = fast(**options).fit(folder), fast(**options).fit(in_pieces(folder))
    assert saved(one, tmp_path / "one") == saved(other, tmp_path / "other")


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(survey, "SAMPLE", 250)


def test_a_sample_tells_the_rest(folder, small_sample):
    whole, found = fast(epochs=8).fit(people(700)), fast(epochs=8).fit(in_pieces(folder))
    space, own = whole.fitted_.space, found.fitted_.space
    np.testing.assert_allclose(own.baseline, space.baseline, rtol=1e-9)
    assert (own.low == space.low).all()
    assert (own.high == space.high).all()
    for name in ("levels", "low", "high", "role", "decimals", "kind"):
        assert [getattr(c, name) for c in found.schema_.columns] == [getattr(c, name) for c in whole.schema_.columns]
    assert (found.fitted_.missingness.shares == whole.fitted_.missingness.shares).all()
    assert found.fitted_.record.fingerprint == whole.fitted_.record.fingerprint
    assert abs(found.score(people(300)) - whole.score(people(300))) < 1.0


def test_a_resumed_fit_is_the_undisturbed_one(folder, tmp_path, small_sample):
    options = {"epochs": 40, "training__patience": 0}
    undisturbed = fast(**options).fit(in_pieces(folder))
    state = tmp_path / "state"
    stopped = fast(**options).fit(in_pieces(folder), callbacks=(interrupting(60),), checkpoint=state)
    assert stopped.interrupted_
    assert stopped.n_steps_ < undisturbed.n_steps_
    resumed = fast(**options).fit(in_pieces(folder), checkpoint=state, resume=True)
    assert saved(resumed, tmp_path / "one") == saved(undisturbed, tmp_path / "other")
    with pytest.raises(InputError, match="made from other data or other settings"):
        fast(**options).fit(folder, checkpoint=state, resume=True)


def test_a_formula_that_some_rows_break_is_left_out(tmp_path, small_sample):
    rng = np.random.default_rng(0)
    inches = rng.integers(50, 80, 900)
    frame = pd.DataFrame({"inches": inches, "cm": 2.54 * inches, "kg": rng.normal(70, 9, 900), "double": 2 * inches})
    for broken in (False, True):
        if broken:
            frame.loc[733, "cm"] += 1.27
        tables.write_table(frame, tmp_path / "t.parquet")
        found = fast(epochs=1).fit(in_pieces(tmp_path / "t.parquet")).schema_
        assert bool(found["cm"].formula) is not broken
        assert found["double"].formula == "2 * inches"
    assert "every row" not in found["cm"].note


def test_what_files_cannot_do_is_said(folder, tmp_path):
    with pytest.raises(InputError, match="sample_weight needs the table in memory"):
        fast().fit(in_pieces(folder), sample_weight=np.ones(700))
    tables.write_table(people(30).head(1), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="The table has 1 row; at least 2 are needed"):
        fast().fit(in_pieces(tmp_path / "t.parquet"))


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path):
    tables.write_table(people(300), tmp_path / "t.parquet")

    def other(_):
        tables.write_table(people(200), tmp_path / "t.parquet")

    with pytest.raises(InputError, match="had 300 rows and now has 200; its files were changed while they were read"):
        fast(epochs=1, purpose="sample").fit(in_pieces(tmp_path / "t.parquet"), callbacks=(other,))


def test_rows_are_taken_by_number(folder, small_sample):
    model = fast(epochs=1).fit(people(700))
    found = survey.survey(in_pieces(folder).pieces())
    rows = FileRows(in_pieces(folder), found, model.schema_)
    whole = tables.encode(people(700), model.schema_)
    numbers = np.random.default_rng(0).integers(0, 700, 60)
    for name in ("values", "observed", "tasks"):
        np.testing.assert_array_equal(getattr(rows.take(numbers), name), getattr(whole.take(numbers), name))
