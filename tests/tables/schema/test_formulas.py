"""Formulas in a schema: found, said, given by hand, and turned off."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from evenvae import InputError
from evenvae.tables import Schema
from relations_support import trips

TRIPS = trips()


def formulas(schema):
    return {column.name: column.formula for column in schema.columns if column.formula}


def test_a_found_formula_is_said():
    schema = Schema.infer(TRIPS)
    hour = schema["hour"]
    assert hour.formula == "clock // 100"
    assert hour.note.startswith("equals clock // 100 in every row, and drawn and filled cells are computed so")
    assert ("hour", hour.note) in [(row[0], row[5]) for row in schema.report()]
    text = schema.to_toml_string()
    assert 'formula = "clock // 100"' in text
    assert "# equals clock // 100 in every row" in text
    assert schema["clock"].formula is None
    assert schema["clock"].note == Schema.infer(TRIPS, formulas=False)["clock"].note


def test_a_long_formula_is_shortened_in_the_note():
    note = Schema.infer(TRIPS)["weekday"].note
    assert "lookup(weekday(left)" in note
    assert "..." in note
    assert len(note) < 250


def test_formulas_come_back_from_files_and_dicts(tmp_path):
    schema = Schema.infer(TRIPS)
    schema.to_toml(tmp_path / "schema.toml")
    again = Schema.from_toml(tmp_path / "schema.toml").complete(TRIPS)
    assert formulas(again) == formulas(schema)
    assert Schema.from_dict(schema.to_dict()) == schema
    assert schema.complete(TRIPS) == schema


@pytest.mark.parametrize("off", ['""', "false"])
def test_a_formula_is_turned_off_in_the_file(tmp_path, off):
    path = tmp_path / "schema.toml"
    path.write_text(Schema.infer(TRIPS).to_toml_string().replace('formula = "clock // 100"', f"formula = {off}"))
    found = Schema.from_toml(path).complete(TRIPS)
    assert found["hour"].formula == ""
    assert "computed" not in found["hour"].note
    assert found["minute"].formula == "clock % 100"
    assert Schema.from_toml(path).complete(TRIPS).complete(TRIPS)["hour"].formula == ""


def test_a_formula_is_turned_off_in_python():
    assert Schema.infer(TRIPS, overrides={"hour": {"formula": ""}})["hour"].formula == ""
    assert Schema.infer(TRIPS, overrides={"hour": {"formula": False}})["hour"].formula == ""
    schema = Schema.infer(TRIPS)
    columns = tuple(
        dataclasses.replace(column, formula="") if column.name == "hour" else column for column in schema.columns
    )
    found = dataclasses.replace(schema, columns=columns).complete(TRIPS)
    assert found["hour"].formula == ""
    assert "computed" not in found["hour"].note


def test_all_formulas_are_turned_off():
    schema = Schema.infer(TRIPS, formulas=False)
    assert formulas(schema) == {}
    # completing it does not turn them on again
    assert formulas(schema.complete(TRIPS)) == {}
    given = Schema.infer(TRIPS, formulas=False, overrides={"hour": {"formula": "clock // 100"}})
    assert formulas(given) == {"hour": "clock // 100"}


def test_a_formula_by_hand(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        "[columns.mood]\nformula = \"bin(fare, [10], ['bad', 'good'])\"\n[columns.tip]\nformula = \"fare / 10\"\n"
    )
    found = Schema.from_toml(path).complete(TRIPS)
    assert found["mood"].formula == "bin(fare, [10], ['bad', 'good'])"
    assert "computed as fare / 10, which differs from the table in" in found["tip"].note
    assert "differs" not in Schema.infer(TRIPS, overrides={"hour": {"formula": "floor(clock / 100)"}})["hour"].note
    # no formula that is found may need what is computed from it
    assert found["total"].formula == "fare + tip"


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ('"fare +"', "character 7"),
        ('"fares"', "did you mean 'fare'"),
        ('"code"', "it gives texts"),
        ("\"lookup(code, {'XX-YY': 3})\"", "it gives no value of the column in any row"),
        ("3", "must be a text"),
        ("true", "must be a text"),
        ('["fare"]', "must be a text"),
        ("\"__import__('os')\"", "no function"),
    ],
)
def test_wrong_formulas_in_a_file_are_told(tmp_path, formula, says):
    path = tmp_path / "schema.toml"
    path.write_text(f"[columns.tip]\nformula = {formula}\n")
    with pytest.raises(InputError, match=f"Column 'tip' of the schema.*{says}"):
        Schema.from_toml(path).complete(TRIPS)


def test_a_column_that_is_constant_now_has_no_formula():
    schema = Schema.infer(TRIPS)
    some = TRIPS[TRIPS["hour"] == 7].reset_index(drop=True)
    found = schema.complete(some)
    assert found["hour"].role in ("constant", "feature")
    assert found["minute"].formula == "clock % 100"


def test_identical_rows_are_no_evidence():
    frame = pd.DataFrame({"a": np.r_[np.arange(20.0), np.zeros(80)], "b": ["x"] * 99 + ["y"]})
    assert formulas(Schema.infer(frame)) == {}
