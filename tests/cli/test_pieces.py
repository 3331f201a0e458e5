"""Tables in several files, and answers that are written piece by piece, through the command line."""

import numpy as np
import pandas as pd
import pytest

from cli_support import FIT, evenvae
from evenvae import tables
from evenvae.cli.pieces import seed_of
from evenvae.tables.files import csv_blocks, table_files


@pytest.fixture(autouse=True)
def _small_pieces(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENVAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(table_files, "PIECE_ROWS", 40)
    monkeypatch.setattr(csv_blocks, "SIZE", 700)


@pytest.fixture(scope="module")
def parts(folder, data):
    """The table of the room in three files of a folder."""
    place = folder / "parts"
    place.mkdir()
    table = tables.read_table(data)
    for number in range(3):
        tables.write_table(table.slice(50 * number, 50), place / f"part-{number}.parquet")
    return place


def both(folder, command, model, data, out, *options):
    """What a command writes with --no-stream and with --stream."""
    paths = []
    for mode in ("--no-stream", "--stream"):
        paths.append(folder / f"{mode}-{out}")
        code, said, err = evenvae(command, model, data, "-o", paths[-1], mode, *options)
        assert (code, said) == (0, ""), err
    return paths


def test_a_fit_of_a_folder_is_that_of_the_table(folder, parts, data):
    whole, cut = folder / "whole.evenvae", folder / "cut.evenvae"
    assert evenvae("fit", parts, "-o", whole, *FIT)[0] == 0
    assert evenvae("fit", parts / "*.parquet", "-o", cut, "--stream", *FIT)[0] == 0
    assert whole.read_bytes() == cut.read_bytes()


def test_the_schema_of_files(parts):
    assert evenvae("schema", parts, "--json", "--stream") == evenvae("schema", parts, "--json")


@pytest.mark.parametrize("out", ["o.parquet", "o.csv"])
@pytest.mark.parametrize("command", ["impute", "encode", "score"])
def test_answers_are_those_of_the_table(folder, model, parts, command, out):
    one, other = both(folder, command, model, parts, out)
    assert tables.read_table(one).to_pylist() == tables.read_table(other).to_pylist()


def test_the_text_of_a_file_stays(folder, model, data):
    one, other = both(folder, "impute", model, data, "text.csv")
    assert one.read_bytes() == other.read_bytes()
    before = data.read_text().splitlines()
    changed = [new for old, new in zip(before, other.read_text().splitlines(), strict=True) if new != old]
    assert len(changed) == 2


def test_texts_of_several_files_follow_each_other(folder, model, data):
    place = folder / "texts"
    place.mkdir()
    lines = data.read_text().splitlines()
    for number in range(3):
        # the files end without a line end
        (place / f"{number}.csv").write_text("\n".join([lines[0], *lines[1 + 50 * number : 51 + 50 * number]]))
    out, alone = folder / "joined.csv", folder / "alone.csv"
    assert evenvae("impute", model, place, "-o", out, "--stream")[0] == 0
    assert evenvae("impute", model, data, "-o", alone)[0] == 0
    assert out.read_text() == alone.read_text()


def test_several_draws(folder, model, parts):
    code, _, err = evenvae("impute", model, parts, "-o", folder / "d.csv", "--draws", "2", "--stream")
    assert code == 0, err
    one, other = (pd.read_csv(folder / f"d.{number}.csv") for number in (1, 2))
    assert len(one) == len(other) == 150
    assert not one.isna().any().any()
    differ = (one != other).to_numpy()
    assert differ.sum() <= 2


def test_every_piece_has_a_seed_of_its_own():
    seeds = [seed_of(7, number) for number in range(50)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 50
    assert seeds == [seed_of(7, number) for number in range(50)]
    assert seed_of(8, 3) != seed_of(7, 3)


def test_drawn_rows_do_not_depend_on_the_pieces(model):
    import evenvae as library

    fitted = library.load(model)
    whole = fitted.sample(130, random_state=3, missing=True)
    parts = list(fitted.sample_pieces(130, random_state=3, missing=True, size=1))
    pd.testing.assert_frame_equal(whole.to_pandas(), pd.concat([part.to_pandas() for part in parts], ignore_index=True))


def test_a_failure_leaves_nothing(folder, model, parts):
    place = folder / "cut"
    place.mkdir()
    for path in parts.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    bad = place / "part-1.parquet"
    bad.write_bytes(bad.read_bytes()[:-40])
    out = folder / "failed.parquet"
    code, _, err = evenvae("score", model, place, "-o", out, "--stream")
    assert code == 2
    assert f"{bad} cannot be read as .parquet" in " ".join(err.split())
    assert not out.exists()


def test_wrong_calls_are_told(folder, model, data, parts):
    empty = folder / "no_tables"
    empty.mkdir()
    fit = lambda where, *options: evenvae("fit", where, "-o", folder / "w.evenvae", *FIT, *options)
    for call, words in (
        (lambda: fit(empty), "holds no table"),
        (lambda: fit(folder / "none-*.parquet"), "No file matches"),
        (lambda: fit(parts, "--stream", "--hide", "0.1"), "--hide needs the table in memory; add --no-stream"),
        (lambda: evenvae("encode", model, "-", "-o", "-", "--stream"), "--stream needs files, and DATA is -"),
    ):
        code, out, err = call()
        assert (code, out) == (2, "")
        assert words in " ".join(err.split())


def test_formulas_are_turned_off_in_files(folder):
    path = folder / "lengths.parquet"
    inches = np.random.default_rng(0).integers(50, 80, 300)
    tables.write_table(pd.DataFrame({"inches": inches, "cm": 2.54 * inches}), path)
    code, out, _ = evenvae("schema", path, "--stream", "--no-formulas", "-o", "-")
    assert code == 0
    assert "2.54" not in out
