"""Callbacks by a short text."""

import sys

import pytest

from evenvae import InputError, tracking


@pytest.fixture
def no(monkeypatch):
    """Make a module impossible to find."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def test_what_is_missing_or_wrong_is_said(tmp_path, no):
    for text in ("tensorboard", "tensorboard:", "wandb:x", ""):
        with pytest.raises(InputError, match="tensorboard:DIR"):
            tracking.parse(text)
    no("tensorboard")
    with pytest.raises(InputError, match=r"pip install 'evenvae\[tensorboard\]'"):
        tracking.parse(f"tensorboard:{tmp_path}")
    no("mlflow")
    with pytest.raises(InputError, match=r"pip install 'evenvae\[mlflow\]'"):
        tracking.parse("mlflow")
