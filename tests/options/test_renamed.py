"""Options of version 0.1.0 mean what they meant."""

from evenvae import GECO, IWAE, EvenVAE, HIVAENetwork, Network, Sampling, Training, Vamp
from evenvae.options import Options
from evenvae.options.renamed import RENAMED, from_flat, new_name

OLD = dict.fromkeys(RENAMED) | {"model": "vae", "objective": "elbo", "prior": "standard", "network": None}


def test_every_old_name_is_answered_by_one_that_exists():
    known = {name for model in ("vae", "hivae") for name in EvenVAE(model=model, prior="vamp").get_params()}
    known |= {name for objective in ("elbo", "geco") for name in EvenVAE(objective=objective).get_params()}
    known = {name.replace("__", ".") for name in known if model_of(name)}
    for name in [*RENAMED, "statistic"]:
        for answer in new_name(name).split(", or "):
            assert answer.removesuffix(" for model='hivae'") in known, name
    assert new_name("latent_size") is None


def model_of(name):
    return isinstance(name, str)


def test_values_go_to_their_parts():
    old = {**OLD, "objective": "geco", "gain": 0.2, "multiplier_rate": 0.1, "prior": "vamp", "components": 9}
    old |= {"hidden_size": 8, "network": "paper", "batch_size": 32, "bootstrap": True, "numbers": "histogram"}
    found = from_flat({**old, "epochs": 3, "statistic": "median"})
    assert found["objective"] == GECO(gain=0.2, rate=0.1)
    assert found["prior"] == Vamp(components=9)
    assert found["network"] == Network(kind="paper", width=8)
    assert found["training"] == Training(batch_size=32, bootstrap=True)
    assert found["sampling"] == Sampling(numbers="histogram")
    assert (found["epochs"], found["point_estimate"]) == (3, "median")
    Options.of(EvenVAE(**found).get_params(deep=False))


def test_components_belong_to_the_network_of_hivae():
    found = from_flat({**OLD, "model": "hivae", "components": 4, "hidden_size": 8})
    assert found["network"] == HIVAENetwork(components=4)


def test_what_an_objective_does_not_have_is_left_out():
    assert from_flat({**OLD, "objective": "iwae", "importance_samples": 5, "beta": 1.0})["objective"] == IWAE(5)


def test_files_without_the_options_of_sampling_have_what_there_was():
    old = {name: value for name, value in OLD.items() if name not in ("numbers", "latents")}
    assert from_flat({**old, "purpose": "sample"})["sampling"] == Sampling(numbers="family", latents="prior")
