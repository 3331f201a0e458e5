"""Settings in TOML files, and how given options take their place."""

import pytest

from evenvae import EvenVAE, Network
from evenvae.errors import InputError
from evenvae.experiments.settings import flattened, over, read, selected


def test_parts_have_tables_of_their_own():
    given = {"epochs": 3, "network": {"width": 8}, "prior": {"name": "vamp", "components": 4}}
    assert flattened(given) == {"epochs": 3, "network__width": 8, "prior": "vamp", "prior__components": 4}


def test_given_options_take_the_place_of_standard_ones():
    standard = {"epochs": 3, "network__width": 8, "network__depth": 2}
    assert over(standard, {"network__width": 9}) == {"epochs": 3, "network__width": 9, "network__depth": 2}
    assert over(standard, {"network": "conv"}) == {**standard, "network": "conv"}
    of_a_kind = over({**standard, "network__kind": "conv"}, {"network": "residual"})
    assert EvenVAE().set_params(**of_a_kind).network == Network(kind="residual", width=8, depth=2)
    assert over(standard, {"network": Network(depth=1)}) == {"epochs": 3, "network": Network(depth=1)}


@pytest.mark.parametrize("name", ["table1", "geco", "optimal_prior"])
def test_every_experiment_has_options_of_this_version(name):
    known = read(name)
    standard = {
        "table1": lambda: [model["options"] for model in known["models"].values()],
        "geco": lambda: [known["options"], *(entry["options"] for entry in known["datasets"].values())],
        "optimal_prior": lambda: [known["settings"]["options"]],
    }[name]()
    for options in standard:
        EvenVAE().set_params(**flattened(options))


def test_unknown_names_and_no_names_are_refused():
    assert selected("tables", None, ["a", "b"]) == ("a", "b")
    assert selected("tables", ["b", "b"], ["a", "b"]) == ("b",)
    with pytest.raises(InputError, match="'c' is unknown; choose from a, b"):
        selected("tables", ["c"], ["a", "b"])
    with pytest.raises(InputError, match="names nothing"):
        selected("tables", [], ["a", "b"])
