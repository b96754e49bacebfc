"""How much the fast engine may hold at once. The bound does not grow with the number of prompts or of edits.

On a GPU it is a share of what is free when the engine is made. On a CPU it is small, since what
falls out of the cache is slow.
"""

from dataclasses import dataclass

import torch

from recircuit_worker.engine.batches import LOGITS_PER_BATCH, TOKENS_PER_BATCH
from recircuit_worker.models.adapter import Parts, is_linear, matrix

ROW_TOKENS = 4096
"""measured on two cores with GPT-2 small and a 4-layer organism"""
GPU_TOKENS = 16_384
"""enough rows for every layer of a 9B model on an H200 to be bound by arithmetic, not by reading weights (184 rows)"""
GPU_SHARE = 0.2
CPU_CACHE_BYTES = 256_000_000


@dataclass(frozen=True)
class Budget:
    """What may be held at once."""

    clean_tokens: int
    """tokens of one clean pass"""
    row_tokens: int
    """tokens of all rows of one chunk"""
    logits: int
    """numbers"""
    cache_bytes: int
    """clean passes kept for later calls"""


def find_budget(parts: Parts) -> Budget:
    """Returns the budget of the device that holds the model."""
    weight = parts.unembedding.weight
    if weight.device.type != "cuda":
        return Budget(TOKENS_PER_BATCH, ROW_TOKENS, LOGITS_PER_BATCH, CPU_CACHE_BYTES)
    share = GPU_SHARE * min(torch.cuda.mem_get_info(index)[0] for index in range(torch.cuda.device_count()))
    return Budget(
        clean_tokens=_between(256, share / clean_token_bytes(parts), GPU_TOKENS),
        row_tokens=_between(256, share / row_token_bytes(parts), GPU_TOKENS),
        logits=_between(1 << 22, share / 16, 1 << 30),
        cache_bytes=int(share),
    )


def clean_token_bytes(parts: Parts) -> int:
    """Returns what one token of a recorded clean pass holds: keys, values, the stream, and head outputs if kept."""
    per_layer = 2 * parts.kv_heads * parts.head_dim + parts.d_model + parts.heads * parts.head_dim
    return len(parts.layers) * per_layer * parts.unembedding.weight.element_size()


def row_token_bytes(parts: Parts) -> int:
    """Returns what one token of a row needs at its worst inside a layer, for prompts of some hundred tokens."""
    inside = max(
        (matrix(m).shape[1] for layer in parts.layers[:1] for m in layer.module.modules() if is_linear(m)),
        default=parts.d_model,
    )
    numbers = 8 * parts.d_model + 4 * inside + 8 * parts.heads * parts.head_dim
    return numbers * parts.unembedding.weight.element_size() + 4 * 3 * parts.heads * 512


def _between(least: int, wanted: float, most: int) -> int:
    return int(max(least, min(wanted, most)))
