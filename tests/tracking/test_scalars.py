"""One entry of the history as numbers with names."""

from evenvae import tracking


def record(members=1, constraints=2, step=10):
    by_column = [[1.0 + place, float("nan")] for place in range(members)]
    return {
        "step": step,
        "loss": [3.0 + place for place in range(members)],
        "column_losses": by_column,
        "kl": [float("inf")] * members,
        "validation": [0.5] * members,
        "validation_columns": by_column,
        "stopped": [False] * members,
        "multiplier": [[2.0] * constraints] * members,
    }


def test_numbers_have_names():
    named = tracking.of_record(record(members=2), ["a", "b/c"])
    # means over members, by column where there is a value a column; nothing that is not finite
    assert named == {
        "loss": 3.5,
        "loss/a": 1.5,
        "validation": 0.5,
        "validation/a": 1.5,
        "multiplier/a": 2.0,
        "multiplier/b/c": 2.0,
    }
    assert tracking.of_record(record(constraints=1), ["a", "b"])["multiplier"] == 2.0
    assert tracking.of_members(record()) == []
    first, second = tracking.of_members(record(members=2))
    assert first == {"loss": 3.0, "validation": 0.5}
    assert second["loss"] == 4.0


def test_a_lone_column_is_told_from_the_total():
    lone = {"step": 1, "loss": [3.0], "column_losses": [[2.0]], "stopped": [False]}
    assert tracking.of_record(lone, ["image"]) == {"loss": 3.0, "loss/image": 2.0}
