"""Values from files: taken where they are what a class says, else refused by name."""

import dataclasses
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest
from jaxtyping import Float, Int

from evenvae.errors import InputError
from evenvae.io.typed import check_fields, is_of


@dataclasses.dataclass
class Described:
    name: str
    size: int
    rate: float = 1.0
    kind: Literal["a", "b"] = "a"
    levels: tuple[int, ...] = ()
    pair: tuple[str, int] | None = None
    anything: Any = None


class Arrays(NamedTuple):
    values: Float[np.ndarray, "N D"]
    places: Int[np.ndarray, " N"]


GOOD = {"name": "x", "size": 3, "rate": 2, "kind": "b", "levels": [1, 2], "pair": ["a", 1], "anything": [{}]}


def test_what_fits_is_taken():
    check_fields(Described, GOOD, "It")
    check_fields(Described, {"name": "x", "size": 0}, "It")
    check_fields(Arrays, {"values": np.zeros((2, 3)), "places": np.zeros(2, int)}, "It", D=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"other": 1}, "unknown field 'other'"),
        ({"size": True}, "size = True"),
        ({"size": 1.5}, "size = 1.5"),
        ({"name": None}, "name = None"),
        ({"rate": float("nan")}, "rate = nan"),
        ({"rate": "1"}, "rate = '1'"),
        ({"kind": "c"}, "kind = 'c'"),
        ({"levels": [1, "2"]}, "levels"),
        ({"levels": 3}, "levels = 3"),
        ({"pair": ["a"]}, "pair"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, said):
    with pytest.raises(InputError, match=f"It has .*{said}"):
        check_fields(Described, GOOD | change, "It")


def test_what_is_missing_is_refused_by_name():
    with pytest.raises(InputError, match="It has no size"):
        check_fields(Described, {"name": "x"}, "It")


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": np.zeros((2, 4))},
        {"values": np.zeros(2)},
        {"values": np.zeros((2, 3), int)},
        {"places": np.zeros(3, int)},
        {"places": np.zeros(2)},
    ],
)
def test_arrays_have_their_types_and_agree_in_their_axes(wrong):
    good = {"values": np.zeros((2, 3)), "places": np.zeros(2, int)}
    with pytest.raises(InputError, match="an array of shape"):
        check_fields(Arrays, good | wrong, "It", D=3)


def test_lists_of_dicts():
    assert is_of([{"a": 1}], list[dict[str, Any]])
    assert not is_of([[1]], list[dict[str, Any]])
