"""What several commands share."""

import os

import pytest

from evenvae.cli.common import names_in, parse_settings, renamed, use_cores
from evenvae.errors import InputError


def test_a_lone_fit_asks_for_one_thread_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("NPROC")
    use_cores(1)
    assert os.environ["NPROC"] == "1"
    monkeypatch.setenv("NPROC", "3")
    use_cores(1)
    assert os.environ["NPROC"] == "3"


def test_settings_are_options_by_name():
    given = ["network.width=8", "training.learning-rate=1e-3", "epochs=none", "prior=vamp", "prior.components = 4"]
    assert parse_settings(given) == {
        "network__width": 8,
        "training__learning_rate": 1e-3,
        "epochs": None,
        "prior": "vamp",
        "prior__components": 4,
    }
    with pytest.raises(InputError, match=r"'beta' is now objective\.beta"):
        parse_settings(["beta=4"])


def test_a_former_name_counts_where_the_name_is_not_given():
    assert renamed("--old", None, "--new", "a") == "a"
    with pytest.warns(FutureWarning, match="--old is now --new"):
        assert renamed("--old", "b", "--new", None) == "b"
    with pytest.warns(FutureWarning):
        assert renamed("--old", "b", "--new", "a") == "a"


def test_names_between_commas():
    assert names_in(None) is None
    assert names_in("a, b,,") == ["a", "b"]
