"""Texts of the page."""

import json

import numpy as np

from evenvae.report.parts import apart, listed, number, percent, shortened


def test_texts():
    assert listed(np.array([[1.23456, np.nan], [np.inf, 2]])) == [[1.235, None], [None, 2.0]]
    assert (number(None), number(float("nan")), number(-1.25, 1)) == ("–", "–", "−1.2")
    assert number(-0.0001) == "0.000"
    assert shortened("a long name of thing 26", 11) == "a lon…ng 26"
    spouses = ["Married-civ-spouse", "Married-AF-spouse", "Divorced"]
    assert (
        apart(spouses, 15) == ["Married…-spouse", "Married-…F-spouse", "Divorced"] or len(set(apart(spouses, 15))) == 3
    )
    assert apart(["one", "one"], 2) == ["…e", "…e"]
    assert (percent(0.5), percent(0.031), percent(0), percent(None)) == ("50 %", "3.1 %", "0 %", "–")


def test_whole_numbers_have_no_decimal_point():
    assert json.dumps(listed(np.array([2.0, -0.5, 1e20]))) == "[2, -0.5, 1e+20]"
