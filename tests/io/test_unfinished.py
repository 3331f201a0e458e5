"""What a killed process leaves beside its output is known by its name and removed; what a living one writes is not."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from evenvae.io import unfinished
from evenvae.io.atomic import open_whole, write_text
from evenvae.io.unfinished import ENDING, remove_unfinished

WRITING = """
import sys, time
from evenvae.io.atomic import open_whole
with open_whole(sys.argv[1]) as file:
    file.write(b"half of it")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """Starts processes that write ``table.csv`` and do not come to an end; they are killed after the test."""
    started = []

    def start():
        process = subprocess.Popen([sys.executable, "-c", WRITING, tmp_path / "table.csv"], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"writing\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def left_in(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith(ENDING)]


def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path, writer):
    path = tmp_path / "table.csv"
    process = writer()
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = left_in(tmp_path)
    assert left.startswith(".table.csv.")
    write_text(tmp_path / "other.csv", "a")
    assert left_in(tmp_path) == [left]
    write_text(path, "whole")
    assert {one.name for one in tmp_path.iterdir()} == {"table.csv", "other.csv"}
    assert path.read_text(encoding="utf-8") == "whole"


def test_what_a_living_process_writes_stays(tmp_path, writer):
    process = writer()
    (own,) = left_in(tmp_path)
    write_text(tmp_path / "table.csv", "whole")
    assert left_in(tmp_path) == [own]
    assert process.poll() is None
    with open_whole(tmp_path / "table.csv") as file:
        file.write(b"first")
        # a second writer in this process
        write_text(tmp_path / "table.csv", "second")
        assert len(left_in(tmp_path)) == 2
    assert (tmp_path / "table.csv").read_bytes() == b"first"


def test_other_hidden_files_stay(tmp_path):
    names = [".table.csv", ".table.csv.abcdefgh", f".table.csv.gz.abcdefgh{ENDING}", f"table.csv.abcdefgh{ENDING}",
             f".table.csv.ABC{ENDING}", f".stable.csv.abcdefgh{ENDING}"]  # fmt: skip
    for name in (*names, f".table.csv.abcd_f12{ENDING}"):
        (tmp_path / name).write_bytes(b"")
    remove_unfinished(tmp_path / "table.csv")
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    # no folder, nothing to remove
    remove_unfinished(tmp_path / "no" / "table.csv")


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(unfinished, "fcntl", None)
    left = tmp_path / f".table.csv.abcdefgh{ENDING}"
    left.write_bytes(b"")
    write_text(tmp_path / "table.csv", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", left.name}


def test_writers_beside_a_remover_lose_nothing(tmp_path):
    """A file may be found between being made and being locked; then another one is made."""
    path, done, taken = tmp_path / "table.csv", threading.Event(), []

    def remove():
        while not done.is_set():
            for left in tmp_path.iterdir():
                if left.name.endswith(ENDING):
                    # as a remover does that comes before the lock
                    with suppress(OSError), left.open("r+b") as file:
                        unfinished.fcntl.flock(file, unfinished.fcntl.LOCK_EX | unfinished.fcntl.LOCK_NB)
                        left.unlink()
                        taken.append(left)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        end = time.monotonic() + 2
        written = 0
        while time.monotonic() < end:
            write_text(path, str(written))
            assert path.read_text(encoding="utf-8") == str(written)
            written += 1
    finally:
        done.set()
        remover.join()
    assert written > 10
    assert left_in(tmp_path) == []


def test_a_file_that_was_removed_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    lock, lost = unfinished.fcntl.flock, []

    def removed_before(file, how):
        if not lost:
            (found,) = left_in(tmp_path)
            (tmp_path / found).unlink()
            lost.append(found)
        lock(file, how)

    monkeypatch.setattr(unfinished.fcntl, "flock", removed_before)
    write_text(tmp_path / "table.csv", "whole")
    assert lost
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").stat().st_mode & 0o777 == 0o644
