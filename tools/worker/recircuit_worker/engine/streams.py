"""What each part of a model adds to the residual stream, read in one clean pass: embedding, heads, MLPs, norms between.

The parts add up to the stream, and that is checked in every layer, so that an architecture that adds otherwise is
refused. What is made of the parts belongs in the tools.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.frozen import WITHIN, FrozenNorm, freeze
from recircuit_worker.engine.hooks import forward_replaced, output_tensor, split_heads
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.passes import Passes
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.models.adapter import Layer as Parted
from recircuit_worker.models.adapter import head_matrix
from recircuit_worker.models.trace import first_tensor

Keep = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Layer:
    """Of one layer, at the places read: each (row, place, ...)."""

    before: Tensor
    """the stream in front of the layer, (row, place, d_model)"""
    heads: Tensor
    """head outputs, (row, place, head, head_dim)"""
    attention: Tensor
    """what attention adds to the stream, its output bias and the norm behind it included"""
    mlp: Tensor
    """what else the layer adds"""
    scale: Tensor
    """(row, place) of the norm behind attention; 1 without one"""


@dataclass(frozen=True)
class Stream:
    """A clean pass, taken apart. Numbers are on the unembedding's device."""

    layers: list[Layer]
    last: Tensor
    """the stream behind the last layer, (row, place, d_model)"""
    scale: Tensor
    """(row, place) of the final norm"""
    logits: Tensor
    """(row, place, vocabulary), before any soft cap"""
    output: object
    """what the base model returned; another such makes the head read other streams"""


@dataclass
class _Seen:
    given: list[Tensor] = field(default_factory=list)
    heads: list[Tensor] = field(default_factory=list)
    projected: list[Tensor] = field(default_factory=list)
    normed: list[Tensor] = field(default_factory=list)
    mlps: dict[int, Tensor] = field(default_factory=dict)
    results: list[Tensor] = field(default_factory=list)
    final: list[Tensor] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    output: list[object] = field(default_factory=list)


class Streams(Passes):
    """Clean passes with everything that is added to the stream written down.

    Raises (every method): Refusal `no-final-norm`, `unknown-structure`, `norm-not-linear`.
    """

    def norms(self) -> tuple[list[FrozenNorm], FrozenNorm]:
        """Returns the norms behind the attention of each layer, and the final norm."""
        if self.parts.final_norm is None:
            raise Refusal(
                "no-final-norm",
                what="what each component says was to be read out of the residual stream",
                why="the norm between the last layer and the unembedding was not found",
                instead="use sweep_heads on this model",
            )
        with self._exact():
            behind = [freeze(layer.post_attention_norm, self.parts, self.number) for layer in self.parts.layers]
            return behind, freeze(self.parts.final_norm, self.parts, self.number)

    def batches(self, prompts: Sequence[TokenPrompt]) -> Iterator[Batch]:
        """Yields every prompt once, in batches that `read` takes."""
        return self._batches(prompts)

    def read(self, batch: Batch, places: Tensor, said: Tensor | None = None) -> Stream:
        """Returns the parts of the stream at places (row, place) of a batch, and the logits there or at `said`."""
        behind, final = self.norms()
        device = self.parts.unembedding.weight.device
        row = torch.arange(len(places))[:, None]

        def keep(tensor: Tensor) -> Tensor:
            return tensor[row.to(tensor.device), places.to(tensor.device)].to(device, self.number)

        seen = _Seen()
        with ExitStack() as stack:
            for index, layer in enumerate(self.parts.layers):
                for handle in _watch(index, layer, seen, keep):
                    stack.callback(handle.remove)
            for handle in (
                self.parts.final_norm.register_forward_hook(lambda m, args, out: seen.final.append(keep(out))),
                self.parts.unembedding.register_forward_hook(
                    lambda m, args, out: seen.logits.append(out.to(device, self.number))
                ),
                self.parts.base.register_forward_hook(lambda m, args, out: seen.output.append(out)),
            ):
                stack.callback(handle.remove)
            self._forward(batch, positions=places if said is None else said)
        if not len(seen.heads) == len(seen.results) == len(self.parts.layers) or len(seen.final) != 1:
            raise Fault("edit-did-not-fire", f"{len(seen.heads)} of {len(self.parts.layers)} layers were reached")
        layers = [self._layer(index, seen, behind[index]) for index in range(len(self.parts.layers))]
        last = seen.results[-1]
        dtype = self.parts.unembedding.weight.dtype
        return Stream(layers, last, final.scale(last, seen.final[0], dtype), seen.logits[0], seen.output[0])

    def said(self, batch: Batch, read: Stream, streams: Tensor) -> Tensor:
        """Returns the logits (row, place, vocabulary) of streams (row, place, d_model), through the model's own final
        norm, head, scale and soft cap. `read` is what was read of the same batch."""
        with self._exact():
            normed = self.parts.final_norm(streams.to(self.parts.unembedding.weight))
            output = type(read.output)(last_hidden_state=normed)
            with forward_replaced(self.parts.base, lambda *args, **kwargs: output):
                return self.model(input_ids=batch.ids[:1, :1], use_cache=False).logits.to(self.number)

    def writes(self, layer: int, head: int) -> Tensor:
        """Returns the slice (head_dim, d_model) by which a head writes."""
        weight = self.parts.unembedding.weight
        return head_matrix(self.parts, layer, head).to(weight.device, self.number)

    def _layer(self, index: int, seen: _Seen, norm: FrozenNorm) -> Layer:
        before, after = seen.given[index], seen.results[index]
        has_norm = self.parts.layers[index].post_attention_norm is not None
        attention = seen.normed.pop(0) if has_norm else seen.projected[index]
        dtype = self.parts.unembedding.weight.dtype
        scale = norm.scale(seen.projected[index], attention, dtype) if has_norm else torch.ones_like(before[..., 0])
        mlp = seen.mlps.get(index, after - before - attention)
        off = float((before + attention + mlp - after).abs().max())
        if off > WITHIN[dtype] * max(1.0, float(after.abs().max())):
            raise Refusal(
                "unknown-structure",
                what=f"the residual stream of layer {index} was to be taken apart",
                why="attention and MLP do not add up to what the layer adds",
                instead="use sweep_heads and ablate_components on this model",
            )
        return Layer(before, split_heads(seen.heads[index], self.parts), attention, mlp, scale)


def _watch(index: int, layer: Parted, seen: _Seen, keep: Keep) -> list[RemovableHandle]:
    """Returns the hooks of one layer. A norm behind the MLP is the child that is given what the MLP returned."""
    bare: list[Tensor] = []

    def said(module: nn.Module, args: tuple, output: object) -> None:
        bare.append(output_tensor(output))
        seen.mlps[index] = keep(bare[-1])

    def behind(module: nn.Module, args: tuple, kwargs: dict, output: Tensor | tuple) -> None:
        if bare and first_tensor((*args, *kwargs.values())) is bare[-1]:
            seen.mlps[index] = keep(output_tensor(output))

    def entered(module: nn.Module, args: tuple, kwargs: dict) -> None:
        seen.given.append(keep(first_tensor((*args, *kwargs.values()))))

    def note(into: list[Tensor]) -> Callable:
        return lambda module, args, output: into.append(keep(output_tensor(output)))

    module, projection, norm = layer.module, layer.projection, layer.post_attention_norm
    handles = [
        module.register_forward_pre_hook(entered, with_kwargs=True),
        module.register_forward_hook(note(seen.results)),
        projection.register_forward_pre_hook(lambda module, args: seen.heads.append(keep(args[0]))),
        projection.register_forward_hook(note(seen.projected)),
    ]
    if norm is not None:
        handles.append(norm.register_forward_hook(note(seen.normed)))
    if layer.mlp is not None:
        handles.append(layer.mlp.register_forward_hook(said))
        others = [child for child in module.children() if child not in (layer.mlp, layer.attention, norm)]
        handles += [child.register_forward_hook(behind, with_kwargs=True) for child in others]
    return handles
