"""Files are written completely or not at all, and only where that is possible."""

import errno

import pytest

from evenvae.errors import InputError
from evenvae.io.atomic import check_file, check_folder, write_text, write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def half(file):
        file.write(b"ne")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match=r"Cannot write .*a.txt: No space left on device; make room"):
        write_whole(path, half)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]


def test_text_is_utf8_and_a_dash_is_standard_output(tmp_path, capfdbinary):
    write_text(tmp_path / "a.txt", "höhe\n")
    assert (tmp_path / "a.txt").read_bytes() == "höhe\n".encode()
    write_text("-", "höhe\n")
    assert capfdbinary.readouterr().out == "höhe\n".encode()


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path, said in (
        (tmp_path, "it is a folder; give a file name"),
        (tmp_path / "no" / "a.txt", "does not exist; make it first"),
        ("-", "cannot be written to standard output"),
    ):
        with pytest.raises(InputError, match=said):
            check_file(path)
    for path, said in (
        (tmp_path / "file", "must be a folder, and this is a file"),
        (tmp_path / "no" / "folder", "does not exist; make it first"),
    ):
        with pytest.raises(InputError, match=said):
            check_folder(path)
    check_file(tmp_path / "a.txt")
    check_folder(tmp_path / "folder")
    check_folder(tmp_path)


def test_a_folder_that_is_gone_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("evenvae.io.atomic.check_file", lambda path: None)
    with pytest.raises(InputError, match=r"Cannot write .*No such file or directory"):
        write_text(tmp_path / "gone" / "a.txt", "new")
