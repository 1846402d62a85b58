"""What one contract's position of each bar pays in slippage and commission, in currency."""

from dataclasses import dataclass

import numpy as np

from mlfactory._typing import BoolArray1D, Float64Array1D, Int32Array1D, Int64Array1D
from mlfactory.contracts import Contract
from mlfactory.fills import Fills


@dataclass(frozen=True)
class Costs:
    """What one contract's position of each bar pays, in currency, (n,)."""

    entry_slippage: Float64Array1D
    exit_slippage_long: Float64Array1D
    exit_slippage_short: Float64Array1D
    commission: Float64Array1D

    def exit_slippage(self, taken: Int32Array1D, t: Int64Array1D) -> Float64Array1D:
        """Of the positions of bars ``t``; the sides' exits differ where a row meets both barriers.

        ``taken`` holds signed contracts by bar.
        """
        return np.where(taken[t] > 0, self.exit_slippage_long[t], self.exit_slippage_short[t])


def costs(fills: Fills, contract: Contract, slippage: float = 1.0) -> Costs:
    """Costs of one contract's position of each bar.

    Parameters
    ----------
    slippage
        Times the contract's slippage; above 1 for what a larger position would pay.
    """
    per_price = contract.multiplier

    def slipped(price: Float64Array1D, volatile: BoolArray1D) -> Float64Array1D:
        paid = contract.slippage(price, volatile=volatile)
        paid *= slippage * per_price
        return paid

    return Costs(
        slipped(fills.entry, fills.entry_volatile),
        slipped(fills.exit_long, fills.exit_volatile),
        slipped(fills.exit_short, fills.exit_volatile),
        per_price * contract.commission(fills.entry),
    )
