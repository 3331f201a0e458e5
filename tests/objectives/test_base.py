"""What every objective says of itself."""

import pytest

from evenvae.objectives import ELBO, GECO, IWAE, OBJECTIVES, DReG, Objective


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_has_its_defaults(name):
    objective = OBJECTIVES[name]()
    assert isinstance(objective, Objective)
    assert objective.name == ("elbo" if name == "beta" else name)
    assert objective.weighted == (name in ("iwae", "dreg", "geco-iwae"))
    assert objective.samples == (20 if objective.weighted else 1)
    assert objective.analytic_kl != objective.weighted
    assert objective.constrained == name.startswith("geco")
    assert objective.doubly_reparametrised == (name == "dreg")
    assert not objective.keeps_last
    assert objective.kl_weight == 1
    state = objective.init(3)
    assert set(objective.diagnostics(state)) == ({"multiplier", "constraint"} if objective.constrained else set())


def test_a_completed_objective_has_no_field_left_open():
    # without a warm-up of the KL there is no epoch to be measured
    unused = {"warm_up_epochs", "steps_per_epoch"}
    for made, may_be_open in (
        (ELBO(), unused),
        (ELBO(warm_up_epochs=2), set()),
        (GECO(gain=0.3), {"target", "gain", "kappa"}),
    ):
        done = made.completed(0.1, 40, 7.0)
        assert {name for name, value in done.get_params().items() if value is None} <= may_be_open
    assert IWAE(5).completed(0.1, 40) == IWAE(5)
    assert DReG(5).completed(0.1, 40) == DReG(5)
