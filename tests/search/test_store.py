"""The store and the lock on it."""

import sqlite3

import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.search import Store
from evenvae.search.store import locked


def record(balance="none", seed=0, **changes):
    return {
        "balance": balance,
        "seed": seed,
        "status": "done",
        "figure": 0.5,
        "columns": [0.4, 0.6],
        "curve": [(10, 0.7, 3.0), (20, 0.5, 2.0)],
        "steps": 20,
        "best_step": 20,
        "seconds": 1.0,
        "measured": {"test": {"columns": {"error": [0.3, float("nan")]}, "means": {"error": 0.3, "worst": 0.9}}},
        "message": "",
        **changes,
    }


def test_rows_come_back(tmp_path):
    store = Store(tmp_path)
    store.add([record(), record(seed=1, figure=None, status="failed", columns=[], measured={})], ["a", "b"], {}, "now")
    runs = store.runs()
    assert list(runs["status"]) == ["done", "failed"]
    assert runs["test_error"][0] == pytest.approx(0.3)
    assert runs["test_worst"][0] == pytest.approx(0.9)
    assert np.isnan(runs["test_error"][1])
    assert store.done() == {("none", 0), ("none", 1)}
    assert len(store.columns()) == 4
    assert list(store.curves()["step"]) == [10, 20, 10, 20]
    assert store.stage(15) == {("none", 0): 0.7, ("none", 1): 0.7}


def test_a_bundle_is_there_whole_or_not_at_all(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(sqlite3.Error):
        store.add([record(), record(seed=1, steps=None)], ["a", "b"], {}, "now")
    assert store.done() == set()
    assert store.columns().empty


def test_a_row_replaces_its_forerunner(tmp_path):
    store = Store(tmp_path)
    store.add([record()], ["a", "b"], {}, "now")
    store.add([record(figure=0.1, curve=[(20, 0.1, 1.0)])], ["a", "b"], {}, "later")
    assert list(store.runs()["figure"]) == [0.1]
    assert len(store.curves()) == 1


def test_a_folder_is_held_by_one_at_a_time(tmp_path):
    with locked(tmp_path), pytest.raises(InputError, match="Another search"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "results.sqlite").write_text("not a database, and long enough to be looked at as one" * 50)
    with pytest.raises(InputError, match="results of a search"):
        Store(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE runs SET figure = 'a'",
        "UPDATE runs SET figure = 9e999",
        "UPDATE runs SET figure = NULL",
        "UPDATE runs SET status = 7",
        "UPDATE runs SET seed = 'a'",
        "DROP TABLE measures",
        "ALTER TABLE runs DROP COLUMN figure",
        "UPDATE measures SET value = x'00'",
    ],
)
def test_altered_results_are_refused_by_the_name_of_the_file(tmp_path, change):
    store = Store(tmp_path)
    store.add([record()], ["a", "b"], {}, "now")
    store.close()
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute(change)
    with pytest.raises(InputError, match=r"results.sqlite .*is damaged or was altered"):
        Store(tmp_path).runs()


@pytest.mark.parametrize("value", ["{", "3", "[" * 5000])
def test_altered_settings_are_refused(tmp_path, value):
    store = Store(tmp_path)
    store.note(bundle=1)
    with sqlite3.connect(tmp_path / "results.sqlite") as connection:
        connection.execute("UPDATE sweep SET value = ?", (value,))
    with pytest.raises(InputError, match=r"results.sqlite .*is damaged or was altered"):
        store.noted()


def test_a_file_of_another_format_or_with_changed_bytes_is_refused(tmp_path):
    store = Store(tmp_path)
    store.add([record(seed=seed) for seed in range(50)], ["a", "b"], {}, "now")
    store.close()
    path = tmp_path / "results.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] + b"\xff" * 6000 + whole[11_000:])
    with pytest.raises(InputError, match=r"results.sqlite .*is damaged or was altered"):
        Store(tmp_path)
    path.write_bytes(whole)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = -1")
    with pytest.raises(InputError, match="damaged"):
        Store(tmp_path)


def test_a_store_without_room_says_so_and_keeps_what_it_holds(tmp_path):
    store = Store(tmp_path)
    store.add([record()], ["a", "b"], {}, "now")
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(InputError, match=r"cannot be written .*full.*make room"):
        store.add([record(seed=1, message="x" * 100_000)], ["a", "b"], {}, "now")
    assert store.done() == {("none", 0)}


def test_a_store_whose_folder_was_moved_away_says_so_and_keeps_what_it_holds(tmp_path):
    folder = tmp_path / "search"
    folder.mkdir()
    store = Store(folder)
    store.add([record()], ["a", "b"], {}, "now")
    folder.rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"results.sqlite is gone.*--resume"):
        store.add([record(seed=1)], ["a", "b"], {}, "now")
    store.close()
    assert Store(tmp_path / "away").done() == {("none", 0)}
