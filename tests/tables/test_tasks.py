"""Tasks: declared, encoded, counted and drawn."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables import tasks

FRAME = pd.DataFrame({"site": list("aabb") * 5, "year": [1, 2] * 10, "x": np.linspace(0, 1, 20)})


def schema_of(names):
    return tasks.declare(tables.Schema.infer(FRAME), FRAME, names)


def test_a_table_without_tasks_is_no_special_case():
    encoded = tables.encode(FRAME, schema_of(None))
    assert encoded.tasks.shape == (20, 0)
    assert encoded.tasks.dtype == np.int32
    counts = tables.TaskCounts.of(encoded.tasks)
    assert counts.codes.shape == (1, 0)
    assert counts.counts.tolist() == [20]
    weighted = tables.TaskCounts.of(encoded.tasks, np.full(20, 0.5))
    assert weighted.counts.tolist() == [10]
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    drawn = counts.draw(7, {}, generator)
    assert drawn.shape == (7, 0)
    assert drawn.dtype == np.int32
    assert generator.bit_generator.state == before
    decoded = tables.decode(encoded.values, schema_of(None), tasks=encoded.tasks)
    pd.testing.assert_frame_equal(decoded, tables.decode(encoded.values, schema_of(None)))


def test_tasks_are_codes_and_come_back():
    schema = schema_of(["site", "year"])
    assert [column.name for column in schema.features] == ["x"]
    encoded = tables.encode(FRAME, schema)
    assert encoded.tasks[:4].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    pd.testing.assert_frame_equal(tables.decode(encoded.values, schema, tasks=encoded.tasks), FRAME)
    unknown = FRAME.head(3).assign(site=["a", None, "z"])
    with pytest.warns(tables.TableWarning, match="2 of 3 rows have no task that was seen"):
        assert tables.encode(unknown, schema).tasks[:, 0].tolist() == [0, -1, -1]


def test_rows_are_taken_by_number_mask_and_slice():
    encoded = tables.encode(FRAME, schema_of("site"))
    for rows in (np.array([3, 0]), np.arange(20) % 7 == 0, slice(2, 5)):
        some = encoded.take(rows)
        np.testing.assert_array_equal(some.values, encoded.values[rows])
        np.testing.assert_array_equal(some.observed, encoded.observed[rows])
        np.testing.assert_array_equal(some.tasks, encoded.tasks[rows])


def test_tasks_are_drawn_as_often_as_they_occurred():
    counts = tables.TaskCounts.of(np.array([[0, 0], [0, 0], [0, 1], [-1, 1]], np.int32))
    assert counts.codes.tolist() == [[0, 0], [0, 1]]
    assert counts.counts.tolist() == [2, 1]
    drawn = counts.draw(3000, {}, np.random.default_rng(0))
    assert abs((drawn[:, 1] == 0).mean() - 2 / 3) < 0.04
    assert (counts.draw(5, {1: 1}, np.random.default_rng(0)) == [0, 1]).all()


def test_the_fingerprint_of_a_table_without_tasks_is_that_of_its_values():
    import hashlib

    encoded = tables.encode(FRAME, schema_of(None))
    assert tables.fingerprint(encoded) == hashlib.sha256(encoded.values.tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [("sites", "did you mean 'site'"), (["site", "site"], "twice"), ("x", "too many to be a task")],
)
def test_wrong_tasks_are_refused(names, sentence):
    with pytest.raises(InputError, match=sentence):
        schema_of(names)


def test_tasks_that_are_given_are_checked():
    schema = schema_of(["site", "year"])
    assert tasks.codes_given(schema, {"year": 2, "site": "a"}, "task") == {1: 1, 0: 0}
    assert tasks.codes_given(schema, None, "task") == {}
    for given, sentence in (("a", "must be a dict"), ({"x": 1}, "no task of the model"), ({"site": "z"}, "not seen")):
        with pytest.raises(InputError, match=sentence):
            tasks.codes_given(schema, given, "task")
