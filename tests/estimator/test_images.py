"""Images in every form a table can have them, through every verb, in both kinds of network."""

import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import GECO, EvenVAE, InputError
from evenvae.tables import decode, encode
from support import FAST, fast


def blobs(rows=96, height=9, width=6, channels=None, seed=0):
    """A bright square that is up or down, with noise; uint8."""
    rng = np.random.default_rng(seed)
    up = rng.random(rows) < 0.5
    images = rng.uniform(0, 40, (rows, height, width, channels or 1))
    images[up, 1:4, 1:4] += 180
    images[~up, 5:8, 2:5] += 180
    images = images.astype(np.uint8)
    return (images if channels else images[..., 0]), up


def mixed(rows=96):
    """A dict with an image, a number that goes with it and a level; one image and one number missing."""
    images, up = blobs(rows, channels=3)
    cells = list(images / np.float32(255))
    cells[4] = None
    size = np.where(up, 3.0, 7.0) + np.random.default_rng(1).normal(0, 0.3, rows)
    size[2] = np.nan
    return {"size": size, "picture": cells, "place": np.where(up, "up", "down")}


@pytest.fixture(scope="module")
def plain():
    """A model of grey images alone, by a dense network."""
    images, _ = blobs()
    options = {"epochs": 60, "training__learning_rate": 5e-3, "objective__beta": 0.1}
    return fast(**options, schema={"image": "squared"}).fit(images), images


@pytest.fixture(scope="module")
def table():
    """A model of a table with colour images, seen by convolutions."""
    given = mixed()
    return fast(network__kind="conv", balance="imtl-g").fit(given), given


@pytest.mark.parametrize(("likelihood", "network"), [("bernoulli", None), ("normal", "conv")])
def test_likelihoods_and_networks(likelihood, network):
    images, _ = blobs(40, channels=2)
    model = fast(network__kind=network, schema={"image": likelihood}).fit(images)
    assert model.reconstruct(images).shape == images.shape
    assert model.sample(3, random_state=0).dtype == np.uint8
    assert np.isfinite(model.score_samples(images[:4], samples=5)).all()
    assert model.fitted_.plan.balance == "none"  # a single column has nothing to be balanced against


def test_images_alone_through_every_verb(plain, tmp_path):
    model, images = plain
    assert model.transform(images).shape == (96, 3)
    made = model.reconstruct(images)
    assert made.dtype == np.uint8
    error = model.evaluate(images)
    assert error["ratio"][0] < 0.7
    pixels = np.sqrt(np.mean((made / 255.0 - images / 255.0) ** 2))
    assert error["error"][0] == pytest.approx(pixels, abs=0.003)
    assert model.inverse_transform(np.zeros((2, 3))).shape == (2, 9, 6)
    mean, std = model.posterior(images)
    assert (std > 0).all()
    np.testing.assert_array_equal(mean, model.transform(images))
    sampled = model.sample(5, random_state=1)
    assert sampled.shape == (5, 9, 6)
    model.save(tmp_path / "m.evenvae")
    loaded = evenvae.load(tmp_path / "m.evenvae")
    np.testing.assert_array_equal(loaded.reconstruct(images), made)
    np.testing.assert_array_equal(loaded.sample(5, random_state=1), sampled)
    # floats in [0, 1] are the same images
    np.testing.assert_allclose(model.transform(images / 255.0), model.transform(images), atol=1e-4)


def test_a_missing_image_is_imputed_and_others_stay(plain):
    model, images = plain
    holed = images / 255.0
    holed[3] = np.nan
    filled = model.impute(holed)
    np.testing.assert_array_equal(np.delete(filled, 3, axis=0), np.delete(holed, 3, axis=0))
    assert np.isfinite(filled).all()
    assert [one.shape for one in model.impute(holed, draws=2)] == [images.shape] * 2


def test_a_table_with_an_image_column(table, tmp_path):
    model, given = table
    kinds = [(column.name, column.likelihood, column.kind) for column in model.schema_.features]
    assert kinds == [("size", "lognormal", "number"), ("picture", "normal", "image"), ("place", "bernoulli", "level")]
    made = model.reconstruct(given)
    assert made["picture"].shape == (96, 9, 6, 3)
    assert made["picture"].dtype == np.float32
    assert set(made["place"]) <= {"up", "down"}
    filled = model.impute(given)
    assert filled["picture"][4].shape == (9, 6, 3)
    assert np.isfinite(filled["size"]).all()
    np.testing.assert_array_equal(filled["picture"][5], given["picture"][5])
    assert list(model.evaluate(given)["column"]) == ["size", "picture", "place"]
    assert sorted(model.sample(2, random_state=0)) == ["picture", "place", "size"]
    model.save(tmp_path / "m.evenvae")
    np.testing.assert_array_equal(evenvae.load(tmp_path / "m.evenvae").transform(given), model.transform(given))


def test_a_data_frame_answers_as_the_dict(table):
    model, given = table
    frame = pd.DataFrame({"size": given["size"], "place": given["place"]})
    frame["picture"] = given["picture"]
    np.testing.assert_array_equal(model.transform(frame), model.transform(given))
    filled = model.impute(frame)
    assert isinstance(filled, pd.DataFrame)
    assert filled["picture"][4].shape == (9, 6, 3)


def test_cells_go_to_numbers_and_back(table):
    model, given = table
    encoded = encode(given, model.schema_)
    assert encoded.values.shape == (96, 2 + 9 * 6 * 3)
    assert encoded.observed.shape == (96, 3)
    back = decode(np.where(np.isnan(encoded.values), 0.5, encoded.values), model.schema_)
    np.testing.assert_allclose(back["picture"][7], given["picture"][7], atol=1e-6)
    schema = evenvae.Schema.from_dict(model.schema_.to_dict())
    assert schema["picture"].shape == (9, 6, 3)


def test_a_written_schema_of_images_is_read_again(table, tmp_path):
    model, given = table
    model.schema_.to_toml(tmp_path / "schema.toml")
    again = evenvae.Schema.from_toml(tmp_path / "schema.toml").complete(given)
    assert again["picture"] == model.schema_["picture"]


def test_what_the_image_alone_tells_reaches_other_columns():
    images, up = blobs(200)
    given = {"picture": images, "place": np.where(up, "up", "down")}
    options = {"epochs": 60, "training__learning_rate": 5e-3, "training__hide_cells": 0.5}
    model = fast(**options, purpose="impute", schema={"picture": "squared"}).fit(given)
    asked = {"picture": images, "place": np.where(np.arange(200) < 100, None, given["place"])}
    assert np.mean(model.impute(asked)["place"][:100] == given["place"][:100]) > 0.9


def test_the_latent_of_a_picture_does_not_depend_on_its_neighbours(plain):
    model, images = plain
    np.testing.assert_allclose(model.transform(images[:7]), model.transform(images)[:7], atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda images: images[:, :5], r"row 0 has shape \(5, 6\), not \(9, 6\)"),
        (lambda images: images.astype(np.int64), "int64"),
        (lambda images: images.astype(float), r"from 0 to .*floats in \[0, 1\]"),
        (lambda images: np.where(np.arange(6) == 2, np.nan, images / 255.0), "single pixels"),
        (lambda images: images.reshape(96, 54), r"\(N, 9, 6\), not an array of shape \(96, 54\)"),
    ],
)
def test_wrong_images_are_told_in_a_sentence(plain, spoil, words):
    model, images = plain
    with pytest.raises(InputError, match=words):
        model.transform(spoil(images))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "hivae"}, "too few for an image"),
        ({"schema": {"image": "poisson"}}, "poisson"),
        ({"objective": "geco", "objective__kappa": 4.0}, "squared"),
        ({"objective": "geco", "objective__kappa": -1.0, "schema": {"image": "squared"}}, "positive"),
        ({"objective": "geco", "objective__kappa": 4.0, "objective__target": 1.0}, "target and kappa"),
        ({"objective__kappa": 4.0}, "kappa"),
    ],
)
def test_options_that_do_not_fit_images(options, words):
    with pytest.raises(InputError, match=words):
        fast(**options).fit(blobs(40)[0])


def test_options_that_are_for_images():
    with pytest.raises(InputError, match="conv"):
        fast(network__kind="conv").fit(np.random.default_rng(0).normal(size=(50, 3)))
    with pytest.raises(InputError, match="different numbers of rows"):
        EvenVAE(**FAST).fit({"a": np.arange(3.0), "b": np.arange(4.0)})


def test_geco_holds_the_squared_error_that_kappa_asks_for():
    images, _ = blobs(256)
    baseline = ((images / 255.0 - images.mean(0) / 255.0) ** 2).sum((1, 2)).mean()
    kappa = float(np.sqrt(0.4 * baseline))
    options = {"epochs": 300, "training__learning_rate": 3e-3, "validation_fraction": 0.0}
    model = fast(**options, objective=GECO(kappa=kappa, rate=0.02), schema={"image": "squared"})
    model.fit(images)
    broken = np.array([record["constraint"][0][0] for record in model.history_])
    assert abs(broken[-len(broken) // 5 :].mean()) < 0.1 * kappa**2
    mean, std = model.posterior(images)
    z = mean + std * np.random.default_rng(0).standard_normal(mean.shape)
    error = evenvae.metrics.squared_error(images, model.inverse_transform(z)).mean()
    assert error == pytest.approx(kappa**2, rel=0.15)
