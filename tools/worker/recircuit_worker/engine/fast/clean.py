"""The clean pass of a batch, written down: all that rows which differ from it need to start from.

Kept per layer: keys and values of every token, the residual stream at the last few tokens (the tail), the mask, and the
very arguments that the model gave its layer, so that the layer can be called again as the model would.
"""

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPast

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.hooks import only_positions, output_tensor, split_heads
from recircuit_worker.errors import Refusal
from recircuit_worker.models.adapter import Parts


@dataclass(frozen=True)
class LayerCall:
    """How the model called one layer, every argument by name."""

    hidden: str
    """name of the parameter that takes the residual stream"""
    cache: str | None
    """name of the parameter that takes the cache"""
    others: dict[str, object]


@dataclass(frozen=True)
class Tail:
    """The last tokens of each prompt as one stream per row, beside a prefix that no edit reaches."""

    places: Tensor
    """(row, t) int64 place in the prompt; negative where a prompt is shorter than the tail"""
    prefix: int
    """keys of the prefix that any row can see"""


@dataclass
class Clean:
    """A batch's clean pass. Never changed once recorded."""

    batch: Batch
    length: int
    """tokens t of the longest tail that rows may have"""
    calls: list[LayerCall]
    keys: list[Tensor]
    """per layer, (row, key head, token, head_dim)"""
    values: list[Tensor]
    residual: list[Tensor]
    """entering each layer, and leaving the last: (row, t, d_model)"""
    masks: list[Tensor]
    """per layer, (row or 1, 1, token, token), added to attention scores"""
    logits: Tensor
    """(row, scored position, vocabulary)"""
    output: BaseModelOutputWithPast
    """what the base model returned, less its tensors"""
    heads: list[Tensor] | None
    """head outputs per layer, (row, token, head, head_dim), if asked for"""
    made: dict = field(default_factory=dict)
    """what attention derives from the masks, by tail and mask"""

    def tail(self, length: int) -> Tail:
        """Returns the tail of `length` tokens, at most `self.length`."""
        places = self.batch.last[:, None] - (length - 1) + torch.arange(length, device=self.batch.last.device)
        return Tail(places, self.batch.ids.shape[1] - length)

    def entering(self, layer: int, length: int) -> Tensor:
        """Returns the residual stream entering a layer at the last `length` tokens, (row, t, d_model)."""
        return self.residual[layer][:, self.length - length :]

    def bytes(self) -> int:
        """Returns the memory this record holds."""
        kept = [*self.keys, *self.values, *self.residual, *(self.heads or ()), self.logits]
        return sum(tensor.numel() * tensor.element_size() for tensor in kept)


def record(
    model: PreTrainedModel, parts: Parts, batch: Batch, length: int, *, heads: bool, exact: Callable[[], ExitStack]
) -> Clean:
    """Runs one clean pass over a batch and returns what was written down.

    Raises:
        Refusal: `no-layer-mask`, for a model whose layers are not told a mask.
    """
    calls: list[LayerCall] = []
    residual: list[Tensor] = []
    outputs: list[Tensor] = []
    said: list[object] = []
    cache = DynamicCache()  # without a config: with one, sliding layers forget the oldest keys
    places = (batch.last[:, None] - (length - 1) + torch.arange(length, device=batch.last.device)).clamp(min=0)

    def keep(stream: Tensor) -> None:
        index = places[:, :, None].expand(-1, -1, stream.shape[-1]).to(stream.device)
        residual.append(stream.gather(1, index))

    def on_layer(module: nn.Module, args: tuple, kwargs: dict) -> None:
        named = _named(module, args, kwargs)
        hidden = next(iter(named))
        keep(named.pop(hidden))
        cache = next((name for name, value in named.items() if isinstance(value, Cache)), None)
        named.pop(cache, None)
        calls.append(LayerCall(hidden, cache, named))

    with exact() as stack:
        for layer in parts.layers:
            hook = layer.module.register_forward_pre_hook(on_layer, with_kwargs=True)
            stack.callback(hook.remove)
            if heads:
                hook = layer.projection.register_forward_pre_hook(lambda m, a: outputs.append(split_heads(a[0], parts)))
                stack.callback(hook.remove)
        hook = parts.layers[-1].module.register_forward_hook(lambda m, a, output: keep(output_tensor(output)))
        stack.callback(hook.remove)
        stack.callback(parts.base.register_forward_hook(lambda m, a, output: said.append(output)).remove)
        stack.enter_context(only_positions(parts.base, batch.scored))
        logits = model(input_ids=batch.ids, attention_mask=batch.mask, past_key_values=cache, use_cache=True).logits
    (output,) = said
    output.last_hidden_state, output.past_key_values = None, None
    return Clean(
        batch=batch,
        length=length,
        calls=calls,
        keys=[layer.keys for layer in cache.layers],
        values=[layer.values for layer in cache.layers],
        residual=residual,
        masks=[_mask(call) for call in calls],
        logits=logits,
        output=output,
        heads=outputs if heads else None,
    )


def _named(module: nn.Module, args: tuple, kwargs: dict) -> dict[str, object]:
    """Returns the arguments of a call by name, those of `**kwargs` among them."""
    signature = inspect.signature(module.forward)
    bound = signature.bind(*args, **kwargs).arguments
    rest = next((p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD), None)
    return {**{name: value for name, value in bound.items() if name != rest}, **bound.get(rest, {})}


def _mask(call: LayerCall) -> Tensor:
    mask = call.others.get("attention_mask")
    if not isinstance(mask, Tensor) or mask.dim() != 4:
        raise Refusal(
            "no-layer-mask",
            what="rows that share a prefix were asked of this model",
            why="its layers are not told which tokens each token may see",
            instead="use the reference engine",
        )
    if mask.dtype == torch.bool:
        return torch.zeros(mask.shape, dtype=torch.float32, device=mask.device).masked_fill(~mask, -torch.inf)
    return mask
