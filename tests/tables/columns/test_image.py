"""Images: recognised, as pixels, and back in their own type."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.columns.image import event_shape

GREY = np.arange(24, dtype=np.uint8).reshape(4, 3, 2) * 10


def test_images_alone_and_beside_other_columns_come_back():
    for table in (GREY, {"im": GREY, "x": np.arange(4.0)}):
        schema = tables.Schema.infer(table)
        column = schema.columns[0]
        assert (column.kind, column.likelihood, column.shape, column.dtype) == ("image", "normal", (3, 2), "uint8")
        assert column.is_image
        assert not column.discrete
        encoded = tables.encode(table, schema)
        assert encoded.values.dtype == (np.float32 if table is GREY else np.float64)
        np.testing.assert_allclose(encoded.values[:, :6], GREY.reshape(4, 6) / 255, rtol=1e-6)
        decoded = tables.decode(encoded.values, schema)
        np.testing.assert_array_equal(decoded if table is GREY else decoded["im"], GREY)
        gone = tables.hide_cells(table, np.eye(4, len(schema.columns), dtype=bool), schema)
        assert not (gone if table is GREY else gone["im"])[0].any()


def test_missing_images_are_filled():
    cells = [GREY[0] / 255.0, None, np.full((3, 2), np.nan), GREY[3] / 255.0]
    table = pd.DataFrame({"im": pd.Series(cells, dtype=object), "x": [0.5, 1, 2, 4]})
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    assert encoded.observed[:, 0].tolist() == [True, False, False, True]
    filled = tables.fill(table, np.full((4, 7), 0.25), schema)["im"]
    assert filled[0] is cells[0]
    np.testing.assert_array_equal(filled[1], np.full((3, 2), 0.25))


def test_black_and_white_pixels_are_bernoulli():
    column = tables.Schema.infer((GREY > 100).astype(float)).columns[0]
    assert (column.likelihood, column.reason) == ("bernoulli", "images of 3 x 2 black or white pixels")
    squared = tables.Schema.infer(GREY, overrides={"image": "squared"}).columns[0]
    assert (squared.likelihood, squared.reason) == ("squared", "images of 3 x 2 pixels")
    ignored = tables.Schema.infer({"im": GREY, "x": np.arange(4.0)}, overrides={"im": {"role": "ignored"}})
    assert ignored["im"].is_image
    assert [column.name for column in ignored.features] == ["x"]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([GREY[0], "x"], "row 1 holds str instead of an image"),
        ([GREY[0], GREY[0][:2]], r"the image of row 1 has shape \(2, 2\)"),
        ([GREY[0].astype(int)], "images of int64"),
        ([GREY[0] / 1.0], "floats in"),
        ([np.array([[np.nan, 1.0]])], "single pixels missing"),
    ],
)
def test_wrong_images_are_refused(cells, sentence):
    with pytest.raises(InputError, match=sentence):
        tables.Schema.infer({"im": pd.Series(cells, dtype=object), "x": np.arange(float(len(cells)))})


def test_an_image_without_channels_has_one():
    assert event_shape((4, 3)) == (4, 3, 1)
    assert event_shape((4, 3, 2)) == (4, 3, 2)
