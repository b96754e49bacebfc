"""Prompts to batches: right-padded token ids, similar lengths together.

Right padding is exact under causal attention: no real token sees a padded one, and positions count from the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recircuit_worker.engine.interface import TokenPrompt

TOKENS_PER_BATCH = 2048
"""measured on two cores with a 4-layer organism: larger batches fall out of the cache"""
LOGITS_PER_BATCH = 1 << 26
"""numbers, 256 MB in float32"""


@dataclass(frozen=True)
class Batch:
    """Rows of one forward pass, on the model's device. `rows` are the prompts' places in the call."""

    rows: Tensor
    ids: Tensor
    """(row, token), padded on the right with zeros"""
    mask: Tensor
    """(row, token) int64, 1 for real tokens"""
    last: Tensor
    """(row,), place of the last real token"""
    scored: Tensor
    """(row, scored position)"""
    targets: Tensor


def batches(
    prompts: Sequence[TokenPrompt],
    vocabulary: int,
    device: torch.device,
    *,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    prompts_per_batch: int | None = None,
) -> Iterator[Batch]:
    """Yields every prompt once, shortest first, within these budgets and at least one row at a time."""
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row].ids))
    rows: list[int] = []
    for row in order:
        size = len(rows) + 1
        tokens, logits = size * len(prompts[row].ids), size * len(prompts[row].scored) * vocabulary
        full = tokens > tokens_per_batch or logits > LOGITS_PER_BATCH or size > (prompts_per_batch or size)
        if rows and full:
            yield _batch(prompts, rows, device)
            rows = []
        rows.append(row)
    if rows:
        yield _batch(prompts, rows, device)


def _batch(prompts: Sequence[TokenPrompt], rows: list[int], device: torch.device) -> Batch:
    chosen = [prompts[row] for row in rows]
    lengths = torch.tensor([len(prompt.ids) for prompt in chosen])
    longest = int(lengths.max())
    ids = torch.tensor([[*prompt.ids, *[0] * (longest - len(prompt.ids))] for prompt in chosen])
    return Batch(
        rows=torch.tensor(rows),
        ids=ids.to(device),
        mask=(torch.arange(longest)[None] < lengths[:, None]).long().to(device),
        last=(lengths - 1).to(device),
        scored=torch.tensor([prompt.scored for prompt in chosen], dtype=torch.long).to(device),
        targets=torch.tensor([prompt.targets for prompt in chosen], dtype=torch.long).to(device),
    )
