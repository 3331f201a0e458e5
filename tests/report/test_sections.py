"""Every section's figures, as data."""

import dataclasses
import json
import re

import jax
import numpy as np
import pytest

from evenvae import EvenVAE, InputError
from evenvae.report import associations, build, gather, gradient_story, gradients, latent, learned, marginals, unusual
from evenvae.report.parts import Figure, Gallery, Table, apart, listed, number, percent, shortened, shown
from evenvae.tables import Column
from evenvae.training import first_states, loss

NAMES = ["columns", "marginals", "associations", "training", "gradients", "missing", "latent", "unusual", "card"]


def figures(section):
    return {part.name: part for part in section.parts if isinstance(part, Figure)}


def tables(section):
    return [part for part in section.parts if isinstance(part, Table)]


def test_sections_come_in_reading_order(sections):
    assert list(sections) == NAMES
    assert all(section.lead and section.parts for section in sections.values())


def test_columns_worst_first_and_beside_the_other_model(sections, evidence):
    bars = figures(sections["columns"])["learned"]
    plain, ours = bars.data
    assert (plain["name"], ours["name"]) == ("plain", "balanced (gradnorm+pcgrad)")
    ratio = dict(zip(evidence.evaluation["column"], evidence.evaluation["ratio"], strict=True))
    assert [ratio[name] for name in bars.rows] == sorted(ratio.values(), reverse=True)
    assert ours["customdata"] == pytest.approx([ratio[name] for name in bars.rows], rel=1e-3)
    assert max(ours["x"]) <= learned.FAR
    (table,) = tables(sections["columns"])
    assert len(table.rows) == len(evidence.columns)
    assert all(len(row) == len(table.header) for row in table.rows)


def test_marginals_are_shares_over_all_sources(sections, evidence):
    (gallery,) = [part for part in sections["marginals"].parts if isinstance(part, Gallery)]
    assert [figure.column for figure in gallery.figures] == evidence.names
    for d, column in enumerate(evidence.columns):
        found = marginals.marginal(column, evidence.values[:, d], evidence.reconstructed[:, d], evidence.sampled[:, d])
        for shares in (found.real, found.reconstructed, found.sampled):
            assert shares.sum() == pytest.approx(1)
        assert 0 <= found.distance("sampled") <= 1
    kinds = {figure.column: figure.kind for figure in gallery.figures}
    assert kinds["member"] == "levels"
    assert kinds["age"] == "numbers"
    town = next(figure for figure in gallery.figures if "city" in figure.column)
    assert town.data[0]["y"][-1] == "5 other levels"
    since = next(figure for figure in gallery.figures if figure.column == "since")
    assert since.layout["xaxis"]["type"] == "date"
    assert since.data[0]["x"][0].startswith("20")


def test_equal_samples_have_equal_marginals():
    column = Column("x", likelihood="normal")
    values = np.random.default_rng(0).normal(size=500)
    assert marginals.marginal(column, values, values, values).distance("sampled") == 0
    constant = marginals.marginal(column, np.full(5, 2.0), np.full(5, 2.0), np.full(5, 9.0))
    assert constant.real.sum() == 1


def test_associations_of_known_pairs():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    assert associations.association(x, -np.exp(x), (False, False)) == pytest.approx(-1)
    codes = (x > 0).astype(float)
    assert associations.association(codes, 1 - codes, (True, True)) == pytest.approx(1)
    assert associations.association(codes, rng.integers(0, 3, 2000).astype(float), (True, True)) < 0.1
    ratio = associations.association(codes, x, (True, False))
    assert ratio == pytest.approx(np.sqrt(2 / np.pi), abs=0.03)  # of a normal split at its mean
    assert associations.association(x, codes, (False, True)) == pytest.approx(ratio)
    assert np.isnan(associations.association(x, np.ones(2000), (False, False)))
    assert np.isnan(associations.association(x[:5], x[:5], (False, False)))


def test_association_map_switches_between_three(sections, evidence):
    heat = figures(sections["associations"])["associations"]
    assert [option[0] for option in heat.choice.options] == ["real", "sampled", "sampled − real"]
    real, sampled, gap = (np.array(option[1]["z"][0], float) for option in heat.choice.options)
    assert real.shape == (len(evidence.columns),) * 2
    known = np.isfinite(real) & np.isfinite(sampled)
    np.testing.assert_allclose(gap[known], (sampled - real)[known], atol=2e-3)
    np.testing.assert_allclose(real[known], real.T[known])
    (pairs,) = tables(sections["associations"])
    gaps = [abs(float(b.replace("−", "-")) - float(a.replace("−", "-"))) for _, a, b in pairs.rows]
    assert gaps[0] >= gaps[-1]


def test_training_curves_are_the_history(sections, fitted, evidence):
    drawn = figures(sections["training"])
    history = fitted.history_
    validation = drawn["training-validation"].data[-1]
    assert validation["x"] == [record["step"] for record in history]
    assert validation["y"] == pytest.approx([record["validation"][0] for record in history], rel=1e-3)
    (upright,) = drawn["training-validation"].layout["shapes"]
    best = min(history, key=lambda record: record["validation"][0])
    assert upright["x0"] == upright["x1"] == best["step"]
    assert f"step {best['step']:,}, where this figure was best" in sections["training"].lead
    columns = drawn["training-columns"]
    assert [option[0] for option in columns.choice.options] == evidence.names
    _, patch = columns.choice.options[1]
    assert patch["y"][0] == pytest.approx([record["validation_columns"][0][1] for record in history], rel=1e-3)


def test_gradients_are_those_of_the_loss(fitted, table):
    """Their sum is the gradient of the whole loss at the shared feature, by JAX's own differentiation."""
    encoded = fitted._encode(table.iloc[:16])
    cells = fitted.space_.cells(encoded.values, encoded.observed)
    network, state = fitted.members_[0]
    scales, key, method = fitted.space_.device_scales, jax.random.key(4), fitted.plan_.method
    (rows,), losses = gradients.feature_gradients(network, state, cells, encoded.observed, scales, key, method)
    assert rows.shape == (6, 16 * 16)
    # moving every row of the shared feature by one vector is moving the heads' bias by its image
    kernel = np.asarray(network.model.heads.kernel)
    states = first_states(network, method)._replace(encoder=state)

    def of_bias(bias):
        moved = network._replace(model=_with_bias(network.model, bias))
        return loss(moved, states, cells, encoded.observed, scales, key, method)

    by_bias = np.asarray(jax.grad(of_bias)(network.model.heads.bias))
    summed = np.asarray(rows).sum(0).reshape(16, 16).sum(0)
    np.testing.assert_allclose(summed, by_bias @ kernel.T, rtol=2e-3, atol=1e-5)
    assert np.isfinite(losses).all()


def _with_bias(model, bias):
    import equinox as eqx

    return eqx.tree_at(lambda m: m.heads.bias, model, bias)


def test_cosines_of_known_rows():
    rows = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, 0.0]])
    norms, cosines, plain, balanced = gradients.compare(rows, np.array([1.0, 0.0]))
    np.testing.assert_allclose(norms, [1, 2, 1, 0])
    np.testing.assert_allclose(cosines[0, :3], [1, 0, -1])
    np.testing.assert_allclose(plain[:3], [0, 1, 0])
    np.testing.assert_allclose(balanced[:3], [1, 0, -1])
    assert np.isnan(cosines[3]).all()
    assert np.isnan(balanced[3])


def test_gradient_story_before_and_after_balancing(sections, evidence):
    end, start = evidence.stories
    assert (end.moment, start.moment) == ("end of training", "start of training")
    np.testing.assert_allclose(np.diagonal(end.cosines), 1, atol=1e-6)
    # IMTL-G serves all columns alike, the plain sum the loudest ones
    assert np.ptp(end.balanced) < np.ptp(end.plain)
    drawn = figures(sections["gradients"])
    assert set(drawn) == {
        "gradient-norms", "gradient-steps", "gradient-history", "gradient-conflicts", "gradient-cosines"
    }  # fmt: skip
    assert len(drawn["gradient-steps"].data) == 2
    other = evidence.other_stories[0]
    np.testing.assert_allclose(other.plain, other.balanced)


def test_gradients_over_training_are_those_of_the_history(sections, evidence):
    drawn = figures(sections["gradients"])
    history, figure = evidence.model.history_, drawn["gradient-history"]
    loudest = int(np.argmax(evidence.stories[0].norms))
    assert figure.choice.selected == loudest
    assert [trace.get("name") for trace in figure.data[1:]] == [
        f"{evidence.names[loudest]}, before balancing", f"{evidence.names[loudest]}, after gradnorm+pcgrad"
    ]  # fmt: skip
    for column, (name, patch) in enumerate(figure.choice.options):
        assert name == evidence.names[column]
        norms = np.array([record["gradient_norms"][0][column] for record in history])
        weights = np.array([record["gradient_weights"][0][column] for record in history])
        np.testing.assert_allclose(patch["y"][0], norms, rtol=1e-3)
        np.testing.assert_allclose(patch["y"][1], norms * np.abs(weights), rtol=1e-3)
    shown = {trace["name"]: trace["y"] for trace in drawn["gradient-conflicts"].data}
    np.testing.assert_allclose(
        shown["pairs against each other"], [r["gradient_conflicts"][0] for r in history], rtol=1e-3
    )


def test_a_history_without_gradients_has_no_curves_of_them(evidence, monkeypatch):
    bare = [{k: v for k, v in r.items() if not k.startswith("gradient")} for r in evidence.model.history_]
    monkeypatch.setattr(evidence.model, "history_", bare)
    section = gradient_story.section(evidence)
    assert set(figures(section)) == {"gradient-norms", "gradient-steps", "gradient-cosines"}
    assert any("not recorded" in note for note in section.notes)


def test_holes_and_what_is_found_in_them(sections, evidence):
    found = evidence.imputation
    assert not (found.hidden & ~evidence.observed).any()
    assert found.hidden.sum() / evidence.observed.sum() == pytest.approx(0.2, abs=0.03)
    drawn = figures(sections["missing"])
    assert set(drawn["missing-shares"].rows) == {"age", "income"}
    assert drawn["missing-shares"].data[0]["x"][0] == pytest.approx(evidence.missing_share[1], rel=1e-3)
    assert set(drawn["imputation"].rows) == set(evidence.names)
    (patterns,) = tables(sections["missing"])
    assert patterns.rows[0][0] == "nothing"
    assert patterns.rows[1][0] == "income"


def test_map_recolours_by_any_column(sections, evidence):
    (drawn,) = figures(sections["latent"]).values()
    assert [name for name, _ in drawn.choice.options] == evidence.names
    points = len(drawn.data[0]["x"])
    assert points == len(evidence.latent)
    for _, patch in drawn.choice.options:
        assert len(patch["marker.color"][0]) == len(patch["text"][0]) == points
    city = dict(drawn.choice.options)["city </script>"]
    assert city["marker.colorbar"][0]["ticktext"][-1] == "5 others"


def test_unusual_rows_name_the_columns_that_make_them_so(fitted, table):
    odd = table.copy()
    odd.loc[17, "income"] = 1e6
    evidence = gather(fitted, odd)
    lowest = unusual.lowest(evidence)
    assert lowest.rows[0][0] == "17"
    assert lowest.rows[0][2].startswith("income = 1e+06")
    assert lowest.columns[0][0] == "income"
    scores = [float(row[1].replace("−", "-")) for row in lowest.rows]
    assert scores == sorted(scores)


def test_card_says_which_table_and_seed(sections, evidence, fitted, table):
    facts = dict(tables(sections["card"])[0].rows)
    assert facts["fingerprint of the training table"] == facts["fingerprint of the table looked at"]
    assert len(evidence.fingerprint) == 64
    assert facts["seed"] == "0"
    assert evidence.trained_on_it is True
    assert gather(fitted, table.iloc[:100]).trained_on_it is False


def test_large_tables_are_summarised_by_seed(fitted, table):
    few = gather(fitted, table, rows=40, seed=1)
    again = gather(fitted, table, rows=40, seed=1)
    assert len(few.values) == 40
    assert few.table_rows == 300
    np.testing.assert_array_equal(few.places, again.places)
    assert [s.parts for s in build(few)] == [s.parts for s in build(again)]


def test_ensembles_of_another_purpose_and_elementwise_balancers(table):
    model = EvenVAE(
        hidden_size=8, latent_size=1, depth=1, epochs=2, ensemble=2, purpose="impute", balance="graddrop"
    ).fit(table)
    sections = {section.name: section for section in build(gather(model, table))}
    assert len(figures(sections["training"])["training-loss"].data) == 6
    assert sections["latent"].parts[0].data[0]["y"] == [0.0] * 300


def test_wrong_input_is_one_sentence(fitted, table):
    other = EvenVAE(hidden_size=8, latent_size=1, depth=1, epochs=1).fit(table[["age", "income"]])
    with pytest.raises(InputError, match="other columns"):
        gather(fitted, table, beside=other)
    with pytest.raises(InputError, match="rows=1"):
        gather(fitted, table, rows=1)


def test_texts():
    assert listed(np.array([[1.23456, np.nan], [np.inf, 2]])) == [[1.235, None], [None, 2.0]]
    assert (number(None), number(float("nan")), number(-1.25, 1)) == ("–", "–", "−1.2")
    assert number(-0.0001) == "0.000"
    assert shortened("a long name of thing 26", 11) == "a lon…ng 26"
    spouses = ["Married-civ-spouse", "Married-AF-spouse", "Divorced"]
    assert (
        apart(spouses, 15) == ["Married…-spouse", "Married-…F-spouse", "Divorced"] or len(set(apart(spouses, 15))) == 3
    )
    assert apart(["one", "one"], 2) == ["…e", "…e"]
    assert (percent(0.5), percent(0.031), percent(0), percent(None)) == ("50 %", "3.1 %", "0 %", "–")
    assert shown(float("nan"), Column("x")) == "missing"
    assert shown(1.0, Column("x", likelihood="bernoulli", levels=("no", "yes"))) == "yes"


def test_page_is_whole_and_escaped(page):
    assert len(re.findall(r"<section id=", page)) == len(NAMES)
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="(?!data:)', page)
    text = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1)
    found = json.loads(text)
    assert any("city </script>" in figure.get("rows", ()) for figure in found.values())
    assert "city &lt;/script&gt;" in page


def test_map_of_numbers_with_holes(evidence):
    flat = np.zeros((len(evidence.latent), 2))
    best = evidence.evaluation.copy()
    best["ratio"] = np.where(best["column"] == "income", 0.0, 1.0)
    drawn = latent.figure(dataclasses.replace(evidence, evaluation=best), flat, np.arange(len(flat)))
    assert None in drawn.data[0]["marker"]["color"]


def test_models_with_a_mixture_and_slices(table):
    model = EvenVAE(model="hivae", hidden_size=8, latent_size=2, epochs=1).fit(table)
    end, _ = gradients.stories(model, *_cells(model, table), seed=0)
    assert np.isfinite(end.balanced).all()


def _cells(model, table):
    encoded = model._encode(table)
    return encoded.values, encoded.observed
