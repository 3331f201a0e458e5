"""Theorems 1 and 2 of Takahashi et al. (2022), and what a representation tells of the task."""

import numpy as np
import pytest
from scipy.stats import norm

from evenvae.metrics import probe, rate_parts
from evenvae.metrics.dependence import entropy

MEANS = np.array([-2.0, -1.2, -0.5, 0.1, 0.4, 1.1, 1.3, 2.2, 2.9])
STDS = np.array([0.4, 0.7, 0.5, 0.3, 0.9, 0.6, 0.4, 0.5, 0.8])
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
standard = lambda z: norm.logpdf(z).sum(-1)


def by_quadrature(log_prior):
    """Rate, I(S; Z), KL(q(z) || p(z)) and mean I(X; Z) within a label, each by itself, as integrals over a grid."""
    z = np.linspace(-14, 14, 40001)
    step = z[1] - z[0]
    each = norm.pdf(z[:, None], MEANS, STDS)
    q, p = each.mean(1), np.exp(log_prior(z[:, None]))
    of_label = np.stack([each[:, s == LABELS].mean(1) for s in range(3)], axis=1)
    shares = np.bincount(LABELS) / len(LABELS)
    kl = lambda a, b: float((np.where(a > 0, a, 0) * (np.log(a + 1e-300) - np.log(b + 1e-300))).sum() * step)
    return (
        np.mean([kl(each[:, n], p) for n in range(9)]),
        sum(share * kl(of_label[:, s], q) for s, share in enumerate(shares)),
        kl(q, p),
        np.mean([kl(each[:, n], of_label[:, LABELS[n]]) for n in range(9)]),
    )


def test_the_rate_is_what_the_task_the_prior_and_the_rows_make_of_it():
    rate, *parts = by_quadrature(standard)
    assert rate == pytest.approx(sum(parts), abs=1e-9)
    found = rate_parts(MEANS[:, None], STDS[:, None], LABELS, standard, np.random.default_rng(0), samples=4000)
    assert found.rate == pytest.approx(found.task_information + found.prior_divergence + found.row_information)
    np.testing.assert_allclose(found[:4], (rate, *parts), atol=0.02)
    assert 0 < found.task_information < found.task_entropy < found.rate + found.task_entropy


def test_the_best_prior_gains_its_divergence_and_no_other_does_better():
    mixture = lambda z: np.log(norm.pdf(z, MEANS, STDS).mean(-1))
    rate, information, divergence, rows = by_quadrature(standard)
    best, *rest = by_quadrature(mixture)
    # the bound is reconstruction minus rate: what the rate loses is what the bound gains
    assert rate - best == pytest.approx(divergence, abs=1e-9)
    np.testing.assert_allclose(rest, (information, 0, rows), atol=1e-9)
    for shift, spread in ((0, 1), (0.5, 1.6), (0.477, 1.7)):
        other = by_quadrature(lambda z, a=shift, b=spread: norm.logpdf(z, a, b).sum(-1))[0]
        assert other >= best


def test_nothing_told_and_everything_told():
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 3
    alike = rate_parts(np.zeros((60, 2)), np.ones((60, 2)), labels, standard, generator)
    assert alike.task_information == pytest.approx(0, abs=1e-9)
    assert alike.row_information == pytest.approx(0, abs=1e-9)
    apart = rate_parts(np.stack([50.0 * labels, labels], axis=1), np.ones((60, 2)), labels, standard, generator)
    assert apart.task_information == pytest.approx(np.log(3), abs=1e-6)


def test_rows_that_stand_alone_tell_all_that_can_be_told():
    generator = np.random.default_rng(0)
    means, labels = generator.normal(size=(400, 12)), generator.integers(2, size=400)
    found = rate_parts(means, np.full((400, 12), 0.05), labels, standard, generator)
    assert found.task_information == pytest.approx(found.task_entropy, abs=1e-3)
    assert probe(means, labels).information < 0.05


def test_a_probe_reads_what_is_there():
    generator = np.random.default_rng(0)
    labels = generator.integers(2, size=600)
    told = probe(labels[:, None] + 0.1 * generator.normal(size=(600, 1)), labels)
    assert told.accuracy > 0.99
    assert told.information == pytest.approx(entropy(labels), abs=0.1)
    untold = probe(generator.normal(size=(600, 2)), labels)
    assert untold.accuracy < untold.chance + 0.08
    assert untold.information < 0.02
    assert np.isnan(probe(np.zeros((4, 1)), np.array([0, 0, 0, 1])).accuracy)
