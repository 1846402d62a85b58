"""Where a model computes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Device:
    """The processor, or the one GPU that this process sees.

    Attributes
    ----------
    gpu
        Whether to compute on the GPU.
    mixed_precision
        Whether a neural model may compute in bfloat16 where the device has it.
    """

    gpu: bool = False
    mixed_precision: bool = False

    @property
    def name(self) -> str:
        """As libraries call it: ``cpu`` or ``cuda``."""
        return "cuda" if self.gpu else "cpu"


CPU = Device()
