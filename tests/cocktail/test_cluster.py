"""A Ray cluster of two nodes on this machine, one of which is killed during the sweep."""

import pytest

from evenvae.cocktail import search
from evenvae.cocktail.executor import Failed, Finished, Stepped
from made_up import SMALL

ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'evenvae[ray]'")
pytestmark = pytest.mark.slow

SWEEP = {"balances": "none,pcgrad,power-norm", "seeds": 2, "bundle": 1, "test_fraction": 0.25, "refit": False}
LONG = {**SMALL, "epochs": 3000, "patience": 0}


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_node_is_lost_and_nothing_else(table, tmp_path, cluster):
    from evenvae.cocktail.cluster import RayExecutor

    second = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)

    class Watched(RayExecutor):
        def run(self, jobs):
            self.told, at_work, killed = [], set(), False
            for event in super().run(jobs):
                self.told.append(event)
                at_work = at_work | {event.job} if isinstance(event, Stepped) else at_work - {event.job}
                if len(at_work) == 2 and not killed:
                    killed = True
                    cluster.remove_node(second, allow_graceful=False)
                yield event

    hands = Watched()
    assert hands.slots == 2
    search(table, tmp_path / "ray", executor=hands, **SWEEP, **LONG)
    assert sum(isinstance(event, Failed) for event in hands.told) == 1
    assert len({event.job for event in hands.told if isinstance(event, Finished)}) == 6
    assert ray.is_initialized()
    search(table, tmp_path / "local", workers=2, **SWEEP, **LONG)
    for name in ("summary.csv", "columns.csv"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


def test_halving_hands_states_from_task_to_task(table, tmp_path, cluster):
    options = {**SWEEP, **SMALL, "epochs": 60, "seeds": 1, "halving": True}
    search(table, tmp_path / "ray", executor="ray", address=cluster.address, **options)
    assert not ray.is_initialized()
    search(table, tmp_path / "local", workers=2, **options)
    assert (tmp_path / "ray" / "summary.csv").read_bytes() == (tmp_path / "local" / "summary.csv").read_bytes()
