"""Finds the parts of a decoder by structure: which module is which is read off one short forward pass.

No table of model names stands here. The attention of a layer is the child that knows its layer index; the output
projection is the linear map whose output is the attention's output; a norm that receives that very output stands
between the heads and the residual stream. What is found is proven causally in `selftest.py`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from recircuit_worker.errors import Refusal
from recircuit_worker.models.trace import Call, trace


@dataclass(frozen=True)
class Layer:
    """The parts of one decoder layer. None: this architecture has no such part, or more than one."""

    module: nn.Module
    attention: nn.Module
    projection: nn.Module
    """attention output projection; its input is (row, token, heads * head_dim)"""
    mlp: nn.Module | None
    input_norm: nn.Module | None
    post_attention_norm: nn.Module | None
    """a norm between the projection and the residual stream"""


@dataclass(frozen=True)
class Parts:
    """What an experiment may touch of a model."""

    base: nn.Module
    layers: tuple[Layer, ...]
    final_norm: nn.Module | None
    embedding: nn.Module
    unembedding: nn.Module
    heads: int
    kv_heads: int
    head_dim: int
    d_model: int


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a plain matrix product, in either of the two layouts of transformers."""
    return isinstance(module, nn.Linear | Conv1D)


def matrix(module: nn.Module) -> Tensor:
    """Returns the weight of a linear module as (in, out), without its bias."""
    return module.weight if isinstance(module, Conv1D) else module.weight.T


def head_matrix(parts: Parts, layer: int, head: int) -> Tensor:
    """Returns the slice (head_dim, d_model) by which a head writes: head output @ slice, bias not included."""
    width = parts.head_dim
    return matrix(parts.layers[layer].projection)[head * width : (head + 1) * width]


def find_parts(model: PreTrainedModel) -> Parts:
    """Returns the parts of a causal decoder.

    Raises:
        Refusal: `unknown-structure`, naming the part that was not found exactly once.
    """
    config = model.config.get_text_config()
    if getattr(config, "num_attention_heads", None) is None:
        raise _unknown("attention", "its configuration names no attention heads")
    heads, d_model = config.num_attention_heads, config.hidden_size
    base = _base(model)
    stack = _layer_stack(base, config.num_hidden_layers)
    calls, hidden = trace(base, config.vocab_size)
    layers = tuple(_layer(layer, calls, heads, d_model) for layer in stack)
    widths = {matrix(layer.projection).shape[0] for layer in layers}
    if len(widths) != 1:
        raise _unknown("the width of the heads", f"the layers have different widths, {sorted(widths)}")
    return Parts(
        base=base,
        layers=layers,
        final_norm=_final_norm(base, stack, calls, hidden, d_model),
        embedding=model.get_input_embeddings(),
        unembedding=_unembedding(model, d_model),
        heads=heads,
        kv_heads=getattr(config, "num_key_value_heads", None) or getattr(config, "num_kv_heads", None) or heads,
        head_dim=widths.pop() // heads,
        d_model=d_model,
    )


def _unknown(part: str, why: str) -> Refusal:
    return Refusal(
        "unknown-structure",
        what=f"{part} was looked for in this model",
        why=why,
        instead="use a dense causal decoder whose layers each have one attention module and one output projection",
    )


def _base(model: PreTrainedModel) -> nn.Module:
    base = model.base_model
    return getattr(base, "language_model", base)


def _layer_stack(base: nn.Module, count: int) -> nn.ModuleList:
    lists = [m for m in base.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    stacks = [m for m in lists if all(len(_attention_children(layer)) == 1 for layer in m)]
    if len(stacks) != 1:
        raise _unknown("the stack of layers", f"{len(stacks)} lists of {count} layers with one attention module each")
    return stacks[0]


def _attention_children(layer: nn.Module) -> list[nn.Module]:
    return [child for child in layer.children() if hasattr(child, "layer_idx")]


def _layer(layer: nn.Module, calls: dict[nn.Module, Call], heads: int, d_model: int) -> Layer:
    (attention,) = _attention_children(layer)
    said = calls[attention]
    others = [child for child in layer.children() if child is not attention and child in calls]
    mlps = [child for child in others if any(is_linear(m) for m in child.modules())]
    norms = [child for child in others if child not in mlps and any(True for _ in child.parameters())]
    return Layer(
        module=layer,
        attention=attention,
        projection=_projection(attention, calls, heads, d_model),
        mlp=mlps[0] if len(mlps) == 1 else None,
        input_norm=next((norm for norm in norms if calls[norm].result is said.given), None),
        post_attention_norm=next((norm for norm in norms if calls[norm].given is said.result), None),
    )


def _projection(attention: nn.Module, calls: dict[nn.Module, Call], heads: int, d_model: int) -> nn.Module:
    """The last linear map of the attention that can be it, and whose output is what the attention returns."""
    fits = [m for m in attention.modules() if is_linear(m) and m in calls and _fits(matrix(m), heads, d_model)]
    if not fits:
        raise _unknown(
            "the attention output projection", f"no linear map of width {d_model} is called in the attention"
        )
    last = max(fits, key=lambda m: calls[m].order)
    if not torch.equal(calls[last].result.flatten(), calls[attention].result.flatten()):
        raise _unknown("the attention output projection", "the last linear map's output is not the attention's output")
    return last


def _fits(weight: Tensor, heads: int, d_model: int) -> bool:
    return weight.shape[1] == d_model and weight.shape[0] % heads == 0


def _final_norm(
    base: nn.Module, stack: nn.ModuleList, calls: dict[nn.Module, Call], hidden: Tensor, d_model: int
) -> nn.Module | None:
    inside = {m for layer in stack for m in layer.modules()}
    norms = [m for m in calls if m not in inside and getattr(getattr(m, "weight", None), "shape", None) == (d_model,)]
    ends = [m for m in norms if torch.equal(calls[m].result.flatten(), hidden.flatten())]
    return ends[0] if len(ends) == 1 else None


def _unembedding(model: PreTrainedModel, d_model: int) -> nn.Module:
    head = model.get_output_embeddings()
    if head is None or not is_linear(head) or matrix(head).shape[0] != d_model:
        raise _unknown("the unembedding", "the model has no linear map from the residual stream to the vocabulary")
    return head
