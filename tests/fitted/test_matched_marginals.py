"""Drawn columns with the marginals of the table, and nothing but drawn rows changed."""

import equinox as eqx
import numpy as np
import pandas as pd
import pytest

import evenvae
from evenvae import EvenVAE, InputError, Network, Privacy, Sampling
from evenvae.fitted.matched_marginals import fit_shifts
from evenvae.fitted.rows import TableRows
from evenvae.fitted.sampling import sample
from evenvae.tables import encode
from support import fast, people


def town(rows=1500, seed=0):
    """Levels and a number that depend on each other."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    flag = rng.random(rows) < np.array([0.1, 0.5, 0.9])[kind]
    size = np.round(np.exp(rng.normal(kind, 0.5)), 1)
    return pd.DataFrame({"kind": np.array(["flat", "house", "farm"])[kind], "garden": flag, "size": size})


def fitted(**options):
    sampling = Sampling(**{"match_marginals": False} | options.pop("sampling", {}))
    network = Network(width=32, depth=1)
    made = EvenVAE(purpose="sample", epochs=30, network=network, sampling=sampling, random_state=0, **options)
    return made.fit(town())


@pytest.fixture(scope="module")
def plain():
    return fitted()


@pytest.fixture(scope="module")
def matched():
    return fitted(sampling={"match_marginals": None})


def shares(frame, column):
    return frame[column].value_counts(normalize=True).sort_index()


def rows_of(model, table):
    schema = model.schema_
    return TableRows(encode(table, schema), schema, None)


def drifting(model, column, by):
    """The fitted model with ``by`` added to the logit of the first level of a column, in all questions."""
    whole = model.fitted_
    layout = whole.space.layout
    place = [feature.name for feature in whole.schema.features].index(column)
    output = int(np.flatnonzero(layout.feature_of_output == place)[0])
    member = whole.members[0]
    bias = np.array(member.network.model.heads.bias)
    bias[output] += by
    network = eqx.tree_at(lambda tree: tree.model.heads.bias, member.network, bias)
    return whole.replaced(members=(member._replace(network=network),))


def test_a_head_that_is_wrong_is_brought_back(plain):
    wrong = drifting(plain, "kind", 2.5)
    right = wrong.replaced(marginal_shifts=fit_shifts(wrong, rows_of(plain, town())))
    codes = rows_of(plain, town()).encoded.values[:, 0]
    gaps = []
    for model in (wrong, right):
        drawn = sample(model, 6000, seed=1)[0][:, 0]
        gaps.append(np.abs(np.bincount(drawn.astype(int)) / 6000 - np.bincount(codes.astype(int)) / 1500).max())
    assert gaps[0] > 0.15
    # three passes go 1 - 0.6^3, four fifths, of the way
    assert gaps[1] < 0.35 * gaps[0]


def test_marginals_are_nearer_and_how_columns_depend_stays(plain, matched):
    table = town()
    drawn = [model.sample(8000, random_state=1) for model in (plain, matched)]
    gap = lambda rows, name: np.abs(shares(rows, name) - shares(table, name)).max()
    gaps = [max(gap(rows, name) for name in ("kind", "garden")) for rows in drawn]
    # 4 standard errors of 8000 draws are 0.022
    assert gaps[1] < max(gaps[0], 0.022)
    gardens = [rows.groupby("kind")["garden"].mean() for rows in drawn]
    np.testing.assert_allclose(*gardens, atol=0.06)


def test_only_rows_that_are_drawn_change(plain, matched):
    table = town(40, seed=1)
    assert matched.history_ == plain.history_
    assert plain.fitted_.marginal_shifts is None
    assert "matched to the table where rows are drawn" in matched.card()
    assert "matched to the table" not in plain.card()
    assert matched.fitted_.marginal_shifts.shape == (1, matched.fitted_.space.layout.width)
    np.testing.assert_array_equal(matched.score_samples(table), plain.score_samples(table))
    holes = table.mask(np.random.default_rng(0).random(table.shape) < 0.3)
    pd.testing.assert_frame_equal(matched.impute(holes), plain.impute(holes))
    for one, other in zip(matched.impute(holes, draws=3), plain.impute(holes, draws=3), strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert not matched.sample(200, random_state=0).equals(plain.sample(200, random_state=0))


def test_missing_cells_count_as_the_model_draws_them(plain):
    # gardens are not told of flats, of which few have one: among the told ones they are too many
    table = town()
    holed = table.astype({"garden": object}).where(table["kind"] != "flat", other=table.assign(garden=None))
    told, whole = holed["garden"].dropna().mean(), table["garden"].mean()
    assert told > whole + 0.2
    shifts = fit_shifts(plain.fitted_, rows_of(plain, holed))
    drawn = plain.fitted_.replaced(marginal_shifts=shifts)
    assert sample(drawn, 6000, seed=0)[0][:, 1].mean() == pytest.approx(whole, abs=0.06)


def test_rows_count_as_they_weigh(plain):
    table = town()
    rows = rows_of(plain, table)
    heavy = (table["kind"] == "farm").to_numpy() * 20.0 + 0.1
    shifts = fit_shifts(plain.fitted_, rows, heavy)
    farm = list(plain.schema_.features[0].levels).index("farm")
    logits = shifts[0, plain.fitted_.space.layout.feature_of_output == 0]
    assert logits.argmax() == farm


def test_members_are_shifted_each_and_a_saved_model_draws_the_same_rows(tmp_path):
    model = fast(purpose="sample", ensemble=2, random_state=0).fit(people())
    shifts = model.fitted_.marginal_shifts
    assert shifts.shape == (2, model.fitted_.space.layout.width)
    assert not np.array_equal(*shifts)
    model.save(tmp_path / "model.evenvae")
    again = evenvae.load(tmp_path / "model.evenvae")
    np.testing.assert_array_equal(again.fitted_.marginal_shifts, shifts)
    pd.testing.assert_frame_equal(again.sample(60, random_state=2), model.sample(60, random_state=2))


def test_the_default_goes_with_sight_and_privacy_and_heads_decide_what_is_possible():
    quick = {"epochs": 1, "random_state": 0}
    assert not fast(**quick).fit(people()).fitted_.plan.match_marginals
    asked = fast(**quick, sampling=Sampling(match_marginals=True, numbers="histogram")).fit(people())
    assert asked.fitted_.marginal_shifts.any()
    assert len(asked.sample(30, random_state=0)) == 30
    with pytest.raises(InputError, match="match_marginals=True needs model='vae'"):
        fast(model="hivae", sampling=Sampling(match_marginals=True)).fit(people())
    with pytest.raises(InputError, match=r"privacy\.epsilon cannot be kept with this sampling\.match_marginals"):
        fast(privacy=Privacy(epsilon=5), sampling=Sampling(match_marginals=True)).fit(people())
    with pytest.raises(InputError, match=r"sampling\.match_marginals='yes' must be True or False"):
        Sampling(match_marginals="yes")
