"""What is traded: tick, multiplier, calendar and costs of each contract."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mlfactory._typing import BoolArray1D, Float64Array1D
from mlfactory.errors import UserError, nearest, shown
from mlfactory.yaml_files import read_yaml

Price = TypeVar("Price", float, Float64Array1D)

_SYMBOL = re.compile(r"[A-Z0-9]+")
_REQUIRED = ("tick_size", "multiplier", "currency", "calendar")
_COMMISSION = ("commission_per_contract", "commission_bps")
_SLIPPAGE = ("slippage_ticks", "slippage_bps")
_KNOWN = (*_REQUIRED, *_COMMISSION, *_SLIPPAGE, "fractional_volume", "description")
_EXAMPLE = (
    "{tick_size: 0.25, multiplier: 5, currency: USD, calendar: CME_Equity, "
    "commission_per_contract: 0.625, slippage_ticks: {calm: 0.5, volatile: 1.0}}"
)
_EXAMPLE_OF_SHARES = (
    "{tick_size: 0.01, multiplier: 1, currency: USD, calendar: NYSE, "
    "commission_per_contract: 0.007, slippage_ticks: {calm: 0.5, volatile: 1.0}}"
)
_ELSEWHERE = {
    "commission_per_share": "write commission_per_contract, which is per share for an ETF or stock"
}
"""Keys that other programs have, and what they are called here."""


@dataclass(frozen=True)
class Slippage:
    """What one fill loses to the spread and the book, in the unit of its field's name."""

    calm: float
    volatile: float

    def when(self, volatile: bool | BoolArray1D, unit: float) -> Any:
        """That of a volatile market or of a calm one, times ``unit``, shaped as ``volatile``."""
        if isinstance(volatile, bool):
            return unit * (self.volatile if volatile else self.calm)
        return np.where(volatile, unit * self.volatile, unit * self.calm)


@dataclass(frozen=True)
class Contract:
    """One contract; exactly one kind of commission and one kind of slippage is set.

    Attributes
    ----------
    tick_size
        Smallest price step, price units.
    multiplier
        Currency per 1.0 of price.
    commission_per_contract
        Currency per contract, round trip.
    commission_bps
        Basis points of the price, round trip.
    slippage_ticks, slippage_bps
        Per fill, in ticks or basis points of the price.
    """

    symbol: str
    tick_size: float
    multiplier: float
    currency: str
    calendar: str
    commission_per_contract: float | None = None
    commission_bps: float | None = None
    slippage_ticks: Slippage | None = None
    slippage_bps: Slippage | None = None
    fractional_volume: bool = False
    description: str = ""

    def commission(self, price: Price) -> Price:
        """Round-trip commission in price units, in the shape of ``price``."""
        if self.commission_bps is not None:
            return price * (self.commission_bps * 1e-4)
        return price * 0.0 + (self.commission_per_contract or 0.0) / self.multiplier

    def slippage(self, price: Price, *, volatile: bool | BoolArray1D = False) -> Price:
        """Slippage of one fill in price units, in the shape of ``price``.

        Ticks become price by the tick's size; its value in currency has no part in it.
        """
        if self.slippage_bps is not None:
            return price * self.slippage_bps.when(volatile, 1e-4)
        assert self.slippage_ticks is not None
        return price * 0.0 + self.slippage_ticks.when(volatile, self.tick_size)

    def round_trip_cost(self, price: Price, *, volatile: bool | BoolArray1D = False) -> Price:
        """Commission and two fills' slippage in price units, in the shape of ``price``."""
        return self.commission(price) + 2.0 * self.slippage(price, volatile=volatile)

    def round_trip_cost_ticks(self, price: Price, *, volatile: bool = False) -> Price:
        """Commission and two fills' slippage in ticks, in the shape of ``price``."""
        return self.round_trip_cost(price, volatile=volatile) / self.tick_size


def load(path: Path) -> dict[str, Contract]:
    """All contracts of a yaml file by symbol.

    Raises
    ------
    UserError
        When the file is no mapping of symbols, holds a symbol twice, or an entry has an unknown,
        missing or impossible value; file, symbol, key, value and limit are named.
    """
    if not Path(path).is_file():
        raise UserError(f"{shown(path)}: no such file; it names the contracts")
    content = read_yaml(path)
    if not isinstance(content, dict) or not content:
        raise UserError(f"{shown(path)}: has no contracts; add SYMBOL: {_EXAMPLE}")
    return {symbol: _contract(symbol, entry, shown(path)) for symbol, entry in content.items()}


def from_terms(terms: Mapping[str, Any]) -> Contract:
    """The contract of which ``dataclasses.asdict`` made these plain values."""
    slippage = {
        key: None if terms[key] is None else Slippage(**terms[key])
        for key in ("slippage_ticks", "slippage_bps")
    }
    return Contract(**{**terms, **slippage})


def get(contracts: Mapping[str, Contract], symbol: str) -> Contract:
    """The contract of a symbol.

    Raises
    ------
    UserError
        When there is none: the nearest known symbol and the line to add are given.
    """
    if symbol in contracts:
        return contracts[symbol]
    if not _SYMBOL.fullmatch(symbol):
        raise UserError(f"symbol {symbol!r} must be capital letters and digits only, such as MES")
    raise UserError(
        f"unknown contract {symbol} ({nearest(symbol, contracts)}); with its own terms in place of "
        f"the example's, add to config/contracts.yaml: {symbol}: {_EXAMPLE} or, for an ETF or "
        f"stock, where commission is per share: {symbol}: {_EXAMPLE_OF_SHARES}"
    )


def _contract(symbol: Any, entry: Any, file: str) -> Contract:
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
        raise UserError(
            f"{file}: key {symbol} must be a symbol, capital letters and digits; write it as MES, "
            "or in quotes where yaml reads another thing"
        )
    if not isinstance(entry, dict):
        raise UserError(f"{file}: {symbol}={entry!r} is no mapping; write {symbol}: {_EXAMPLE}")
    where = f"{file}: {symbol}"
    _check_keys(entry, where)
    costs: dict[str, Any] = {k: _number(entry, k, where) for k in _COMMISSION if k in entry}
    costs |= {k: _slippage(entry, k, where) for k in _SLIPPAGE if k in entry}
    return Contract(
        symbol=symbol,
        tick_size=_number(entry, "tick_size", where, positive=True),
        multiplier=_number(entry, "multiplier", where, positive=True),
        currency=_text(entry, "currency", where),
        calendar=_text(entry, "calendar", where),
        **costs,
        fractional_volume=_flag(entry, "fractional_volume", where),
        description=str(entry.get("description", "")),
    )


def _check_keys(entry: dict[Any, Any], where: str) -> None:
    for key in entry:
        if key not in _KNOWN:
            file, symbol = where.rsplit(": ", 1)
            hint = _ELSEWHERE.get(key) or nearest(str(key), _KNOWN)
            raise UserError(f"{file}: unknown key {symbol}.{key}; {hint}")
    for key in _REQUIRED:
        if key not in entry:
            raise UserError(f"{where}.{key} is missing; add it as in {_EXAMPLE}")
    for one, other in (_COMMISSION, _SLIPPAGE):
        if one in entry and other in entry:
            raise UserError(f"{where}: holds both {one} and {other}; keep one")
        if one not in entry and other not in entry:
            raise UserError(f"{where}: holds neither {one} nor {other}; add one")


def _number(entry: dict[str, Any], key: str, where: str, *, positive: bool = False) -> float:
    value = entry[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0 or (positive and value == 0):
        limit = "above 0" if positive else "0 or above"
        raise UserError(f"{where}.{key}={value!r} must be a number {limit}")
    return float(value)


def _slippage(entry: dict[str, Any], key: str, where: str) -> Slippage:
    value = entry[key]
    if not isinstance(value, dict) or set(value) != {"calm", "volatile"}:
        raise UserError(f"{where}.{key}={value!r} must be such as {{calm: 0.5, volatile: 1.0}}")
    inside = f"{where}.{key}"
    return Slippage(_number(value, "calm", inside), _number(value, "volatile", inside))


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not value:
        raise UserError(
            f"{where}.{key}={value!r} must be text; put it in quotes where yaml reads another thing"
        )
    return value


def _flag(entry: dict[str, Any], key: str, where: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise UserError(f"{where}.{key}={value!r} must be true or false")
    return value
