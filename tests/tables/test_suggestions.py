"""The end of a message about an unknown name."""

from evenvae.tables.suggestions import nearest


def test_the_most_similar_name_or_the_list():
    assert nearest("poison", ("normal", "poisson")) == "did you mean 'poisson'?"
    assert nearest("zzz", ("a", "b")) == "known are a, b"
    assert nearest("zzz", range(20)).endswith("10, 11 and 8 more")
