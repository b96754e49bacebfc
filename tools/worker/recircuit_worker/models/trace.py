"""One short forward pass with everything written down: which module was called when, with what, returning what.

The adapter reads structure off it. It runs once per load, on three tokens.
"""

from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn

TOKENS = 3


@dataclass(frozen=True)
class Call:
    """The last call of one module. Tensors are kept as they were, so that identity can be compared with `is`."""

    order: int
    given: Tensor | None
    """first tensor among its arguments"""
    result: Tensor | None
    """its output, or the first tensor of it"""


def trace(base: nn.Module, vocabulary: int) -> tuple[dict[nn.Module, Call], Tensor]:
    """Returns the calls of every submodule of `base`, and the last hidden state (1, token, d_model)."""
    calls: dict[nn.Module, Call] = {}
    order = count()

    def note(module: nn.Module, args: tuple, kwargs: dict, output: object) -> None:
        calls[module] = Call(next(order), first_tensor((*args, *kwargs.values())), first_tensor(output))

    handles = [m.register_forward_hook(note, with_kwargs=True) for m in base.modules() if m is not base]
    try:
        device = next(base.parameters()).device
        # From the middle: embeddings of padding and of rows beyond the tokenizer can be zero, and zeros are all equal.
        ids = torch.arange(vocabulary // 2, vocabulary // 2 + TOKENS, device=device)[None]
        with torch.inference_mode():
            output = base(input_ids=ids, use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return calls, first_tensor(output)


def first_tensor(value: object) -> Tensor | None:
    """Returns the value if it is a tensor, else the first tensor among its items, else None."""
    if isinstance(value, Tensor):
        return value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return next((item for item in items if isinstance(item, Tensor)), None)
