"""What a search of a model's parameters may try, and in which order it begins."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from mlfactory.errors import UserError, nearest
from mlfactory.models._parameters import Parameter

if TYPE_CHECKING:
    from optuna import Trial


def check_search_space(
    name: str, searched_keys: dict[str, dict[str, Any]], allowed: dict[str, Parameter]
) -> None:
    """Refuse a ``search_space`` of a model's yaml that holds what ``training`` may not hold."""
    where = f"config/models/{name}.yaml: search_space"
    for key, searched in searched_keys.items():
        if key not in allowed:
            raise UserError(f"{where}.{key} is unknown; {nearest(str(key), allowed)}")
        for bound in ("low", "high"):
            if bound in searched:
                allowed[key].check(f"{where}.{key}.{bound}", searched[bound])
        for listed in ("choices", "first"):
            for value in searched.get(listed, ()):
                allowed[key].check(f"{where}.{key}.{listed}", value)
        if "low" in searched and searched["low"] >= searched["high"]:
            raise UserError(
                f"{where}.{key}.low={searched['low']} is not below {where}.{key}.high="
                f"{searched['high']}; lower it"
            )
        for value in searched.get("first", ()):
            if not _searches(searched, value):
                raise UserError(
                    f"{where}.{key}.first={value!r} is not among what is searched; take it out, or "
                    "search it too"
                )
        if searched.get("log") and searched["low"] <= 0:
            raise UserError(
                f"{where}.{key}.low={searched['low']} is not above 0, which a logarithmic scale "
                "needs; raise it, or set log: false"
            )


def _searches(searched: dict[str, Any], value: Any) -> bool:
    if "choices" in searched:
        return value in searched["choices"]
    within: bool = searched["low"] <= value <= searched["high"]
    return within and (isinstance(value, int) or not _is_whole(searched))


def space(model: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A model's search space, widened so that its own parameters lie in it.

    Where the own one is a fraction, whole bounds are no longer whole, so that it can be tried.

    Examples
    --------
    >>> searched = {"depth": {"low": 4, "high": 9, "first": [5]}, "kind": {"choices": ["a", "b"]}}
    >>> space({"search_space": searched, "training": {"depth": 3, "kind": "c", "rate": 0.1}})
    {'depth': {'low': 3, 'high': 9, 'first': [5]}, 'kind': {'choices': ['c', 'a', 'b']}}
    """
    wide = {}
    for key, searched in model["search_space"].items():
        own = model["training"][key]
        if "choices" in searched:
            choices = searched["choices"]
            wide[key] = {**searched, "choices": choices if own in choices else [own, *choices]}
        else:
            bounds = {"low": min(searched["low"], own), "high": max(searched["high"], own)}
            if own % 1:
                bounds["low"] = float(bounds["low"])
            wide[key] = {**searched, **bounds}
    return wide


def suggested(trial: "Trial", searched: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A value of each parameter; numbers whose bounds are whole are whole."""
    found: dict[str, Any] = {}
    for key, of in searched.items():
        if "choices" in of:
            found[key] = trial.suggest_categorical(key, of["choices"])
        elif _is_whole(of):
            found[key] = trial.suggest_int(key, of["low"], of["high"], log=of.get("log", False))
        else:
            log = of.get("log", False)
            found[key] = trial.suggest_float(key, of["low"], of["high"], log=log)
    return found


def starts(own: Mapping[str, Any], searched: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is tried before the sampler is asked: the model's own, then each value listed ``first``.

    Examples
    --------
    >>> starts({"depth": 3, "rate": 0.1}, {"depth": {"first": [1, 2]}, "rate": {}})
    [{'depth': 3, 'rate': 0.1}, {'depth': 1, 'rate': 0.1}, {'depth': 2, 'rate': 0.1}]
    """
    firsts = ({key: value} for key, of in searched.items() for value in of.get("first", ()))
    changed = [dict(own) | first for first in firsts]
    return [dict(own), *(start for start in changed if start != own)]


def every_point(searched: Mapping[str, Any], at_most: int) -> list[dict[str, Any]]:
    """All combinations of values where there are ``at_most`` so many, else none of them.

    Examples
    --------
    >>> every_point({"depth": {"low": 1, "high": 2}, "kind": {"choices": ["a", "b"]}}, at_most=3)
    []
    >>> every_point({"depth": {"low": 1, "high": 3}}, at_most=3)
    [{'depth': 1}, {'depth': 2}, {'depth': 3}]
    """
    values: list[Sequence[Any]] = []
    for of in searched.values():
        if "choices" in of:
            values.append(of["choices"])
        elif _is_whole(of):
            values.append(range(of["low"], of["high"] + 1))
        else:
            return []
    if math.prod(len(of) for of in values) > at_most:
        return []
    return [dict(zip(searched, of, strict=True)) for of in product(*values)]


def _is_whole(searched: Mapping[str, Any]) -> bool:
    return isinstance(searched["low"], int) and isinstance(searched["high"], int)
