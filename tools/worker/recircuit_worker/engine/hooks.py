"""Reading and writing inside a forward pass, with plain PyTorch hooks that are always taken off again.

Three places are enough: the input of an attention output projection (the head outputs), the output of an MLP, and the
output of a decoder layer (the residual stream). The projection itself is never recomputed by hand, so biases, norms and
parallel blocks stay the model's own business.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.interface import Counts, Edit
from recircuit_worker.models.adapter import Parts


def hook_count(model: nn.Module) -> int:
    """Returns how many forward hooks the model carries; compared before and after, since transformers has its own."""
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@contextmanager
def editing(parts: Parts, edits: Sequence[Edit], batch: Batch, counts: Counts) -> Iterator[None]:
    """While open, makes the edits in every row of the batch; `counts.edits_fired` grows by one per row and edit."""

    def write(tensor: Tensor, edit: Edit) -> None:
        counts.edits_fired += tensor.shape[0]
        rows = torch.arange(tensor.shape[0], device=tensor.device)
        place = (rows, batch.last) if edit.positions == "last" else (slice(None),)
        value = _value(edit, batch, tensor)
        tensor[place] = tensor[place] + value if edit.op == "add" else value

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

    handles = []
    try:
        for site, layer in sorted({(edit.site, edit.layer) for edit in edits}):
            mine = [edit for edit in edits if (edit.site, edit.layer) == (site, layer)]
            found = parts.layers[layer]
            if site == "head":
                handles.append(found.projection.register_forward_pre_hook(edit_heads(mine)))
            else:
                module = found.mlp if site == "mlp" else found.module
                handles.append(module.register_forward_hook(edit_output(mine)))
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def reading(
    parts: Parts,
    *,
    heads: Callable[[int, Tensor], None] | None = None,
    mlps: Callable[[int, Tensor], None] | None = None,
    attention: Callable[[int, Tensor | None], None] | None = None,
) -> Iterator[None]:
    """While open, hands over of each layer what was asked for.

    Gives head outputs (row, token, head, head_dim), MLP outputs (row, token, d_model) and attention weights
    (row, head, query, key), or None where the model does not return them.
    """
    handles = []
    try:
        for index, layer in enumerate(parts.layers):
            if heads is not None:
                handles.append(layer.projection.register_forward_pre_hook(_on_input(index, parts, heads)))
            if mlps is not None and layer.mlp is not None:
                handles.append(layer.mlp.register_forward_hook(_on_output(index, mlps)))
            if attention is not None:
                handles.append(layer.attention.register_forward_hook(_on_weights(index, attention)))
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def only_positions(base: nn.Module, positions: Tensor) -> Iterator[None]:
    """While open, the base model hands only these positions (row, k) to the unembedding.

    The model's own head, scale and soft cap run on them as always; logits elsewhere are never computed.
    """

    def hook(module: nn.Module, args: tuple, output: object) -> object:
        hidden = output.last_hidden_state
        index = positions[:, :, None].expand(-1, -1, hidden.shape[-1])
        output.last_hidden_state = hidden.gather(1, index)
        return output

    handle = base.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def split_heads(projection_input: Tensor, parts: Parts) -> Tensor:
    """Returns the input of an output projection as (row, token, head, head_dim), a view."""
    return projection_input.unflatten(-1, (parts.heads, parts.head_dim))


def output_tensor(output: Tensor | tuple) -> Tensor:
    """Returns a module's main output; some layers return it bare, some in a tuple."""
    return output[0] if isinstance(output, tuple) else output


def _value(edit: Edit, batch: Batch, tensor: Tensor) -> Tensor | float:
    if edit.value is None:
        return 0.0
    value = edit.value if edit.value.dim() == 1 else edit.value[batch.rows.to(edit.value.device)]
    value = value.to(tensor)
    return value[:, None] if value.dim() == 2 and edit.positions == "all" else value


def _on_input(index: int, parts: Parts, take: Callable[[int, Tensor], None]) -> Callable:
    return lambda module, args: take(index, split_heads(args[0], parts))


def _on_output(index: int, take: Callable[[int, Tensor], None]) -> Callable:
    return lambda module, args, output: take(index, output_tensor(output))


def _on_weights(index: int, take: Callable[[int, Tensor | None], None]) -> Callable:
    def hook(module: nn.Module, args: tuple, output: object) -> None:
        take(index, output[1] if isinstance(output, tuple) and len(output) > 1 else None)

    return hook
