"""What several commands share."""

import os

import pytest

from evenvae.cli.common import names_in, parse_settings, print_table, renamed, use_cores
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


@pytest.mark.parametrize("text", ["-" * 100_000 + "1", "[" * 5_000, "-" * 990 + "1", "(" * 500, "9" * 5_000, "{[]: 1}"])
def test_texts_that_are_no_constants_stay_texts(text):
    assert parse_settings([f"latent_size={text}"]) == {"latent_size": text}


def test_a_former_name_counts_where_the_name_is_not_given():
    assert renamed("--old", None, "--new", "a") == "a"
    with pytest.warns(FutureWarning, match="--old is now --new"):
        assert renamed("--old", "b", "--new", None) == "b"
    with pytest.warns(FutureWarning):
        assert renamed("--old", "b", "--new", "a") == "a"


def test_a_printed_table_shows_names_letter_by_letter(capsys):
    print_table("", ["column", "error"], [["[/] [bold]size[/bold]", "0.1"]])
    assert "[/] [bold]size[/bold]" in capsys.readouterr().out


def test_names_between_commas():
    assert names_in(None) is None
    assert names_in("a, b,,") == ["a", "b"]
