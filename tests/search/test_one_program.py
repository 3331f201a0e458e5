"""Runs of several combinations in one compiled program are the runs of programs of their own."""

import json

import numpy as np
import pytest

from evenvae import tables
from evenvae.options import Options, resolve
from evenvae.options.options import to_json
from evenvae.options.resolution import layout_of
from evenvae.search.bundle import train_bundle
from evenvae.search.one_program import sharing
from evenvae.search.options import complete
from evenvae.search.sweep import Job, Sweep
from made_up import SMALL

NAMES = ("none", "gradnorm", "imtl-g+pcgrad", "graddrop")


@pytest.fixture(scope="module")
def encoded(table):
    schema = tables.Schema.infer(table)
    return tables.encode(table, schema), schema


def sweep(*programs):
    return Sweep(to_json(SMALL), (3,), NAMES, 0.0, 1, 54, 27, "mark", programs)


@pytest.mark.parametrize("balance", ["none", "imtl-g+pcgrad", "graddrop"])
def test_a_run_of_a_shared_program_is_the_run_of_its_own(encoded, tmp_path, balance):
    job = Job(balance, (3,), 54, False)
    alone = train_bundle(sweep(), *encoded, job, tmp_path / "alone")
    shared = train_bundle(sweep(NAMES), *encoded, job, tmp_path / "shared")
    assert shared[0]["figure"] == pytest.approx(alone[0]["figure"], rel=1e-4)
    np.testing.assert_allclose(shared[0]["columns"], alone[0]["columns"], rtol=1e-3)
    np.testing.assert_allclose(shared[0]["curve"], alone[0]["curve"], rtol=1e-4)


def test_a_bundle_of_a_shared_program_goes_on_where_it_paused(encoded, tmp_path):
    whole = train_bundle(sweep(NAMES), *encoded, Job("gradnorm", (3,), 54, False), tmp_path / "whole")
    train_bundle(sweep(NAMES), *encoded, Job("gradnorm", (3,), 27, False), tmp_path / "part")
    after = train_bundle(sweep(NAMES), *encoded, Job("gradnorm", (3,), 54, False), tmp_path / "part")
    assert after[0]["curve"] == whole[0]["curve"]


def plans(encoded, balances):
    layout = layout_of(encoded[1].features, Options.of(complete({**SMALL, "balance": "none"})))
    return {name: resolve(Options.of(complete({**SMALL, "balance": name})), layout, 180, 20) for name in balances}


def test_who_shares_a_program(encoded):
    made = plans(encoded, ("auto", "none", "gradnorm", "pcgrad", "imtl-g", "graddrop", "famo"))
    # the recipe weighs the KL, and FAMO needs a second pass
    assert sharing(made, 1) == (("none", "gradnorm", "pcgrad", "imtl-g", "graddrop"),)
    assert sharing(made, 2) == (("none", "gradnorm", "pcgrad"), ("imtl-g", "graddrop"))
    assert sharing(made, 4) == (("none", "gradnorm"), ("pcgrad", "imtl-g"))
    assert sharing(made, 8) == ()
    assert sharing(plans(encoded, ("auto", "none")), 1) == ()


def test_the_name_of_a_program():
    shared = sweep(("none", "gradnorm"))
    assert shared.program("none") == shared.program("gradnorm") == ("none", "gradnorm")
    assert shared.program("graddrop") == ("graddrop",)
    assert Sweep.from_dict(json.loads(json.dumps(shared.to_dict()))) == shared
