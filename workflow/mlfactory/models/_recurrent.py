"""Recurrent networks whose first layer projects each row once for all windows that hold it."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from mlfactory.models._parameters import Parameter
from mlfactory.models._recurrence import GRU, LSTM, Steps
from mlfactory.models._torch import TRAINING, Network, TorchModel


class RecurrentModel(TorchModel):
    """Recurrent layers over each window, and a linear layer on the last output."""

    CELL: ClassVar[type[nn.LSTM] | type[nn.GRU]]
    PARAMETERS: ClassVar[dict[str, Parameter]] = TRAINING | {
        "hidden": Parameter(int, low=1, high=4096),
        "layers": Parameter(int, low=1, high=8),
    }

    def _new_network(self, n_features: int, n_classes: int) -> Network:
        return Recurrent(
            self.CELL,
            n_features=n_features,
            n_classes=n_classes,
            length=self.sequence_length,
            hidden=self.training["hidden"],
            layers=self.training["layers"],
            dropout=self.training["dropout"],
        )


class Recurrent(Network):
    """Recurrent layers over a window, started from zeros, and a linear layer on the last output.

    Parameters
    ----------
    cell
        ``nn.LSTM`` or ``nn.GRU``.
    """

    def __init__(
        self,
        cell: type[nn.LSTM] | type[nn.GRU],
        *,
        n_features: int,
        n_classes: int,
        length: int,
        hidden: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.length = length
        self.first = cell(n_features, hidden, batch_first=True)
        self.rest = None
        if layers > 1:
            between = dropout if layers > 2 else 0.0
            self.rest = cell(hidden, hidden, layers - 1, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, n_classes)

    def windows(self, inputs: Tensor) -> Tensor:
        """The plain form, by the library's own layers."""
        outputs, _ = self.first(inputs)
        return self._scores(outputs)

    def chunks(self, inputs: Tensor, rows: int) -> Tensor:
        """On a processor the first layer's input projection is computed once a row.

        On a GPU the library's fused layers are faster than any loop over the steps.
        """
        if inputs.is_cuda:
            windows = inputs.unfold(1, self.length, 1).transpose(2, 3).flatten(0, 1)
            return self.windows(windows).view(len(inputs), rows, -1)
        return self.shared(inputs, rows)

    def shared(self, inputs: Tensor, rows: int) -> Tensor:
        """Step by step over all windows at once; at step t the inputs are one slice of rows."""
        layer, cell = self.first, LSTM if isinstance(self.first, nn.LSTM) else GRU
        chunks, length, width = inputs.shape
        by_row = inputs.reshape(chunks * length, width).t()
        own = torch.addmm(layer.bias_ih_l0[:, None], layer.weight_ih_l0, by_row)
        recurrent = torch.cat([layer.weight_hh_l0, layer.bias_hh_l0[:, None]], dim=1)
        last = self.rest is None
        outputs = Steps.apply(own.view(-1, chunks, length), recurrent, rows, cell, last)
        scores: Tensor = self._scores(outputs.permute(2, 0, 1))
        return scores.view(chunks, rows, -1)

    def _scores(self, outputs: Tensor) -> Tensor:
        if self.rest is not None:
            outputs, _ = self.rest(self.dropout(outputs))
        scores: Tensor = self.head(self.dropout(outputs[:, -1]))
        return scores
