"""Edited rows through the layers, beside the clean row: each joins where its edits begin and brings its last tokens.

Row 0 is the clean run, computed again in the same matrix products, so that the difference to it is the edit's alone.
The layers are the model's own; only what their attention reads beside the rows is put in its place.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recircuit_worker.engine.attention import attention_through, ungroup
from recircuit_worker.engine.fast.attention import PrefixBefore, packed_mask, shared_prefix
from recircuit_worker.engine.fast.clean import Clean, LayerCall, Tail
from recircuit_worker.engine.fast.plan import Group, Plan
from recircuit_worker.engine.hooks import READS, forward_replaced, output_tensor, split_heads
from recircuit_worker.engine.interface import Counts
from recircuit_worker.models.adapter import Parts


@dataclass(frozen=True)
class Way:
    """How attention is computed on the way of the rows."""

    shared: bool
    """through the registry over a shared prefix; else by the model's own attention over packed rows"""
    frozen: bool = False
    """every head keeps its clean output, so that a change travels through MLPs at its own place only"""
    take: Callable[[int, dict[str, Tensor]], None] | None = None
    """is handed what each layer's heads read: (prompt, head, row, t, head_dim)"""
    take_at: frozenset[int] = frozenset()
    layers: int | None = None
    """how many layers to run, if not all: what leaves the last is then not wanted"""


def run_rows(
    parts: Parts, clean: Clean, tail: Tail, plan: Plan, counts: Counts, way: Way, check: Callable[[], None]
) -> Tensor:
    """Returns the residual stream leaving the last layer, (prompt, row, t, d_model); row 0 is the clean row.

    Rows of no edits are not run: they stand at the end, as copies of row 0.
    """
    t, last = tail.places.shape[1], way.layers or len(parts.layers)
    stream = clean.entering(plan.first(), t)[:, None]
    layer_of = {layer.attention: index for index, layer in enumerate(parts.layers)}

    def rewrite(layer: int, reads: dict[str, Tensor]) -> dict[str, Tensor]:
        return _rewritten(reads, layer, plan, counts, way)

    with ExitStack() as stack:
        if way.shared:
            function = shared_prefix(clean, tail, layer_of, rewrite)
            if way.frozen:
                function = _frozen_attention(clean, tail, layer_of, rewrite)
            stack.enter_context(attention_through(parts, function))
        for layer in range(plan.first(), last + 1):
            check()
            stream = stream.to(clean.residual[layer].device)
            joining = plan.joining(layer)
            if joining:
                stream = torch.cat([stream, clean.entering(layer, t)[:, None].expand(-1, joining, -1, -1)], dim=1)
            for group in plan.groups.get(("residual", layer - 1), ()):
                stream = write(stream, group, counts)
            if layer == last:
                break
            counts.layer_tokens += stream.shape[0] * stream.shape[1] * t
            with _edited_layer(parts, clean, tail, layer, plan, counts, way, stream.shape[1]):
                stream = _call(parts.layers[layer].module, clean.calls[layer], stream, clean, tail, layer, way)
    return stream


def write(tensor: Tensor, group: Group, counts: Counts) -> Tensor:
    """Returns (prompt, row, t, [head,] width) with the group's edits made."""
    counts.edits_fired += len(group) * tensor.shape[0]
    tensor = tensor.clone()
    where = (group.prompts[:, None], group.rows[None], group.places[:, None])
    if group.heads is not None:
        where = (*where, group.heads[None])
    new = 0.0 if group.values is None else group.values.to(tensor)
    tensor[where] = tensor[where] + new if group.op == "add" else new
    return tensor


@contextmanager
def _edited_layer(
    parts: Parts, clean: Clean, tail: Tail, layer: int, plan: Plan, counts: Counts, way: Way, rows: int
) -> Iterator[None]:
    found, t = parts.layers[layer], tail.places.shape[1]

    def on_heads(module: nn.Module, args: tuple) -> tuple:
        heads = split_heads(args[0], parts).unflatten(1, (rows, t))
        for group in plan.groups["head", layer]:
            heads = write(heads, group, counts)
        return (heads.flatten(1, 2).flatten(2), *args[1:])

    def on_mlp(module: nn.Module, args: tuple, output: Tensor | tuple) -> Tensor | tuple:
        tensor = output_tensor(output).unflatten(1, (rows, t))
        for group in plan.groups["mlp", layer]:
            tensor = write(tensor, group, counts)
        tensor = tensor.flatten(1, 2)
        return (tensor, *output[1:]) if isinstance(output, tuple) else tensor

    def on_frozen(module: nn.Module, args: tuple) -> tuple:
        return (_tail_heads(clean, tail, layer, rows).flatten(2), *args[1:])

    with ExitStack() as stack:
        if way.frozen and layer in way.take_at:
            stack.callback(found.projection.register_forward_pre_hook(on_frozen).remove)
        if ("head", layer) in plan.groups:
            stack.callback(found.projection.register_forward_pre_hook(on_heads).remove)
        if ("mlp", layer) in plan.groups:
            stack.callback(found.mlp.register_forward_hook(on_mlp).remove)
        if way.frozen and layer not in way.take_at:
            stack.enter_context(_projected_only(parts, clean, tail, layer, rows))
        yield


def _call(module: nn.Module, call: LayerCall, stream: Tensor, clean: Clean, tail: Tail, layer: int, way: Way) -> Tensor:
    rows, t = stream.shape[1:3]
    tokens = clean.batch.ids.shape[1]
    arguments = {name: _for_rows(value, tail, tokens, rows) for name, value in call.others.items()}
    arguments["attention_mask"] = None if way.shared or way.frozen else packed_mask(clean, layer, tail, rows)
    if call.cache is not None:
        arguments[call.cache] = None if way.shared or way.frozen else PrefixBefore(clean, tail)
    arguments[call.hidden] = stream.flatten(1, 2)
    return output_tensor(module(**arguments)).unflatten(1, (rows, t))


def _for_rows(value: object, tail: Tail, tokens: int, rows: int) -> object:
    """Returns an argument of the clean pass for rows: what has a token axis is taken at the tail, once per row."""
    if isinstance(value, tuple):
        return tuple(_for_rows(item, tail, tokens, rows) for item in value)
    if not isinstance(value, Tensor) or value.dim() not in (2, 3) or value.shape[1] != tokens:
        return value
    places = tail.places.clamp(min=0).to(value.device)
    value = value.expand(places.shape[0], *value.shape[1:])
    index = places if value.dim() == 2 else places[:, :, None].expand(-1, -1, value.shape[-1])
    return value.gather(1, index).repeat(1, rows, *[1] * (value.dim() - 2))


def _rewritten(reads: dict[str, Tensor], layer: int, plan: Plan, counts: Counts, way: Way) -> dict[str, Tensor]:
    groups = [group for site in READS for group in plan.groups.get((site, layer), ())]
    if groups or layer in way.take_at:
        heads = reads["query"].shape[1]
        reads = {"query": reads["query"], "key": ungroup(reads["key"], heads), "value": ungroup(reads["value"], heads)}
    if way.take is not None and layer in way.take_at:
        way.take(layer, reads)
    for group in groups:
        heads_last = reads[group.site].permute(0, 2, 3, 1, 4)
        reads[group.site] = write(heads_last, group, counts).permute(0, 3, 1, 2, 4)
    return reads


def _tail_heads(clean: Clean, tail: Tail, layer: int, rows: int) -> Tensor:
    """Returns the clean head outputs at the tail, once per row: (prompt, row * t, head, head_dim)."""
    heads = clean.heads[layer]
    index = tail.places.clamp(min=0).to(heads.device)[:, :, None, None].expand(-1, -1, *heads.shape[2:])
    return heads.gather(1, index).repeat(1, rows, 1, 1)


def _frozen_attention(
    clean: Clean, tail: Tail, layer_of: dict[nn.Module, int], rewrite: Callable[[int, dict[str, Tensor]], object]
) -> Callable:
    """Returns the attention of a layer whose reads are wanted while its heads are frozen.

    What it returns only has the right shape: gates and norms may follow, so heads are frozen before the projection.
    """

    def function(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **own: object
    ):
        layer, t = layer_of[module], tail.places.shape[1]
        rewrite(layer, {name: x.unflatten(2, (-1, t)) for name, x in zip(READS, (query, key, value), strict=True)})
        return _tail_heads(clean, tail, layer, query.shape[2] // t), None

    return function


@contextmanager
def _projected_only(parts: Parts, clean: Clean, tail: Tail, layer: int, rows: int) -> Iterator[None]:
    """While open, the layer's attention projects the clean head outputs and computes nothing else."""
    found = parts.layers[layer]

    def forward(*args: object, **kwargs: object) -> tuple[Tensor, None]:
        return found.projection(_tail_heads(clean, tail, layer, rows).flatten(2)), None

    with forward_replaced(found.attention, forward):
        yield
