"""Sequence models: one epoch and one prediction by windows and by chunks, on CPU and any GPU.

25k rows of 20 features, windows of 60, the shipped sizes; float32. "windows" computes each window
by itself, as a plain loop over a data loader would; "chunks" is what the models do.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from mlfactory import config, registry
from mlfactory.models._device import Device
from mlfactory.models._rows import FeatureRows, Labelled
from mlfactory.models._torch import Network, TorchModel
from mlfactory.sequences import CHUNK

MODELS = ("lstm", "gru", "tcn")


def rows(n_rows: int) -> Labelled:
    random = np.random.default_rng(0)
    values = random.normal(size=(n_rows, 20)).astype(np.float32)
    names = tuple(f"f{i}" for i in range(20))
    X = FeatureRows(values, np.zeros(n_rows, np.int32), np.arange(n_rows), names)
    y = random.integers(0, 3, n_rows).astype(np.int8)
    return Labelled(X, y, np.ones(n_rows))


def one_epoch(name: str, device: Device, batch: int | None = None) -> TorchModel:
    """A model that will train for one epoch, with one thread."""
    spec = config.load_models([name])[name]
    training = spec["training"] | {"epochs": 1} | ({"batch": batch} if batch else {})
    made = registry.make(spec | {"training": training}, 1, device)
    assert isinstance(made, TorchModel)
    return made


def by_windows(network: type[Network], length: int) -> Callable[..., torch.Tensor]:
    """The plain form of a network's ``chunks``."""
    chunks, windows = network.chunks, network.windows

    def plain(self: torch.nn.Module, inputs: torch.Tensor, n: int) -> torch.Tensor:
        single = inputs.unfold(1, length, 1).transpose(2, 3).flatten(0, 1)
        if network.__name__ == "Convolutions":
            return chunks(self, single, 1).view(len(inputs), n, -1)
        return windows(self, single).view(len(inputs), n, -1)

    return plain


def seconds(task: Callable[[], object], gpu: bool) -> float:
    """CPU seconds of the process, or wall seconds until the GPU is done."""
    clock = time.perf_counter if gpu else time.process_time
    began = clock()
    task()
    if gpu:
        torch.cuda.synchronize()
    return clock() - began


def measure(name: str, device: Device, data: Labelled) -> tuple[float, float]:
    """Seconds of an epoch and of predicting every row."""
    one_epoch(name, device).fit(data.X.take(data.X.rows[:2000]), data.y[:2000])  # warms up
    model = one_epoch(name, device)
    fit = seconds(lambda: model.fit(data.X, data.y), device.gpu)
    return fit, seconds(lambda: model.predict(data.X), device.gpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=25_000)
    data = rows(parser.parse_args().rows)
    print(f"{len(data.y)} rows x 20 features, windows of 60, chunks of {CHUNK}, 1 thread")
    devices = {"cpu": Device()}
    if torch.cuda.is_available():
        devices[torch.cuda.get_device_name()] = Device(gpu=True)
        devices[f"{torch.cuda.get_device_name()}, bfloat16"] = Device(True, True)
    for title, device in devices.items():
        for name in MODELS:
            fast = measure(name, device, data)
            model = one_epoch(name, device)
            network = type(model._new_network(20, 3))
            chunks = network.chunks
            network.chunks = by_windows(network, model.sequence_length)
            plain = measure(name, device, data)
            network.chunks = chunks
            print(
                f"{title}: {name:5s} epoch {fast[0]:6.2f} s by chunks, {plain[0]:6.2f} s by "
                f"windows ({plain[0] / fast[0]:.1f} times); prediction {fast[1]:.2f} s, "
                f"{plain[1]:.2f} s ({plain[1] / fast[1]:.1f} times)",
                flush=True,
            )


if __name__ == "__main__":
    main()
