"""What the shell offers."""

import pytest

from cli_support import evenvae

COMPLETED = {
    "evenvae coc": "cocktail",
    "evenvae fit dat": "dataset:wine",
    "evenvae fit people.csv --balance imtl-g+p": "imtl-g+pcgrad",
    "evenvae fit people.csv --objective ge": "geco-iwae",
    "evenvae fit people.csv --set network.w": "network.width=",
    "evenvae fit people.csv --set network.co": "network.components=",
    "evenvae fit people.csv --set prior.c": "prior.components=",
    "evenvae fit people.csv --set objective.ka": "objective.kappa=",
    "evenvae fit people.csv --set latent": "latent_size=",
}


@pytest.mark.parametrize("typed", COMPLETED)
def test_the_shell_completes(typed):
    asked = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" ")), "_EVENVAE_COMPLETE": "complete_bash"}
    _, offered, said = evenvae(environment=asked)
    assert COMPLETED[typed] in offered.split()
    assert said == ""
