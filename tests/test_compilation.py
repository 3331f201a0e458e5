"""Compiled programs are kept in the user's cache folder, unless somebody decided otherwise."""

import json
import os
import subprocess
import sys

import pytest

CHILD = """
import json
import jax
import jax.numpy as jnp
from evenvae.compilation import keep_programs

hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
jnp.zeros(3)
keep_programs()
jax.jit(lambda x: jnp.linalg.eigh(x @ x.T)[0] + jnp.sort(x[0]))(jnp.ones((5, 5)))
print(json.dumps([jax.config.jax_compilation_cache_dir, len(hits)]))
"""


def run(folder, **environment):
    """The folder that JAX has for its programs, and how many it read, in a new process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    fast = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        env=inherited | fast | {"EVENVAE_CACHE": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_the_next_process_reads_what_was_compiled(tmp_path):
    where, read = run(tmp_path)
    assert where == str(tmp_path / "programs")
    assert read == 0
    assert (tmp_path / "programs").stat().st_mode & 0o077 == 0
    _, read = run(tmp_path)
    assert read > 0
    # a file that is not whole is compiled anew
    for file in (tmp_path / "programs").glob("*-cache"):
        file.write_bytes(file.read_bytes()[:50])
    assert run(tmp_path) == [where, 0]


@pytest.mark.parametrize(
    "switch",
    [
        {"EVENVAE_COMPILATION_CACHE": "off"},
        {"JAX_ENABLE_COMPILATION_CACHE": "0"},
        {"JAX_COMPILATION_CACHE_DIR": "elsewhere"},
    ],
    ids=lambda switch: next(iter(switch)),
)
def test_it_can_be_switched_off(tmp_path, switch):
    switch = {name: str(tmp_path / value) if value == "elsewhere" else value for name, value in switch.items()}
    assert run(tmp_path, **switch) == [switch.get("JAX_COMPILATION_CACHE_DIR"), 0]
    assert not (tmp_path / "programs").exists()


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    folder.chmod(0o777)
    assert run(tmp_path) == [None, 0]
    assert not list(folder.iterdir())


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path):
    place = tmp_path / "file"
    place.write_text("no folder")
    assert run(place) == [None, 0]
