"""Features bar by bar, for those who trade: the values of the batch run, from a short memory."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mlfactory._typing import Float32Array1D
from mlfactory.errors import UserError
from mlfactory.features import catalog
from mlfactory.features.memory import first_bar_needed

SPARE_BARS = 250
"""Bars beyond the memory that are kept before it is cut, so that it is cut rarely."""


class FeatureStream:
    """The features of each new bar, from the bars that its warm-up needs.

    Values are those of `catalog.build` on the whole history but for what a recursive indicator
    remembers of the bars before its memory, less than 1e-5 of a column's scale.

    Parameters
    ----------
    history
        Table of schema BARS: the bars before the first new one. Only the last ones are kept.
    timezone
        The exchange's zone, such as ``bars.json`` names it.
    chosen
        The columns.

    Examples
    --------
    >>> stream = FeatureStream(bars, timezone="America/Chicago")  # doctest: +SKIP
    >>> stream.update(next_bar)  # doctest: +SKIP
    array([...], dtype=float32)
    """

    def __init__(
        self,
        history: pd.DataFrame,
        *,
        timezone: str,
        chosen: catalog.FeatureSet = catalog.DEFAULT,
    ) -> None:
        self.names = catalog.names(chosen)
        self._timezone = timezone
        self._chosen = chosen
        self._bars = history.reset_index(drop=True)
        self._cut()

    def update(self, bar: Mapping[str, Any]) -> Float32Array1D:
        """Take the next bar and give its features.

        Parameters
        ----------
        bar
            A value for each column of schema BARS.

        Returns
        -------
        (k,) float32 in the order of ``names``; all NaN while the warm-up is not whole.

        Raises
        ------
        UserError
            When a column is missing, or the bar does not come after the last one; the stream is
            as it was.
        """
        missing = [name for name in self._bars.columns if name not in bar]
        if missing:
            raise UserError(f"the bar has no {', '.join(missing)}; give every column of a bar")
        if len(self._bars) and bar["datetime"] <= self._bars["datetime"].iloc[-1]:
            raise UserError(
                f"the bar of {bar['datetime']} does not come after the last one, of "
                f"{self._bars['datetime'].iloc[-1]}; give each bar once, in order"
            )
        row = pd.DataFrame({name: [bar[name]] for name in self._bars.columns})
        row = row.astype(self._bars.dtypes.to_dict())
        self._bars = pd.concat([self._bars, row], ignore_index=True)
        self._cut()
        table = catalog.build(self._bars, timezone=self._timezone, chosen=self._chosen)
        return table.iloc[-1, 1:].to_numpy(dtype=np.float32)

    def _cut(self) -> None:
        """Forget the bars before the memory, once there are enough of them."""
        first = first_bar_needed(self._bars, len(self._bars) - 1, self._chosen)
        if first is not None and first > SPARE_BARS:
            self._bars = self._bars.iloc[first:].reset_index(drop=True)
