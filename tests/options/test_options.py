"""Options become parts, checked one by one, and go to JSON and back."""

import json

import numpy as np
import pytest
from sklearn.base import clone

from evenvae import ELBO, GECO, DReG, EvenVAE, HIVAENetwork, InputError, Network, Sampling, Training, Vamp, balancing
from evenvae.options import Options
from evenvae.options.options import from_json, to_json


def options(**given):
    return Options.of(EvenVAE(**given).get_params(deep=False))


def test_names_stand_for_parts():
    found = options(objective="geco", prior="vamp", network="conv")
    assert (found.objective, found.prior, found.network) == (GECO(), Vamp(), Network(kind="conv"))
    assert (found.training, found.sampling) == (Training(), Sampling())
    assert options(model="hivae").network == HIVAENetwork()
    assert options(purpose=None, preset="default").purpose == "reconstruct"


def test_a_balancer_stands_for_its_name():
    assert options(balance=balancing.chain(balancing.imtl_g(), balancing.pcgrad())).balance == "imtl-g+pcgrad"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": "gan"}, "model='gan' is unknown; choose one of vae, hivae"),
        ({"epochs": 0}, "epochs=0 must be a positive number"),
        ({"epochs": True}, "epochs=True"),
        ({"latent_size": 2.5}, "latent_size=2.5 must be a positive whole number"),
        ({"ensemble": None}, "ensemble=None must be a number"),
        ({"random_state": -1}, "random_state=-1"),
        ({"validation_fraction": 1}, "validation_fraction=1 must be at least 0 and below 1"),
        ({"objective": Vamp()}, "must be Objective or one of|must be Objective, or one of"),
        ({"network": Training()}, "Network or HIVAENetwork"),
        ({"sampling": "histogram"}, "must be Sampling"),
        ({"imputation": "trees"}, "must be Imputation"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(given, words):
    with pytest.raises(InputError, match=words) as caught:
        options(**given)
    assert "\n" not in str(caught.value)


def test_what_refines_imputations_is_one_of_a_few_words():
    with pytest.raises(InputError, match=r"imputation\.refine='forest' is unknown; choose one of none, trees"):
        EvenVAE().set_params(imputation__refine="forest")
    assert EvenVAE().set_params(imputation__refine="trees").imputation.trees
    assert not options().imputation.trees


def test_json_and_back_is_the_same():
    given = EvenVAE(
        objective=GECO(constraint="column", gain=0.3),
        prior=Vamp(components=7),
        network=Network(width=8),
        balance=balancing.imtl_g(),
        task=["a", "b"],
    ).get_params(deep=False)
    again = from_json(json.loads(json.dumps(to_json(given))))
    given.pop("schema")
    assert again == {**given, "balance": "imtl-g"}


def test_seeds():
    assert options(random_state=np.int64(3)).seed() == 3
    assert options(random_state=None).seed() != options(random_state=None).seed()


class TestDeepNames:
    """`get_params` and `set_params` reach the options of parts, as scikit-learn's searches ask for."""

    def test_parts_that_are_not_given_have_their_options_too(self):
        names = EvenVAE().get_params()
        assert {"network__width", "training__batch_size", "objective__beta", "sampling__numbers"} <= set(names)
        assert "prior__components" in EvenVAE(prior="vamp").get_params()
        assert "network__components" in EvenVAE(model="hivae").get_params()
        assert "objective__gain" in EvenVAE(objective="geco-iwae").get_params()

    def test_options_of_parts_are_set_by_name(self):
        model = EvenVAE(objective="geco").set_params(objective__gain=0.2, network__width=9, prior="vamp")
        assert model.objective == GECO(gain=0.2)
        assert model.network == Network(width=9)
        # whichever comes first, the part and then its options
        both = EvenVAE().set_params(prior__components=5, prior="vamp")
        assert both.prior == Vamp(components=5)

    def test_setting_one_estimator_leaves_others_alone(self):
        network = Network(width=4)
        one, other = EvenVAE(network=network), EvenVAE(network=network)
        one.set_params(network__width=5)
        assert other.network.width == network.width == 4

    def test_clones_are_equal_and_apart(self):
        model = EvenVAE(objective=DReG(7), network=Network(width=3), training=Training(batch_size=5))
        again = clone(model)
        assert again.get_params() == model.get_params()

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("hidden_size", "'hidden_size' is now network.width"),
            ("components", "prior.components, or network.components"),
            ("statistic", "now point_estimate"),
            ("network__widht", "no option 'widht'"),
            ("netwrok__width", "did you mean 'network.width'"),
            ("task__name", "no option"),
        ],
    )
    def test_other_names_are_answered_with_the_right_one(self, name, words):
        with pytest.raises(InputError, match=words):
            EvenVAE().set_params(**{name: 1})

    def test_a_value_that_is_not_allowed_is_refused_at_once(self):
        with pytest.raises(InputError, match=r"network\.width=0 must be a positive whole number"):
            EvenVAE().set_params(network__width=0)
        assert EvenVAE().set_params(objective__beta=2).objective == ELBO(beta=2)
