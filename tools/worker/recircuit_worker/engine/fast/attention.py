"""Attention of many rows over one prefix: keys and values of the prefix are read once for all rows and never copied.

A batch holds, for each prompt, R rows of T tokens side by side: (prompt, R * T, ...). Each row attends to its prompt's
prefix and to itself. The arithmetic keeps the order and the dtypes of transformers' eager attention: product, scale,
soft cap, mask, softmax in float32, product.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import Cache

from recircuit_worker.engine.attention import AttentionFunction
from recircuit_worker.engine.fast.clean import Clean, Tail
from recircuit_worker.errors import Refusal

HARMLESS = {
    "dropout",  # nothing is dropped outside training
    "sliding_window",  # the recorded mask has it
    "is_causal",
    "position_ids",
    "cache_position",
    "use_cache",
    "output_attentions",
    "output_hidden_states",
    "output_router_logits",
    "return_dict",
}
"""arguments that change nothing here; any other is refused, since swallowing one is how soft caps get lost"""
Rewrite = Callable[[int, dict[str, Tensor]], dict[str, Tensor]]
"""given a layer and what its rows read, returns what they shall read: query (prompt, head, row, t, head_dim), key and
value (prompt, key head or head, row, t, head_dim)"""


def shared_prefix(clean: Clean, tail: Tail, layer_of: dict[nn.Module, int], rewrite: Rewrite) -> AttentionFunction:
    """Returns the attention function of rows with this prefix and tail."""

    def function(
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Tensor | None,  # some models name it
        scaling: float | None = None,
        softcap: float | None = None,
        **others: object,
    ) -> tuple[Tensor, None]:
        # The layer was given no mask: one that arrives here is of the attention's own making, beyond the recorded one.
        check_arguments({**others, "attention_mask": attention_mask})
        layer, t = layer_of[module], tail.places.shape[1]
        reads = {name: x.unflatten(2, (-1, t)) for name, x in (("query", query), ("key", key), ("value", value))}
        reads = rewrite(layer, reads)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        found = _attend(reads, clean, layer, tail, scale, softcap)
        return found.flatten(1, 2).contiguous(), None  # (prompt, row * t, head, head_dim)

    return function


def check_arguments(others: dict[str, object]) -> None:
    """Returns if no argument of a model's attention would be swallowed.

    Raises:
        Refusal: `unknown-attention-argument`.
    """
    unknown = sorted(name for name, value in others.items() if value is not None and name not in HARMLESS)
    if unknown:
        raise Refusal(
            "unknown-attention-argument",
            what=f"this model's attention was computed with {', '.join(unknown)}",
            why="the fast engine does not know what it does, and leaving it out would change numbers silently",
            instead="use the reference engine",
        )


def _attend(reads: dict[str, Tensor], clean: Clean, layer: int, tail: Tail, scale: float, cap: float | None) -> Tensor:
    """Returns head outputs (prompt, row, t, head, head_dim)."""
    query, key, value = reads["query"], reads["key"], reads["value"]
    past_key, past_value = clean.keys[layer][:, :, : tail.prefix], clean.values[layer][:, :, : tail.prefix]
    prompts, heads, rows, t, width = query.shape
    wide = value.shape[-1]  # not the query's, where keys and values are made of a smaller vector
    shared, own_shared = past_key.shape[1], key.shape[1]
    many = heads // shared * rows * t
    over_prefix = query.reshape(prompts, shared, many, width) @ past_key.transpose(-1, -2)
    # Where a read was rewritten, each head has keys of its own; the prefix stays shared.
    grouped = query.reshape(prompts, own_shared, heads // own_shared, rows, t, width)
    over_own = _own_scores(grouped, key).reshape(prompts, heads, rows, t, t)
    scores = torch.cat([over_prefix.reshape(prompts, heads, rows, t, tail.prefix), over_own], dim=-1) * scale
    if cap is not None:
        scores = cap * torch.tanh(scores / cap)
    scores = scores + bias(clean, layer, tail)[:, :, None].to(scores)
    weights = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    past, own = weights.split([tail.prefix, t], dim=-1)
    found = past.reshape(prompts, shared, many, tail.prefix) @ past_value
    found = found.reshape(prompts, heads, rows, t, wide)
    own = own.reshape(prompts, own_shared, heads // own_shared, rows, t, t)
    found = found + _own_outputs(own, value).reshape(prompts, heads, rows, t, wide)
    return found.permute(0, 2, 3, 1, 4)


def _own_scores(query: Tensor, key: Tensor) -> Tensor:
    """Returns (prompt, key head, group, row, t, t); one token needs no matrix product."""
    if key.shape[-2] == 1:
        return (query * key[:, :, None]).sum(-1, keepdim=True)
    return torch.einsum("bkgrtd,bkrsd->bkgrts", query, key)


def _own_outputs(weights: Tensor, value: Tensor) -> Tensor:
    if value.shape[-2] == 1:
        return weights * value[:, :, None]
    return torch.einsum("bkgrts,bkrsd->bkgrtd", weights, value)


def bias(clean: Clean, layer: int, tail: Tail) -> Tensor:
    """Returns what is added to scores, (prompt, 1, t, prefix + t): the model's own mask at the tail's rows.

    It holds causality, windows and ragged ends for every architecture; what is hidden besides is the prefix's copy of
    the tail's own tokens, and places before the start of a prompt that is shorter than the tail.
    """
    mask = clean.masks[layer]
    key = ("bias", id(mask), tail.places.shape[1])
    if key not in clean.made:
        clean.made[key] = _make_bias(mask, tail, clean.batch.ids.shape)
    return clean.made[key]


def _make_bias(mask: Tensor, tail: Tail, shape: torch.Size) -> Tensor:
    (prompts, tokens), (_, t) = shape, tail.places.shape
    places = tail.places.to(mask.device)
    hidden = torch.finfo(mask.dtype).min
    rows = mask.expand(prompts, -1, -1, -1).gather(
        2, places.clamp(min=0)[:, None, :, None].expand(-1, mask.shape[1], -1, tokens)
    )
    start = places[:, :1]
    columns = torch.arange(tokens, device=mask.device)[None]
    over_prefix = rows.masked_fill((columns >= start)[:, None, None], hidden)[..., : tail.prefix]
    own = rows.gather(3, places.clamp(min=0)[:, None, None].expand(-1, mask.shape[1], t, -1))
    own = own.masked_fill((places < 0)[:, None, None], hidden)
    # A place before the start sees itself, so that its softmax is a number; nobody reads it.
    alone = (places < 0)[:, None, :, None] & torch.eye(t, dtype=torch.bool, device=mask.device)
    return torch.cat([over_prefix, own.masked_fill(alone, 0)], dim=-1)


class PrefixBefore(Cache):
    """A cache for architectures outside the registry: hands out the prefix followed by the rows' own keys."""

    def __init__(self, clean: Clean, tail: Tail) -> None:
        super().__init__(layers=[])
        self._clean, self._tail = clean, tail

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *args: object, **kwargs: object):
        past = slice(0, self._tail.prefix)
        clean = self._clean
        return (
            torch.cat([clean.keys[layer_idx][:, :, past], keys], dim=2),
            torch.cat([clean.values[layer_idx][:, :, past], values], dim=2),
        )

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self._tail.prefix


def packed_mask(clean: Clean, layer: int, tail: Tail, rows: int) -> Tensor:
    """Returns a mask (prompt, 1, rows * t, prefix + rows * t) in which each row sees its prefix and itself."""
    t = tail.places.shape[1]
    per_row = bias(clean, layer, tail)
    past, own = per_row.split([tail.prefix, t], dim=-1)
    prompts, ones = per_row.shape[:2]
    same = torch.eye(rows, dtype=torch.bool, device=own.device)[:, None, :, None]
    beside = torch.where(same, own[:, :, None, :, None], torch.finfo(own.dtype).min)  # (prompt, 1, row, t, row, t)
    return torch.cat([past.repeat(1, 1, rows, 1), beside.reshape(prompts, ones, rows * t, rows * t)], dim=-1)
