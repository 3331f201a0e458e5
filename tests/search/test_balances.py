"""Names of combinations and lists of them."""

import pytest

from evenvae import balancing
from evenvae.errors import InputError
from evenvae.search import named_lists, resolve
from evenvae.search.balances import RECIPE


def test_the_papers_lists():
    lists = named_lists()
    assert len(lists["default"]) == len(set(lists["default"])) == 13
    assert len(lists["paper"]) == len(set(lists["paper"])) == 15
    assert {"none", "imtl-g+pcgrad", "gradnorm", "gradnorm[alpha=1]+graddrop"} <= set(lists["paper"])
    assert set(lists["paper"]) < set(lists["more"])
    assert lists["default"][0] == lists["more"][0] == RECIPE
    for name in lists["more"][1:]:
        assert balancing.parse(name).name == name


def test_lists_and_names_mix_and_repeat_once():
    assert resolve("none, gradnorm[alpha=0,learning_rate=0.1]+pcgrad ,none") == (
        "none",
        "gradnorm[learning_rate=0.1]+pcgrad",
    )
    assert resolve("default,power-norm[gamma=0.25],pcgrad")[13:] == ("power-norm[gamma=0.25]",)
    assert resolve("auto,none") == ("auto", "none")
    assert resolve(["none+pcgrad", "pcgrad"]) == ("pcgrad",)


@pytest.mark.parametrize(
    ("text", "words"),
    [("imtl", "imtl-g"), ("", "no combination"), ("none,gradnorm[beta=1]", "beta"), ("a[", "--balances")],
)
def test_wrong_names_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        resolve(text)
