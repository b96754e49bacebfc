"""A frozen prefix: keys and values of all tokens but the last, shared by every pass that edits the last token only.

Under causal attention such an edit reaches no earlier token, so nothing before the last token is computed twice.
"""

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

from recircuit_worker.engine.batches import Batch


class OneMoreToken(DynamicLayer):
    """Keys and values (row, head, token, head_dim) of a prefix, and one slot that each pass overwrites."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.keys = torch.cat([keys, keys[..., :1, :]], dim=-2)
        self.values = torch.cat([values, values[..., :1, :]], dim=-2)
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        self.keys[..., -1:, :] = key_states
        self.values[..., -1:, :] = value_states
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return self.keys.shape[-2] - 1


def empty_cache() -> DynamicCache:
    """Returns a cache that keeps every token. Without a config: with one, sliding layers forget the oldest."""
    return DynamicCache()


def freeze(cache: DynamicCache) -> Cache:
    """Returns the cache as a frozen prefix."""
    return Cache(layers=[OneMoreToken(layer.keys, layer.values) for layer in cache.layers])


def split_last(batch: Batch) -> tuple[Batch, Batch]:
    """Returns (all tokens but the last, the last token) of a batch of equal lengths of two tokens or more.

    The mask of the second covers the prefix too, as the model expects beside a cache.
    """
    zeros = torch.zeros_like(batch.last)
    before = Batch(batch.rows, batch.ids[:, :-1], batch.mask[:, :-1], batch.last - 1, zeros[:, None], batch.targets)
    last = Batch(batch.rows, batch.ids[:, -1:], batch.mask, zeros, zeros[:, None], batch.targets[:, -1:])
    return before, last
