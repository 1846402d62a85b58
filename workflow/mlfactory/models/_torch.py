"""The one training loop of all neural models, and what else they share."""

import logging
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mlfactory._typing import Float64Array1D, Float64Array2D, Int64Array1D
from mlfactory.errors import UserError
from mlfactory.models._base import MIN_PROBABILITY, Model
from mlfactory.models._device import CPU
from mlfactory.models._parameters import Parameter
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.models._uncompiled import uncompiled
from mlfactory.sequences import CHUNK, Timeline, rows_read, timeline

TRAINING: dict[str, Parameter] = {
    "epochs": Parameter(int, low=1),
    "warmup_epochs": Parameter(int, low=0),
    "batch": Parameter(int, low=1),
    "learning_rate": Parameter(float, low=1e-6, high=1),
    "weight_decay": Parameter(float, low=0),
    "gradient_norm": Parameter(float, low=1e-6),
    "dropout": Parameter(float, low=0, high=0.9),
}
"""Keys of ``training`` that all neural models have."""

_IGNORED = -1
_EXPLAINED = 16
_STATE = "model.safetensors"

log = logging.getLogger(__name__)


class Network(nn.Module):
    """A network that reads a window of rows and scores the classes of its last row."""

    head: nn.Linear
    """The last layer, from what is made of a window to the scores."""

    def start_from(self, shares: Float64Array1D) -> None:
        """Let the head say these shares of the classes, whatever the window."""
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.from_numpy(np.log(shares)))

    @abstractmethod
    def windows(self, inputs: Tensor) -> Tensor:
        """The plain form: windows (b, length, k) to scores (b, classes)."""

    @abstractmethod
    def chunks(self, inputs: Tensor, rows: int) -> Tensor:
        """The fast form: the last ``rows`` rows of stretches (b, rows + length - 1, k), each with
        the window that ends in it, to scores (b, rows, classes)."""


class _Rows:
    """A timeline on the device, and the chunks of consecutive places that hold the rows asked for.

    A chunk begins at the first row asked for that none before it holds, so that rows far apart cost
    no more chunks than they need.
    """

    def __init__(
        self, laid: Timeline, length: int, device: str, y: Int64Array1D, weight: Float64Array1D
    ) -> None:
        begins = _begins(laid.asked)
        self.used = np.arange(len(begins))
        spare = max(0, begins[-1] + CHUNK - len(laid.values))
        values = np.pad(laid.values, ((0, spare), (0, 0)))
        chunk = np.searchsorted(begins, laid.asked, side="right") - 1
        self.asked = chunk * CHUNK + laid.asked - begins[chunk]
        label = np.full((len(begins), CHUNK), _IGNORED, np.int64)
        label.flat[self.asked] = y
        weights = np.zeros((len(begins), CHUNK), np.float32)
        weights.flat[self.asked] = weight
        self.label = torch.from_numpy(label).to(device)
        self.weight = torch.from_numpy(weights).to(device)
        # A strided view: a chunk's inputs overlap the next one's by length - 1 rows.
        self.inputs = torch.from_numpy(values).to(device).unfold(0, CHUNK + length - 1, 1)
        self.first = torch.from_numpy(begins - (length - 1))

    def stretches(self, chunks: Int64Array1D) -> Tensor:
        """Inputs of these chunks, (b, CHUNK + length - 1, k)."""
        return self.inputs[self.first[torch.from_numpy(chunks)]].transpose(1, 2)

    def loss(self, scores: Tensor, chunks: Int64Array1D) -> Tensor:
        """Summed weighted log-loss of the rows asked for, of scores (b, CHUNK, classes)."""
        index = torch.from_numpy(chunks)
        losses = nn.functional.cross_entropy(
            scores.float().flatten(0, 1),
            self.label[index].flatten(),
            ignore_index=_IGNORED,
            reduction="none",
        )
        return (losses * self.weight[index].flatten()).sum()


def _begins(asked: Int64Array1D) -> Int64Array1D:
    """Where chunks begin that hold all places asked for, ascending.

    Examples
    --------
    >>> _begins(np.array([3, 4, 66, 67, 200]))
    array([  3,  67, 200])
    """
    places, begins, begin = np.sort(asked), [], 0
    while begin < len(places):
        begins.append(places[begin])
        begin = int(np.searchsorted(places, places[begin] + CHUNK))
    return np.array(begins, np.int64)


class TorchModel(Model):
    """A neural network on sequences, trained by AdamW.

    The learning rate rises over ``warmup_epochs`` and falls by a cosine to 0 at ``epochs``;
    gradients are clipped at ``gradient_norm``. Training starts from the training rows' class shares
    as the prediction of every row. With early stopping the epoch of least log-loss on the
    validation rows is kept, that start included: what finds nothing says the class shares. A batch
    is made of chunks of consecutive rows, whose windows overlap, so that what overlaps is computed
    once. It is as large as configured whatever the device's memory: when that runs out, what is
    computed at once is halved. The first rows of a segment see only what there is of it; the rest
    of their window is 0, the median of scaled features.

    On a processor the same seed and threads give the same bits. On a GPU the kernels asked for are
    the deterministic ones, where there are any.
    """

    STOPS_EARLY = True
    REFITS = False
    SEQUENCES = True
    PER_STEP = ("learning_rate",)
    LIBRARY = "torch"
    FILES = (_STATE,)
    PARAMETERS: ClassVar[dict[str, Parameter]] = TRAINING
    _importance: Float64Array1D | None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.device.gpu and not torch.cuda.is_available():
            log.warning(
                "%s: this torch cannot use the GPU, so it computes on the processor", self.name
            )
            self.device = CPU

    @abstractmethod
    def _new_network(self, n_features: int, n_classes: int) -> Network:
        """A network with random weights."""

    def _fit(self, train: Labelled, validation: Labelled | None, seed: int) -> dict[str, Any]:
        epochs = int(self.complexity.get("epochs", self.training["epochs"]))
        if self.device.gpu:
            torch.cuda.reset_peak_memory_stats()
        with self._computing(seed):
            self.network = self._new_network(len(train.X.names), len(self.classes))
            shares = self._class_shares(train)
            self.network.start_from(shares)
            self.network.to(self.device.name)
            rows = self._rows(train)
            held_out, start = None, math.inf
            if validation is not None:
                held_out = self._rows(validation)
                start = float(-np.log(shares)[self._codes(validation.y)].mean())
                epochs = self.training["epochs"]
            curves = self._train(rows, held_out, start, epochs, seed)
            self._importance, self._to_explain = None, (rows, train.X.matrix().std(axis=0))
        if self.device.gpu:
            curves["gpu_peak_mb"] = torch.cuda.max_memory_allocated() // 2**20
        return curves

    def _train(
        self, rows: _Rows, held_out: _Rows | None, start: float, epochs: int, seed: int
    ) -> dict[str, Any]:
        """Train for ``epochs``, or as many as the held-out rows, that lose ``start``, call for."""
        steps = math.ceil(len(rows.used) / self._batch_chunks())
        optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.training["learning_rate"],
            weight_decay=self.training["weight_decay"],
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate(steps))
        order = np.random.default_rng(seed)
        self.part = self._batch_chunks()
        patience, best, training_curve = self._patience(start), self._state(), []
        for epoch in range(1, epochs + 1):
            total = 0.0
            for batch in np.array_split(order.permutation(rows.used), steps):
                total += self._step(rows, batch, optimizer)
                schedule.step()
            training_curve.append(total / len(rows.asked))
            self._must_be_finite(training_curve[-1], epoch)
            if held_out is None:
                log.info("epoch %d: training log-loss %.4f", epoch, training_curve[-1])
                continue
            loss = self._mean_loss(held_out)
            self._must_be_finite(loss, epoch)
            log.info(
                "epoch %d: log-loss %.4f training, %.4f validation", epoch, training_curve[-1], loss
            )
            over = patience.is_over(loss)
            if patience.best_round == epoch:
                best = self._state()
            if over:
                break
        curves: dict[str, Any] = {"training_curve": training_curve}
        if held_out is None:
            return curves | {"epochs": len(training_curve)}
        kept = len(training_curve)
        if self.early_stopping["enabled"]:
            kept = patience.best_round
            self.network.load_state_dict(best)
            self.complexity = {"epochs": kept}
        return curves | {
            "validation_start": start,
            "validation_curve": patience.losses,
            "epochs": kept,
        }

    def _state(self) -> dict[str, Tensor]:
        """A copy of the network's weights."""
        return {key: value.clone() for key, value in self.network.state_dict().items()}

    def _class_shares(self, train: Labelled) -> Float64Array1D:
        """Weighted shares of the classes among the training rows."""
        weight = np.bincount(self._codes(train.y), weights=train.weight)
        return np.maximum(weight / weight.sum(), MIN_PROBABILITY)

    def _must_be_finite(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise UserError(
                f"{self.name}: training diverged in epoch {epoch}, its log-loss is {loss}; lower "
                f"training.learning_rate in config/models/{self.name}.yaml"
            )

    def _step(self, rows: _Rows, batch: Int64Array1D, optimizer: torch.optim.Optimizer) -> float:
        """One step on a batch of chunks; its summed weighted loss before the step."""
        n_asked = int((rows.label[torch.from_numpy(batch)] != _IGNORED).sum())
        while True:
            optimizer.zero_grad(set_to_none=True)
            try:
                total = self._backward(rows, batch, n_asked)
                break
            except torch.OutOfMemoryError as error:
                self._halve(error)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.training["gradient_norm"])
        optimizer.step()
        return total

    def _backward(self, rows: _Rows, batch: Int64Array1D, n_asked: int) -> float:
        """Gradients of the batch's mean loss, part by part; its summed loss."""
        total = 0.0
        for first in range(0, len(batch), self.part):
            part = batch[first : first + self.part]
            with self._autocast():
                scores = self.network.chunks(rows.stretches(part), CHUNK)
            loss = rows.loss(scores, part)
            (loss / n_asked).backward()
            total += float(loss.detach())
        return total

    def _mean_loss(self, rows: _Rows) -> float:
        def of(part: Int64Array1D) -> float:
            with torch.no_grad(), self._autocast():
                return float(rows.loss(self.network.chunks(rows.stretches(part), CHUNK), part))

        self.network.eval()
        total = self._sum_of_parts(rows.used, of)
        self.network.train()
        return float(total / len(rows.asked))

    def _saliency(self, rows: _Rows) -> Float64Array1D:
        """Mean absolute gradient of the loss by each input, over chunks of all times, (k,)."""

        def of(part: Int64Array1D) -> Float64Array1D:
            inputs = rows.stretches(part).clone().requires_grad_(True)
            loss = rows.loss(self.network.chunks(inputs, CHUNK), part)
            (gradient,) = torch.autograd.grad(loss, inputs)
            summed: Float64Array1D = gradient.abs().double().sum(dim=(0, 1)).cpu().numpy()
            return summed

        places = np.linspace(0, len(rows.used) - 1, _EXPLAINED).astype(np.int64)
        self.network.eval()
        # cuDNN refuses the gradient of a recurrent network that is not in training.
        with torch.backends.cudnn.flags(enabled=False):
            total = self._sum_of_parts(rows.used[np.unique(places)], of)
        self.network.train()
        return np.asarray(total) / (len(np.unique(places)) * rows.inputs.shape[2])

    def _sum_of_parts(self, chunks: Int64Array1D, of: Callable[[Int64Array1D], Any]) -> Any:
        """The sum of ``of`` over parts of the chunks, as many at once as memory holds."""
        total, first = 0.0, 0
        while first < len(chunks):
            part = chunks[first : first + self.part]
            try:
                total = total + of(part)
            except torch.OutOfMemoryError as error:
                self._halve(error)
            else:
                first += len(part)
        return total

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        """Compute half as many chunks at once from now on; a single one cannot be halved."""
        if self.part == 1:
            raise UserError(
                f"{self.name}: the GPU's memory does not hold {CHUNK} windows of "
                f"{self.sequence_length} rows; lower the network's size or needs.sequence_length "
                f"in config/models/{self.name}.yaml"
            ) from error
        self.part = math.ceil(self.part / 2)
        log.warning("out of memory: from now on in parts of %d rows", self.part * CHUNK)

    def _rate(self, steps: int) -> Any:
        """Learning rate over its configured one, by step: a rise, then a cosine to 0."""
        rise = self.training["warmup_epochs"] * steps
        fall = max(self.training["epochs"] * steps - rise, 1)

        def rate(step: int) -> float:
            if step < rise:
                return (step + 1) / (rise + 1)
            return 0.5 * (1 + math.cos(math.pi * min((step - rise) / fall, 1)))

        return rate

    def _batch_chunks(self) -> int:
        return math.ceil(self.training["batch"] / CHUNK)

    def _rows(self, rows: Labelled) -> _Rows:
        laid = timeline(rows.X, self.sequence_length)
        return _Rows(laid, self.sequence_length, self.device.name, self._codes(rows.y), rows.weight)

    def _rows_read(self, X: FeatureRows) -> Int64Array1D:
        return rows_read(X, self.sequence_length)

    def _probabilities(self, X: FeatureRows) -> Float64Array2D:
        zeros = np.zeros(len(X))
        torch.set_num_threads(self.threads)
        with torch.no_grad():
            laid = timeline(X, self.sequence_length)
            rows = _Rows(laid, self.sequence_length, "cpu", zeros.astype(np.int64), zeros)
            network = self.network.to("cpu").eval()
            scores = torch.zeros((*rows.label.shape, len(self.classes)))
            for chunk in rows.used:  # one at a time: a row's bits do not depend on others asked for
                one = np.array([chunk])
                scores[chunk] = network.chunks(rows.stretches(one), CHUNK)[0]
            chosen = scores.flatten(0, 1)[torch.from_numpy(rows.asked)].double()
            network.train()
        return torch.softmax(chosen, dim=1).numpy()

    @contextmanager
    def _computing(self, seed: int) -> Iterator[None]:
        """With the configured threads and the seed; the process's own generator is left alone."""
        torch.set_num_threads(self.threads)
        # As use_deterministic_algorithms(True, warn_only=True), which imports the compiler.
        torch.set_deterministic_debug_mode("warn")
        with torch.random.fork_rng(devices=[0] if self.device.gpu else []), uncompiled():
            torch.manual_seed(seed)
            yield

    def _autocast(self) -> Any:
        """bfloat16 where it is wanted and the GPU has it; else as it is."""
        wanted = self.device.gpu and self.device.mixed_precision
        enabled = wanted and torch.cuda.is_bf16_supported()
        return torch.autocast(self.device.name, dtype=torch.bfloat16, enabled=enabled)

    @property
    def importance(self) -> Float64Array1D:
        """Computed when it is first asked for: most fits of a search are never explained."""
        if self._importance is None:
            rows, spread = self._to_explain
            with self._computing(0):
                self.network.to(self.device.name)
                self._importance = self._saliency(rows) * spread
        return self._importance

    def get_feature_importance(self) -> dict[str, float]:
        """Share of the loss's mean absolute gradient by each feature, times its spread."""
        return self._shares(self.importance)

    def _write_state(self, path: Path) -> None:
        state = {k: v.cpu().contiguous() for k, v in self.network.state_dict().items()}
        save_file(state | {"importance": torch.from_numpy(self.importance)}, path / _STATE)

    def _read_state(self, path: Path) -> None:
        state = load_file(path / _STATE)
        self._importance = state.pop("importance").numpy()
        self.network = self._new_network(len(self.feature_names), len(self.classes))
        self.network.load_state_dict(state)
