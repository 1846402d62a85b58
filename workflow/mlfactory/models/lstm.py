"""Long short-term memory (Hochreiter and Schmidhuber 1997) over the last rows of features."""

from torch import nn

from mlfactory.models._recurrent import RecurrentModel
from mlfactory.registry import register


@register("lstm")
class LSTM(RecurrentModel):
    """Layers of torch's ``LSTM``."""

    CELL = nn.LSTM
