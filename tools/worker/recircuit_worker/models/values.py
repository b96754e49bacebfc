"""Weights read by experiment rather than by name: the value path of attention, and the gain of a norm.

How queries, keys and values are packed differs from one architecture to the next. A sequence of one token attends to
itself with weight one, so there the head outputs are the values: unit vectors in, rows of W_V out, key-value groups
included. Positions, soft caps and windows play no part.
"""

import torch
from torch import Tensor, nn

from recircuit_worker.engine.hooks import split_heads
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

ROWS = 1024
LINEAR_WITHIN = {torch.float32: 1e-3, torch.float64: 1e-9, torch.bfloat16: 5e-2}


def value_matrix(parts: Parts, layer: int, vocabulary: int) -> Tensor:
    """Returns W_V of every query head of a layer, (d_model, head, head_dim), without bias.

    Raises:
        Refusal: `value-path-not-linear`, where values are not a linear map of the attention's input.
    """
    size, weight = parts.d_model, parts.unembedding.weight
    probe = torch.linspace(-1, 1, size).roll(size // 3)
    inputs = torch.cat([torch.zeros(1, size), probe[None], torch.eye(size)])
    with torch.inference_mode():
        call = _captured_call(parts, layer, vocabulary)
        chunks = [call(part.to(weight)) for part in inputs.split(ROWS)]
    values = torch.cat(chunks).to(torch.float64 if weight.dtype == torch.float64 else torch.float32)
    bias, of_probe, matrix = values[0], values[1], values[2:] - values[:1]
    expected = torch.einsum("d,dhk->hk", probe.to(matrix), matrix) + bias
    if float((expected - of_probe).abs().max()) > LINEAR_WITHIN[weight.dtype] * max(1.0, float(expected.abs().max())):
        raise Refusal(
            "value-path-not-linear",
            what=f"the value matrix of layer {layer} was read",
            why="this attention's values are not a linear map of its input",
            instead="use attention_scores and ablate_components on this model",
        )
    return matrix


def norm_gain(norm: nn.Module | None, parts: Parts) -> tuple[Tensor, bool]:
    """Returns (gain (d_model,) float32, whether the norm subtracts the mean); ones and False where there is no norm.

    Two probes of mean 0 and scale 1 give the gain of any norm, be its weight stored as w or as 1 + w.
    """
    size = parts.d_model
    if norm is None:
        return torch.ones(size), False
    weight = parts.unembedding.weight
    signs = torch.ones(size)
    signs[1::2] = -1
    with torch.inference_mode():
        up, down, shifted = (norm(probe.to(weight)).cpu().float() for probe in (signs, -signs, signs + 3))
    return (up - down) / (2 * signs), bool(torch.allclose(shifted, up, rtol=1e-2, atol=1e-2))


def _captured_call(parts: Parts, layer: int, vocabulary: int):
    """Returns the function from attention inputs (row, d_model) to head outputs (row, head, head_dim) of one token."""
    found = parts.layers[layer]
    caught: list[tuple[tuple, dict]] = []
    handle = found.attention.register_forward_pre_hook(
        lambda module, args, kwargs: caught.append((args, kwargs)), with_kwargs=True
    )
    device = parts.unembedding.weight.device
    try:
        parts.base(input_ids=torch.tensor([[vocabulary - 1]], device=device), use_cache=False)
    finally:
        handle.remove()
    args, kwargs = caught[0]

    def call(rows: Tensor) -> Tensor:
        outputs: list[Tensor] = []
        hook = found.projection.register_forward_pre_hook(
            lambda module, given: outputs.append(split_heads(given[0], parts)[:, 0].cpu())
        )
        try:
            if args:
                found.attention(rows[:, None], *args[1:], **kwargs)
            else:
                found.attention(**{**kwargs, "hidden_states": rows[:, None]})
        finally:
            hook.remove()
        return outputs[0]

    return call
