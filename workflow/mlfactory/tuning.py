"""The search for a model's parameters, nested: inside the training rows of one fit.

A trial is scored by log-loss on purged inner folds of those rows, mean and a share of the standard
deviation. The best of many is flattered by their number: its score is no claim, and the rows that a
fold is scored on take no part.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlfactory import registry
from mlfactory._typing import Int64Array1D
from mlfactory.bundles import scaled
from mlfactory.early_ends import AHEAD, DIGITS, RUNGS, Race, hopeless
from mlfactory.fewer_rows import for_part, one_in
from mlfactory.inner_folds import inner_folds, inner_split
from mlfactory.models._base import Model, log_loss
from mlfactory.models._device import CPU, Device
from mlfactory.models._rows import FeatureRows
from mlfactory.scaling import RobustScaler
from mlfactory.search_space import every_point, space, starts, suggested
from mlfactory.weights import fit_weights

if TYPE_CHECKING:
    from optuna import Study

    from mlfactory.oof import TrainingSet

EVERY = 5
"""Trials are first scored on one row in so many, of those fitted and of those held out: labels
overlap, so that the others say nearly the same."""


@dataclass(frozen=True)
class _Ladder:
    """How trials are thinned out."""

    kept: int
    """One trial in so many goes on."""
    finalists: int
    """Trials that are scored on all rows at the end, beside those that the search began with."""
    last: int
    """Of these, how many are scored on more than the first inner fold, beside the default."""


BY_FOLDS = _Ladder(kept=8, finalists=4, last=2)
"""Trials end in or after their first inner fold."""

BY_EPOCHS = _Ladder(kept=AHEAD, finalists=2, last=1)
"""Trials see the first inner fold alone and end after some epochs, see `Race`; for models that are
not refitted. All rows of an inner fold cost these nearly a training, so that fewer meet at the
end."""

PATIENCE = 10
"""Rounds without gain after which a trial's fit stops, where the model's own are more."""

STARTUP = 10
"""Trials drawn at random before the sampler learns from them."""


@dataclass(frozen=True)
class _Part:
    """One inner fold: features scaled by its training rows, which train and which are held out."""

    X: FeatureRows
    train: Int64Array1D
    held_out: Int64Array1D


@dataclass(frozen=True)
class Trials:
    """What trials are scored with: a model's yaml and inner folds of one fit's rows."""

    data: "TrainingSet"
    model: dict[str, Any]
    parts: tuple[_Part, ...]
    weights: str
    threads: int
    seed: int
    device: Device
    fit_share: float
    shared: dict[tuple[int, int], dict[Any, Any]] = field(default_factory=dict)
    """What trials keep for each other, by inner fold and share of its rows; see `Model`."""

    def loss(
        self,
        parameters: Mapping[str, Any],
        fold: int,
        every: int,
        give_up: Callable[[list[float]], bool] | None = None,
    ) -> float:
        """Log-loss on the rows that an inner fold holds out, of a model fitted on its others.

        Parameters
        ----------
        parameters
            Put in place of those of the yaml.
        fold
            Number of the inner fold. Its held-out rows also stop the fit early, for every trial
            alike. A model that is not refitted is stopped by the tail of the rows to fit, as when
            it is fitted in earnest: the least loss of a rough curve flatters.
        every
            One row in so many is fitted and scored, as if it were all that it stands for: it weighs
            as much, because penalties are against sums over rows, and parameters change as
            `for_part` says. Rows that only stop are all taken.
        give_up
            See `Patience`.
        """
        model, metrics, held_out = self._fitted(parameters, fold, every, give_up)
        if held_out is None:
            return round(float(metrics["validation_log_loss"]), DIGITS)
        predicted = model.predict(self.parts[fold].X.take(held_out))
        return round(float(log_loss(predicted, self.data.label[held_out])), DIGITS)

    def raced(self, parameters: Mapping[str, Any], race: Race) -> float:
        """Least loss in a race, fitted on one row in `EVERY` of the first inner fold.

        By the rows that stop the fit, which are the tail of those to fit: the held-out ones of the
        inner fold are for the finalists.
        """
        self._fitted(parameters, 0, EVERY, race, RUNGS[-1])
        race.end()
        return race.least

    def _fitted(
        self,
        parameters: Mapping[str, Any],
        fold: int,
        every: int,
        give_up: Callable[[list[float]], bool] | None,
        at_most: float = math.inf,
    ) -> tuple[Model, dict[str, Any], Int64Array1D | None]:
        """The fit, what it tells, and the rows it is to be scored on but those that stopped it."""
        part, data = self.parts[fold], self.data
        kind = registry.get(self.model["model"]["type"])
        train, stop = part.train, None
        if self.model["early_stopping"]["enabled"] and not kind.REFITS:
            train, stop = inner_split(data, train, self.fit_share)
        train, held_out = (one_in(every, rows, kind.SEQUENCES) for rows in (train, part.held_out))
        weight = fit_weights(
            self.weights,
            label=data.label[train],
            uniqueness=data.uniqueness[train],
            quality=data.quality[train],
        )
        training = for_part(self.model, self.model["training"] | parameters, every)
        stopping = self.model["early_stopping"]
        if "patience" in stopping:
            stopping = stopping | {"patience": min(PATIENCE, stopping["patience"])}
        changed = self.model | {"training": training, "early_stopping": stopping}
        fitted = registry.make(changed, self.threads, self.device)
        fitted.give_up, fitted.at_most = give_up, at_most
        if kind.REFITS:  # the others have nothing to keep but what would change their races
            fitted.shared = self.shared.setdefault((fold, every), {})
        if not fitted.SEQUENCES:  # their step is a sum over rows divided by their number
            weight *= every
        fit, known = partial(fitted.fit, sample_weight=weight, seed=self.seed), data.label
        by = held_out if stop is None else stop
        metrics = fit(part.X.take(train), known[train], part.X.take(by), known[by])
        return fitted, metrics, None if stop is None else held_out

    def others(self, parameters: Mapping[str, Any], every: int) -> list[float]:
        """The same in each inner fold but the first."""
        return [self.loss(parameters, fold, every) for fold in range(1, len(self.parts))]

    def losses(self, parameters: Mapping[str, Any], every: int) -> list[float]:
        """The same in each inner fold."""
        return [self.loss(parameters, 0, every), *self.others(parameters, every)]


def trials_on(
    data: "TrainingSet",
    rows: Int64Array1D,
    *,
    model: dict[str, Any],
    features: tuple[str, ...],
    n_folds: int,
    embargo_bars: int,
    weights: str,
    threads: int,
    seed: int,
    fit_share: float,
    device: Device = CPU,
) -> Trials:
    """Inner folds of ``rows``, each with a scaler of its own training rows where one is needed."""
    X = data.features.named(features)
    parts = []
    for train, held_out in inner_folds(data, rows, n_folds, embargo_bars, "tuning.inner_folds"):
        scaling = model["needs"]["scaling"]
        scaler = RobustScaler.fit(X.take(train).matrix()) if scaling else None
        parts.append(_Part(scaled(X, scaler), train, held_out))
    return Trials(data, model, tuple(parts), weights, threads, seed, device, fit_share)


def objective(losses: list[float], spread: float) -> float:
    """Mean log-loss over inner folds and ``spread`` of its standard deviation.

    Examples
    --------
    >>> objective([1.0, 0.8], 0.1)
    0.91
    """
    return round(float(np.mean(losses) + spread * np.std(losses)), DIGITS)


def _study(name: str, seed: int, first: list[dict[str, Any]], ladder: _Ladder) -> "Study":
    """A study that tries ``first`` before it asks its sampler."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=name,
        sampler=optuna.samplers.TPESampler(n_startup_trials=STARTUP, multivariate=True, seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(
            min_resource=1, reduction_factor=ladder.kept, min_early_stopping_rate=0
        ),
    )
    for parameters in first:
        study.enqueue_trial(parameters)
    return study


def _ladder(trials: Trials) -> _Ladder:
    return BY_FOLDS if registry.get(trials.model["model"]["type"]).REFITS else BY_EPOCHS


def search(
    trials: Trials, *, name: str, n_trials: int, spread: float, pruning: bool
) -> dict[str, Any]:
    """Search the parameters of one model on the rows of one fit.

    Parameters
    ----------
    trials
        See `trials_on`.
    name
        What the ledger calls the study.
    n_trials
        The budget, the default parameters included, which are trial 0. A space of no more
        combinations is tried whole.
    spread
        See `objective`.
    pruning
        With it a trial sees one row in `EVERY`, ends in its first inner fold where it cannot reach
        the best of those before it (see `hopeless`), and after it where it has not; one of a model
        that is not refitted sees no other, and ends where it falls behind (see `Race`). The
        ``finalists`` and those that the search began with are then scored on all rows of the first
        inner fold; the ``last`` by that (and where trials see them, by what the other folds say of
        one row in `EVERY`) and the default, on all rows of all inner folds: see `BY_FOLDS` and
        `BY_EPOCHS`. Without, all trials are scored on all rows.

    Returns
    -------
    The content of a tuning's file: the ``study``, the chosen ``parameters``, the number of the
    ``best`` trial, and all ``trials``, each with its ``losses`` by inner fold and its
    ``objective``; ``all_rows`` says whether these are of all rows. On these rows and folds the best
    is never worse than the default.
    """
    searched = space(trials.model)
    own = {key: trials.model["training"][key] for key in searched}
    begun = starts(own, searched)[:n_trials]
    whole = every_point(searched, n_trials)
    n_trials = len(whole) or n_trials
    ladder = _ladder(trials)
    first = begun + [point for point in whole if point not in begun]
    study = _study(name, trials.seed, first, ladder)
    tried = partial(_in_part, study, ladder) if pruning else partial(_in_full, study)
    records = [tried(trials, searched, spread) for _ in range(n_trials)]
    if pruning:
        _final(trials, records, len(begun), spread, ladder)
    final = [record for record in records if record["all_rows"] and record["state"] == "complete"]
    best = min(final, key=lambda record: (record["objective"], record["number"]))
    return {
        "study": {
            **{
                "name": name,
                "sampler": "grid" if whole else "tpe",
                "seed": trials.seed,
                "trials": n_trials,
            },
            **{"spread": spread, "pruning": pruning, "inner_folds": len(trials.parts)},
            "space": searched,
        },
        "best": best["number"],
        "parameters": best["parameters"],
        "objective": {"default": records[0]["objective"], "best": best["objective"]},
        "trials": records,
    }


def _final(
    trials: Trials, records: list[dict[str, Any]], n_starts: int, spread: float, ladder: _Ladder
) -> None:
    """Score the best, and the ``n_starts`` that the search began with, on all rows."""
    to_rank = records[n_starts:] if ladder is BY_EPOCHS else records
    best = sorted(to_rank, key=_rank)[: ladder.finalists]
    numbers = sorted({*range(n_starts), *(record["number"] for record in best)})
    first = {number: trials.loss(records[number]["parameters"], 0, 1) for number in numbers}
    going_on = numbers[1:]
    if len(going_on) > ladder.last:
        expected = {n: _expected(trials, records[n], first[n], spread, ladder) for n in going_on}
        going_on = sorted(going_on, key=lambda n: (expected[n], n))[: ladder.last]
    for number in numbers:
        goes_on = number in (0, *going_on)
        losses = [first[number]]
        if goes_on:
            losses += trials.others(records[number]["parameters"], 1)
        records[number] |= _scored(losses, spread, all_rows=True)
        records[number]["state"] = "complete" if goes_on else "pruned"


def _rank(record: dict[str, Any]) -> tuple[bool, float, int]:
    """Those that went on come before those that ended."""
    return record["state"] != "complete", record["objective"], record["number"]


def _expected(
    trials: Trials, record: dict[str, Any], first: float, spread: float, ladder: _Ladder
) -> float:
    """The objective with the first inner fold's loss on all rows, the others' on some or none."""
    rest = record["losses"][1:]
    if not rest and ladder is BY_FOLDS:
        rest = trials.others(record["parameters"], EVERY)
    return objective([first, *rest], spread)


def _scored(losses: list[float], spread: float, *, all_rows: bool) -> dict[str, Any]:
    return {"losses": losses, "objective": objective(losses, spread), "all_rows": all_rows}


Space = Mapping[str, Mapping[str, Any]]


def _in_full(study: "Study", trials: Trials, searched: Space, spread: float) -> dict[str, Any]:
    """Ask for parameters, score them on all rows, tell the sampler; the trial's record."""
    trial = study.ask()
    parameters = suggested(trial, searched)
    scored = _scored(trials.losses(parameters, 1), spread, all_rows=True)
    study.tell(trial, scored["objective"])
    return {"number": trial.number, "parameters": parameters, **scored, "state": "complete"}


def _in_part(
    study: "Study", ladder: _Ladder, trials: Trials, searched: Space, spread: float
) -> dict[str, Any]:
    """The same on one row in `EVERY`, no further than is worth it."""
    from optuna.trial import TrialState

    trial = study.ask()
    parameters = suggested(trial, searched)
    if ladder is BY_EPOCHS:
        race = Race(trial)
        losses = [trials.raced(parameters, race)]
        ended = race.lost
    else:
        losses = [trials.loss(parameters, 0, EVERY, _hopeless(study, trials, parameters))]
        trial.report(losses[0], 1)
        ended = trial.should_prune()
        losses += [] if ended else trials.others(parameters, EVERY)
    scored = _scored(losses, spread, all_rows=False)
    if ended:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, scored["objective"])
    state = "pruned" if ended else "complete"
    return {"number": trial.number, "parameters": parameters, **scored, "state": state}


def _hopeless(
    study: "Study", trials: Trials, parameters: Mapping[str, Any]
) -> Callable[[list[float]], bool] | None:
    """When a fit that goes in rounds cannot reach the best so far; None for other models.

    These are one in `BY_FOLDS.kept`, and nobody is measured against the first few.
    """
    rounds = (trials.model["training"] | parameters).get("rounds")
    if rounds is None:
        return None
    known = study.get_trials(deepcopy=False)  # some of them wait for their turn
    before = sorted(t.intermediate_values[1] for t in known if 1 in t.intermediate_values)
    reached = len(before) // BY_FOLDS.kept
    return hopeless(before[reached - 1] if reached else math.inf, rounds)
