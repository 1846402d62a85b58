"""The steps of recurrent layers over windows that overlap, and their gradients, on a processor.

Each step is one matrix product by torch, and a kernel for what is done element by element. torch's
own graph would hold some ten nodes a step, each of which costs as much as all of the kernel.

Arrays are float32 and in C order: ``gates`` (m, c, r), m = 4h of an LSTM or 3h of a GRU with h
hidden units, in torch's order, of r consecutive rows in c chunks; states (h, c, r); ``own``, the
rows' own part of the gates, (m, c, r + T - 1) for windows of T rows, of which step t reads those
from t on. ``d_`` is a gradient of the loss.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mlfactory._numba import njit
from mlfactory._typing import Float32Array3D

_ONE, _HALF = np.float32(1), np.float32(0.5)
_SATURATED = np.float32(7.905311107635498)
_NUMERATOR = np.array(
    [
        -2.76076847742355e-16,
        2.00018790482477e-13,
        -8.60467152213735e-11,
        5.12229709037114e-08,
        1.48572235717979e-05,
        6.37261928875436e-04,
        4.89352455891786e-03,
    ],
    dtype=np.float32,
)
_DENOMINATOR = np.array(
    [1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03],
    dtype=np.float32,
)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def tanh(x: np.float32) -> np.float32:
    """Hyperbolic tangent, to 3e-7, without a branch: a loop over it is computed in vectors.

    Source: the rational approximation of the Eigen library.
    """
    x = min(max(x, -_SATURATED), _SATURATED)
    square = x * x
    above, below = _NUMERATOR[0], _DENOMINATOR[0]
    for k in range(1, len(_NUMERATOR)):
        above = above * square + _NUMERATOR[k]
    for k in range(1, len(_DENOMINATOR)):
        below = below * square + _DENOMINATOR[k]
    return x * above / below


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def sigmoid(x: np.float32) -> np.float32:
    """Logistic function, to 2e-7."""
    return _HALF + _HALF * tanh(_HALF * x)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _lstm(
    gates: Float32Array3D,
    own: Float32Array3D,
    t: int,
    cell_before: Float32Array3D,
    cell: Float32Array3D,
    before: Float32Array3D,
    after: Float32Array3D,
) -> None:
    """One step: ``gates`` comes as their recurrent part; sets them, ``cell`` and ``after``."""
    h, chunks, rows = after.shape
    for j in range(4 * h):
        for c in range(chunks):
            if 2 * h <= j < 3 * h:
                for r in range(rows):
                    gates[j, c, r] = tanh(gates[j, c, r] + own[j, c, t + r])
            else:
                for r in range(rows):
                    gates[j, c, r] = sigmoid(gates[j, c, r] + own[j, c, t + r])
    for j in range(h):
        for c in range(chunks):
            for r in range(rows):
                i, f, g = gates[j, c, r], gates[h + j, c, r], gates[2 * h + j, c, r]
                cell[j, c, r] = f * cell_before[j, c, r] + i * g
            for r in range(rows):
                after[j, c, r] = gates[3 * h + j, c, r] * tanh(cell[j, c, r])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _lstm_back(
    gates: Float32Array3D,
    cell_before: Float32Array3D,
    cell: Float32Array3D,
    before: Float32Array3D,
    d_own: Float32Array3D,
    t: int,
    d_gates: Float32Array3D,
    d_cell: Float32Array3D,
    d_after: Float32Array3D,
) -> None:
    """The step's gradients: sets ``d_gates``, adds to ``d_own``, takes both states a step back.

    What the state before owes to the recurrent part is not yet in ``d_after``. Short loops: the
    compiler makes vectors of those that read and write few arrays.
    """
    h, chunks, rows = before.shape
    for j in range(h):
        for c in range(chunks):
            for r in range(rows):
                o, squashed = gates[3 * h + j, c, r], tanh(cell[j, c, r])
                d_cell[j, c, r] += d_after[j, c, r] * o * (_ONE - squashed * squashed)
                d_gates[3 * h + j, c, r] = d_after[j, c, r] * squashed * o * (_ONE - o)
                d_after[j, c, r] = 0
            for r in range(rows):
                i, g = gates[j, c, r], gates[2 * h + j, c, r]
                d_gates[j, c, r] = d_cell[j, c, r] * g * i * (_ONE - i)
                d_gates[2 * h + j, c, r] = d_cell[j, c, r] * i * (_ONE - g * g)
            for r in range(rows):
                f = gates[h + j, c, r]
                d_gates[h + j, c, r] = d_cell[j, c, r] * cell_before[j, c, r] * f * (_ONE - f)
                d_cell[j, c, r] *= f
    for j in range(4 * h):
        for c in range(chunks):
            for r in range(rows):
                d_own[j, c, t + r] += d_gates[j, c, r]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _gru(
    gates: Float32Array3D,
    own: Float32Array3D,
    t: int,
    _: Float32Array3D,
    recalled: Float32Array3D,
    before: Float32Array3D,
    after: Float32Array3D,
) -> None:
    """As `_lstm`; ``recalled`` is the new gate's recurrent part, which the reset gate scales."""
    h, chunks, rows = after.shape
    for j in range(2 * h):
        for c in range(chunks):
            for r in range(rows):
                gates[j, c, r] = sigmoid(gates[j, c, r] + own[j, c, t + r])
    for j in range(h):
        for c in range(chunks):
            for r in range(rows):
                recalled[j, c, r] = gates[2 * h + j, c, r]
            for r in range(rows):
                new = own[2 * h + j, c, t + r] + gates[j, c, r] * recalled[j, c, r]
                gates[2 * h + j, c, r] = tanh(new)
            for r in range(rows):
                new = gates[2 * h + j, c, r]
                after[j, c, r] = new + gates[h + j, c, r] * (before[j, c, r] - new)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _gru_back(
    gates: Float32Array3D,
    _: Float32Array3D,
    recalled: Float32Array3D,
    before: Float32Array3D,
    d_own: Float32Array3D,
    t: int,
    d_gates: Float32Array3D,
    __: Float32Array3D,
    d_after: Float32Array3D,
) -> None:
    """As `_lstm_back`; the new gate's ``d_gates`` is that of its recurrent part."""
    h, chunks, rows = before.shape
    for j in range(h):
        for c in range(chunks):
            for r in range(rows):
                update, new = gates[h + j, c, r], gates[2 * h + j, c, r]
                d_new = d_after[j, c, r] * (_ONE - update) * (_ONE - new * new)
                d_gates[2 * h + j, c, r] = d_new
                d_own[2 * h + j, c, t + r] += d_new
            for r in range(rows):
                update, new = gates[h + j, c, r], gates[2 * h + j, c, r]
                d_update = d_after[j, c, r] * (before[j, c, r] - new)
                d_gates[h + j, c, r] = d_update * update * (_ONE - update)
                d_after[j, c, r] *= update
            for r in range(rows):
                reset, d_new = gates[j, c, r], d_gates[2 * h + j, c, r]
                d_gates[j, c, r] = d_new * recalled[j, c, r] * reset * (_ONE - reset)
                d_gates[2 * h + j, c, r] = d_new * reset
    for j in range(2 * h):
        for c in range(chunks):
            for r in range(rows):
                d_own[j, c, t + r] += d_gates[j, c, r]


class Cell(NamedTuple):
    """What differs between recurrent layers: gates a unit, a step, and its gradients."""

    gates: int
    step: Callable[..., None]
    back: Callable[..., None]


LSTM, GRU = Cell(4, _lstm, _lstm_back), Cell(3, _gru, _gru_back)


class Steps(torch.autograd.Function):
    """A layer's outputs at every step of every window, started from zeros."""

    @staticmethod
    def forward(
        ctx: Any, own: Tensor, recurrent: Tensor, rows: int, cell: Cell, last: bool
    ) -> Tensor:
        """Outputs (T, h, c r), or those of the last step, (1, h, c r).

        Parameters
        ----------
        own
            See the module.
        recurrent
            (m, h + 1) weights of the output before, and the recurrent bias.
        rows
            Rows of a chunk.
        last
            Whether only the last step's outputs are wanted.
        """
        m, chunks, length = own.shape
        h, steps = m // cell.gates, length - rows + 1
        gates = own.new_empty(steps, m, chunks * rows)
        memory = own.new_zeros(steps + 1, h, chunks * rows)
        outputs = own.new_zeros(steps + 1, h + 1, chunks * rows)
        outputs[:, h] = 1  # what the bias is multiplied by
        ctx.cell, ctx.shape = cell, (chunks, rows, length)
        ctx.save_for_backward(recurrent, gates, memory, outputs)
        given, (gate, cells, out) = own.detach().numpy(), _by_chunk(ctx, gates, memory, outputs)
        for t, (known, sums) in enumerate(zip(outputs[:-1], gates, strict=True)):
            torch.mm(recurrent, known, out=sums)
            cell.step(gate[t], given, t, cells[t], cells[t + 1], out[t, :h], out[t + 1, :h])
        return outputs[-1:, :h] if last else outputs[1:, :h]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of ``own`` and ``recurrent``."""
        recurrent, gates, memory, outputs = ctx.saved_tensors
        (chunks, _, length), (steps, m, width), h = ctx.shape, gates.shape, memory.shape[1]
        d_own, d_recurrent = gates.new_zeros(m, chunks, length), torch.zeros_like(recurrent)
        d_gates, d_memory = gates.new_empty(m, width), gates.new_zeros(h, width)
        d_after = d_outputs[-1].clone(memory_format=torch.contiguous_format)
        transposed, first = recurrent[:, :h].t().contiguous(), steps - len(d_outputs)
        gate, cells, out = _by_chunk(ctx, gates, memory, outputs)
        state = [array[0] for array in _by_chunk(ctx, d_gates[None], d_memory[None], d_after[None])]
        summed = d_own.numpy()
        for t in reversed(range(steps)):
            ctx.cell.back(gate[t], cells[t], cells[t + 1], out[t, :h], summed, t, *state)
            d_recurrent.addmm_(d_gates, outputs[t].t())
            d_after.addmm_(transposed, d_gates)
            if t > first:
                d_after += d_outputs[t - 1 - first]
        return d_own, d_recurrent, None, None, None


def _by_chunk(ctx: Any, *tensors: Tensor) -> list[Float32Array3D]:
    """Views (T, ., c, r) of tensors (T, ., c r)."""
    chunks, rows, _ = ctx.shape
    return [tensor.view(*tensor.shape[:2], chunks, rows).numpy() for tensor in tensors]
