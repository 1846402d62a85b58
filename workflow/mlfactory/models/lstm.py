"""Long short-term memory (Hochreiter and Schmidhuber 1997) over the last rows of features."""

from typing import ClassVar

from torch import nn

from mlfactory.models._parameters import Parameter
from mlfactory.models._recurrent import Recurrent
from mlfactory.models._torch import TRAINING, Network, TorchModel
from mlfactory.registry import register


@register("lstm")
class LSTM(TorchModel):
    """LSTM layers over each window and a linear layer on the last output."""

    PARAMETERS: ClassVar[dict[str, Parameter]] = TRAINING | {
        "hidden": Parameter(int, low=1, high=4096),
        "layers": Parameter(int, low=1, high=8),
    }

    def _new_network(self, n_features: int, n_classes: int) -> Network:
        return Recurrent(
            nn.LSTM,
            n_features=n_features,
            n_classes=n_classes,
            length=self.sequence_length,
            hidden=self.training["hidden"],
            layers=self.training["layers"],
            dropout=self.training["dropout"],
        )
