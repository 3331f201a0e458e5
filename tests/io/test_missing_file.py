"""What is said of a file that is not there."""

from evenvae.io.missing_file import no_file, similar


def test_the_nearest_name_of_the_folder(tmp_path):
    for name in ("people.csv", "prices.parquet", ".people2.csv"):
        (tmp_path / name).write_text("a\n1\n")
    for typed in ("peple.csv", "People.CSV", "people.cvs"):
        assert no_file(tmp_path / typed) == f"There is no file {tmp_path / typed}; did you mean {tmp_path}/people.csv?"
    assert similar(tmp_path / "towns.csv") is None
    assert no_file(tmp_path / "towns.csv", "look again").endswith("towns.csv; look again.")


def test_a_folder_that_is_not_there(tmp_path):
    said = no_file(tmp_path / "no" / "people.csv")
    assert said == f"There is no file {tmp_path}/no/people.csv: the folder {tmp_path}/no does not exist."


def test_names_in_the_present_folder_stay_short(tmp_path, monkeypatch):
    (tmp_path / "people.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    assert no_file("peopel.csv") == "There is no file peopel.csv; did you mean people.csv?"
