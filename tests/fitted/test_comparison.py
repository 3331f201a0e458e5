"""Two models on the same rows."""

import numpy as np
import pytest
from scipy import stats

from evenvae import tables
from evenvae.fitted.comparison import compare_models, row_errors
from evenvae.fitted.evaluation import errors
from evenvae.fitted.reconstruction import reconstruct
from support import fast, people


@pytest.fixture(scope="module")
def pair():
    table = people(200)
    rows = people(150, seed=1)
    older = table.assign(age=table["age"] + 15)
    models = [fast(epochs=2).fit(learned) for learned in (older, table)]
    return models, rows


def sides(models, rows):
    return [(model.fitted_, tables.encode(rows, model.schema_)) for model in models]


def test_errors_are_those_of_evaluate(pair):
    models, rows = pair
    found = compare_models(*sides(models, rows), hide=0)
    for letter, model in zip("ab", models, strict=True):
        own = model.evaluate(rows)
        np.testing.assert_allclose(found[f"error_{letter}"], own["error"])
        assert found.attrs[f"error_{letter}"] == pytest.approx(own.attrs["error"])
        assert found.attrs[f"log_likelihood_{letter}"] == pytest.approx(own.attrs["log_likelihood"])
    assert "hidden_a" not in found
    assert found.attrs["trained_on_a"] is False


def test_errors_of_rows_make_up_those_of_columns(pair):
    models, rows = pair
    model, encoded = sides(models, rows)[1]
    guess = np.nan_to_num(encoded.values) + 1.0
    by_row = row_errors(model.space, encoded.values, guess, encoded.observed)
    mean = np.nanmean(by_row, axis=0)
    plain_numbers = ~model.space.layout.discrete
    expected = errors(model.space, encoded.values, guess, encoded.observed)
    np.testing.assert_allclose(np.where(plain_numbers, np.sqrt(mean), mean), expected)


def test_a_model_of_such_rows_is_told_from_one_of_older_people(pair):
    models, rows = pair
    found = compare_models(*sides(models, rows))
    assert found.attrs["log_likelihood_gain"] > 0
    assert found.attrs["log_likelihood_p"] < 0.01
    back = compare_models(*sides(models[::-1], rows))
    assert back.attrs["log_likelihood_gain"] == pytest.approx(-found.attrs["log_likelihood_gain"])
    np.testing.assert_allclose(back["p"], found["p"])
    np.testing.assert_allclose(back["hidden_a"], found["hidden_b"])


def test_the_order_of_the_columns_does_not_matter(pair):
    models, rows = pair
    turned = fast(epochs=1).fit(people(200)[list(rows.columns[::-1])])
    found = compare_models(*sides([models[1], turned], rows), hide=0)
    own = turned.evaluate(rows).set_index("column")["error"]
    np.testing.assert_allclose(found["error_b"], own[found["column"]])


def test_p_values_are_those_of_paired_tests_after_holm(pair, monkeypatch):
    models, rows = pair
    seen = []
    monkeypatch.setattr("evenvae.fitted.comparison.holm", lambda p: seen.append(np.array(p)) or p)
    compare_models(*sides(models, rows), hide=0)
    by_row = []
    for model, encoded in sides(models, rows):
        guess = reconstruct(model, model.batch(encoded))
        by_row.append(row_errors(model.space, encoded.values, guess, encoded.observed))
    for d, p in enumerate(seen[0]):
        both = np.isfinite(by_row[0][:, d])
        expected = stats.ttest_rel(by_row[1][both, d], by_row[0][both, d]).pvalue
        assert p == pytest.approx(expected) or np.isnan(expected)
