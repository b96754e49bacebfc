"""Sweeps as sets of edits: one set for every place that is tried, in the order in which results are laid out."""

from collections.abc import Sequence
from itertools import product
from typing import Literal

import torch
from torch import Tensor

from recircuit_worker.engine.interface import Edit, TokenPrompt

Positions = Literal["last", "all"] | Tensor


def head_sets(layers: int, heads: int, values: Tensor | None, positions: Positions) -> list[list[Edit]]:
    """Returns one set per head, layer by layer.

    Args:
        values: (prompt, layer, head, head_dim) for `last`, (prompt, place, layer, head, head_dim) for named positions;
            None: zero.
    """
    return [
        [
            Edit("head", layer, "zero", head=head, positions=positions)
            if values is None
            else Edit("head", layer, "replace", values[..., layer, head, :], head, positions)
        ]
        for layer, head in product(range(layers), range(heads))
    ]


def from_the_end(prompts: Sequence[TokenPrompt], offsets: Sequence[int] | None) -> Tensor:
    """Returns positions (prompt, place) of offsets from the end, -1 the last token; None: every token.

    A place that a shorter prompt does not have is -1.
    """
    lengths = torch.tensor([len(prompt.ids) for prompt in prompts])[:, None]
    if offsets is None:
        places = torch.arange(int(lengths.max())).expand(len(prompts), -1)
        return torch.where(places < lengths, places, -1)
    return (lengths + torch.tensor(offsets)).clamp(min=-1)
