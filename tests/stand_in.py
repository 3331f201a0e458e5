"""A model that learns nothing: `EvenVAE` without its networks, so that thousands of fits take a minute.

What it answers are values between those of the table, and levels of the table.
"""

import contextlib
from unittest import mock

import numpy as np

from evenvae.fitted import fitting, imputation, sampling
from evenvae.fitted.model import FittedModel, Record
from evenvae.models.space import Space
from evenvae.options.resolution import likelihoods_of, resolve
from evenvae.tables import MissingnessModel, TaskCounts


def answers(encoded, schema, rows, seed=0):
    """Raw values of so many rows: in every cell one between two that the column has, or the code of a level."""
    rng = np.random.default_rng(seed)
    values = np.empty((rows, schema.elements))
    for place, (column, first) in enumerate(zip(schema.features, schema.first, strict=True)):
        seen = encoded.values[encoded.observed[:, place], first : first + column.size]
        own = rng.choice(seen, rows)
        if column.shape:
            pass
        elif not column.discrete:
            share = rng.random((rows, 1))
            own = share * own + (1 - share) * rng.choice(seen, rows)
        elif column.pooled:
            own = rng.integers(0, column.cardinality - 1, (rows, 1))
        values[:, first : first + column.size] = own
    return values


@contextlib.contextmanager
def without_networks():
    """Within it, `EvenVAE.fit` reads a table and trains nothing, and the networks' answers are `answers`."""
    learned = {}

    def fit(options, X, given, **rest):
        encoded, weight, schema = fitting.read(options, X, rest.get("sample_weight"))
        cells = np.nan_to_num(encoded.values), encoded.observed
        space = Space.fit(likelihoods_of(schema.features, "vae", "family"), *cells)
        record = Record(len(encoded.values), 0, 0, 0, False, None, [])
        counts, missingness = TaskCounts.of(encoded.tasks), MissingnessModel.of(encoded, schema, weight)
        plan = resolve(options, space.layout, len(encoded.values), 0)
        model = FittedModel((), space, schema, plan, counts, record, missingness)
        learned[id(model)] = encoded
        return model

    def impute(model, batch, *rest):
        return [answers(learned[id(model)], model.schema, len(batch.mask))]

    def sampled(model, n, *rest):
        yield answers(learned[id(model)], model.schema, n), np.zeros((n, len(model.schema.tasks)), np.int32)

    with (
        mock.patch.object(fitting, "fit", fit),
        mock.patch.object(imputation, "impute", impute),
        mock.patch.object(sampling, "sampled", sampled),
    ):
        yield
