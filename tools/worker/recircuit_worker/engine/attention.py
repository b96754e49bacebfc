"""Taking the place of a model's attention arithmetic, through the registry that transformers itself looks it up in.

A function put there sees queries (row, head, token, head_dim), keys and values (row, key head, token, head_dim), all
after rotary positions, the mask, and the arguments that are this model's own (scale, soft cap). What it computes is the
business of the engines.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from recircuit_worker.address import Head
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts

NAME = "recircuit"
AttentionFunction = Callable[..., tuple[Tensor, Tensor | None]]


def in_registry(parts: Parts) -> bool:
    """Returns whether this model looks its attention up, so that a function can take its place (GPT-J does not)."""
    return all(_own(layer.attention) is not None for layer in parts.layers)


def own_attention(module: nn.Module) -> AttentionFunction:
    """Returns the model's own eager attention.

    Raises:
        Refusal: `no-attention-inputs`.
    """
    found = _own(module)
    if found is None:
        raise no_attention_inputs()
    return found


def no_attention_inputs() -> Refusal:
    """Returns the refusal for an architecture whose queries, keys and values cannot be reached."""
    return Refusal(
        "no-attention-inputs",
        what="what a head's attention reads was to be edited or told",
        why="this architecture computes its attention in a place of its own",
        instead="edit head outputs, or use an architecture in transformers' attention registry",
    )


class Ungrouped:
    """An attention module to whose arithmetic every query head has keys and values of its own."""

    num_key_value_groups = 1

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)


def ungroup(keys: Tensor, heads: int) -> Tensor:
    """Returns keys or values (row, key head, ...) repeated to (row, head, ...)."""
    return keys.repeat_interleave(heads // keys.shape[1], dim=1)


@contextmanager
def attention_through(parts: Parts, function: AttentionFunction) -> Iterator[None]:
    """While open, the model's attention is computed by `function`; masks are made as for eager attention."""
    configs = {id(m.config): m.config for m in (parts.base, *(layer.attention for layer in parts.layers))}
    before = {key: config._attn_implementation for key, config in configs.items()}
    AttentionInterface.register(NAME, function)
    AttentionMaskInterface.register(NAME, eager_mask)
    try:
        for config in configs.values():
            config._attn_implementation = NAME
        yield
    finally:
        for key, config in configs.items():
            config._attn_implementation = before[key]
        AttentionInterface._global_mapping.pop(NAME, None)
        AttentionMaskInterface._global_mapping.pop(NAME, None)


@contextmanager
def attending(parts: Parts, heads: Sequence[Head], queries: Sequence[int], keys: Sequence[int]) -> Iterator[None]:
    """While open, these heads look from these tokens at the keys alone, evenly: the patterns themselves are edited."""
    layer_of = {layer.attention: index for index, layer in enumerate(parts.layers)}

    def function(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **own: object
    ):
        output, weights = own_attention(module)(module, query, key, value, attention_mask, **own)
        mine = [head.head for head in heads if head.layer == layer_of[module]]
        if not mine:
            return output, weights
        values, output, weights = ungroup(value, query.shape[1]), output.clone(), weights.clone()
        for head in mine:
            weights[:, head, queries] = 0
            for token in queries:
                weights[:, head, token, keys] = 1 / len(keys)
                output[:, token, head] = (weights[:, head, token, :, None] * values[:, head]).sum(1)
        return output, weights

    with attention_through(parts, function):
        yield


def _own(module: nn.Module) -> AttentionFunction | None:
    return getattr(sys.modules[type(module).__module__], "eager_attention_forward", None)
