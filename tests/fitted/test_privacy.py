"""What models tell of their training rows: an honest fit, and stand-ins that learned rows by heart."""

import dataclasses

import numpy as np
import pytest

import evenvae
from evenvae import tables
from evenvae.errors import InputError
from evenvae.fitted import privacy as module
from evenvae.fitted import sampling
from evenvae.fitted.as_read import numbers_of, rounded
from evenvae.fitted.privacy import learned_rows, privacy
from evenvae.fitted.sampling import drawn_rows
from support import fast, people


@pytest.fixture(scope="module")
def tables_of_people():
    table = people(400)
    return table.iloc[:240].reset_index(drop=True), table.iloc[240:].reset_index(drop=True)


@pytest.fixture(scope="module")
def fitted(tables_of_people):
    return fast().fit(tables_of_people[0])


@pytest.fixture
def encoded(tables_of_people, fitted):
    return [tables.encode(part, fitted.schema_) for part in tables_of_people]


def test_an_honest_fit_tells_little(fitted, encoded):
    train, holdout = encoded
    found = privacy(fitted.fitted_, holdout, train, 0)
    # a tenth of the training rows was held out for validation
    assert (found.train_rows, found.holdout_rows, found.generated_rows) == (216, 160, 216)
    assert found.trained_on_it is True
    assert found.closest.copied_share == 0
    for attack in (found.by_likelihood, found.by_samples):
        assert abs(attack.auc - 0.5) < 4 * attack.standard_error
    assert found.by_column.advantage.shape == (len(fitted.schema_.features),)
    again = privacy(fitted.fitted_, holdout, train, 0)
    assert again.summary() == found.summary()


def test_a_model_that_gives_its_rows_away_is_found_out(fitted, encoded, monkeypatch):
    train, holdout = encoded
    values = tables.encode(fitted.impute(tables.decode(train.values, fitted.schema_)), fitted.schema_).values
    complete = dataclasses.replace(train, values=values, observed=np.ones_like(train.observed))
    give_away = lambda model, count, seed: (values[:count], complete.tasks[:count])
    monkeypatch.setattr(sampling, "sample", give_away)
    monkeypatch.setattr(module, "learned_rows", lambda model, count: np.arange(count))
    table = tables.decode(values, fitted.schema_)
    found = privacy(fitted.fitted_, holdout, tables.encode(table, fitted.schema_), 0)
    assert found.closest.copied_share == 1
    assert found.by_samples.auc > 0.95
    assert found.closest.close_share > 0.9
    assert (found.by_column.advantage > 2 * found.by_column.standard_error).all()
    # the log-likelihood does not know of the stand-in
    assert found.by_likelihood.auc < 0.7


def test_rows_held_out_for_validation_are_not_members(fitted):
    learned = learned_rows(fitted.fitted_, 240)
    assert len(learned) == 216
    assert learned_rows(fitted.fitted_, 100).tolist() == list(range(100))


def test_drawn_rows_have_the_grid_and_the_missing_cells_of_the_table(fitted, encoded):
    drawn = drawn_rows(fitted.fitted_, 500, 1, missing=True)
    assert drawn.count == 500
    assert not drawn.observed.all()
    assert drawn_rows(fitted.fitted_, 50, 1, missing=False).observed.all()
    values = numbers_of(drawn, fitted.schema_)
    for place, column in enumerate(fitted.schema_.features):
        if column.decimals is not None:
            scaled = values[:, place] * 10**column.decimals
            scaled = scaled[drawn.observed[:, place]]
            np.testing.assert_allclose(scaled, np.round(scaled), atol=1e-6)


def test_values_are_rounded_to_the_decimals_of_their_column():
    schema = tables.Schema(
        (tables.Column("a", likelihood="normal", decimals=1), tables.Column("b", likelihood="normal"))
    )
    assert rounded(np.array([[0.30000001, 0.30000001]]), schema).tolist() == [[0.3, 0.30000001]]


def test_tasks_are_compared_too(tables_of_people):
    train, holdout = (part.assign(site=np.arange(len(part)) % 3) for part in tables_of_people)
    model = fast(task="site").fit(train)
    result = model.evaluate(holdout, train=train)
    assert "site" not in set(result["column"])
    assert result.attrs["privacy"]["trained_on_it"] is True
    assert numbers_of(tables.encode(holdout, model.schema_), model.schema_).shape[1] == len(result) + 1


def test_what_cannot_be_judged_is_refused(fitted, encoded, tables_of_people):
    train, holdout = encoded
    with pytest.raises(InputError, match="hold-out rows are the table that the model was trained on"):
        privacy(fitted.fitted_, train, train, 0)
    with pytest.raises(InputError, match=r"1 hold-out row"):
        privacy(fitted.fitted_, holdout.take(slice(1)), train, 0)
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    model = evenvae.EvenVAE(epochs=1, latent_size=2, network=evenvae.Network(width=8)).fit(images)
    with pytest.raises(InputError, match="images"):
        model.evaluate(images[:10], train=images[10:])
