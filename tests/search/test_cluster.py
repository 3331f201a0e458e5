"""Bundles on other machines; a Ray cluster of two nodes on this machine, one of which is killed during the search."""

import json

import pytest

from evenvae import Training, tables
from evenvae.options.options import to_json
from evenvae.search import search
from evenvae.search.bundle import train_bundle
from evenvae.search.cluster import on_any_machine
from evenvae.search.executor import Failed, Finished, Stepped
from evenvae.search.sweep import Job, Sweep
from made_up import SMALL

SWEEP = {"balances": "none,pcgrad,power-norm", "seeds": 2, "bundle": 1, "test_fraction": 0.25, "refit": False}
LONG = {**SMALL, "epochs": 3000, "training": Training(batch_size=32, patience=0)}
STEPS, CHUNK = 54, 27


def test_a_bundle_travels_with_its_state(table, tmp_path):
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema), schema
    sweep = Sweep(to_json(SMALL), (0, 1), ("none", "pcgrad"), 0.2, 2, STEPS, CHUNK, "mark")
    # as text, in which a number that is nan equals itself
    shown = lambda records: json.dumps([{**record, "seconds": 0} for record in records])

    class Steps:
        class put:
            remote = staticmethod(lambda *said: None)

    whole = train_bundle(sweep, *encoded, Job("gradnorm", (0, 1), STEPS, True), tmp_path)
    elsewhere = str(tmp_path / "of another machine")
    pause, end = Job("gradnorm", (0, 1), CHUNK, False), Job("gradnorm", (0, 1), STEPS, True)
    paused, state = on_any_machine((sweep, *encoded), pause.to_dict(), elsewhere, None, Steps)
    assert [record["steps"] for record in paused] == [CHUNK, CHUNK]
    records, nothing = on_any_machine((sweep, *encoded), end.to_dict(), elsewhere, state, Steps)
    assert shown(records) == shown(whole)
    assert nothing is None


@pytest.fixture
def cluster():
    ray = pytest.importorskip("ray", reason="Ray is an extra: pip install 'evenvae[ray]'")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow
def test_a_node_is_lost_and_nothing_else(table, tmp_path, cluster):
    import ray

    from evenvae.search.cluster import RayExecutor

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


@pytest.mark.slow
def test_halving_hands_states_from_task_to_task(table, tmp_path, cluster):
    import ray

    options = {**SWEEP, **SMALL, "epochs": 60, "seeds": 1, "halving": True}
    search(table, tmp_path / "ray", executor="ray", address=cluster.address, **options)
    assert not ray.is_initialized()
    search(table, tmp_path / "local", workers=2, **options)
    assert (tmp_path / "ray" / "summary.csv").read_bytes() == (tmp_path / "local" / "summary.csv").read_bytes()
