"""A fitted model with all that its predictions need: features, scaler, calibration, its origin."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from mlfactory import registry, tables
from mlfactory._typing import Float64Array2D
from mlfactory.calibration import Calibration, restored
from mlfactory.errors import UserError
from mlfactory.files import atomic_folder, set_aside
from mlfactory.models._base import Model
from mlfactory.models._rows import FeatureRows
from mlfactory.scaling import RobustScaler

FORMAT = 3
_DESCRIPTION, _SCALER, _CALIBRATION = "bundle.json", "scaler.json", "calibration.json"


class _VersionError(UserError):
    """A model that is whole, and that this version does not read."""


@dataclass(frozen=True)
class Bundle:
    """A fitted model, and the scaler of its features if it needs one.

    Attributes
    ----------
    decomposition
        Whether the model is one of three classes, or in two stages.
    origin
        Where the fit is from: the wildcards of its job.
    calibration
        The map of the model's probabilities, None where they stay as they are.
    """

    model: Model
    scaler: RobustScaler | None
    decomposition: str
    origin: dict[str, Any]
    calibration: Calibration | None = None

    def predict(self, X: FeatureRows) -> Float64Array2D:
        """Class probabilities of unscaled feature rows, (m, 3) in label order.

        ``X`` may hold more features than the model was fitted on.
        """
        return self.calibrated(self.uncalibrated(X))

    def uncalibrated(self, X: FeatureRows) -> Float64Array2D:
        """What the model itself says, (m, 3)."""
        return self.model.predict(scaled(X.named(self.model.feature_names), self.scaler))

    def calibrated(self, probabilities: Float64Array2D) -> Float64Array2D:
        """The model's probabilities (m, 3) after calibration, or themselves where there is none."""
        return self.calibration.apply(probabilities) if self.calibration else probabilities

    def save(self, path: Path) -> None:
        """Write everything into the folder ``path``; its description comes last."""
        path.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        if self.scaler is not None:
            self.scaler.save(path / _SCALER)
        if self.calibration is not None:
            method = {"method": self.calibration.method}
            tables.write_json(method | self.calibration.parameters(), path / _CALIBRATION)
        description = {
            "format": FORMAT,
            "model": self.model.name,
            "decomposition": self.decomposition,
            "scaled": self.scaler is not None,
            "calibrated": self.calibration is not None,
            "origin": self.origin,
        }
        tables.write_json(description, path / _DESCRIPTION)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote; no code is executed.

        Raises
        ------
        UserError
            When the folder is not a whole bundle, and then it is set aside; or is one of another
            version, and then it stays.
        """
        try:
            return cls._load(path)
        except _VersionError:
            raise
        except (UserError, ValueError, LookupError, TypeError) as error:
            raise set_aside(path, error) from error

    @classmethod
    def _load(cls, path: Path) -> Self:
        if not (path / _DESCRIPTION).exists():
            raise UserError("holds no fitted model")
        description = tables.read_json(path / _DESCRIPTION)
        if description.get("format") != FORMAT:
            raise _VersionError(
                f"{path}: has format {description.get('format')}, this version reads {FORMAT}; use "
                "the version that fitted it, or delete it and run again"
            )
        decomposition = description["decomposition"]
        model = registry.get_class(description["model"], decomposition).load(path)
        scaler = RobustScaler.load(path / _SCALER) if description["scaled"] else None
        given = description["calibrated"]
        calibration = restored(tables.read_json(path / _CALIBRATION)) if given else None
        return cls(model, scaler, decomposition, description["origin"], calibration)


def save_bundle(
    bundle: Bundle,
    path: str | Path,
    *,
    config: dict[str, Any],
    metrics: dict[str, Any] | None = None,
) -> None:
    """Write a bundle's folder whole or not at all, with the yaml and the record of its training."""
    with atomic_folder(path) as folder:
        bundle.save(folder)
        (folder / "model_config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        tables.write_json(metrics or {}, folder / "training_metrics.json")


def load_all(paths: Sequence[str | Path]) -> list[Bundle]:
    """Read several bundles."""
    return [Bundle.load(Path(path)) for path in paths]


def scaled(X: FeatureRows, scaler: RobustScaler | None) -> FeatureRows:
    """The same rows with scaled features, or ``X`` itself without a scaler."""
    if scaler is None:
        return X
    return FeatureRows(scaler.transform(X.values), X.segment, X.rows, X.names)
