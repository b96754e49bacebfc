"""A norm with its scale kept: then it is linear, and what passes it can be told apart. Found by experiment, not name.

A layer norm or RMS norm is x -> gain * (x - mean) / scale + bias (without the mean for RMS), where the scale depends on
x. Frozen at the scale that a running prompt had, every part of x has a share of the output of its own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

WITHIN = {torch.float32: 1e-3, torch.float64: 1e-9, torch.bfloat16: 5e-2}
"""largest difference, as a share of the largest output, between a norm and its frozen form at its own scale"""


@dataclass(frozen=True)
class FrozenNorm:
    """Without a norm: the identity, scale 1."""

    gain: Tensor
    """(d_model,)"""
    bias: Tensor
    centred: bool

    def scale(self, given: Tensor, result: Tensor, dtype: torch.dtype) -> Tensor:
        """Returns the scale (...) at which inputs (..., d_model) became outputs.

        Raises:
            Refusal: `norm-not-linear` where no one scale explains an output.
        """
        flat, said = self._gained(given), result - self.bias
        scale = (flat * flat).sum(-1) / (flat * said).sum(-1)
        off = float((flat / scale[..., None] - said).abs().max())
        if not off <= WITHIN[dtype] * max(1.0, float(said.abs().max())):
            raise Refusal(
                "norm-not-linear",
                what="a norm was to be frozen at the scale it had",
                why="its output is not its input, scaled and weighted",
                instead="use sweep_heads and ablate_components on this model",
            )
        return scale

    def push(self, part: Tensor, scale: Tensor) -> Tensor:
        """Returns what a part (..., d_model) of the input adds to the output, at a scale (...); the bias is no part."""
        return self._gained(part) / scale[..., None]

    def pull(self, direction: Tensor, scale: Tensor) -> Tensor:
        """Returns the direction in front of the norm that gives what `direction` (..., d_model) gives behind it."""
        weighted = self.gain * direction
        if self.centred:
            weighted = weighted - weighted.mean(-1, keepdim=True)
        return weighted / scale[..., None]

    def _gained(self, part: Tensor) -> Tensor:
        return self.gain * (part - part.mean(-1, keepdim=True) if self.centred else part)


def freeze(norm: nn.Module | None, parts: Parts, number: torch.dtype) -> FrozenNorm:
    """Returns the frozen form of a norm over the residual stream, on the unembedding's device.

    Probes of mean 0 give the gain of any norm, be its weight stored as w or as 1 + w; zero gives the bias. Gains are
    exact up to one factor that all share, which `scale` takes up.
    """
    weight = parts.unembedding.weight
    if norm is None:
        ones = torch.ones(parts.d_model, dtype=number, device=weight.device)
        return FrozenNorm(ones, torch.zeros_like(ones), False)
    signs = torch.ones(parts.d_model, device=weight.device, dtype=weight.dtype)
    signs[1::2] = -1
    up, down, shifted, bias = (norm(probe).to(weight.device, number) for probe in (signs, -signs, signs + 3, signs * 0))
    centred = bool(torch.allclose(shifted, up, rtol=1e-2, atol=1e-2))
    return FrozenNorm((up - down) / (2 * signs.to(number)), bias, centred)
