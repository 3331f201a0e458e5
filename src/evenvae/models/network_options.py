"""The options of the networks: what a user may set of their shape."""

import dataclasses
from typing import Literal, get_args

from evenvae.part import Part, check_choice, check_count, check_flag_or_none, check_positive, check_share

Activation = Literal["gelu", "tanh", "relu"]
Kind = Literal["residual", "mlp", "paper", "conv"]
EncoderInput = Literal["standardized_onehot", "raw"]
Initialisation = Literal["marginals", "paper"]


@dataclasses.dataclass(frozen=True)
class Network(Part):
    """The network of ``model="vae"``. What is None follows the preset or the size of the table.

    Args:
        kind: ``"residual"`` (the default); ``"mlp"``: the same layers without the sums around them;
            ``"paper"``: the network of Javaloy, Meghdadi and Valera (2021), A.4.1; ``"conv"``: images are read by
            convolutions, and written by convolutions where an image is the only column.
        activation: of the layers of ``"residual"`` and ``"mlp"``: ``"gelu"`` (the default), ``"tanh"`` or ``"relu"``.
        width: units of every hidden layer.
        depth: hidden layers of the encoder; the decoder's trunk has one more.
        encoder_input: ``"standardized_onehot"`` (numbers standardised, one input for every level) or ``"raw"`` (one
            number for every column, as in the code released with the paper).
        initialisation: of the heads: ``"marginals"`` starts every column at its marginal distribution, ``"paper"`` as
            the released code does.
        dropout: share of the inputs that is dropped in a training step; the value of a number stays where rich inputs
            stand beside it. Default 0.2 for ``purpose="impute"`` with ``sight``.
        see_mask: True tells the encoder which cells are missing.
        rich_inputs: True tells the encoder of a number also between which quantiles it lies, and whether it equals one
            of the values that many rows share. Default True for ``purpose="impute"`` and ``"sample"``.
        point_heads: True gives every column of numbers one more output, a prediction that is trained by squared error
            and that fills missing cells; the likelihood stays what it is. Default True for ``purpose="impute"``.
        sight: True lets the decoder see the visible cells, too, where cells are filled in or drawn in turn. Default
            True for ``purpose="impute"`` and ``"sample"`` on tables without tasks and images.
    """

    kind: Kind | None = None
    activation: Activation | None = None
    width: int | None = None
    depth: int | None = None
    encoder_input: EncoderInput | None = None
    initialisation: Initialisation | None = None
    dropout: float | None = None
    see_mask: bool | None = None
    rich_inputs: bool | None = None
    point_heads: bool | None = None
    sight: bool | None = None

    def __post_init__(self) -> None:
        check_choice("network.kind", self.kind, get_args(Kind))
        check_choice("network.activation", self.activation, get_args(Activation))
        check_count("network.width", self.width)
        check_count("network.depth", self.depth)
        check_choice("network.encoder_input", self.encoder_input, get_args(EncoderInput))
        check_choice("network.initialisation", self.initialisation, get_args(Initialisation))
        check_share("network.dropout", self.dropout)
        for name in ("see_mask", "rich_inputs", "point_heads", "sight"):
            check_flag_or_none(f"network.{name}", getattr(self, name))


@dataclasses.dataclass(frozen=True)
class HIVAENetwork(Part):
    """The network of ``model="hivae"``. What is None follows the preset.

    Args:
        components: components of the mixture prior. Default 10.
        slice_size: numbers in the private slice of the decoder that every column has. Default 5.
        least_temperature: the temperature at which the relaxed choice of the component stops cooling. Default 0.1; the
            paper preset uses 0.001.
    """

    components: int | None = None
    slice_size: int | None = None
    least_temperature: float | None = None

    def __post_init__(self) -> None:
        check_count("network.components", self.components)
        check_count("network.slice_size", self.slice_size)
        check_positive("network.least_temperature", self.least_temperature)
