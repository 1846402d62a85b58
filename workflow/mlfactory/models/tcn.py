"""Temporal convolutional network (Bai, Kolter and Koltun 2018) over the last rows of features."""

from typing import Any, ClassVar

from torch import Tensor, nn

from mlfactory.errors import UserError
from mlfactory.models._parameters import Parameter
from mlfactory.models._torch import TRAINING, Network, TorchModel
from mlfactory.registry import register


@register("tcn")
class TCN(TorchModel):
    """Blocks of two dilated causal convolutions with a residual, one block a dilation.

    What it sees, ``receptive_field`` rows, must lie within the window: then every row of a
    contiguous stretch can be computed at once, and gets what its own window would give it.
    """

    PARAMETERS: ClassVar[dict[str, Parameter]] = TRAINING | {
        "channels": Parameter(int, low=1, high=4096),
        "kernel": Parameter(int, low=2, high=16),
        "dilations": Parameter(int, low=1, ascending_list=True),
    }

    def __init__(self, training: dict[str, Any], *arguments: Any, **options: Any) -> None:
        super().__init__(training, *arguments, **options)
        seen = receptive_field(training["kernel"], training["dilations"])
        if seen > self.sequence_length:
            raise UserError(
                f"config/models/{self.name}.yaml: training.kernel={training['kernel']} with "
                f"training.dilations={training['dilations']} sees {seen} rows, more than "
                f"needs.sequence_length={self.sequence_length}; lower a dilation"
            )

    def _new_network(self, n_features: int, n_classes: int) -> Network:
        return Convolutions(
            n_features=n_features,
            n_classes=n_classes,
            channels=self.training["channels"],
            kernel=self.training["kernel"],
            dilations=self.training["dilations"],
            dropout=self.training["dropout"],
        )


def receptive_field(kernel: int, dilations: list[int]) -> int:
    """Rows that the last output depends on.

    Examples
    --------
    >>> receptive_field(3, [1, 2, 4, 7])
    57
    """
    return 1 + 2 * (kernel - 1) * sum(dilations)


class Convolutions(Network):
    """The network: blocks, then a linear layer at every row."""

    def __init__(
        self,
        *,
        n_features: int,
        n_classes: int,
        channels: int,
        kernel: int,
        dilations: list[int],
        dropout: float,
    ) -> None:
        super().__init__()
        widths = [n_features, *[channels] * len(dilations)]
        self.blocks = nn.Sequential(
            *(
                _Block(before, channels, kernel, dilation, dropout)
                for before, dilation in zip(widths[:-1], dilations, strict=True)
            )
        )
        self.head = nn.Linear(channels, n_classes)

    def windows(self, inputs: Tensor) -> Tensor:
        """The plain form: each window by itself."""
        return self.chunks(inputs, 1)[:, 0]

    def chunks(self, inputs: Tensor, rows: int) -> Tensor:
        """All rows of a stretch at once; each sees only rows before it."""
        outputs = self.blocks(inputs.transpose(1, 2))[:, :, -rows:]
        scores: Tensor = self.head(outputs.transpose(1, 2))
        return scores


class _Block(nn.Module):
    """Two causal convolutions with rectifiers and dropout, and the block's input added."""

    def __init__(
        self, before: int, channels: int, kernel: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.pad = nn.ConstantPad1d(((kernel - 1) * dilation, 0), 0.0)
        self.first = nn.Conv1d(before, channels, kernel, dilation=dilation)
        self.second = nn.Conv1d(channels, channels, kernel, dilation=dilation)
        self.same = nn.Conv1d(before, channels, 1) if before != channels else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """(b, before, rows) to (b, channels, rows)."""
        inner = self.dropout(nn.functional.relu(self.first(self.pad(inputs))))
        inner = self.dropout(nn.functional.relu(self.second(self.pad(inner))))
        added: Tensor = nn.functional.relu(inner + self.same(inputs))
        return added
