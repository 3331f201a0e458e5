"""Options of an estimator by name, those of its parts too, as scikit-learn gets and sets them."""

from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from evenvae.errors import InputError
from evenvae.options.parts import BY_NAME, part_of
from evenvae.options.unknown import answer_to

E = TypeVar("E", bound="OptionsByName")


class OptionsByName(BaseEstimator):
    """The part of scikit-learn's contract that is about options; `EvenVAE` has them.

    The estimator has an option ``model`` and those of `BY_NAME`.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Options by name; with ``deep`` those of the parts too, as ``network__width``, also of parts not given."""
        shallow = super().get_params(deep=False)
        if not deep:
            return shallow
        inner = {}
        for name in BY_NAME:
            try:
                part = part_of(name, shallow[name], shallow["model"])
            except InputError:
                # `fit` says what is wrong with it
                continue
            inner |= {f"{name}__{option}": value for option, value in part.get_params().items()}
        return {**shallow, **inner}

    def set_params(self: E, **params: Any) -> E:
        """Set options by name; those of parts as ``network__width``.

        Raises:
            InputError: there is no such option; where the name is an old one, the message gives the new one.
        """
        known = super().get_params(deep=False)
        for name in sorted(params, key=lambda name: "__" in name):
            whole, _, option = name.partition("__")
            if whole not in known or (option and whole not in BY_NAME):
                raise InputError(answer_to(name, self.get_params()))
            value = params[name]
            if option:
                given = self.get_params(deep=False)
                value = part_of(whole, given[whole], given["model"]).replaced(**{option: value})
            setattr(self, whole, value)
        return self
