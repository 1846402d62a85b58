"""The one training loop, and the fast forms against the plain ones."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mlfactory.errors import UserError
from mlfactory.models import _recurrence, _torch
from mlfactory.models._base import log_loss
from mlfactory.models._device import Device
from mlfactory.models._recurrent import Recurrent
from mlfactory.models._rows import FeatureRows
from mlfactory.models.tcn import Convolutions
from mlfactory.sequences import CHUNK, timeline, windows
from naive_models import Data, make, market, part

LENGTH = 60
NEURAL = ["gru", "lstm", "tcn"]
SIZE = {"n_features": 7, "n_classes": 3, "dropout": 0.0}
NETWORKS = {
    "lstm": lambda: Recurrent(nn.LSTM, length=LENGTH, hidden=9, layers=1, **SIZE),
    "lstm of 2 layers": lambda: Recurrent(nn.LSTM, length=LENGTH, hidden=9, layers=2, **SIZE),
    "gru": lambda: Recurrent(nn.GRU, length=LENGTH, hidden=9, layers=1, **SIZE),
    "gru of 3 layers": lambda: Recurrent(nn.GRU, length=LENGTH, hidden=9, layers=3, **SIZE),
    "tcn": lambda: Convolutions(channels=9, kernel=3, dilations=[1, 2, 4, 7], **SIZE),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    torch.manual_seed(1)
    return NETWORKS[request.param]()


def stretch(rows=40):
    """One stretch, and the windows that end in each of its last rows."""
    inputs = torch.randn(1, LENGTH - 1 + rows, 7, generator=torch.Generator().manual_seed(2))
    return inputs, inputs[0].unfold(0, LENGTH, 1).transpose(1, 2)


def test_kernels_tanh_and_sigmoid_are_the_library_s_everywhere():
    x = np.r_[np.linspace(-12, 12, 4801), -1e30, 1e30, 1e-30].astype(np.float32)
    exact = torch.from_numpy(x).double()
    ours = [np.array([f(one) for one in x]) for f in (_recurrence.tanh, _recurrence.sigmoid)]
    np.testing.assert_allclose(ours[0], torch.tanh(exact), atol=3e-7, rtol=0)
    np.testing.assert_allclose(ours[1], torch.sigmoid(exact), atol=2e-7, rtol=0)


def test_fast_form_scores_as_the_plain_one(network):
    inputs, single = stretch()
    with torch.no_grad():
        fast, plain = network.chunks(inputs, 40)[0], network.windows(single)
    assert plain.std() > 0.01
    torch.testing.assert_close(fast, plain, atol=1e-5, rtol=0)


def test_fast_form_has_the_gradients_of_the_plain_one(network):
    inputs, single = stretch()
    y = torch.arange(40) % 3
    gradients = []
    for scores in (network.chunks(inputs, 40)[0], network.windows(single)):
        network.zero_grad()
        nn.functional.cross_entropy(scores, y).backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    for fast, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_every_step_s_output_has_the_library_s_gradients(kind):
    torch.manual_seed(3)
    network = Recurrent(kind, length=3, hidden=5, layers=2, **SIZE)
    inputs = torch.randn(2, 6, 7)
    single = inputs.unfold(1, 3, 1).transpose(2, 3).flatten(0, 1)
    forms = (network.chunks(inputs, 4).flatten(0, 1), network.windows(single))
    weights = list(network.first.parameters())
    fast, plain = (torch.autograd.grad(scores.square().sum(), weights) for scores in forms)
    for ours, theirs in zip(fast, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def sequence_market(rows=3000, seed=0):
    """Labels that depend on what a feature was three rows ago, in three segments."""
    data = market("gru", rows=rows, seed=seed, signal=0.0)
    past = np.roll(data.X.values[:, 0], 3)
    y = np.digitize(past, [-0.4, 0.4]).astype(np.int8)
    segment = np.repeat(np.arange(3, dtype=np.int32), rows // 3)
    X = FeatureRows(data.X.values, segment, data.X.rows, data.X.names)
    return Data(X, y)


@pytest.mark.parametrize("name", NEURAL)
def test_what_happened_rows_ago_is_learnt(name):
    data = sequence_market()
    model = make(name, epochs=20)
    model.fit(*part(data, 0, 2400), *part(data, 2400, 2700))
    held_out = part(data, 2700, 3000)
    assert log_loss(model.predict(held_out.X), held_out.y) < 0.8


@pytest.mark.parametrize("name", NEURAL)
def test_training_by_chunks_is_training_by_windows_to_within_noise(name, monkeypatch):
    """The same steps with each window computed by itself, in float32."""
    data = market(name)
    fast = make(name, epochs=3, batch=256)
    fast.fit(*part(data, 0, 600), *part(data, 600, 700))

    def by_windows(self, inputs, rows):
        single = inputs.unfold(1, fast.sequence_length, 1).transpose(2, 3).flatten(0, 1)
        return plain(self, single).view(len(inputs), rows, -1)

    network = type(fast.network)
    chunks = network.chunks
    plain = network.windows
    if name == "tcn":

        def plain(self, single):
            return chunks(self, single, 1)[:, 0]

    monkeypatch.setattr(network, "chunks", by_windows)
    slow = make(name, epochs=3, batch=256)
    slow.fit(*part(data, 0, 600), *part(data, 600, 700))
    np.testing.assert_allclose(slow.predict(data.X), fast.predict(data.X), atol=2e-4)


def test_rows_far_apart_are_each_computed_once_in_no_more_chunks_than_they_need():
    data = sequence_market(900)
    rows = np.r_[5:69, 200:265, 299:302, 500, 610:900]
    some = FeatureRows(data.X.values, data.X.segment, rows, data.X.names)
    weight = np.arange(len(rows)) / 7
    laid = timeline(some, LENGTH)
    made = _torch._Rows(laid, LENGTH, "cpu", data.y[rows].astype(np.int64), weight)
    assert len(made.used) == 1 + 2 + 1 + 1 + 5  # 64, 65, 3 and 1 rows, then 290
    stretches = made.stretches(made.used).numpy()
    chunk, offset = np.divmod(made.asked, CHUNK)
    ours = np.stack([stretches[c, o : o + LENGTH] for c, o in zip(chunk, offset, strict=True)])
    assert (ours == windows(laid, LENGTH)).all()
    assert (made.label[chunk, offset].numpy() == data.y[rows]).all()
    np.testing.assert_array_equal(made.weight[chunk, offset], weight.astype(np.float32))
    assert len(np.unique(made.asked)) == len(rows) == int((made.label >= 0).sum())


@pytest.mark.parametrize("name", NEURAL)
def test_a_row_has_the_same_bits_whichever_others_are_asked_for(name):
    data = sequence_market(600)
    model = make(name, epochs=2)
    model.fit(*part(data, 0, 400), *part(data, 400, 500))
    whole, random = model.predict(data.X), np.random.default_rng(0)
    for n_rows in (1, 3, 50, 500):
        rows = np.sort(random.choice(600, n_rows, replace=False))
        some = FeatureRows(data.X.values, data.X.segment, rows, data.X.names)
        assert (model.predict(some) == whole[rows]).all()


@pytest.mark.parametrize("name", NEURAL)
def test_rows_of_another_segment_and_later_rows_change_nothing(name):
    data = sequence_market(300)
    model = make(name, epochs=2)
    model.fit(data.X, data.y)
    before = model.predict(data.X)
    values = data.X.values.copy()
    values[:100] = 7.0
    values[220:] = -7.0
    other = FeatureRows(values, data.X.segment, data.X.rows, data.X.names)
    after = model.predict(other)
    assert after[100:220].tobytes() == before[100:220].tobytes()
    assert not np.allclose(after[220:], before[220:])


@pytest.mark.parametrize("name", NEURAL)
def test_prediction_is_the_networks_plain_score_of_the_row_s_window(name):
    data = sequence_market(300)
    model = make(name, epochs=2)
    model.fit(data.X, data.y)
    length = model.sequence_length
    single = torch.from_numpy(windows(timeline(data.X, length), length))
    with torch.no_grad():
        scores = model.network.eval().windows(single)
    np.testing.assert_allclose(model.predict(data.X), torch.softmax(scores, 1).numpy(), atol=1e-5)


@pytest.mark.parametrize("fits", [8, 3, 1])
def test_out_of_memory_halves_the_parts_and_changes_the_fit_by_rounding_only(
    fits, monkeypatch, caplog
):
    """A device whose memory holds ``fits`` chunks."""
    data = market("tcn", rows=640)
    usual = make("tcn", epochs=2, batch=8 * CHUNK)
    usual.fit(*part(data, 0, 512), *part(data, 512, 640))
    chunks = Convolutions.chunks

    def small(self, inputs, rows):
        if len(inputs) > fits:
            raise torch.OutOfMemoryError("simulated")
        return chunks(self, inputs, rows)

    monkeypatch.setattr(Convolutions, "chunks", small)
    model = make("tcn", epochs=2, batch=8 * CHUNK)
    with caplog.at_level(logging.WARNING):
        model.fit(*part(data, 0, 512), *part(data, 512, 640))
    assert model.part == min(fits, 8) if fits != 3 else model.part == 2
    assert ("out of memory" in caplog.text) == (fits < 8)
    np.testing.assert_allclose(model.predict(data.X), usual.predict(data.X), atol=1e-3)
    np.testing.assert_allclose(model.importance, usual.importance, rtol=0.05)


def test_importance_is_that_of_the_last_fit_whatever_was_predicted():
    data = market("tcn", rows=640)
    model, new = make("tcn", epochs=2), make("tcn", epochs=2)
    model.fit(*part(data, 0, 320))
    before = model.get_feature_importance()
    for fitted in (model, new):
        fitted.fit(*part(data, 128, 512), *part(data, 512, 640))
    model.predict(data.X)
    assert model.get_feature_importance() == new.get_feature_importance() != before


def test_memory_that_holds_not_one_chunk_is_the_users_to_mend(monkeypatch):
    def never(self, inputs, rows):
        raise torch.OutOfMemoryError("simulated")

    monkeypatch.setattr(Convolutions, "chunks", never)
    data = market("tcn")
    with pytest.raises(UserError, match=r"lower the network.s size or needs\.sequence_length in"):
        make("tcn").fit(data.X, data.y)


@pytest.mark.parametrize("validated", [False, True])
def test_training_that_diverges_is_refused_by_its_epoch(validated, monkeypatch):
    chunks = Convolutions.chunks
    monkeypatch.setattr(Convolutions, "chunks", lambda self, *given: chunks(self, *given) * np.nan)
    data = market("tcn")
    held_out = part(data, 600, 700) if validated else ()
    with pytest.raises(UserError, match=r"training diverged in epoch 1.*lower training\.learning"):
        make("tcn").fit(*part(data, 0, 600), *held_out)


def test_prediction_needs_no_gpu_where_there_are_some(monkeypatch):
    data = market("gru", rows=200)
    model = make("gru", epochs=1)
    model.fit(data.X, data.y)
    expected = model.predict(data.X)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert model.predict(data.X).tobytes() == expected.tobytes()


def test_best_epoch_on_the_validation_rows_is_kept():
    data = market("tcn", signal=0.3)
    model = make("tcn", epochs=25, stopping={"patience": 4})
    metrics = model.fit(*part(data, 0, 600), *part(data, 600, 700))
    curve = metrics["validation_curve"]
    assert metrics["epochs"] == int(np.argmin(curve)) + 1 == model.complexity["epochs"]
    assert len(curve) == metrics["epochs"] + 4 < 25
    assert metrics["validation_log_loss"] == pytest.approx(min(curve), abs=1e-5)


def test_rate_rises_for_the_warm_up_and_falls_to_nothing():
    rate = make("gru", epochs=10, warmup_epochs=2)._rate(steps=5)
    rates = [rate(step) for step in range(51)]
    assert rates[:11] == sorted(rates[:11])
    assert max(rates) == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[50] == pytest.approx(0, abs=1e-12)


def test_gradient_is_clipped(monkeypatch):
    norms = []
    clip = nn.utils.clip_grad_norm_
    monkeypatch.setattr(
        _torch.nn.utils, "clip_grad_norm_", lambda p, most: norms.append(most) or clip(p, most)
    )
    data = market("tcn", rows=200)
    make("tcn", epochs=1, gradient_norm=0.25).fit(data.X, data.y)
    assert set(norms) == {0.25}


def test_progress_is_in_the_log(caplog):
    data = market("gru", rows=300)
    with caplog.at_level(logging.INFO):
        make("gru", epochs=2).fit(*part(data, 0, 200), *part(data, 200, 300))
    assert [record.message.split(":")[0] for record in caplog.records] == ["epoch 1", "epoch 2"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_gpu_that_torch_cannot_use_is_done_without(caplog):
    gru = type(make("gru"))
    usual = make("gru")
    model = gru(
        usual.training,
        usual.early_stopping,
        sequence_length=usual.sequence_length,
        device=Device(gpu=True, mixed_precision=True),
    )
    assert "this torch cannot use the GPU" in caplog.text
    assert model.computes_on == "cpu"
    data = market("gru", rows=200)
    model.fit(data.X, data.y)
    usual.fit(data.X, data.y)
    assert model.predict(data.X).tobytes() == usual.predict(data.X).tobytes()


def test_receptive_field_that_does_not_fit_the_window_is_refused():
    with pytest.raises(UserError, match=r"dilations=\[1, 2, 4, 8\] sees 61 rows, more than needs"):
        make("tcn", dilations=[1, 2, 4, 8])


@pytest.mark.parametrize("name", NEURAL)
def test_training_starts_from_the_class_shares_and_keeps_them_where_nothing_is_found(name):
    """Labels of the validation rows contradict what the training rows teach."""
    data = market(name, rows=900, seed=3)
    train, validation = part(data, 0, 600), part(data, 600, 900)
    model = make(name, epochs=4, warmup_epochs=0, learning_rate=0.05)
    metrics = model.fit(*train, validation.X, 2 - validation.y)
    shares = np.bincount(train.y, minlength=3) / len(train.y)
    assert metrics["epochs"] == 0
    assert len(metrics["validation_curve"]) >= 1
    np.testing.assert_allclose(
        model.predict(validation.X), np.tile(shares, (300, 1)), rtol=0, atol=1e-6
    )
    expected = log_loss(np.tile(shares, (300, 1)), 2 - validation.y)
    assert metrics["validation_start"] == pytest.approx(expected, abs=1e-5)


WITHOUT_COMPILER = """
import sys
sys.path.insert(0, {tests!r})
from naive_models import make, market
data = market("tcn")
make("tcn", epochs=1).fit(data.X, data.y)
assert not [name for name in sys.modules if name.startswith("torch._dynamo")]
import torch
assert torch._dynamo.disable(max) is not max
"""


def test_training_imports_no_compiler_and_leaves_it_to_who_wants_it():
    code = WITHOUT_COMPILER.format(tests=str(Path(__file__).parents[1]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
