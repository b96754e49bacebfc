"""Reading and writing inside whole forward passes, with plain PyTorch hooks that are always taken off again.

Three places are enough for outputs: the input of an attention output projection (the head outputs), the output of an
MLP, and the output of a decoder layer (the residual stream). The projection itself is never recomputed by hand, so
biases, norms and parallel blocks stay the model's own business. What attention reads is in `attention.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from recircuit_worker.engine.attention import (
    AttentionFunction,
    Ungrouped,
    attention_through,
    own_attention,
    ungroup,
)
from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.interface import Counts, Edit
from recircuit_worker.models.adapter import Parts

READS = ("query", "key", "value")


def hook_count(model: nn.Module) -> int:
    """Returns how many forward hooks the model carries; compared before and after, since transformers has its own."""
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@contextmanager
def editing(parts: Parts, edits: Sequence[Edit], batch: Batch, counts: Counts) -> Iterator[None]:
    """While open, makes the edits in every row of the batch; `counts.edits_fired` grows by one per row and edit."""

    def write(tensor: Tensor, edit: Edit) -> None:
        counts.edits_fired += tensor.shape[0]
        rows, column, places = _places(edit, batch, tensor)
        old = tensor[rows, places]
        value = _value(edit, batch, tensor, rows, column)
        tensor[rows, places] = old + value if edit.op == "add" else value

    def edit_heads(mine: Sequence[Edit]) -> Callable:
        def hook(module: nn.Module, args: tuple) -> tuple:
            heads = split_heads(args[0], parts).clone()
            for edit in mine:
                write(heads[:, :, edit.head], edit)
            return (heads.flatten(2), *args[1:])

        return hook

    def edit_output(mine: Sequence[Edit]) -> Callable:
        def hook(module: nn.Module, args: tuple, output: Tensor | tuple) -> Tensor | tuple:
            tensor = output_tensor(output).clone()
            for edit in mine:
                write(tensor, edit)
            return (tensor, *output[1:]) if isinstance(output, tuple) else tensor

        return hook

    with ExitStack() as stack:
        if any(edit.site in READS for edit in edits):
            stack.enter_context(attention_through(parts, _edited_reads(parts, edits, write)))
        for site, layer in sorted({(edit.site, edit.layer) for edit in edits if edit.site not in READS}):
            mine = [edit for edit in edits if (edit.site, edit.layer) == (site, layer)]
            found = parts.layers[layer]
            if site == "head":
                handle = found.projection.register_forward_pre_hook(edit_heads(mine))
            else:
                module = found.mlp if site == "mlp" else found.module
                handle = module.register_forward_hook(edit_output(mine))
            stack.callback(handle.remove)
        yield


@contextmanager
def reading(
    parts: Parts,
    *,
    heads: Callable[[int, Tensor], None] | None = None,
    mlps: Callable[[int, Tensor], None] | None = None,
    residuals: Callable[[int, Tensor], None] | None = None,
    attention: Callable[[int, Tensor | None], None] | None = None,
) -> Iterator[None]:
    """While open, hands over of each layer what was asked for.

    Gives head outputs (row, token, head, head_dim), MLP outputs and the residual stream after the layer (row, token,
    d_model), and attention weights (row, head, query, key), or None where the model does not return them.
    """
    with ExitStack() as stack:
        for index, layer in enumerate(parts.layers):
            handles = []
            if heads is not None:
                handles.append(layer.projection.register_forward_pre_hook(_on_input(index, parts, heads)))
            if mlps is not None and layer.mlp is not None:
                handles.append(layer.mlp.register_forward_hook(_on_output(index, mlps)))
            if residuals is not None:
                handles.append(layer.module.register_forward_hook(_on_output(index, residuals)))
            if attention is not None:
                handles.append(layer.attention.register_forward_hook(_on_weights(index, attention)))
            for handle in handles:
                stack.callback(handle.remove)
        yield


@contextmanager
def reading_attention(parts: Parts, take: Callable[[int, dict[str, Tensor]], None]) -> Iterator[None]:
    """While open, hands over of each layer what its heads read: query, key, value, each (row, head, token, head_dim).

    Keys and values are those of each query head, repeated where heads share them.
    """
    layer_of = {layer.attention: index for index, layer in enumerate(parts.layers)}

    def function(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **own: object
    ):
        heads = query.shape[1]
        take(layer_of[module], {"query": query, "key": ungroup(key, heads), "value": ungroup(value, heads)})
        return own_attention(module)(module, query, key, value, attention_mask, **own)

    with attention_through(parts, function):
        yield


@contextmanager
def only_positions(base: nn.Module, positions: Tensor) -> Iterator[None]:
    """While open, the base model hands only these positions (row, k) to the unembedding.

    The model's own head, scale and soft cap run on them as always; logits elsewhere are never computed.
    """

    def hook(module: nn.Module, args: tuple, output: object) -> object:
        hidden = output.last_hidden_state
        index = positions.to(hidden.device)[:, :, None].expand(-1, -1, hidden.shape[-1])
        output.last_hidden_state = hidden.gather(1, index)
        return output

    handle = base.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def forward_replaced(module: nn.Module, forward: Callable) -> Iterator[None]:
    """While open, calling the module runs `forward` instead; hooks of the module run as always."""
    own = vars(module).get("forward")  # accelerate puts one there
    module.forward = forward
    try:
        yield
    finally:
        if own is None:
            del module.forward
        else:
            module.forward = own


def split_heads(projection_input: Tensor, parts: Parts) -> Tensor:
    """Returns the input of an output projection as (row, token, head, head_dim), a view."""
    return projection_input.unflatten(-1, (parts.heads, parts.head_dim))


def output_tensor(output: Tensor | tuple) -> Tensor:
    """Returns a module's main output; some layers return it bare, some in a tuple."""
    return output[0] if isinstance(output, tuple) else output


def _edited_reads(parts: Parts, edits: Sequence[Edit], write: Callable[[Tensor, Edit], None]) -> AttentionFunction:
    layer_of = {layer.attention: index for index, layer in enumerate(parts.layers)}

    def function(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **own: object
    ):
        mine = [edit for edit in edits if edit.site in READS and edit.layer == layer_of[module]]
        if not mine:
            return own_attention(module)(module, query, key, value, attention_mask, **own)
        heads = query.shape[1]
        reads = {"query": query.clone(), "key": ungroup(key, heads), "value": ungroup(value, heads)}
        for edit in mine:
            write(reads[edit.site][:, edit.head], edit)
        return own_attention(module)(Ungrouped(module), *reads.values(), attention_mask, **own)

    return function


def _places(edit: Edit, batch: Batch, tensor: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns (row, column of the edit's positions, token), one entry for every place that is edited."""
    if edit.positions == "last":
        places = batch.last[:, None].to(tensor.device)
    elif edit.positions == "all":
        places = torch.arange(tensor.shape[1], device=tensor.device).expand(tensor.shape[0], -1)
    else:
        places = edit.positions[batch.rows.to(edit.positions.device)].to(tensor.device)
    rows, column = (places >= 0).nonzero(as_tuple=True)
    return rows, column, places[rows, column]


def _value(edit: Edit, batch: Batch, tensor: Tensor, rows: Tensor, column: Tensor) -> Tensor | float:
    if edit.value is None:
        return 0.0
    if edit.value.dim() == 1:
        return edit.value.to(tensor)
    value = edit.value[batch.rows.to(edit.value.device)].to(tensor)
    return value[rows] if value.dim() == 2 else value[rows, column]


def _on_input(index: int, parts: Parts, take: Callable[[int, Tensor], None]) -> Callable:
    return lambda module, args: take(index, split_heads(args[0], parts))


def _on_output(index: int, take: Callable[[int, Tensor], None]) -> Callable:
    return lambda module, args, output: take(index, output_tensor(output))


def _on_weights(index: int, take: Callable[[int, Tensor | None], None]) -> Callable:
    def hook(module: nn.Module, args: tuple, output: object) -> None:
        take(index, output[1] if isinstance(output, tuple) and len(output) > 1 else None)

    return hook
