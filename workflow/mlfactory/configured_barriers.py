"""The barriers that the configuration gives a symbol's horizon, refused where they cannot be."""

from typing import Any

from mlfactory import barrier_files
from mlfactory.errors import UserError


def barriers(settings: dict[str, Any], symbol: str, horizon: int) -> dict[str, Any]:
    """k_up, k_down and max_bars of a symbol's horizon.

    Raises
    ------
    UserError
        When neither the symbol nor default has them; it shows the lines to add.
    """
    table = settings["labels"]["barriers"]
    for name in (symbol, "default"):
        if str(horizon) in table.get(name, {}):
            _check_reach(settings, f"labels.barriers.{name}.{horizon}", table[name][str(horizon)])
            return table[name][str(horizon)]
    purge, searched = settings["splits"]["purge_bars"], settings["labels"]["search"]["enabled"]
    raise UserError(
        f"config: horizon {horizon} has no barriers; write your own, or these, extrapolated from "
        "the default ones, into a file for --configfile: "
        f"{barrier_files.suggested(horizon, purge, searched=searched)}"
    )


def _check_reach(settings: dict[str, Any], key: str, given: dict[str, Any]) -> None:
    """Refuse barriers that reach over a border, or that do not belong to their horizon."""
    horizon, max_bars = int(key.rpartition(".")[2]), given["max_bars"]
    key = f"{key}.max_bars={max_bars}"
    if not horizon <= max_bars <= 3 * horizon:
        raise UserError(
            f"config: {key} must lie between {horizon} and {3 * horizon}, one and three horizons"
        )
    purge = settings["splits"]["purge_bars"]
    if purge < max_bars:
        raise UserError(
            f"config: splits.purge_bars={purge} is shorter than {key}: labels would leak over the "
            f"borders; raise splits.purge_bars to at least {max_bars}"
        )
