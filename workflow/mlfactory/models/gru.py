"""Gated recurrent unit (Cho et al. 2014) over the last rows of features."""

from torch import nn

from mlfactory.models._recurrent import RecurrentModel
from mlfactory.registry import register


@register("gru")
class GRU(RecurrentModel):
    """Layers of torch's ``GRU``."""

    CELL = nn.GRU
